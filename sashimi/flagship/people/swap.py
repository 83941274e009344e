"""The same sentence about something else: values that a prompt spells, exchanged for others.

A value is exchanged in prompt and program together, where the prompt spells it exactly once and
where it is read back as the new value; what else the sentence says stays as a person wrote it.
Others come from what training spells in the same place and from ``content.yaml``: with few values,
what a note says would tell a network that it is a note.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import yaml

from sashimi.flagship import people
from sashimi.flagship.builtin import forms
from sashimi.flagship.builtin.slots import held_out, text_of
from sashimi.flagship.data import normal, phrases
from sashimi.flagship.data import spoken_numbers as numbers
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import COPYABLE, Literals, slots_of
from sashimi.program import tiers
from sashimi.program.tree import Value

RATE = 0.7
"""How often a value that can be exchanged is."""
TRIES = 4
FAR = 4
"""A number is exchanged for one at most so many times as large or as small."""
KINDS_OF_MUSIC = frozenset({"Playlist", "Artist", "Album", "Genre", "Song", "Podcast"})
_KEPT = re.compile(
    r"text (IF|CASE|MENU|part)|key:(FocusModes|WFQuantitySampleType|WFCategorySampleEnumeration|"
    r"WFAskActionPrompt|WFImageFormat|WFHMService|WFGetDirectionsActionMode|WFMeasurementUnit|"
    r"WFReplaceText|WFJSONValues key|WFSSH)"
)
"""Places whose value means something to the program, or to the words around it."""
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?(?![\d:])")
Place = tuple[str, str, bool]
"""Kind of a slot, its place in the grammar, and whether "to" stands before its span."""


@dataclass(frozen=True)
class Span:
    """Where a prompt spells a value, and the places that it fills."""

    value: Value
    start: int
    end: int
    reading: str
    place: Place


@dataclass(frozen=True)
class Swap:
    """Draws other values for prompts; ``pools`` are the values that training spells, by place."""

    pools: dict[Place, tuple[Value, ...]]
    readings: dict[str, str]

    @staticmethod
    def of(examples: Iterable[Example]) -> Swap:
        """The pools of training examples, without the values that are kept for evaluation."""
        examples = list(examples)
        readings = Literals.build((e.prompt, e.program) for e in examples).readings
        pools: dict[Place, dict[str, Value]] = defaultdict(dict)
        for example in examples:
            for span in spans(example, readings):
                if not held_out(text_of(span.value)):
                    pools[span.place][repr(span.value)] = span.value
        for (kind, context, after_to), found in pools.items():
            if kind == "text":
                found |= {repr(value): value for value in content(context, after_to)}
        return Swap({place: tuple(found.values()) for place, found in pools.items()}, readings)

    def __call__(self, example: Example, rng: random.Random) -> Example:
        """The example with some of its values exchanged, and named for its new prompt."""
        prompt, changes = example.prompt, {}
        for span in sorted(spans(example, self.readings), key=lambda s: -s.start):
            pool = self.pools.get(span.place, ())
            if len(pool) < 2 or rng.random() > RATE:
                continue
            for _ in range(TRIES):
                value = rng.choice(pool)
                told = _said(span, value, prompt, rng)
                changed = prompt[: span.start] + told + prompt[span.end :] if told else ""
                if told and _reads(span, value, changed, span.start, span.start + len(told)):
                    prompt, changes[repr(span.value)] = changed, value
                    break
        return _changed(example, prompt, changes)

    def several(
        self, example: Example, count: int, rng: random.Random
    ) -> tuple[Span, list[tuple[str, Example]]] | None:
        """One value of an example exchanged ``count`` times: where it stands, how each other one is
        said, and the example with it. None where it has no such value.
        """
        found = [s for s in spans(example, self.readings) if len(self.pools.get(s.place, ())) > 9]
        if not found:
            return None
        span, made = rng.choice(found), {}
        for _ in range(count * TRIES):
            value = rng.choice(self.pools[span.place])
            told = _said(span, value, example.prompt, rng)
            if told and repr(value) not in made and _alike(told, example.prompt, span):
                prompt = example.prompt[: span.start] + told + example.prompt[span.end :]
                if _reads(span, value, prompt, span.start, span.start + len(told)):
                    changed = _changed(example, prompt, {repr(span.value): value})
                    made[repr(value)] = told, changed
            if len(made) == count:
                return span, list(made.values())
        return None


def content(context: str, after_to: bool) -> list[str]:
    """The values of ``content.yaml`` for a place, without those that are kept for evaluation."""
    place = f"{context} after to" if after_to else context
    fitting = (values for where, values in _families() if where.search(place))
    return [value for values in fitting for value in values if not held_out(value)]


@lru_cache(maxsize=1)
def _families() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Where the values of each family go, and the values."""
    read = yaml.safe_load((people.FOLDER / "content.yaml").read_text(encoding="utf-8"))
    return tuple(
        (re.compile(re.sub(r"\|\s", "|", family["where"])), tuple(family["values"].split(" | ")))
        for family in read.values()
    )


