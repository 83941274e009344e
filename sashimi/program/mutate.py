"""Known ways to break a program, and how many of them are found and mended.

``study`` breaks valid programs, one mutation each, and counts: *detected* (it no longer parses or
``validate`` has something to say), *repaired* (``lint`` gives back the original tree), *false*
(``lint`` changed it into a program without errors that is not the original).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sashimi.program.catalogue import Catalogue
from sashimi.program.findings import errors
from sashimi.program.lint import lint
from sashimi.program.parse import ParseError, parse
from sashimi.program.render import render
from sashimi.program.tree import Program
from sashimi.program.validate import validate

Mutation = Callable[[str, random.Random, Catalogue], str | None]
"""A canonical text broken in one place; None where the text has no such place."""


@dataclass
class Count:
    """What became of the mutations of one kind."""

    made: int = 0
    detected: int = 0
    repaired: int = 0
    false: int = 0


def misspelt(word: str, rng: random.Random) -> str:
    """A word with one letter dropped, doubled or swapped with the next, never the same word."""
    at = rng.randrange(max(len(word) - 1, 1))
    ways = [word[:at] + word[at + 1 :], word[: at + 1] + word[at:]]
    ways.append(word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :])
    return next(way for way in rng.sample(ways, 3) if way != word)


def _at(pattern: str, text: str, rng: random.Random) -> re.Match[str] | None:
    found = list(re.finditer(pattern, text, re.MULTILINE))
    return rng.choice(found) if found else None


def _put(text: str, match: re.Match[str], group: int, new: str) -> str:
    return text[: match.start(group)] + new + text[match.end(group) :]


def action(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """An action's name misspelt, so that no action has it."""
    match = _at(r"^ *ACTION ([a-z]\w{3,}(?:\.\w+)*)(?= |$)", text, rng)
    name = misspelt(match[1], rng) if match else ""
    return None if not match or known.find(name) else _put(text, match, 1, name)


def key(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A parameter's key misspelt."""
    match = _at(r"^ *ACTION (\S+) (\w{4,})(?==)", text, rng)
    spec = known.find(match[1]) if match else None
    name = misspelt(match[2], rng) if match else ""
    return None if not spec or spec.parameter(name) else _put(text, match, 2, name)


def enum(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A listed value misspelt."""
    places = []
    for match in re.finditer(r'^ *ACTION (\S+)(?: .*?)? (\w+)="(\w{3,})"', text, re.MULTILINE):
        spec = known.find(match[1])
        parameter = spec.parameter(match[2]) if spec else None
        if parameter and parameter.enum_trusted and match[3] in parameter.enum:
            places.append((match, parameter.enum))
    if not places:
        return None
    match, listed = rng.choice(places)
    value = misspelt(match[3], rng)
    return None if value in listed else _put(text, match, 3, value)


def condition(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A condition misspelt."""
    match = _at(r"^ *IF \S+ (\w+)", text, rng)
    return _put(text, match, 1, misspelt(match[1], rng)) if match else None


def missing_end(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The end of a block left out."""
    match = _at(r"^ *END(?:IF|MENU|REPEAT|FOREACH)\n", text, rng)
    return _put(text, match, 0, "") if match else None


def swapped(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The ELSE and the ENDIF of one IF, each in the other's place."""
    match = _at(r"^( *)(ELSE)\n((?:\1 .*\n)*)\1(ENDIF)$", text, rng)
    if not match:
        return None
    return _put(_put(text, match, 4, "ELSE"), match, 2, "ENDIF")


def second_case(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A case of a menu under the title of the one before."""
    match = _at(r"^( *)CASE (.*)\n(?:\1 .*\n)*\1CASE (.*)$", text, rng)
    return _put(text, match, 3, match[2]) if match and match[2] != match[3] else None


def unset(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A variable misspelt where it is used."""
    match = _at(r"(?:=|\{|FOREACH |IF )\$(\w{4,})", text, rng)
    if not match:
        return None
    name = misspelt(match[1], rng)
    return None if f"${name}" in text else _put(text, match, 1, name)


def handle(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A handle misspelt."""
    match = _at(r"(?:=|\{|FOREACH |IF )@(\w{4,})", text, rng)
    if not match:
        return None
    name = misspelt(match[1], rng)
    return None if f"@{name}" in text else _put(text, match, 1, name)


def brace(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The closing brace of a reference left out."""
    match = _at(r"(?<!\\)\{[@$]\w+(\})(?!\w)", text, rng)
    return _put(text, match, 1, "") if match else None


def keyword(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A keyword in lower case."""
    match = _at(r"^ *(ACTION|SET|IF|ELSE|ENDIF|MENU|CASE|FOREACH|REPEAT)\b", text, rng)
    return _put(text, match, 1, match[1].lower()) if match else None


def joined(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """Two statements on one line."""
    match = _at(r"(\n *)(?:ACTION|SET|IF|MENU|FOREACH) ", text, rng)
    return _put(text, match, 1, " ") if match else None


def truncated(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The tail cut off, inside the last statement or before it."""
    body = len(text) - len("ENDSHORTCUT\n")
    first = text.index("\n") + 1
    return text[: rng.randrange(first, body)] if body > first else None


MUTATIONS: dict[str, Mutation] = {
    "misspelt action": action,
    "misspelt key": key,
    "misspelt condition": condition,
    "misspelt handle": handle,
    "unset variable": unset,
    "wrong enum": enum,
    "missing end": missing_end,
    "swapped ELSE and ENDIF": swapped,
    "keyword in lower case": keyword,
    "two statements on a line": joined,
    "broken interpolation": brace,
    "duplicate CASE": second_case,
    "truncated tail": truncated,
}
"""Every kind of mutation, by name."""

NAMING_AND_STRUCTURE = tuple(MUTATIONS)[:11]
"""The kinds of which the text still says what was meant; of the last two it does not."""


def study(
    programs: Sequence[Program], catalogue: Catalogue, each: int, seed: int = 0
) -> dict[str, Count]:
    """Break programs ``each`` times a kind and count. Programs with findings are passed over."""
    rng = random.Random(seed)
    sound = [(p, render(p)) for p in programs if not validate(p, catalogue=catalogue)]
    counts: dict[str, Count] = {}
    for kind, mutation in MUTATIONS.items():
        count = counts[kind] = Count()
        for _ in range(each * 200):
            if count.made == each:
                break
            program, text = rng.choice(sound)
            broken = mutation(text, rng, catalogue)
            if broken is not None and broken != text:
                _judge(program, broken, catalogue, count)
    return counts


def _judge(program: Program, broken: str, catalogue: Catalogue, count: Count) -> None:
    found = _read(broken)
    if found == program:
        return  # the mutation changed nothing that means anything
    count.made += 1
    count.detected += found is None or bool(validate(found, catalogue=catalogue))
    done = lint(broken)
    mended = _read(done.text)
    if mended == program:
        count.repaired += 1
    elif done.repairs and mended is not None and not errors(validate(mended, catalogue=catalogue)):
        count.false += 1


def _read(text: str) -> Program | None:
    try:
        return parse(text)
    except ParseError:
        return None
