"""Where the way first breaks for a prompt: the earliest stage at which its program differs.

Stages are looked at in the order of the way, so that each prompt is counted once. Comments and the
title do not run and are set aside, as in `sashimi.flagship.judge.score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sashimi.flagship.data.example import Example
from sashimi.flagship.judge.score import body_text
from sashimi.program import tiers
from sashimi.program.tree import Program

STAGES = {
    "refused": "the domain head refuses it",
    "no program": "nothing is written that parses",
    "too short": "the skeleton is the right one with statements left out",
    "too long": "the skeleton is the right one with statements too many",
    "blocks": "other blocks: IF, MENU, REPEAT or FOREACH, or other nesting",
    "action": "the same blocks around other statements",
    "reference": "the same statements, but another reference, condition or SET pattern",
    "parameter": "the right skeleton, but other keys, choices, references or shapes",
    "value": "all of that right, but another text, number or name",
    "right": "the program that was asked for",
}
"""In the order of the way: a prompt counts at the first that holds."""
BLOCKS = frozenset(
    [
        "IF",
        "ELSE",
        "ENDIF",
        "MENU",
        "CASE",
        "ENDMENU",
        "REPEAT",
        "ENDREPEAT",
        "FOREACH",
        "ENDFOREACH",
    ]
)
WORDS = {"up to 8 words": 8, "9 to 16": 16, "17 to 32": 32, "more than 32": 10**9}
"""Buckets of a prompt's length: the most words that each holds."""


def stage_of(expected: Program, produced: Program | None, admitted: bool = True) -> str:
    """The key of `STAGES` at which a produced program first differs from the expected one."""
    if not admitted:
        return "refused"
    if produced is None:
        return "no program"
    want, have = (tiers.without_comments(p) for p in (expected, produced))
    asked, made = tiers.encode(want), tiers.encode(have)
    if asked.structure != made.structure:
        return _skeleton(_outline(asked.structure), _outline(made.structure))
    if asked.parameters != made.parameters:
        return "parameter"
    return "right" if body_text(want) == body_text(have) else "value"


def counts(
    part: Sequence[Example], produced: Sequence[Program | None], admitted: Iterable[bool]
) -> dict[str, Any]:
    """How many prompts of a split end at which stage: all of them, and by what is known of them.

    ``{"all": {stage: n}, "domain": {label: {stage: n}}, "length": …, "style": …}``; stages at which
    none ends are left out, and so is the style where a corpus does not know it.
    """
    found = [
        stage_of(example.program, program, bool(ok))
        for example, program, ok in zip(part, produced, admitted, strict=True)
    ]
    told = {"all": _ordered(Counter(found))}
    for name, category in CATEGORIES.items():
        groups: dict[str, Counter] = {}
        for example, stage in zip(part, found, strict=True):
            groups.setdefault(category(example), Counter())[stage] += 1
        if any(groups):  # a corpus that knows no styles has one nameless group
            told[name] = {label: _ordered(groups[label]) for label in sorted(groups)}
    return told


def words(example: Example) -> str:
    """The bucket of `WORDS` that a prompt is in."""
    size = len(example.prompt.split())
    return next(label for label, most in WORDS.items() if size <= most)


CATEGORIES: Mapping[str, Callable[[Example], str]] = {
    "domain": lambda example: example.domain,
    "length": words,
    "style": lambda example: example.style,
}


def _skeleton(want: list[str], have: list[str]) -> str:
    if want == have:
        return "reference"
    if _within(have, want):
        return "too short"
    if _within(want, have):
        return "too long"
    same = [t for t in want if t in BLOCKS] == [t for t in have if t in BLOCKS]
    return "action" if same else "blocks"


def _outline(structure: Iterable[str]) -> list[str]:
    """Actions, SETs and block keywords, without what they refer to."""
    return [t for t in structure if t in BLOCKS or t == "SET" or t.startswith("ACTION ")]


def _within(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether ``short`` is ``long`` with some left out."""
    rest = iter(long)
    return all(token in rest for token in short)


def _ordered(found: Counter) -> dict[str, int]:
    return {stage: found[stage] for stage in STAGES if found[stage]}
