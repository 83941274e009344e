"""How values show themselves in a notebook: small tables, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

COLOURS = {"go": "#00694e", "stop": "#b3420a"}
"""Of verdicts, on light and on dark ground."""


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A title over rows of a name and a value, as HTML."""
    cells = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left;white-space:pre-wrap">{escape(str(value))}</td></tr>'
        for name, value in rows
    )
    caption = f'<caption style="text-align:left"><b>{escape(title)}</b></caption>'
    return f"<table>{caption}<tbody>{cells}</tbody></table>"


def mark(word: str) -> str:
    """A verdict's word in its colour."""
    return f'<b style="color:{COLOURS.get(word, "inherit")}">{escape(word)}</b>'
