"""Hard negatives as tokens: beside an example's right program, programs that are wrong for it.

Perturbed ones are made here from the corpus alone, the same for every seed of a run, and kept in
the tensor cache; a trained model's wrong beams are read from the finished study of negatives. Only
negatives that validate strictly and differ in Tier 1 or 2 count: to the decoder's masks the others
are impossible, or the same.

Letters: E examples, N negatives, T their tokens together; B rows of a batch, K negatives beside it,
L tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.files import file_digest, root
from sashimi.flagship.data.batches import Batch, Dataset
from sashimi.flagship.data.example import BUILTIN, Corpus, Example
from sashimi.flagship.data.literals import COPYABLE, Literals, Slot, slots_of, spans_of
from sashimi.flagship.data.prepared import IGNORED, Prepared
from sashimi.flagship.model.limits import MAX_TOKENS, START
from sashimi.flagship.negatives import Triple, load, make, only, weight
from sashimi.flagship.negatives.audit import kind
from sashimi.flagship.negatives.make import PERTURBATIONS
from sashimi.program import tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.result import corpus_name

CODE_VERSION = "2"
"""Part of the cache's key: changes when the same corpus would give other negatives."""
SEED = 0
"""Of the perturbations, whatever the seed of a run: runs of several seeds share them."""
BEAMS, MANY_BEAMS = "10_adversarial", "21_many_adversarial"
"""Rows of the study of negatives: of the built-in corpus, and of any other."""
MOST, EACH = 20_000, 4
"""Perturbed programs of the training examples, about; and of one example, at most."""
HELD_OUT_EACH = 2
"""Perturbed programs of an example of dev or test."""
KINDS = (*PERTURBATIONS, "beam")
ALPHA, BETA = 1.0, 0.25
"""Of ``w = 1 + alpha severity + beta count``: four places add as much as the gravest mistake."""
DRAWN = 0.25
"""Share of a batch's examples that are shown a negative: each costs as much as a right program."""


@dataclass(frozen=True)
class Wrong:
    """Negatives beside a batch, fed to the decoder as right programs are."""

    row: Tensor  # (K,) the batch's row that each is wrong for
    inputs: Tensor  # (K, L) ids, beginning with the start token
    copied: Tensor  # (K, L) the piece that the slot before copied from, -1 if none
    targets: Tensor  # (K, L) ids, IGNORED after the end
    first: Tensor  # (K,) the first place at which it is fed or asked for something else
    repair: Tensor  # (B,) the weight of each row's tokens in the repair loss

    def to(self, device: torch.device) -> Wrong:
        """The same negatives on a device."""
        return Wrong(**{name: tensor.to(device) for name, tensor in vars(self).items()})


@dataclass(frozen=True)
class Negatives:
    """Negatives of a dataset's examples. Tokens of all stand in one list; ``ends`` cuts it."""

    tokens: Tensor  # (T,) ids
    copied: Tensor  # (T,) as in `Batch.copied`
    ends: Tensor  # (N,) where each negative's tokens end
    example: Tensor  # (N,) whose it is, an index into the dataset, ascending
    first: Tensor  # (N,) as in `Wrong`
    kind: Tensor  # (N,) index into KINDS
    repair: Tensor  # (E,) of each example the mean weight of its negatives, 1 if it has none
    dropped: Tensor  # () how many the vocabulary lacks a token of, or are too long

    def __len__(self) -> int:
        return len(self.ends)

    @cached_property
    def of(self) -> dict[int, list[int]]:
        """Example to its negatives."""
        found: dict[int, list[int]] = defaultdict(list)
        for index, example in enumerate(self.example.tolist()):
            found[example].append(index)
        return dict(found)

    def draw(self, batch: Batch, step: int, seed: int) -> Wrong:
        """One negative each for `DRAWN` of a batch's examples, by step and seed alone."""
        rng = np.random.default_rng([seed, step])
        examples = batch.examples.tolist()
        having = [row for row, example in enumerate(examples) if example in self.of]
        most = max(1, round(DRAWN * len(examples)))
        rows = sorted(rng.permutation(having)[:most].tolist())
        return self.beside(batch, [(row, int(rng.choice(self.of[examples[row]]))) for row in rows])

    def every(self, batch: Batch) -> tuple[Wrong, list[int]]:
        """All negatives of a batch's examples, and which of ours they are."""
        rows = enumerate(batch.examples.tolist())
        pairs = [(row, index) for row, example in rows for index in self.of.get(example, ())]
        return self.beside(batch, pairs), [index for _, index in pairs]

    def beside(self, batch: Batch, pairs: Sequence[tuple[int, int]]) -> Wrong:
        """Some (row, negative) as tensors."""
        cuts = [slice(int(self.ends[i - 1]) if i else 0, int(self.ends[i])) for _, i in pairs]
        targets = _padded([self.tokens[cut].long() for cut in cuts], IGNORED)
        start = torch.full((len(pairs), 1), START)
        return Wrong(
            row=torch.tensor([row for row, _ in pairs], dtype=torch.long),
            inputs=torch.cat([start, targets[:, :-1].clamp_min(START)], 1),
            copied=_padded([self.copied[cut].long() for cut in cuts], -1),
            targets=targets,
            first=self.first[[index for _, index in pairs]].long(),
            repair=self.repair[batch.examples],
        )


def _padded(rows: Sequence[Tensor], value: int) -> Tensor:
    if not rows:
        return torch.zeros(0, 1, dtype=torch.long)
    return pad_sequence(list(rows), batch_first=True, padding_value=value)


