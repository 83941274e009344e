"""Token sequences as tasks: from one vector a prompt to the tokens of Tier 1; and their floors.

Comments do not run and are left out. A task knows nothing of texts: its tokens are ids.

Letters: N examples, Q queries, E width of a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from sklearn.linear_model import RidgeClassifier
from torch import Tensor

from sashimi.encode import encode
from sashimi.flagship.data.example import SPLITS, Corpus, Example
from sashimi.flagship.data.prepared import IGNORED
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.ir.tokens import END
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.tiers import TypedIR
from sashimi.studies.decoder_alone import oracle

PROBED = 64
"""Tokens of a sequence that the linear probe writes at most."""


@dataclass(frozen=True)
class Task:
    """N sequences to write, each from its vector; `IGNORED` stands for a token without an id."""

    tokens: tuple[tuple[int, ...], ...]
    vectors: Tensor  # (N, E) float32

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, count: int) -> Task:
        """The first ``count`` examples."""
        return Task(self.tokens[:count], self.vectors[:count])

    def with_vectors(self, vectors: Tensor) -> Task:
        """The same sequences from other vectors (N, E). Raises ValueError for another N."""
        if len(vectors) != len(self):
            raise ValueError(f"{len(vectors)} vectors for {len(self)} sequences")
        return replace(self, vectors=vectors)


@dataclass(frozen=True)
class Material:
    """A corpus as this study reads it, by split."""

    vocabulary: Vocabulary
    examples: dict[str, list[Example]]
    sequences: dict[str, list[tuple[str, ...]]]
    tasks: dict[str, Task]  # from the oracle's vectors

    def pooled(self) -> dict[str, Tensor]:
        """The frozen encoder's pooled vectors (N, E) of each split's prompts."""
        return {
            split: encode([example.prompt for example in examples]).pooled
            for split, examples in self.examples.items()
        }


def material(corpus: Corpus, noise: float, width: int, seed: int) -> Material:
    """Sequences of Tier 1 and the oracle's vectors of them, as wide as ``width``.

    A program of comments alone has nothing to write and is left out.
    """
    examples, irs, sequences = {}, {}, {}
    for split in SPLITS:
        encoded = [
            (e, tiers.encode(tiers.without_comments(e.program))) for e in getattr(corpus, split)
        ]
        kept = [(e, without_parameters(ir)) for e, ir in encoded if ir.structure != (END,)]
        examples[split] = [example for example, _ in kept]
        irs[split] = [ir for _, ir in kept]
        sequences[split] = [tuple(ir.merged()) for ir in irs[split]]
    catalogue = catalogues.load().extended([e.program for e in examples["train"]])
    vocabulary = Vocabulary.build(irs["train"], catalogue)
    tasks = {}
    for split, rows in sequences.items():
        names = [example.id for example in examples[split]]
        tokens = tuple(tuple(vocabulary.ids.get(t, IGNORED) for t in row) for row in rows)
        tasks[split] = Task(tokens, oracle.vectors(rows, names, width, noise, seed))
    return Material(vocabulary, examples, sequences, tasks)


def without_parameters(ir: TypedIR) -> TypedIR:
    """A typed IR without its second tier."""
    return TypedIR(ir.structure, ((),) * len(ir.parameters), ir.values)


def floors(train: Task, queries: Tensor, end: int | None) -> dict[str, list[tuple[int, ...]]]:
    """What answers without a decoder, per query (Q, E): sequences of ids.

    The most frequent training sequence, that of the nearest training vector, and a `probe`.
    """
    most = Counter(train.tokens).most_common(1)[0][0]
    nearest = (queries @ train.vectors.T).argmax(1).tolist()
    return {
        "constant": [most] * len(queries),
        "1-nearest neighbour": [train.tokens[i] for i in nearest],
        "linear probe": probe(train, queries, end),
    }


def probe(train: Task, queries: Tensor, end: int | None) -> list[tuple[int, ...]]:
    """A ridge classifier a position, read off until ``end``: sequences (at most `PROBED` long).

    A training sequence that has ended counts as ``end`` at every later position, so that each
    position learns from every example.
    """
    columns = []
    for position in range(min(PROBED, max(map(len, train.tokens)))):
        ids = torch.tensor([_token_at(tokens, position, end) for tokens in train.tokens])
        known = ids != IGNORED
        ridge = RidgeClassifier(alpha=1.0).fit(train.vectors[known].numpy(), ids[known].numpy())
        columns.append(ridge.predict(queries.numpy()).tolist())
    rows = zip(*columns, strict=True)
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


def _token_at(tokens: tuple[int, ...], position: int, end: int | None) -> int:
    if position < len(tokens):
        return tokens[position]
    return IGNORED if end is None else end


def exact(expected: Task, written: Sequence[Sequence[int]]) -> list[float]:
    """1 for each example whose written ids are all those of the task, else 0."""
    pairs = zip(expected.tokens, written, strict=True)
    return [float(tuple(tokens) == tuple(answer)) for tokens, answer in pairs]
