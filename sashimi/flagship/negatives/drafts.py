"""Broken drafts, as a language model would write them, and the programs they are read as.

A draft is the text of a program with one to three faults: those of `program.mutate`, and a few
habits of writers who know the language by hearsay. It is read twice, as it stands (if it parses)
and as the linter mends it. What is then another program is a negative: an error that slips through
the parser, or a repair that guessed wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sashimi.program import ParseError, lint, parse
from sashimi.program.catalogue import Catalogue
from sashimi.program.tree import Program
from sashimi.studies.language.mutate import MUTATIONS

FAULTS = (1, 1, 1, 2, 2, 3)
"""How many faults a draft has, each entry as likely as the others."""
TRIES = 12
Habit = Callable[[str, random.Random, Catalogue], str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One program that a draft was read as; ``repairs`` are the kinds that the linter needed."""

    program: Program
    faults: tuple[str, ...]
    repairs: tuple[str, ...]
    repaired: bool


def ends_left_out(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """Every end of a block and all indentation left out."""
    kept = [line.strip() for line in text.splitlines()]
    kept = [line for line in kept if not re.fullmatch(r"END(IF|MENU|REPEAT|FOREACH)", line)]
    made = "\n".join(kept) + "\n"
    return made if len(kept) < len(text.splitlines()) else None


def guessed_key(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A parameter's key without its prefix: ``Body`` for ``WFNotificationActionBody``."""
    found = list(re.finditer(r" (WF\w*?([A-Z][a-z]+))=", text))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start(1)] + match[2] + text[match.end(1) :]


def guessed_action(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """An action called by what it does: a verb put before its name, or a part left out."""
    found = list(re.finditer(r"^ *ACTION ([a-z]\w+(?:\.\w+)*)(?= |$)", text, re.MULTILINE))
    if not found:
        return None
    match = rng.choice(found)
    parts = match[1].split(".")
    verb = re.sub(r"^(get|set|show|add|open)", "", parts[-1])
    ways = [f"{rng.choice(('get', 'set', 'show', 'add', 'open'))}{verb}", parts[-1], parts[0]]
    made = rng.choice([way for way in ways if way and way != match[1]] or [match[1]])
    return text[: match.start(1)] + made + text[match.end(1) :] if made != match[1] else None


def named_by_type(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """An output called by its type instead of ``@prev``."""
    found = list(re.finditer(r"@(prev|item)\b", text))
    if not found:
        return None
    match = rng.choice(found)
    made = rng.choice(("Text", "Result", "URL", "List", "Response", "Item", "Output"))
    return text[: match.start(1)] + made + text[match.end(1) :]


def text_for_reference(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A reference in quotes, so that it is text: ``WFInput="$Name"``."""
    found = list(re.finditer(r"=([@$]\w+)(?= |$)", text, re.MULTILINE))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start(1)] + f'"{match[1]}"' + text[match.end(1) :]


def case_for_else(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """ELSE left out: both branches of an IF run into one."""
    found = list(re.finditer(r"^ *ELSE\n", text, re.MULTILINE))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start()] + text[match.end() :]


HABITS: dict[str, Habit] = {
    "ends left out": ends_left_out,
    "guessed key": guessed_key,
    "guessed action": guessed_action,
    "output named by its type": named_by_type,
    "reference as text": text_for_reference,
    "ELSE left out": case_for_else,
}
FAULTY = {**MUTATIONS, **HABITS}
"""Every fault that a draft can have, by name."""


def draft(
    text: str, rng: random.Random, known: Catalogue, first: list[str]
) -> tuple[str, tuple[str, ...]] | None:
    """A text with faults, and their names; None if it has no place for any.

    ``first`` is the order in which the first fault is tried; the others are drawn.
    """
    faults: list[str] = []
    for name in first:
        made = FAULTY[name](text, rng, known)
        if made is not None and made != text:
            text, faults = made, [name]
            break
    for _ in range(rng.choice(FAULTS) - 1):
        name = rng.choice(list(FAULTY))
        made = FAULTY[name](text, rng, known) if faults and name not in faults else None
        if made is not None and made != text:
            text, faults = made, [*faults, name]
    return (text, tuple(faults)) if faults else None


def readings(text: str, faults: tuple[str, ...]) -> Iterator[Reading]:
    """What a draft is read as: as it stands, and as the linter mends it, if that is different."""
    stands = _parsed(text)
    if stands is not None:
        yield Reading(stands, faults, (), False)
    done = lint(text)
    mended = _parsed(done.text) if done.repairs else None
    if mended is not None and mended != stands:
        kinds = tuple(dict.fromkeys(repair.kind for repair in done.repairs))
        yield Reading(mended, faults, kinds, True)


def _parsed(text: str) -> Program | None:
    try:
        return parse(text)
    except ParseError:
        return None
