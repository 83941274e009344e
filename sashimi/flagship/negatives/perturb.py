"""Perturbations of structure: a step or a block lost, repeated, moved, or ended elsewhere.

Each takes the lines of a program, a generator of random numbers, and what training programs show
(`known.Known`); it gives the lines of another program, or None where there is no place for it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace

from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import (
    CLOSE,
    OPEN,
    PART,
    STEP,
    Line,
    end_of,
    openings,
    parts_of,
)
from sashimi.program.tree import Action, ForEach, If, Menu, Repeat

Lines = list[Line]
Perturbation = Callable[[Lines, random.Random, Known], Lines | None]
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


def _steps(lines: Lines) -> list[int]:
    """Where steps stand that do something."""
    return [i for i, line in enumerate(lines) if line.kind == STEP and not _idle(line)]


def _idle(line: Line) -> bool:
    return isinstance(line.node, Action) and line.node.name in IDLE


def missing_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A step left out."""
    steps = _steps(lines)
    if len(steps) < 2:
        return None
    at = rng.choice(steps)
    return lines[:at] + lines[at + 1 :]


def repeated_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A step written twice."""
    steps = [i for i in _steps(lines) if isinstance(lines[i].node, Action)]
    if not steps:
        return None
    at = rng.choice(steps)
    return lines[: at + 1] + lines[at:]


def extra_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A step that nobody asked for, one that training programs have after such a step."""
    at = rng.choice(_steps(lines) or [-1])
    if at < 0 or not isinstance(lines[at].node, Action):
        return None
    following = known.after(lines[at].node.name, rng)
    return (
        None if following is None else [*lines[: at + 1], Line(STEP, following), *lines[at + 1 :]]
    )


def swapped_steps(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Two neighbouring steps in each other's place."""
    steps = set(_steps(lines))
    pairs = [i for i in steps if i + 1 in steps and lines[i] != lines[i + 1]]
    if not pairs:
        return None
    at = rng.choice(sorted(pairs))
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def moved_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A step at the edge of a branch on the wrong side of ELSE or CASE."""
    moves = []
    for at, line in enumerate(lines):
        if line.kind == PART:
            moves += [(at, at - 1)] if lines[at - 1].kind == STEP else []
            moves += (
                [(at, at + 1)] if lines[at + 1].kind == STEP and lines[at - 1].kind != OPEN else []
            )
    return _exchanged(lines, rng.choice(moves)) if moves else None


def moved_end(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A block's end one step too early or too late."""
    moves = []
    for at, line in enumerate(lines):
        if line.kind == CLOSE:
            inside = lines[at - 1].kind == STEP and lines[at - 2].kind not in (OPEN, PART)
            moves += [(at, at - 1)] if inside else []
            moves += [(at, at + 1)] if at + 1 < len(lines) and lines[at + 1].kind == STEP else []
    return _exchanged(lines, rng.choice(moves)) if moves else None


def dropped_end(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A block's end forgotten: it comes after all that follows, or right after its first step."""
    found = []
    for opening in openings(lines):
        end = end_of(lines, opening)
        last = _end_of_siblings(lines, end)
        found += [(end, last)] if last > end else []
        body = [opening, *parts_of(lines, opening)][-1]
        if lines[body + 1].kind == STEP and body + 2 < end:
            found.append((end, body + 1))
    if not found:
        return None
    end, place = rng.choice(found)
    without = lines[:end] + lines[end + 1 :]
    place = place if place > end else place + 1
    return [*without[:place], lines[end], *without[place:]]


def _end_of_siblings(lines: Lines, end: int) -> int:
    """The index of the last line before the enclosing block goes on or ends."""
    at = end + 1
    while at < len(lines) and lines[at].kind in (STEP, OPEN):
        at = (end_of(lines, at) if lines[at].kind == OPEN else at) + 1
    return at - 1


def _exchanged(lines: Lines, pair: tuple[int, int]) -> Lines:
    made = list(lines)
    first, second = pair
    made[first], made[second] = made[second], made[first]
    return made


def missing_block(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A condition or loop left out, and its body done once, whatever happens."""
    found = [i for i in openings(lines) if isinstance(lines[i].node, If | Repeat | ForEach)]
    if not found:
        return None
    at = rng.choice(found)
    parts, end = parts_of(lines, at), end_of(lines, at)
    return lines[:at] + lines[at + 1 : (parts or [end])[0]] + lines[end + 1 :]


def missing_branch(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """An ELSE or a CASE left out with its body."""
    found = []
    for at in openings(lines):
        bounds = [*parts_of(lines, at), end_of(lines, at)]
        if len(bounds) > (2 if isinstance(lines[at].node, Menu) else 1):
            found += list(itertools.pairwise(bounds))
    if not found:
        return None
    start, end = rng.choice(found)
    return lines[:start] + lines[end:]


def repeated_case(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A case of a menu written twice."""
    found = []
    for at in openings(lines):
        if isinstance(lines[at].node, Menu):
            bounds = [*parts_of(lines, at), end_of(lines, at)]
            found += list(itertools.pairwise(bounds))
    if not found:
        return None
    start, end = rng.choice(found)
    return lines[:end] + lines[start:end] + lines[end:]


def swapped_branches(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """The bodies of two branches under each other's condition or title."""
    found = []
    for at in openings(lines):
        bounds = [*parts_of(lines, at), end_of(lines, at)]
        if isinstance(lines[at].node, If):
            bounds = [at, *bounds]
        found += list(zip(bounds, bounds[1:], bounds[2:], strict=False))
    if not found:
        return None
    first, second, end = rng.choice(found)
    one, other = lines[first + 1 : second], lines[second + 1 : end]
    return [*lines[: first + 1], *other, lines[second], *one, *lines[end:]]


def condition(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """A condition negated."""
    found = [i for i in openings(lines) if isinstance(lines[i].node, If)]
    if not found:
        return None
    at = rng.choice(found)
    node = lines[at].node
    other = OPPOSITE.get(node.condition)
    if other is None:
        return None
    value = None if other == "has_any_value" else node.value
    return [*lines[:at], Line(OPEN, replace(node, condition=other, value=value)), *lines[at + 1 :]]


def other_step(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Another action of the same family or signature, or of nearly the same name."""
    steps = [i for i in _steps(lines) if isinstance(lines[i].node, Action)]
    rng.shuffle(steps)
    for at in steps:
        other = known.like(lines[at].node, rng)
        if other is not None:
            return [*lines[:at], Line(STEP, other), *lines[at + 1 :]]
    return None


def other_value(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Another listed value of a parameter, or a switch turned the other way."""
    found = []
    for at, line in enumerate(lines):
        if isinstance(line.node, Action):
            found += [(at, place) for place in range(len(line.node.params))]
    rng.shuffle(found)
    for at, place in found:
        node = lines[at].node
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
