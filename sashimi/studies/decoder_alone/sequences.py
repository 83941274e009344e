"""Token sequences as tasks: from one vector a prompt to Tier 1, or to Tiers 1 and 2; their floors.

Comments do not run and are left out. A task knows nothing of texts: its tokens are ids.

Letters: N examples, E width of a vector, V vocabulary, L longest sequence.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sashimi.encode import encode
from sashimi.flagship.data.batches import IGNORED
from sashimi.flagship.data.corpus import SPLITS, Corpus, Example
from sashimi.flagship.data.literals import Slot, slots_of
from sashimi.flagship.judge import score
from sashimi.flagship.model.fill import Taken
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.tokens import END, IRError
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.tiers import TypedIR
from sashimi.program.tree import List, Program, Value
from sashimi.studies.decoder_alone import oracle
from sashimi.studies.decoder_alone.designs import Book

PROBED = 64
"""Tokens of a sequence that the linear probe writes at most."""
RIDGE = 1.0


@dataclass(frozen=True)
class Task:
    """N sequences to write, each from its vector; `IGNORED` stands for what has no id."""

    tokens: tuple[tuple[int, ...], ...]
    places: tuple[tuple[int, ...], ...]  # of each token: see `designs`
    vectors: Tensor  # (N, E)

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, count: int) -> Task:
        """The first examples."""
        return Task(self.tokens[:count], self.places[:count], self.vectors[:count])

    def seen_as(self, vectors: Tensor) -> Task:
        """The same sequences from other vectors (N, E)."""
        if len(vectors) != len(self):
            raise ValueError(f"{len(vectors)} vectors for {len(self)} sequences")
        return replace(self, vectors=vectors)


@dataclass(frozen=True)
class Material:
    """A corpus as the studies of the decoder read it: book, programs and tasks by split."""

    book: Book
    catalogue: Catalogue
    examples: dict[str, list[Example]]
    irs: dict[str, list[TypedIR]]
    sequences: dict[str, list[tuple[str, ...]]]
    tasks: dict[str, Task]  # from the oracle's vectors


def bare(ir: TypedIR) -> TypedIR:
    """A typed IR without its second tier."""
    return TypedIR(ir.structure, ((),) * len(ir.parameters), ir.values)


def material(corpus: Corpus, parameters: bool, noise: float, width: int, seed: int) -> Material:
    """Sequences of Tier 1, with ``parameters`` of both tiers, and the oracle's vectors of them.

    A program of comments alone has nothing to write and is left out.
    """
    examples, irs, sequences = {}, {}, {}
    for split in SPLITS:
        part = [
            (e, tiers.encode(tiers.without_comments(e.program))) for e in getattr(corpus, split)
        ]
        kept = [(e, ir) for e, ir in part if ir.structure != (END,)]
        examples[split] = [e for e, _ in kept]
        irs[split] = [ir if parameters else bare(ir) for _, ir in kept]
        sequences[split] = [tuple(ir.merged()) for ir in irs[split]]
    known = catalogues.load().extended([e.program for e in examples["train"]])
    structural = frozenset(t for ir in irs["train"] for t in ir.structure)
    book = Book(Vocabulary.build(irs["train"], known), structural)
    tasks = {
        split: task(book, own, oracle.vectors(own, _names(examples[split]), width, noise, seed))
        for split, own in sequences.items()
    }
    return Material(book, known, examples, irs, sequences, tasks)


def _names(examples: Sequence[Example]) -> list[str]:
    return [example.id for example in examples]


def task(book: Book, sequences: Sequence[Sequence[str]], vectors: Tensor) -> Task:
    """The task of writing token sequences from vectors (N, E)."""
    ids = book.vocabulary.ids
    tokens = tuple(tuple(ids.get(token, IGNORED) for token in own) for own in sequences)
    return Task(tokens, tuple(map(book.places, sequences)), vectors)


def pooled(found: Material, say=None) -> dict[str, Tensor]:
    """The frozen encoder's pooled vectors (N, E) of each split's prompts."""
    return {
        split: encode([e.prompt for e in part], say).pooled
        for split, part in found.examples.items()
    }


def floors(train: Task, queries: Tensor, size: int, end: int | None) -> dict[str, list[tuple]]:
    """What answers without a decoder, per query (Q, E): sequences of ids.

    The most frequent training sequence; that of the nearest training vector; and a linear probe a
    position, ridge regression on one-hot tokens in closed form, read off until ``end``.
    """
    most = Counter(train.tokens).most_common(1)[0][0]
    near = (queries @ train.vectors.T).argmax(1).tolist()
    return {
        "constant": [most] * len(queries),
        "1-nearest neighbour": [train.tokens[i] for i in near],
        "linear probe": probe(train, queries, size, end),
    }


def probe(train: Task, queries: Tensor, size: int, end: int | None) -> list[tuple[int, ...]]:
    """A linear classifier a position: sequences of ids (at most `PROBED` long) for (Q, E)."""
    mean = train.vectors.double().mean(0)
    x, asked = train.vectors.double() - mean, queries.double() - mean
    solve = torch.linalg.inv(x.T @ x + RIDGE * torch.eye(x.shape[1]).double())  # (E, E)
    asked = asked @ solve
    longest = min(PROBED, max(map(len, train.tokens)))
    chosen = []
    for place in range(longest):
        # past its end a sequence goes on ending, so that every position learns from every example
        ids = torch.tensor([_at(own, place, end) for own in train.tokens])
        kept = (ids >= 0).nonzero()[:, 0]
        # the one-hot targets' mean needs no taking away: x sums to zero
        sums = torch.zeros(size, x.shape[1]).double().index_add_(0, ids[kept], x[kept])
        level = ids[kept].bincount(minlength=size) / len(ids)
        chosen.append((asked @ sums.T + level).argmax(1).tolist())
    return [_until(row, end) for row in zip(*chosen, strict=True)]


def _at(tokens: tuple[int, ...], place: int, end: int | None) -> int:
    if place < len(tokens):
        return tokens[place]
    return IGNORED if end is None else end


def _until(row: tuple[int, ...], end: int | None) -> tuple[int, ...]:
    return row[: row.index(end) + 1] if end in row else row


def exact(expected: Task, written: Sequence[Sequence[int]]) -> list[float]:
    """1 for each example whose written ids are all of its own, else 0."""
    pairs = zip(expected.tokens, written, strict=True)
    return [float(tuple(own) == tuple(made)) for own, made in pairs]


def structure_exact(
    book: Book, sequences: Sequence[Sequence[str]], written: Sequence[Sequence[str]]
) -> list[float]:
    """1 for each example whose written tokens of Tier 1 are all of its own, else 0."""
    pairs = zip(sequences, written, strict=True)
    return [float(book.structure(own) == book.structure(made)) for own, made in pairs]


def with_values(tokens: Sequence[str], ir: TypedIR, catalogue: Catalogue) -> Program | None:
    """The program of written tokens with the true program's values where their slots match.

    A slot takes the first unused true value of its kind and context, then of its kind, that it
    accepts; where there is none, the plainest that is accepted. None where tokens make no program.
    """
    if END in tokens[:-1]:
        return None
    try:
        slots = slots_of(tokens)
        tiers.assemble(tokens, [PLAIN[slot.kind] for slot in slots])
    except (IRError, ValueError):
        return None
    if list(tokens) == ir.merged():
        return tiers.assemble(tokens, ir.values)
    offered: dict[tuple[str, str], deque[Value]] = defaultdict(deque)
    for slot, value in zip(slots_of(ir.merged()), ir.values, strict=True):
        offered[slot.kind, slot.context].append(value)
    taken, values = Taken(tokens, catalogue), []
    for slot in slots:
        value = _offer(offered, taken, slot)
        taken.note(slot, value)
        values.append(value)
    return tiers.assemble(tokens, values)


PLAIN: dict[str, Value] = {
    "text": "Text",
    "key": "Key",
    "number": 1,
    "literal": List(()),
    "name": "Value",
    "title": "Title",
}
"""A value of each kind, to see whether tokens make a program at all."""


def _offer(offered: dict[tuple[str, str], deque[Value]], taken: Taken, slot: Slot) -> Value:
    same = offered[slot.kind, slot.context]
    others = [own for (kind, _), own in offered.items() if kind == slot.kind and own is not same]
    for own in (same, *others):
        for value in own:
            if taken.accepts(slot, value):
                own.remove(value)
                return value
    return taken.fallback(slot)


def compiles(
    written: Sequence[Sequence[str]], irs: Sequence[TypedIR], catalogue: Catalogue
) -> list[float]:
    """1 for each sequence that makes a program which validates strictly and compiles, else 0."""
    found = []
    for tokens, ir in zip(written, irs, strict=True):
        program = with_values(tokens, ir, catalogue)
        formed = score.well_formed(program, catalogue) if program else {"compile_strict": 0.0}
        found.append(formed["compile_strict"])
    return found
