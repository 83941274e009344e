"""Several faults of one text in one go: ``diagnose``."""

from __future__ import annotations

from sashimi.program.lex import join, statements, tokens, visible
from sashimi.program.parse import ParseError, parse
from sashimi.program.tree import Program

STAND_INS = {
    "SHORTCUT": 'SHORTCUT "?"',
    "IF": "IF @input has_any_value",
    "MENU": 'MENU "?"',
    "CASE": 'CASE "?"',
    "REPEAT": "REPEAT 1",
    "FOREACH": "FOREACH @input",
    "ACTION": "",
    "SET": "",
}
"""What stands in for a faulty statement, by its first word, so that reading can go on."""

MOST = 50
"""Faults after which the rest of a text is not looked at."""


def diagnose(text: str) -> tuple[Program | None, list[ParseError]]:
    """The tree of a text, or None and its faults in order of line.

    After each fault the statement it is in is replaced by one that keeps blocks as they are; a
    fault of the blocks themselves ends the search, as all that follows would only echo it.
    """
    errors: list[ParseError] = []
    rest = text
    while len(errors) < MOST:
        try:
            program = parse(rest)
        except ParseError as error:
            errors.append(ParseError(error.reason, text, error.line, error.column, error.expected))
            passed = _without(rest, error.line)
            if passed is None:
                break
            rest = passed
        else:
            return (None if errors else program), errors
    return None, errors


def _without(text: str, line: int) -> str | None:
    """The text with a stand-in for the statement that covers a line; None if that is no help."""
    lines = statements(tokens(text, careful=True))
    for number, statement in enumerate(lines):
        source = join([statement])
        height = source.count("\n")
        first = statement[0].line
        if not first <= line < first + max(height, 1):
            continue
        shown = visible(statement)
        if not shown:
            return None
        word = statement[shown[0]].text
        fixed = STAND_INS.get(word, "")
        if word.startswith(("END", "ELSE")) or fixed == source.strip():
            return None
        parts = [join([other]) for other in lines]
        parts[number] = fixed + "\n" * height
        return "".join(parts)
    return None