def of_training(
    corpus: Corpus, source: str, data: Dataset, vocabulary: Vocabulary
) -> Negatives | None:
    """The negatives that a run trains with: ``source`` is the knob `negatives`.

    Raises `BadInput` naming the command where the adversarial ones have not been made.
    """
    if source == "none":
        return None
    each = min(EACH, max(1, MOST // len(corpus.train)))
    beams = training_beams(corpus.source) if source == "adversarial" else None
    found = of_split(corpus, "train", each, beams, data, vocabulary)
    if beams and not (found.kind == KINDS.index("beam")).any():
        raise BadInput(f"{beams}: holds no wrong beam of this corpus; {_remedy(corpus.source)}")
    return found


def training_beams(source: str) -> Path:
    """The file of wrong beams that a run trains with. Raises `BadInput` where there is none."""
    path = beams_of(source, "train")
    if not path.is_file():
        raise BadInput(f"{path}: no adversarial negatives here; {_remedy(source)}")
    return path


def beams_of(source: str, split: str) -> Path:
    """Where the finished study of negatives leaves a trained model's wrong beams."""
    row = BEAMS if source == BUILTIN else f"{MANY_BEAMS}-{corpus_name(source)}"
    return root() / "reports" / "negatives" / row / "seed0" / "triples" / f"{split}.jsonl"


def _remedy(source: str) -> str:
    more = "" if source == BUILTIN else f" --corpus {source}"
    row = MANY_BEAMS if more else BEAMS
    return f"make them with: sashimi run params/negatives/{row}.yaml{more}"


def of_split(
    corpus: Corpus,
    split: str,
    each: int,
    beams: Path | None,
    data: Dataset,
    vocabulary: Vocabulary,
) -> Negatives:
    """``each`` perturbed programs an example of a split, and those of a file of beams.

    ``data`` are the split's examples, in the corpus' order.
    """
    examples: list[Example] = getattr(corpus, split)

    def made() -> dict[str, Tensor]:
        triples = make(corpus, each, SEED, splits=(split,)).triples[split] if each else []
        if beams:
            triples = triples + only(load(beams), source="adversarial")
        return vars(tokenised(triples, examples, data, vocabulary))

    key = ["negatives", CODE_VERSION, split, str(each), corpus.digest, *vocabulary.tokens]
    key += [example.id for example in examples]
    key += [file_digest(beams)] if beams else []
    return Negatives(**cache.fetch(key, made))


def tokenised(
    triples: Iterable[Triple], examples: Sequence[Example], data: Dataset, vocabulary: Vocabulary
) -> Negatives:
    """Triples of some examples as `Negatives`: the legal ones that differ in structure."""
    places = {(example.id, example.prompt): index for index, example in enumerate(examples)}
    found: list[tuple[int, list[int], list[int], int, int]] = []
    weights: dict[int, list[float]] = defaultdict(list)
    dropped = 0
    for triple in triples:
        index = places.get((triple.id, triple.prompt))
        if index is None or not (triple.legal and triple.in_structure):
            continue
        if triple.positive != tiers.encode(examples[index].program):
            continue  # of a corpus that gave the same prompt another program
        weights[index].append(weight(triple, ALPHA, BETA))
        offsets = data.encoded.offsets[data.encoded.pieces(index)].tolist()
        sequence = _sequence(triple, data.rows[index], offsets, vocabulary, data.literals)
        if sequence is None:
            dropped += 1
        else:
            found.append((index, *sequence, KINDS.index(kind(triple))))
    found.sort(key=lambda entry: entry[0])  # stable: an example's own stay in their order
    repair = [float(np.mean(weights[i])) if i in weights else 1.0 for i in range(len(examples))]
    return Negatives(
        tokens=torch.tensor([t for entry in found for t in entry[1]], dtype=torch.int32),
        copied=torch.tensor([p for entry in found for p in entry[2]], dtype=torch.int16),
        ends=torch.tensor([len(entry[1]) for entry in found], dtype=torch.long).cumsum(0),
        example=torch.tensor([entry[0] for entry in found], dtype=torch.long),
        first=torch.tensor([entry[3] for entry in found], dtype=torch.long),
        kind=torch.tensor([entry[4] for entry in found], dtype=torch.long),
        repair=torch.tensor(repair),
        dropped=torch.tensor(dropped),
    )


def _sequence(
    triple: Triple, right: Prepared, offsets: list, vocabulary: Vocabulary, literals: Literals
) -> tuple[list[int], list[int], int] | None:
    """Ids, the pieces they are fed with, and where they part from the right ones; None if the
    decoder cannot be asked about either."""
    merged = triple.negative.merged()
    ids = vocabulary.encode(merged)
    if ids is None or len(ids) >= MAX_TOKENS or IGNORED in right.tokens:
        return None
    if len(triple.positive.merged()) > len(right.tokens):
        return None  # the right one is longer than the decoder's positions
    slots = slots_of(merged)
    spans = [
        spans_of(value, triple.prompt, offsets, literals.reading(slot))
        if slot.kind in COPYABLE
        else []
        for slot, value in zip(slots, triple.negative.values, strict=True)
    ]
    copied = _fed(slots, spans, len(ids))
    theirs = _fed(right.slots, right.spans, len(right.tokens))
    pairs = zip(zip(ids, copied, strict=True), zip(right.tokens, theirs, strict=True), strict=False)
    return ids, copied, next(at for at, (ours, other) in enumerate(pairs) if ours != other)


def _fed(slots: Sequence[Slot], spans: Sequence[Sequence], length: int) -> list[int]:
    """The piece that each token is chosen beside: where the slot before it copied from, or -1."""
    pieces = [-1] * length
    for slot, found in zip(slots, spans, strict=True):
        if found and slot.position + 2 < length:
            pieces[slot.position + 2] = found[0][0]
    return pieces
