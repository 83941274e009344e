"""One example's targets: tokens, values and the frame, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import COPYABLE, Literals, Slot, slots_of, spans_of, to_text
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.limits import MAX_TOKENS
from sashimi.program import tiers
from sashimi.program.ir.tokens import in_parameters
from sashimi.program.ir.vocabulary import Vocabulary

IGNORED = -100
"""The target of a position that no loss counts (PyTorch's own convention)."""


@dataclass(frozen=True)
class Prepared:
    """One example's targets. ``tokens`` are ids, `IGNORED` for those not in the vocabulary."""

    tokens: tuple[int, ...]
    tier1: tuple[bool, ...]
    slots: tuple[Slot, ...]
    literals: tuple[int, ...]  # per slot the literal that is right, -1 if none
    spans: tuple[tuple[tuple[int, int], ...], ...]  # per slot the right (first, last) pieces
    entities: tuple[bool, ...]  # per word piece, whether a value copies it
    frame: dict[str, list[int]]


def prepare(
    example: Example,
    offsets: Sequence[tuple[int, int]],
    vocabulary: Vocabulary | Spelling,
    literals: Literals,
    labels: Labels,
    longest: int = MAX_TOKENS - 1,
) -> Prepared:
    """The targets of one example; ``offsets`` are its word pieces' characters.

    Of typed tokens the first ``longest`` are targets. Text has no tiers and no slots, but the
    entities of the frame are the same.
    """
    ir = tiers.encode(example.program)
    merged = ir.merged()[:longest]
    slots = [s for s in slots_of(ir.merged()) if s.position < len(merged)]
    tier1 = [not within for within in in_parameters(merged)]
    right, spans = [], []
    entities = [False] * len(offsets)
    for slot, value in zip(slots, ir.values[: len(slots)], strict=True):
        right.append(literals.index.get((slot.kind, to_text(value)), -1))
        found = []
        if slot.kind in COPYABLE:
            found = spans_of(value, example.prompt, offsets, literals.reading(slot))
        spans.append(tuple(found))
        for first, last in found:
            entities[first : last + 1] = [True] * (last + 1 - first)
    frame = labels.targets(example.domain, example.program)
    if isinstance(vocabulary, Spelling):
        spelt = vocabulary.target(example.program)
        return Prepared(spelt, (False,) * len(spelt), (), (), (), tuple(entities), frame)
    return Prepared(
        tokens=tuple(vocabulary.ids.get(t, IGNORED) for t in merged),
        tier1=tuple(tier1),
        slots=tuple(slots),
        literals=tuple(right),
        spans=tuple(spans),
        entities=tuple(entities),
        frame=frame,
    )