def _alike(told: str, prompt: str, span: Span) -> bool:
    """Whether words are hardly longer than those whose place they take."""
    return len(told.split()) <= len(prompt[span.start : span.end].split()) + 1


def _changed(example: Example, prompt: str, changes: dict[str, Value]) -> Example:
    """An example with another prompt and other values, by what shows the ones before."""
    ir = tiers.encode(example.program)
    merged = ir.merged()
    kinds = [slot.kind for slot in slots_of(merged)]
    values = [
        changes.get(repr(value), value) if kind in COPYABLE else value
        for kind, value in zip(kinds, ir.values, strict=True)
    ]
    program = replace(tiers.assemble(merged, values), name=normal.heading(prompt))
    return replace(example, prompt=prompt, program=program)


def spans(example: Example, readings: dict[str, str]) -> list[Span]:
    """The values that a prompt spells once each, apart from one another."""
    ir = tiers.encode(example.program)
    found: dict[str, Span] = {}
    kept: set[str] = set()
    for slot, value in zip(slots_of(ir.merged()), ir.values, strict=True):
        if slot.kind not in COPYABLE or repr(value) in found or value in KINDS_OF_MUSIC:
            continue
        if _KEPT.search(f"{slot.kind} {slot.context}"):
            kept.add(repr(value))
            continue
        reading = readings.get(slot.context, normal.PLAIN)
        if held := _alone(phrases.find(reading, value, example.prompt)):
            start, end = held
            after_to = example.prompt[:start].rstrip().endswith(" to")
            place = slot.kind, slot.context, after_to
            found[repr(value)] = Span(value, start, end, reading, place)
    every = [span for value, span in found.items() if value not in kept]
    return [a for a in every if not any(a is not b and _meet(a, b) for b in every)]


def _alone(found: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The only place of a value; of "at 7" and "7" in one the shorter. None of several or none."""
    return max(found) if len({end for _, end in found}) == 1 else None


def _meet(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end


def _said(span: Span, value: Value, prompt: str, rng: random.Random) -> str:
    """How a value is said in the way the one before it was; "" where that is not known."""
    before = prompt[span.start : span.end]
    if isinstance(value, int | float):
        if not abs(span.value) <= FAR * abs(value) <= FAR**2 * abs(span.value):
            return ""
        if span.reading in (normal.PLAIN, "fraction"):
            return rng.choice(forms.says(value, span.reading, True))
        figure = _FIGURE.match(before)
        told = f"{text_of(value)}{before[figure.end() :]}" if figure else ""
        return told if _unit(told) == _unit(before) else ""
    says = forms.says(value, span.reading)
    if before == before.lower():
        says = [text for text in says if text == text.lower()] or says
    return rng.choice(says)


def _unit(text: str) -> str | None:
    """The unit in which a duration is counted; None where there is none."""
    found = numbers.measured(text) if text else None
    return found and found[1]


def _reads(span: Span, value: Value, prompt: str, start: int, end: int) -> bool:
    """Whether the new prompt spells the new value there and nowhere else."""
    return _alone(phrases.find(span.reading, value, prompt)) == (start, end)
