"""The linter's phase for names as the editor shows them, with spaces: ``$My List``."""

from __future__ import annotations

import re

from sashimi.program.check.parts import sanitise
from sashimi.program.check.scope import Scope
from sashimi.program.text.lex import Token, join
from sashimi.program.text.repairs import Repair
from sashimi.program.tree import Handle, Var

_SPACED = re.compile(r"\\.|\{([@$])([^\W\d][^{}`\n]*[^\w{}`\n][^{}`\n]*)\}", re.DOTALL)


def joined(line: list[Token], shown: list[int], scope: Scope, repairs: list[Repair]) -> list[Token]:
    """The line with names as the editor shows them, ``$My List``, written as names are here."""
    if line[shown[0]].text == "SET" and len(shown) > 2:
        signs = [i for i in shown if line[i].text == "="]
        if signs and line[shown[1]].text[0] == "$" and signs[0] > shown[2]:
            return _as_one(line, shown[1], signs[0], repairs)
    out = list(line)
    for i in reversed([i for i in shown[1:] if line[i].kind == "reference"]):
        ends = [i + 1]
        while ends[-1] + 1 < len(line) and [line[ends[-1]].kind, line[ends[-1] + 1].kind] == [
            "space",
            "word",
        ]:
            ends.append(ends[-1] + 2)
        for end in reversed(ends[1:]):
            name = sanitise(join([line[i:end]])[1:])
            if scope.allows(Var(name) if line[i].text[0] == "$" else Handle(name)):
                out = _as_one(out, i, end, repairs)
                break
    return out


def _as_one(line: list[Token], start: int, end: int, repairs: list[Repair]) -> list[Token]:
    """One reference made of the tokens from ``start`` to ``end``, and the space behind it kept."""
    stop = end - 1 if line[end - 1].kind == "space" else end
    before = join([line[start:stop]])
    fixed = before[0] + sanitise(before[1:])
    repairs.append(Repair("handle", line[start].line, before, fixed))
    return [*line[:start], Token("reference", fixed, line[start].line), *line[stop:]]


def joined_in_braces(text: str, line: int, scope: Scope, repairs: list[Repair]) -> str:
    """An interpolated string with such names in its braces written as names are here."""

    def spelled(match: re.Match[str]) -> str:
        name = sanitise(match[2].strip()) if match[1] else ""
        if not name or not scope.allows(Var(name) if match[1] == "$" else Handle(name)):
            return match[0]
        fixed = "{" + match[1] + name + "}"
        repairs.append(Repair("handle", line, match[0], fixed))
        return fixed

    return _SPACED.sub(spelled, text)
