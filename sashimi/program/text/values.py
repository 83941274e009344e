"""Literals of ShortcutDSL: strings, interpolated strings and numbers, to text and back.

Escapes are the same in both kinds of string: ``\\\\``, ``\\"``, ``` \\` ```, ``\\n``, ``\\t``,
``\\r``, ``\\{``, ``\\}``. A backslash before anything else stands for itself, so a regular
expression written carelessly keeps its meaning. In an interpolated string, ``{@name}`` and
``{$name}`` are references; ``{`` before ``@`` or ``$`` must otherwise be written ``\\{``; any other
brace is text.
"""

from __future__ import annotations

import math
import re

from sashimi.program.tree import Handle, Interp, Reference, Var

_UNESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "`": "`", "\\": "\\", "{": "{", "}": "}"}
_ESCAPED_STRING = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPED_INTERP = {"\\": "\\\\", "`": "\\`", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_STRING_SPECIAL = re.compile(r'[\\"\n\t\r]|\{(?=[@$])')
_INTERP_SPECIAL = re.compile(r"[\\`\n\t\r]|\{(?=[@$])|[@$]\w+\}")
_INTERP_PIECE = re.compile(r"\{([@$])([^\W\d]\w*)\}|\\(.)|([^\\{]+)|(\{)", re.DOTALL)
_REFERENCE_START = re.compile(r"[@$]")

MAX_DIGITS = 400
"""Longest number accepted: beyond it a float overflows and an integer fits no plist."""


class LiteralError(ValueError):
    """A literal that the grammar lets through and that has no value; ``offset`` is inside it."""

    def __init__(self, message: str, offset: int = 0):
        super().__init__(message)
        self.offset = offset


def _replace(match: re.Match[str]) -> str:
    return _UNESCAPED.get(match[1], match[0])


def unquote(literal: str) -> str:
    """The text of a double-quoted literal, quotes included."""
    body = literal[1:-1]
    return _ESCAPE.sub(_replace, body) if "\\" in body else body


def quote(text: str) -> str:
    """The double-quoted literal of a text; ``unquote(quote(text)) == text``.

    A brace that would begin a reference in an interpolated string is escaped here too, so that
    nobody, and no linter, takes the text for one.
    """
    return '"' + _STRING_SPECIAL.sub(lambda m: _ESCAPED_STRING.get(m[0], "\\" + m[0]), text) + '"'


def interpolated(literal: str) -> Interp:
    """The parts of a backtick literal; ``LiteralError`` where a reference is broken."""
    parts: list[str | Reference] = []
    text: list[str] = []
    end = len(literal) - 1
    for match in _INTERP_PIECE.finditer(literal, 1, end):
        if match[2] is not None:
            if text:
                parts.append("".join(text))
                text = []
            parts.append(Var(match[2]) if match[1] == "$" else Handle(match[2]))
        elif match[3] is not None:
            text.append(_unescape(match[3]))
        elif match[4] is not None:
            text.append(match[4])
        elif _REFERENCE_START.match(literal, match.end(), end):
            message = "broken reference in braces: write {@name} or {$name}, or \\{ for a brace"
            raise LiteralError(message, match.start())
        else:
            text.append("{")
    if text:
        parts.append("".join(text))
    return Interp(tuple(parts))


def _unescape(char: str) -> str:
    return _UNESCAPED.get(char, "\\" + char)


def quote_interp(interp: Interp) -> str:
    """The backtick literal of an interpolated string."""
    out = []
    for index, part in enumerate(interp.parts):
        match part:
            case Var(name):
                out.append("{$" + name + "}")
            case Handle(name):
                out.append("{@" + name + "}")
            case str():
                if not part or (index and isinstance(interp.parts[index - 1], str)):
                    raise ValueError(f"parts of an interpolated string must be merged: {interp!r}")
                out.append(_INTERP_SPECIAL.sub(_escape_interp, part))
    return "`" + "".join(out) + "`"


def _escape_interp(match: re.Match[str]) -> str:
    special = match[0]
    if special in _ESCAPED_INTERP:
        return _ESCAPED_INTERP[special]
    return special[:-1] + "\\" + special[-1]  # a brace that would open or close a reference


def number(literal: str) -> int | float:
    """The value of a decimal literal: an int without fraction and exponent, else a float."""
    if len(literal) > MAX_DIGITS:
        raise LiteralError(f"number of {len(literal)} digits: at most {MAX_DIGITS} are accepted")
    if literal.lstrip("+-").isdigit():
        return int(literal)
    value = float(literal)
    if not math.isfinite(value):
        raise LiteralError("number too large for a float")
    return value


def spell(value: int | float) -> str:
    """The canonical literal of a number; ``number(spell(x))`` is ``x`` with the same type."""
    if not math.isfinite(value):
        raise ValueError(f"{value!r} has no literal")
    return repr(value)
