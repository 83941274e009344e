"""What the network of the package writes when it is asked now, as pictures for the page."""

from __future__ import annotations

from functools import cache

from sashimi.flagship import people, way
from sashimi.flagship.answer.outcome import Outcome
from sashimi.flagship.judge.useful import judge
from sashimi.flagship.people import Item
from sashimi.program.show import svg
from sashimi.study import Picture, Table

WIDTH = 360
"""Pixels: a phone shows the picture in full."""
EXAMPLE = "remind me to take out the trash tomorrow at 8pm"
"""The README's prompt."""
KINDS = ("one step", "two steps", "chain", "each", "if", "menu")


@cache
def blocks() -> tuple[Picture | Table, ...]:
    """The first frozen request of each of `KINDS`, not chosen, with what is written for it."""
    items = [next(item for item in people.test() if item.kind == kind) for kind in KINDS]
    outcomes = way.load().generate([item.prompt for item in items])
    drawn = [
        Picture(svg(o.program, WIDTH), told(item, o), o.text)
        for item, o in zip(items, outcomes, strict=True)
        if o.program
    ]
    refused = [[item.prompt, o.why] for item, o in zip(items, outcomes, strict=True) if o.why]
    return (*drawn, *([Table(["refused", "why"], refused)] if refused else []))


def told(item: Item, outcome: Outcome) -> str:
    """The request, and what the judge of the frozen test says of the answer."""
    row = judge(item, outcome.text)
    verdict = "does what was meant" if row.useful_strict else f"goes wrong at: {row.stage}"
    return f"“{item.prompt}” {verdict}; confidence {outcome.confidence:.2f}."


def figures() -> dict[str, str]:
    """What the README's first command writes, as a picture."""
    program = way.load().generate(EXAMPLE, refuse=False).program
    return {"example.svg": svg(program, WIDTH)}
