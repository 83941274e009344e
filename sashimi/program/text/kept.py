"""Which statements of a text can be read, each alone: what no repair may lose."""

from __future__ import annotations

from sashimi.program.text.lex import Token, join, statements, tokens, visible
from sashimi.program.text.parse import ParseError, parse
from sashimi.program.text.render import render

AROUND = {
    "WITH": ("", ""),
    "ACTION": ("", ""),
    "SET": ("", ""),
    "IF": ("", "ENDIF"),
    "REPEAT": ("", "ENDREPEAT"),
    "FOREACH": ("", "ENDFOREACH"),
    "MENU": ("", 'CASE "?"\nENDMENU'),
    "CASE": ('MENU "?"', "ENDMENU"),
}
"""What a first line of a statement needs before and after it to be a program of its own."""


def readable(text: str) -> list[str]:
    """The canonical text of each statement of a text that the parser reads alone, in order.

    Of a block that is its first line, or its CASE. Lines that only open, part or end one are none.
    """
    lines = statements(tokens(text, careful=True))
    return [found for line in lines if (found := alone(line)) is not None]


def alone(line: list[Token]) -> str | None:
    """The canonical text of one statement; None if the parser cannot read it alone."""
    shown = visible(line)
    around = AROUND.get(line[shown[0]].text) if shown else None
    if around is None:
        return None
    before, after = around
    try:
        return render(parse(f'SHORTCUT "?"\n{before}\n{join([line])}\n{after}\n'))
    except ParseError:
        return None


def lost(before: str, after: str) -> list[str]:
    """The readable statements of ``before`` that ``after`` does not have in the same order."""
    rest = iter(readable(after))
    return [statement for statement in readable(before) if statement not in rest]
