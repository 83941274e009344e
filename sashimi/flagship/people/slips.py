"""Slips of the finger in people's sentences, in what is not copied."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from sashimi.flagship.builtin import style
from sashimi.flagship.data import normal
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import slots_of
from sashimi.program import tiers

TRIES = 4
Places = list[tuple[str, object, int]]


def slipped(example: Example, readings: Mapping[str, str], rng: random.Random) -> Example:
    """The example with one to three slips in its prompt, every value still where it was read.

    ``readings`` are those of `Literals`. The example itself where each try hurts a value.
    """
    held = _held(example.prompt, example, readings)
    for _ in range(TRIES):
        prompt = style.slips(example.prompt, rng)
        if prompt != example.prompt and _held(prompt, example, readings) == held:
            program = replace(example.program, name=normal.heading(prompt))
            return replace(example, prompt=prompt, program=program)
    return example


def _held(prompt: str, example: Example, readings: Mapping[str, str]) -> Places:
    """The values of the program that a prompt holds, and how often each."""
    ir = tiers.encode(example.program)
    found = []
    for slot, value in zip(slots_of(ir.merged()), ir.values, strict=True):
        reading = readings.get(slot.context, normal.PLAIN)
        if slot.kind not in ("title", "name"):
            found.append((slot.context, value, len(normal.find(reading, value, prompt))))
    return found
