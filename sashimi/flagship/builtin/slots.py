"""Slot values: numbers, pools, patterns, maps and times, some of them kept back for evaluation.

A value counts as **held out** when the CRC-32 of its text is divisible by HELD_OUT_SHARE. Training
programs never use a held-out value of a slot that is copied; evaluation programs use them often, so
that copying from the prompt is the only way to get them right. A ``map`` says a fixed value in
words ("on" for true) and is never held out. ``read`` is how a copied span becomes the value
(`sashimi.flagship.data.normal`), ``unit`` what a number is counted in; `forms` says both.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from sashimi.flagship.builtin import forms
from sashimi.flagship.data import normal

HELD_OUT_SHARE = 5
CORRECTED = 0.03
"""The share of values that may be said behind a wrong one: "15 no wait 20"."""
_INNER = re.compile(r"<([a-z_0-9]+)>")
_DRAWN: dict[str, Callable[[random.Random], str | float]] = {
    "clock": forms.clock,
    "date": forms.date,
    "when": forms.when,
    "share": forms.share,
}
_KINDS = ("int", "decimal", "pool", "pattern", "map", *_DRAWN)
_NUMBERS = ("int", "decimal", "share")


@dataclass(frozen=True)
class Slot:
    """One slot: ``kind`` is one of _KINDS, ``spec`` as in slots.yaml."""

    name: str
    kind: str
    spec: tuple
    read: str = normal.PLAIN
    unit: str | None = None


@dataclass(frozen=True)
class Filling:
    """A value as the program holds it, its texts in the prompt, and whether it is copied.

    ``measured`` are its texts with their unit; ``wrong`` and ``wrong_measured`` those of another
    value, which a speaker may take back; few have one.
    """

    value: str | int | float | bool
    says: tuple[str, ...]
    copied: bool
    measured: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    wrong_measured: tuple[str, ...] = ()


def read_slots(table: dict) -> dict[str, Slot]:
    """The slots of slots.yaml. Raises ValueError naming the slot."""
    slots = {}
    for name, entry in table.items():
        entry = dict(entry)
        read, unit = entry.pop("read", normal.PLAIN), entry.pop("unit", None)
        if len(entry) != 1 or next(iter(entry)) not in _KINDS:
            raise ValueError(f"slots.yaml, slot {name}: one of {', '.join(_KINDS)}")
        if read not in normal.TEXTS:
            raise ValueError(f"slots.yaml, slot {name}: read is one of {', '.join(normal.TEXTS)}")
        if unit not in (None, *forms.UNITS):
            raise ValueError(f"slots.yaml, slot {name}: unit is one of {', '.join(forms.UNITS)}")
        kind, spec = next(iter(entry.items()))
        read = {"share": "fraction", "clock": "when", "date": "when", "when": "when"}.get(
            kind, read
        )
        slots[name] = Slot(name, kind, tuple(spec or ()), read, unit)
    return slots


def held_out(text: str) -> bool:
    """Whether a value's text is kept for evaluation."""
    return zlib.crc32(text.encode()) % HELD_OUT_SHARE == 0


def text_of(value: str | int | float) -> str:
    """A value as it is written."""
    return format(value, ".10g") if isinstance(value, float) else str(value)


def _once(slot: Slot, slots: dict[str, Slot], rng: random.Random) -> str | int | float:
    match slot.kind:
        case "int":
            low, high, by = slot.spec
            return rng.randrange(low, high + 1, by)
        case "decimal":
            low, high, digits = slot.spec
            value = round(rng.uniform(low, high), digits)
            return value if value != int(value) else round(value + 10**-digits, digits)
        case "pool":
            return rng.choice(slot.spec)
        case "pattern":
            pattern = rng.choice(slot.spec)
            return _INNER.sub(lambda m: str(_once(slots[m[1]], slots, rng)), pattern)
    return _DRAWN[slot.kind](rng)


def _value(slot: Slot, slots: dict[str, Slot], rng: random.Random) -> str | int | float:
    """One value in the form that its place reads; texts of one pool share that form."""
    value = _once(slot, slots, rng)
    if isinstance(value, str) and slot.read not in ("when", "label", normal.PLAIN):
        return normal.read(slot.read, value)
    return normal.sentence(value) if slot.read == "label" else value


def draw(slot: Slot, slots: dict[str, Slot], rng: random.Random, *, evaluation: bool) -> Filling:
    """One value. With ``evaluation``, a held-out one in three of four draws; otherwise never."""
    if slot.kind == "map":
        value, *says = rng.choice(slot.spec)
        return Filling(value, tuple(str(say) for say in says), copied=False)
    wanted = evaluation and rng.random() < 0.75
    for attempt in range(200):
        value = _value(slot, slots, rng)
        if held_out(text_of(value)) == (
            wanted and attempt < 100
        ):  # a small pool may hold nothing out
            other = _value(slot, slots, rng) if rng.random() < CORRECTED else value
            return _filling(slot, value, other)
    raise ValueError(f"slot {slot.name}: every value is held out; widen it in slots.yaml")


def _filling(slot: Slot, value: str | float, other: str | float) -> Filling:
    number = slot.kind in _NUMBERS
    read = "sentence" if slot.read == "label" else slot.read
    wrong = other if other != value and not isinstance(other, str) else None
    if slot.kind in ("clock", "date", "when"):
        wrong = other if other != value else None
    return Filling(
        value,
        forms.says(value, read, number),
        copied=True,
        measured=forms.measured(value, slot.unit) if slot.unit else (),
        wrong=() if wrong is None else forms.says(wrong, read, number),
        wrong_measured=forms.measured(wrong, slot.unit) if slot.unit and wrong else (),
    )
