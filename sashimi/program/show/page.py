"""Rows as HTML: ``page`` is a file of its own, ``fragment`` what a notebook shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from importlib.resources import files

from sashimi.program.check.storable import UNFIT_FOR_XML
from sashimi.program.show import summaries
from sashimi.program.show.rows import Parts, Piece, Row, Run, Table, rows
from sashimi.program.tree import Program, walk

TILE = (
    "M5 3h3.5a2 2 0 0 1 2 2v3.5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"
    "M11.4 6.1A2 2 0 0 1 13 8v3a2 2 0 0 1-2 2H8a2 2 0 0 1-1.9-1.6"
)
"""The sign of the whole: two sheets, on 16 by 16."""

SVG = "http://www.w3.org/2000/svg"
EMPTY = '<p class="none">This shortcut has no actions.</p>'


def page(program: Program) -> str:
    """A self-contained HTML page of a program: no script, nothing fetched, every text escaped."""
    title = escape(program.name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{_style()}"
        "body{margin:0;background:var(--ground)}</style></head>"
        f'<body class="shortcut-page">{_body(program)}</body></html>\n'
    )


def svg(program: Program, width: int = 760) -> str:
    """The same as an SVG image, for browsers: HTML stands in it, its height estimated."""
    height = 210 + _height(rows(program), width - 40)
    made = (
        f'<svg xmlns="{SVG}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><foreignObject width="100%" height="100%">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" class="shortcut-page" style="height:100%;'
        f'background:var(--ground)"><style>{escape(_style())}</style>{_body(program)}</div>'
        "</foreignObject></svg>\n"
    )
    return UNFIT_FOR_XML.sub("\ufffd", made)


def _height(items: Iterable[Row | list], width: int) -> int:
    """About the height of rows in pixels, rather too much than too little."""
    total = 0
    for item in items:
        if isinstance(item, list):
            total += _height(item, width - 30)
        else:
            rest = sum(18 + _lines(value, width - 190) for _, value in item.rest)
            total += (21 if item.role == "end" else 40) + _lines(item.sentence, width - 75) + rest
    return total


def _lines(parts: Parts, width: int) -> int:
    """About the height of parts in pixels, 24 a line of text."""
    texts, below = [""], 0
    for part in parts:
        if isinstance(part, Table):
            entries = part.items
            below += 12 + sum(
                16 + max(_lines(k, width // 3), _lines(v, width // 2)) for k, v in entries
            )
        else:
            pieces = part.pieces if isinstance(part, Run) else (part,)
            texts[-1] += " ".join(f"{p.text} {p.detail}   " for p in pieces)
    wide = max(1, width // 8)
    lines = sum(1 + len(line) // wide for line in "".join(texts).split("\n"))
    return 24 * lines + below


def fragment(program: Program) -> str:
    """The same for a notebook's cell: a style and a box, light or dark as the page around it."""
    return f"<style>{_style()}</style>{_body(program)}"


@cache
def _style() -> str:
    text = files("sashimi.program.show").joinpath("style.css").read_text(encoding="utf-8")
    return " ".join(text.split())


def _body(program: Program) -> str:
    count = sum(1 for _ in walk(program.body))
    told = f"{count} action{'' if count == 1 else 's'}"
    return (
        '<main class="shortcut"><header><span class="tile" aria-hidden="true">'
        f"{_svg(TILE)}"
        f"</span><div><h1>{escape(program.name) or 'Untitled'}</h1><p>{told}</p></div></header>"
        f"{_list(rows(program)) if program.body else EMPTY}</main>"
    )


def _list(items: Iterable[Row | list]) -> str:
    return f"<ol>{''.join(_items(items))}</ol>"


def _items(items: Iterable[Row | list]) -> Iterator[str]:
    for item in items:
        if isinstance(item, list):
            yield f'<li class="inside">{_list(item)}</li>' if item else ""
        else:
            style = f"--tint:{_colour(item)}"
            yield f'<li class="row {item.role} {item.sign}" style="{style}">{_row(item)}</li>'


def _colour(row: Row) -> str:
    return summaries.table()["signs"][row.sign][0]


def _row(row: Row) -> str:
    path = summaries.table()["signs"][row.sign][1]
    rest = "".join(f"<dt>{escape(k)}</dt><dd>{_parts(v)}</dd>" for k, v in row.rest)
    output = f'<span class="output">{escape(row.output)}</span>' if row.output else ""
    return (
        f'<span class="sign" aria-hidden="true">{_svg(path)}</span><div class="said">'
        f'<div class="sentence">{_parts(row.sentence)}{output}</div>'
        f"{f'<dl>{rest}</dl>' if rest else ''}</div>"
    )


def _svg(path: str) -> str:
    return f'<svg xmlns="{SVG}" viewBox="0 0 16 16"><path d="{path}"/></svg>'


def _parts(parts: Parts) -> str:
    return " ".join(map(_part, parts))


def _part(part: Piece | Run | Table) -> str:
    if isinstance(part, Run):
        return "".join(map(_part, part.pieces))
    if isinstance(part, Table):
        return f'<span class="table">{"".join(_entry(*item) for item in part.items)}</span>'
    detail = f"<i>{escape(part.detail)}</i>" if part.detail else ""
    return f'<span class="{part.kind}">{escape(part.text)}{detail}</span>'


def _entry(label: Parts, value: Parts) -> str:
    told = f'<span class="label">{_parts(label)}</span>' if label else ""
    return f'<span class="entry">{told}<span>{_parts(value)}</span></span>'
