"""Perturbations of structure: a step or a block lost, repeated, moved, or ended elsewhere.

Each takes the lines of a program, a generator of random numbers, and what training programs show
(`known.Known`); it gives the lines of another program, or None where there is no place for it.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import (
    CLOSE,
    OPEN,
    PART,
    STEP,
    Line,
    bounds_of,
    openings,
)
from sashimi.program.tree import Action, ForEach, If, Menu, Repeat

Lines = list[Line]
Perturbation = Callable[[Lines, random.Random, Known], Lines | None]
Splice = tuple[int, int, Sequence[Line]]
"""The lines from one index up to another, and what stands there instead."""
IDLE = frozenset({"comment", "nothing"})
"""Actions that may come and go without a difference."""
OPPOSITE = {
    "is_greater_than": "is_less_than",
    "equals_string": "not_equal_string",
    "contains": "does_not_contain",
    "has_any_value": "does_not_have_any_value",
}
OPPOSITE |= {other: condition for condition, other in OPPOSITE.items()}
OPPOSITE |= {"equals_number": "is_greater_than", "is_before": "has_any_value"}
"""Conditions as they are negated; the last two, which have no negation, as they are mistaken."""


def splice(places: Callable[[Lines], Sequence[Splice | None]]) -> Perturbation:
    """One of all splices that are possible, drawn; None where one is drawn that is none."""

    @functools.wraps(places)
    def perturbed(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
        found = places(lines)
        drawn = rng.choice(found) if found else None
        if drawn is None:
            return None
        start, end, instead = drawn
        return [*lines[:start], *instead, *lines[end:]]

    return perturbed


def _steps(lines: Lines, actions: bool = False) -> list[int]:
    """Where steps stand that do something, or those of them that are actions."""
    steps = [(i, line.node) for i, line in enumerate(lines) if line.kind == STEP]
    kept = [(i, n) for i, n in steps if not (isinstance(n, Action) and n.name in IDLE)]
    return [i for i, n in kept if isinstance(n, Action) or not actions]


@splice
def missing_step(lines: Lines) -> list[Splice]:
    """A step left out."""
    steps = _steps(lines)
    return [(at, at + 1, ()) for at in steps] if len(steps) > 1 else []


@splice
def repeated_step(lines: Lines) -> list[Splice]:
    """A step written twice."""
    return [(at, at, lines[at : at + 1]) for at in _steps(lines, actions=True)]


def extra_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A step that nobody asked for, one that training programs have after such a step."""
    at = rng.choice(_steps(lines) or [-1])
    if at < 0 or not isinstance(lines[at].node, Action):
        return None
    following = known.after(lines[at].node.name, rng)
    if following is None:
        return None
    return [*lines[: at + 1], Line(STEP, following), *lines[at + 1 :]]


def _exchanged(lines: Lines, at: int) -> Splice:
    """A line and the next in each other's place."""
    return at, at + 2, (lines[at + 1], lines[at])


@splice
def swapped_steps(lines: Lines) -> list[Splice]:
    """Two neighbouring steps in each other's place."""
    pairs = itertools.pairwise(_steps(lines))
    return [_exchanged(lines, a) for a, b in pairs if b == a + 1 and lines[a] != lines[b]]


@splice
def moved_step(lines: Lines) -> list[Splice]:
    """A step at the edge of a branch on the wrong side of ELSE or CASE."""
    found = []
    for at in (i for i, line in enumerate(lines) if line.kind == PART):
        if lines[at - 1].kind == STEP:
            found.append(_exchanged(lines, at - 1))
        if lines[at + 1].kind == STEP and lines[at - 1].kind != OPEN:
            found.append(_exchanged(lines, at))
    return found


@splice
def moved_end(lines: Lines) -> list[Splice]:
    """A block's end one step too early or too late."""
    found = []
    for at in (i for i, line in enumerate(lines) if line.kind == CLOSE):
        if lines[at - 1].kind == STEP and lines[at - 2].kind not in (OPEN, PART):
            found.append(_exchanged(lines, at - 1))
        if at + 1 < len(lines) and lines[at + 1].kind == STEP:
            found.append(_exchanged(lines, at))
    return found


