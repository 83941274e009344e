"""A lexer that never fails, for text that may be broken: what the linter and recovery read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sashimi.program.text.values import REFERENCE

BLOCKS = {
    "IF": "ENDIF",
    "MENU": "ENDMENU",
    "REPEAT": "ENDREPEAT",
    "FOREACH": "ENDFOREACH",
}
"""What ends each block."""

_WORDS = ("SHORTCUT", "WITH", "ENDSHORTCUT", "ACTION", "SET", "ELSE", "CASE", "MACRO")
KEYWORDS = frozenset((*_WORDS, *BLOCKS, *BLOCKS.values()))
"""The first words of statements, and of the linter's own ``MACRO``."""

_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")'
    r"|(?P<interp>`[^`\\]*(?:\\.[^`\\]*)*`)"
    r"|(?P<open>[\"`][^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<space>[ \t\r\f\v\u00a0]+)"
    r"|(?P<comment>#[^\n]*)"
    rf"|(?P<reference>{REFERENCE})"
    r"|(?P<number>[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?!\w))"
    r"|(?P<word>[^\W\d][\w-]*(?:\.[\w-]+)*)"
    r"|(?P<operator>[=!<>]=|<>|[<>])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_NEXT_STATEMENT = re.compile(rf"\n[ \t]*(?:{'|'.join(sorted(KEYWORDS))})\b")
_GOES_ON = re.compile(r"[ \t]*(?:\n|\Z|#|[\]}),:=])|[ \t]+[^\W\d]\w*[ \t]*=")
_BEFORE = (*" \t\n=[({,:", "")
"""What may stand after a string, and the characters that may stand before one."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text: its kind, its text and the line it begins on, from 1."""

    kind: str
    text: str
    line: int

    def as_text(self, text: str) -> Token:
        """The same place with another text."""
        return replace(self, text=text)


def tokens(text: str, careful: bool = False) -> list[Token]:
    """The tokens of a text; their texts joined are the text again.

    With ``careful``, a string that runs over a line end into what reads like the next statement,
    and around which nothing can stand that does, is taken to have lost its closing quote: it
    becomes an ``open`` token that ends with its line.
    """
    out, at, line = [], 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        kind, piece = match.lastgroup, match[0]
        runs_on = careful and kind in ("string", "interp") and _NEXT_STATEMENT.search(piece)
        begins = text[at - 1 : at] in _BEFORE
        if runs_on and not (begins and _GOES_ON.match(text, match.end())):
            kind, piece = "open", piece.split("\n", 1)[0]
        out.append(Token(kind, piece, line))
        at += len(piece)
        line += piece.count("\n")
    return out


def statements(stream: list[Token]) -> list[list[Token]]:
    """Tokens line by line, each list with its newline at the end (the last may lack it)."""
    out: list[list[Token]] = [[]]
    for token in stream:
        out[-1].append(token)
        if token.kind == "newline":
            out.append([])
    return [line for line in out if line]


def join(lines: list[list[Token]]) -> str:
    """The text of statements."""
    return "".join(token.text for line in lines for token in line)


def visible(line: list[Token]) -> list[int]:
    """Indices of a statement's tokens that are neither white space nor comment nor newline."""
    return [i for i, t in enumerate(line) if t.kind not in ("space", "newline", "comment")]
