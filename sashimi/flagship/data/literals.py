"""What fills a slot: spans of the prompt and literals of training, and how both are written.

Letters: K literals.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sashimi.flagship.data import normal
from sashimi.program import parse, render, tiers
from sashimi.program.ir.walk import Walk
from sashimi.program.tree import Program, Set, Value

COPYABLE = frozenset({"text", "key", "number", "literal"})
"""Kinds of slots whose value may be a span of the prompt; a literal's, where it is an entity."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An open place of merged tokens: its position, kind, and context in the grammar."""

    position: int
    kind: str
    context: str


def slots_of(tokens: Sequence[str]) -> list[Slot]:
    """The slots of merged tokens in order of their values, each with its place in the grammar."""
    walk, contexts = Walk(), []
    for token in tokens:
        contexts.append(walk.due.context)
        walk.advance(token)
    return slots_at(tokens, contexts)


def slots_at(tokens: Sequence[str], contexts: Sequence[str]) -> list[Slot]:
    """`slots_of` tokens whose places in the grammar are known already."""
    found = tiers.slots(tokens)
    return [Slot(p, kind, kind if kind in ("title", "name") else contexts[p]) for p, kind in found]


def spans_of(
    value: Value,
    prompt: str,
    offsets: Sequence[tuple[int, int]],
    reading: str = normal.PLAIN,
) -> list[tuple[int, int]]:
    """Every (first, last) word piece whose characters mean a value; [] when none do."""
    starts = {start: i for i, (start, _) in reversed(list(enumerate(offsets)))}
    ends = {end: i for i, (_, end) in enumerate(offsets)}
    found = normal.find(reading, value, prompt)
    return [(starts[a], ends[b]) for a, b in found if a in starts and b in ends]


def spelled(value: Value, prompt: str, reading: str = normal.PLAIN) -> bool:
    """Whether a prompt holds a text or a number, as it is read in its place."""
    return bool(normal.find(reading, value, prompt))


def _readings(slot: Slot, value: Value, prompt: str) -> dict[str, bool]:
    """The readings under which a prompt holds a slot's value, and whether as it is written."""
    if slot.kind not in COPYABLE:
        return {}
    number = slot.kind == "number"
    table: Iterable[str] = normal.NUMBERS if number else normal.TEXTS
    found = {}
    for reading in [normal.ENTITY] if slot.kind == "literal" else table:
        if spans := normal.find(reading, value, prompt):
            told = (normal.meant(reading, prompt, a, b, number) for a, b in spans)
            found[reading] = any(repr(one) == repr(value) for one in told)
    return found


@dataclass(frozen=True)
class Literals:
    """Values that training programs repeat, and the places they were given to."""

    values: tuple[tuple[str, str], ...]  # (kind, value as DSL text)
    places: dict[str, tuple[int, ...]]  # context to indices of values
    readings: dict[str, str] = field(default_factory=dict)
    """Context to how a span that is copied there is read, unless plainly."""

    @staticmethod
    def build(pairs: Iterable[tuple[str, Program]], least: int = 2) -> Literals:
        """The literals that training (prompt, program) pairs need at least ``least`` times.

        A value that its own prompt spells is not needed: the pointer copies it.
        """
        seen = []  # (context, literal, its `_readings`)
        for prompt, program in pairs:
            ir = tiers.encode(program)
            for slot, value in zip(slots_of(ir.merged()), ir.values, strict=True):
                literal = (slot.kind, to_text(value))
                seen.append((slot.context, literal, _readings(slot, value, prompt)))
        readings = _usual(seen)
        counts: Counter[tuple[str, str]] = Counter()
        places: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for context, literal, held in seen:
            counts[literal] += readings.get(context, normal.PLAIN) not in held
            places[context].add(literal)
        kept = sorted(literal for literal, n in counts.items() if n >= least)
        index = {literal: i for i, literal in enumerate(kept)}
        known = {k: tuple(sorted(index[v] for v in vs if v in index)) for k, vs in places.items()}
        return Literals(tuple(kept), {k: v for k, v in sorted(known.items()) if v}, readings)

    def to_json(self) -> dict:
        """As plain lists and dictionaries; `from_json` is the inverse."""
        values = [list(v) for v in self.values]
        return {"values": values, "places": self.places, "readings": self.readings}

    @staticmethod
    def from_json(data: dict) -> Literals:
        """The literals that `to_json` wrote."""
        return Literals(
            tuple((kind, text) for kind, text in data["values"]),
            {k: tuple(v) for k, v in data["places"].items()},
            data.get("readings", {}),
        )

    def reading(self, slot: Slot) -> str:
        """How a span that is copied to a slot is read."""
        return self.readings.get(slot.context, normal.PLAIN)

    @cached_property
    def index(self) -> dict[tuple[str, str], int]:
        """(kind, DSL text) to position in ``values``."""
        return {literal: i for i, literal in enumerate(self.values)}

    def value(self, index: int) -> Value:
        """One of the values itself, read when it is first asked for."""
        if index not in self._read:
            self._read[index] = from_text(self.values[index][1])
        return self._read[index]

    @cached_property
    def _read(self) -> dict[int, Value]:
        return {}

    def allowed(self, slot: Slot) -> np.ndarray:
        """(K,) bool: the literals seen in the slot's place, or all of its kind if none was.

        The same array at every call: not to be written to.
        """
        key = slot.kind, slot.context
        if key not in self._masks:
            of_kind = self._kinds == slot.kind
            mask = np.zeros(len(self.values), dtype=bool)
            mask[list(self.places.get(slot.context, ()))] = True
            mask &= of_kind
            self._masks[key] = mask if mask.any() else of_kind
        return self._masks[key]

    def allowed_ids(self, slot: Slot) -> np.ndarray:
        """Positions in ``values`` of what is allowed."""
        key = slot.kind, slot.context
        if key not in self._ids:
            self._ids[key] = np.flatnonzero(self.allowed(slot))
        return self._ids[key]

    @cached_property
    def _ids(self) -> dict[tuple[str, str], np.ndarray]:
        return {}

    @cached_property
    def _masks(self) -> dict[tuple[str, str], np.ndarray]:
        return {}

    @cached_property
    def _kinds(self) -> np.ndarray:
        return np.array([kind for kind, _ in self.values], dtype=object)


def _usual(seen: Iterable[tuple[str, tuple[str, str], dict[str, bool]]]) -> dict[str, str]:
    """By context, the reading that explains most values; plain unless that is clearly fewer.

    A value that stands there up to capitals or the half of its day is explained by half.
    """
    explained: dict[str, Counter[str]] = defaultdict(Counter)
    for context, _, held in seen:
        explained[context].update({name: 1 + whole for name, whole in held.items()})
    order = [*normal.TEXTS, *normal.NUMBERS, normal.ENTITY]  # of equals the first
    best = {
        context: max(order, key=lambda r, c=counts: c[r] * (1.02 if r == normal.PLAIN else 1))
        for context, counts in sorted(explained.items())
    }
    return {context: reading for context, reading in best.items() if reading != normal.PLAIN}


def to_text(value: Value) -> str:
    """A value as ShortcutDSL text, which keeps 1, 1.0 and true apart."""
    return render(Program("", (Set("v", value),))).splitlines()[1].strip().removeprefix("SET $v = ")


def from_text(text: str) -> Value:
    """The inverse of `to_text`."""
    return parse(f'SHORTCUT ""\nSET $v = {text}\n').body[0].value
