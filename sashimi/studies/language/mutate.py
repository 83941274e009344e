"""Known ways to break a program: each breaks a canonical text in one place of one kind."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from sashimi.program.catalogue import Catalogue
from sashimi.program.text.aliases import CONDITIONS as SIGNS

Mutation = Callable[[str, random.Random, Catalogue], str | None]
"""A canonical text broken in one place; None where the text has no such place."""


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


def misspelt_keyword(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A keyword misspelt."""
    match = _at(r"^ *(ACTION|ELSE|MENU|CASE|FOREACH|REPEAT|END[A-Z]+)\b", text, rng)
    return _put(text, match, 1, misspelt(match[1], rng)) if match else None


def joined(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """Two statements on one line."""
    match = _at(r"(\n *)(?:ACTION|SET|IF|MENU|FOREACH) ", text, rng)
    return _put(text, match, 1, " ") if match else None


def wrong_end(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The end of another kind of block in place of its own."""
    match = _at(r"^ *END(IF|MENU|REPEAT|FOREACH)$", text, rng)
    if not match:
        return None
    other = rng.choice([b for b in ("IF", "MENU", "REPEAT", "FOREACH") if b != match[1]])
    return _put(text, match, 1, other)


def stray_end(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The end of a block twice."""
    match = _at(r"^( *END(?:IF|MENU|REPEAT|FOREACH)\n)", text, rng)
    return _put(text, match, 1, match[1] * 2) if match else None


def sign(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """A condition written as the sign or the words of other languages."""
    match = _at(r"^ *IF \S+ (\w+)", text, rng)
    named = match[1].replace("equals_number", "equals_string") if match else ""
    others = sorted(alias for alias, meant in SIGNS.items() if meant == named)
    return _put(text, match, 1, rng.choice(others)) if others else None


def quote(text: str, rng: random.Random, known: Catalogue) -> str | None:
    """The closing quote at the end of a statement left out."""
    match = _at(r'^ *[A-Z]+ .*?(")$', text, rng)
    return _put(text, match, 1, "") if match else None


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
    "wrong end": wrong_end,
    "stray end": stray_end,
    "sign for a condition": sign,
    "keyword in lower case": keyword,
    "misspelt keyword": misspelt_keyword,
    "two statements on a line": joined,
    "broken interpolation": brace,
    "lost quote": quote,
    "duplicate CASE": second_case,
    "truncated tail": truncated,
}
"""Every kind of mutation, by name."""

NAMING_AND_STRUCTURE = tuple(MUTATIONS)[:16]
"""The kinds of which the text still says what was meant; of the last two it does not."""
