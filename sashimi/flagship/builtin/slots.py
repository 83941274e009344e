"""Slot values: numbers, pools, patterns and maps, some of them kept back for evaluation.

A value counts as **held out** when the CRC-32 of its text is divisible by HELD_OUT_SHARE. Training
programs never use a held-out value of a slot that is copied; evaluation programs use them often, so
that copying from the prompt is the only way to get them right. A ``map`` says a fixed value in
words ("on" for true) and is never held out.
"""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass

HELD_OUT_SHARE = 5
_INNER = re.compile(r"<([a-z_0-9]+)>")


@dataclass(frozen=True)
class Slot:
    """One slot: ``kind`` is int, decimal, pool, pattern or map, ``spec`` as in slots.yaml."""

    name: str
    kind: str
    spec: tuple


@dataclass(frozen=True)
class Filling:
    """A value as the program holds it, its texts in the prompt, and whether it is copied."""

    value: str | int | float | bool
    says: tuple[str, ...]
    copied: bool


def read_slots(table: dict) -> dict[str, Slot]:
    """The slots of slots.yaml. Raises ValueError naming the slot."""
    slots = {}
    for name, entry in table.items():
        if len(entry) != 1 or next(iter(entry)) not in ("int", "decimal", "pool", "pattern", "map"):
            raise ValueError(f"slots.yaml, slot {name}: one of int, decimal, pool, pattern, map")
        kind, spec = next(iter(entry.items()))
        slots[name] = Slot(name, kind, tuple(spec))
    return slots


def held_out(text: str) -> bool:
    """Whether a value's text is kept for evaluation."""
    return zlib.crc32(text.encode()) % HELD_OUT_SHARE == 0


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
    pattern = rng.choice(slot.spec)
    return _INNER.sub(lambda m: str(_once(slots[m[1]], slots, rng)), pattern)


def draw(slot: Slot, slots: dict[str, Slot], rng: random.Random, *, evaluation: bool) -> Filling:
    """One value. With ``evaluation``, a held-out one in three of four draws; otherwise never."""
    if slot.kind == "map":
        value, *says = rng.choice(slot.spec)
        return Filling(value, tuple(str(say) for say in says), copied=False)
    wanted = evaluation and rng.random() < 0.75
    for attempt in range(200):
        value = _once(slot, slots, rng)
        text = format(value, ".10g") if isinstance(value, float) else str(value)
        if held_out(text) == (wanted and attempt < 100):  # a small pool may hold nothing out
            return Filling(value, (text,), copied=True)
    raise ValueError(f"slot {slot.name}: every value is held out; widen it in slots.yaml")
