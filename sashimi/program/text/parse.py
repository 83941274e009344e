"""ShortcutDSL text to tree: ``parse`` and its one error, ``ParseError``.

The grammar is ``grammar.lark``, LALR(1) with the contextual lexer (the state of the parser decides
which terminals are possible, so a parameter may be called ``SET`` and an action ``repeat.count``).
Cost is linear in the length of the text. Depth is bounded, since everything that later walks a
tree does so by recursion.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import tree
from sashimi.program.text import grammar

WORDS = {
    "STRING": 'a "string"',
    "INTERPOLATED": "an `interpolated string`",
    "NUMBER": "a number",
    "_TRUE": "true",
    "_FALSE": "false",
    "VARIABLE": "a $variable",
    "HANDLE": "a @handle",
    "NAME": "an action name",
    "KEY": "a parameter key",
    "CONDITION": "a condition",
    "EQUAL": "'='",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LSQB": "'['",
    "RSQB": "']'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "COLON": "':'",
    "MATCH": "ALL or ANY",
    "_NONE": "NONE",
    "_NL": "end of line",
    "_QTY": "QTY(",
    "_HEADERS": "HEADERS {",
    "$END": "end of text",
}
"""What a person calls a terminal of the grammar; keywords are called by their own name."""


class ParseError(BadInput):
    """Text that is no program.

    ``line`` and ``column`` count from 1 and point at the fault; ``offending`` is what stands there
    to the end of its line; ``expected`` holds what could have stood there, in words, sorted;
    ``fix`` says what to do about it, where something is likely; ``excerpt`` is the line with a
    caret under the fault.
    """

    def __init__(
        self, reason: str, text: str, line: int, column: int, expected: tuple[str, ...] = ()
    ):
        super().__init__(reason)
        self.reason, self.line, self.column, self.expected = reason, line, column, expected
        self._text = text

    @cached_property
    def offending(self) -> str:
        """The text at the fault, to the end of its line; ``""`` at the end of a line."""
        return _line(self._text, self.line)[self.column - 1 :].rstrip()

    @cached_property
    def fix(self) -> str:
        """The likely fix in words; ``""`` where nothing is likely."""
        from sashimi.program.text.fixes import likely

        return likely(self._text, self.line, self.reason, self.offending, self.expected)

    @cached_property
    def excerpt(self) -> str:
        """The line, cut to what fits on one, and a caret under the fault."""
        return _excerpt(self._text, self.line, self.column)

    @property
    def message(self) -> str:
        """One line: where, what, what was expected, and the likely fix."""
        wanted = f"; expected {' or '.join(self.expected)}" if self.expected else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"line {self.line}, column {self.column}: {self.reason}{wanted}{fix}"

    def __str__(self) -> str:
        return f"{self.message}\n{self.excerpt}"


def _line(text: str, line: int) -> str:
    lines = text.split("\n", line)
    return lines[line - 1] if line <= len(lines) else ""


def _excerpt(text: str, line: int, column: int, width: int = 100) -> str:
    shown = _line(text, line)
    start = max(0, column - 1 - width // 2)
    piece = "".join(c if c.isprintable() else " " for c in shown[start : start + width])
    return f"{piece}\n{' ' * (column - 1 - start)}^"


def parse(text: str) -> tree.Program:
    """The tree of a program; raises ``ParseError`` where the text first breaks the grammar."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    source = text.removeprefix("\ufeff")
    if not source.strip():
        raise ParseError("the text is empty", text, 1, 1, ('SHORTCUT "name"',))
    try:
        return _read(source if source.endswith("\n") else source + "\n")
    except UnexpectedCharacters as error:
        raise unexpected_characters(error, source) from None
    except UnexpectedToken as error:
        raise unexpected_token(error, source) from None
    except grammar.Fault as fault:
        line, column = position(source, fault.offset)
        raise ParseError(fault.reason, source, line, column) from None


@lru_cache(maxsize=1)  # the linter and who asked it read the same text one after the other
def _read(source: str) -> tree.Program:
    return grammar.parser().parse(source)


def position(text: str, offset: int) -> tuple[int, int]:
    """The line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def unexpected_characters(error: Any, text: str) -> ParseError:
    """What the lexer could not read, as a ``ParseError``."""
    char = text[error.pos_in_stream] if error.pos_in_stream < len(text) else "end of text"
    reasons = {'"': 'a string that begins with " never ends', "`": "a string in ` never ends"}
    rest = text[error.pos_in_stream :]
    reason = reasons.get(char) if char and rest.count(char) == 1 else None
    return ParseError(
        reason or f"cannot read {_shown(rest)}", text, error.line, error.column, accepted(error)
    )


def unexpected_token(error: Any, text: str) -> ParseError:
    """A token that may not stand where it stands, as a ``ParseError``."""
    token, expected = error.token, accepted(error)
    line, column = max(error.line, 1), max(error.column, 1)
    if token.type == "$END":
        line, column = position(text, len(text.rstrip()))
        reason = "the text ends too early"
    elif token.type == "_NL":
        reason = "the line ends too early"
    elif token.type == "_SHORTCUT":
        reason = "a second SHORTCUT: a text holds one program"
    else:
        reason = f"unexpected {_shown(str(token))}"
    return ParseError(reason, text, line, column, expected)


def accepted(error: Any) -> tuple[str, ...]:
    """What could have stood at an error, in words, sorted.

    The tables' own list also holds reductions that LALR merged in and that then fail, so each
    terminal is followed until it is shifted.
    """
    tables, stack = error.state.parse_conf.parse_table, error.state.state_stack
    terminals = [name for name in tables.states[stack[-1]] if name.isupper() or name == "$END"]
    return tuple(
        sorted(WORDS.get(t, t.lstrip("_")) for t in terminals if _shifts(tables, stack, t))
    )


def _shifts(tables: Any, stack: list[int], terminal: str) -> bool:
    states, stack = tables.states, list(stack)
    while terminal in states[stack[-1]]:
        action, arg = states[stack[-1]][terminal]
        if action.name == "Shift":
            return True
        if arg.expansion:
            del stack[-len(arg.expansion) :]
        stack.append(states[stack[-1]][arg.origin.name][1])
        if stack[-1] in tables.end_states.values():
            return terminal == "$END"
    return False


def _shown(text: str) -> str:
    word = text.split("\n", 1)[0]
    return repr(word[:30] + "…" if len(word) > 31 else word)
