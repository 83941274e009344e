"""Literals of ShortcutDSL: strings, interpolated strings, numbers, references, to text and back.

Escapes are the same in both kinds of string: ``\\\\``, ``\\"``, ``` \\` ```, ``\\n``, ``\\t``,
``\\r``, ``\\{``, ``\\}``. A backslash before anything else stands for itself, so a regular
expression written carelessly keeps its meaning. In an interpolated string, ``{@name}`` and
``{$name}`` are references, with all their steps; ``{`` before ``@`` or ``$`` must otherwise be
written ``\\{``; any other brace is text.
"""

from __future__ import annotations

import math
import re

from sashimi.program.tree import Handle, Interp, Reference, Step, Var

_UNESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "`": "`", "\\": "\\", "{": "{", "}": "}"}
_ESCAPED_STRING = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPED_INTERP = {"\\": "\\\\", "`": "\\`", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_STRING_SPECIAL = re.compile(r'[\\"\n\t\r]|\{(?=[@$])')
_INTERP_SPECIAL = re.compile(r"[\\`\n\t\r]|\{(?=[@$])|[@$]\w+\}")
_REFERENCE_START = re.compile(r"[@$]")

_WORD = r"[^\W\d]\w*"
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_SCALAR = rf"(?:{_QUOTED}|{_NUMBER}|true|false)"
_FIELD = rf"{_WORD}={_SCALAR}"
_STEP = (
    rf"\.(?:{_WORD}|{_QUOTED})(?:\({_SCALAR}\))?|\[{_QUOTED}\]"
    rf"|[ \t]+as[ \t]+(?:{_WORD}|{_QUOTED})|[ \t]+format[ \t]+{_QUOTED}"
    rf"|[ \t]+with[ \t]+{_WORD}\((?:{_FIELD}(?:, ?{_FIELD})*)?\)"
)
REFERENCE = rf"(?:\$(?:{_WORD}|{_QUOTED})|@{_WORD}(?:\((?:{_QUOTED})?\))?)(?:{_STEP})*"
"""A variable or handle with its steps, as one text; the grammar's terminals say the same."""

_INTERP_PIECE = re.compile(rf"\{{({REFERENCE})\}}|\\(.)|([^\\{{]+)|(\{{)", re.DOTALL)
_BASE = re.compile(rf"\$({_WORD})|\$({_QUOTED})|@({_WORD})(\((?:{_QUOTED})?\))?", re.DOTALL)
_ONE_STEP = re.compile(
    rf"\.({_WORD}|{_QUOTED})(?:\(({_SCALAR})\))?|\[({_QUOTED})\]"
    rf"|[ \t]+as[ \t]+({_WORD}|{_QUOTED})|[ \t]+format[ \t]+({_QUOTED})"
    rf"|[ \t]+with[ \t]+({_WORD})\(((?:{_FIELD}(?:, ?{_FIELD})*)?)\)",
    re.DOTALL,
)
_ARGUMENT = re.compile(rf"({_WORD})=({_SCALAR})", re.DOTALL)
_IDENTIFIER = re.compile(_WORD)
_CLASS = re.compile(r"WF([A-Za-z]\w*)ContentItem")

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
        if match[1] is not None:
            if text:
                parts.append("".join(text))
                text = []
            parts.append(reference(match[1]))
        elif match[2] is not None:
            text.append(_unescape(match[2]))
        elif match[3] is not None:
            text.append(match[3])
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
            case Var() | Handle():
                out.append("{" + spell_reference(part).replace("`", "\\`") + "}")
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
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} has no literal")
    return repr(value)


def reference(text: str) -> Reference:
    """The variable or handle that a text of the form `REFERENCE` names, with its steps."""
    base = _BASE.match(text)
    steps: list[Step] = []
    if base[4] is not None:
        steps.append(Step("name", None if base[4] == "()" else unquote(base[4][1:-1])))
    at = base.end()
    while at < len(text):
        found = _ONE_STEP.match(text, at)
        steps.append(_step(found))
        at = found.end()
    if base[3] is not None:
        return Handle(base[3], tuple(steps))
    return Var(base[1] if base[1] is not None else unquote(base[2]), tuple(steps))


def _step(found: re.Match[str]) -> Step:
    name, info, key, coerced, pattern, type_, fields = found.groups()
    if name is not None:
        args = () if info is None else (("PropertyUserInfo", _scalar(info)),)
        return Step("property", _named(name), args)
    if key is not None:
        return Step("key", unquote(key))
    if coerced is not None:
        plain = coerced[0] != '"'
        word = {"Text": "String"}.get(coerced, coerced)
        return Step("as", f"WF{word}ContentItem" if plain else unquote(coerced))
    if pattern is not None:
        return Step("format", unquote(pattern))
    return Step("with", type_, tuple((k, _scalar(v)) for k, v in _ARGUMENT.findall(fields)))


def _named(text: str) -> str:
    return unquote(text) if text[0] == '"' else text


def _scalar(text: str) -> str | int | float | bool:
    if text[0] == '"':
        return unquote(text)
    return {"true": True, "false": False}[text] if text[0] in "tf" else number(text)


def spell_reference(reference: Reference) -> str:
    """The text of a variable or handle with its steps; `reference` is the inverse."""
    handle = isinstance(reference, Handle)
    base = "@" + reference.name if handle else "$" + word(reference.name)
    return base + "".join(map(_spell_step, reference.steps)) if reference.steps else base


def word(name: str) -> str:
    """A name as it stands where an identifier may stand: as it is, or else quoted."""
    return name if _IDENTIFIER.fullmatch(name) else quote(name)


def _spell_step(step: Step) -> str:
    match step.kind:
        case "name":
            return "()" if step.value is None else f"({quote(step.value)})"
        case "property":
            info = "".join(f"({_spell_scalar(value)})" for _, value in step.args)
            return f".{word(step.value)}{info}"
        case "key":
            return f"[{quote(step.value)}]"
        case "as":
            known = _CLASS.fullmatch(step.value)
            plain = known and known[1] != "Text"
            return " as " + (
                {"String": "Text"}.get(known[1], known[1]) if plain else quote(step.value)
            )
        case "format":
            return f" format {quote(step.value)}"
    fields = ", ".join(f"{key}={_spell_scalar(value)}" for key, value in step.args)
    return f" with {step.value}({fields})"


def _spell_scalar(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else spell(value)