@splice
def dropped_end(lines: Lines) -> list[Splice]:
    """A block's end forgotten: it comes after all that follows, or right after its first step."""
    found: list[Splice] = []
    for opening in openings(lines):
        *parts, end = bounds_of(lines, opening)
        last = _end_of_siblings(lines, end)
        if last > end:
            found.append((end, last + 1, [*lines[end + 1 : last + 1], lines[end]]))
        first = [opening, *parts][-1] + 1
        if lines[first].kind == STEP and first + 1 < end:
            found.append((first, end + 1, [lines[first], lines[end], *lines[first + 1 : end]]))
    return found


def _end_of_siblings(lines: Lines, end: int) -> int:
    """The index of the last line before the enclosing block goes on or ends."""
    at = end + 1
    while at < len(lines) and lines[at].kind in (STEP, OPEN):
        at = (bounds_of(lines, at)[-1] if lines[at].kind == OPEN else at) + 1
    return at - 1


@splice
def missing_block(lines: Lines) -> list[Splice]:
    """A condition or loop left out, and its body done once, whatever happens."""
    found: list[Splice] = []
    for at in openings(lines):
        if isinstance(lines[at].node, If | Repeat | ForEach):
            bounds = bounds_of(lines, at)
            found.append((at, bounds[-1] + 1, lines[at + 1 : bounds[0]]))
    return found


@splice
def missing_branch(lines: Lines) -> list[Splice]:
    """An ELSE or a CASE left out with its body."""
    found: list[Splice] = []
    for at in openings(lines):
        bounds = bounds_of(lines, at)
        if len(bounds) > (2 if isinstance(lines[at].node, Menu) else 1):
            found += [(start, end, ()) for start, end in itertools.pairwise(bounds)]
    return found


@splice
def repeated_case(lines: Lines) -> list[Splice]:
    """A case of a menu written twice."""
    menus = [at for at in openings(lines) if isinstance(lines[at].node, Menu)]
    cases = [pair for at in menus for pair in itertools.pairwise(bounds_of(lines, at))]
    return [(end, end, lines[start:end]) for start, end in cases]


@splice
def swapped_branches(lines: Lines) -> list[Splice]:
    """The bodies of two branches under each other's condition or title."""
    found: list[Splice] = []
    for at in openings(lines):
        bounds = bounds_of(lines, at)
        if isinstance(lines[at].node, If):
            bounds = [at, *bounds]
        for first, second, end in zip(bounds, bounds[1:], bounds[2:], strict=False):
            one, other = lines[first + 1 : second], lines[second + 1 : end]
            found.append((first + 1, end, [*other, lines[second], *one]))
    return found


@splice
def condition(lines: Lines) -> list[Splice | None]:
    """A condition negated; none that has no opposite."""
    found: list[Splice | None] = []
    for at, node in ((at, lines[at].node) for at in openings(lines)):
        other = OPPOSITE.get(node.condition) if isinstance(node, If) else None
        if other is not None:
            value = None if other == "has_any_value" else node.value
            found.append((at, at + 1, [Line(OPEN, replace(node, condition=other, value=value))]))
        elif isinstance(node, If):
            found.append(None)
    return found


def other_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Another action of the same family or signature, or of nearly the same name."""
    steps = _steps(lines, actions=True)
    rng.shuffle(steps)
    for at in steps:
        other = known.like(lines[at].node, rng)
        if other is not None:
            return [*lines[:at], Line(STEP, other), *lines[at + 1 :]]
    return None


def other_value(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Another listed value of a parameter, or a switch turned the other way."""
    nodes = [(at, line.node) for at, line in enumerate(lines) if isinstance(line.node, Action)]
    found = [(at, node, place) for at, node in nodes for place in range(len(node.params))]
    rng.shuffle(found)
    for at, node, place in found:
        value = known.other_value(node, place, rng)
        if value is not None:
            params = list(node.params)
            params[place] = (params[place][0], value)
            return [*lines[:at], Line(STEP, replace(node, params=tuple(params))), *lines[at + 1 :]]
    return None


STRUCTURAL: dict[str, Perturbation] = {
    "missing step": missing_step,
    "repeated step": repeated_step,
    "extra step": extra_step,
    "other step": other_step,
    "swapped steps": swapped_steps,
    "moved step": moved_step,
    "moved end": moved_end,
    "dropped end": dropped_end,
    "missing block": missing_block,
    "missing branch": missing_branch,
    "repeated case": repeated_case,
    "swapped branches": swapped_branches,
    "negated condition": condition,
    "other value": other_value,
}
