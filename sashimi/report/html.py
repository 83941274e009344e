"""Pieces of an HTML page: styles, tables of words, marks and figures. Cells are HTML already."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sashimi.plots import svg

CSS = """
:root { --ink: #1c1e21; --soft: #5f6670; --line: #dfe3e8; --ground: #fff; --card: #f6f7f9;
  --ours: #0072b2; --good: #00785a; --bad: #b3420a; --open: #6b6f76; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --soft: #a0a7b1; --line: #363b42;
  --ground: #15171a; --card: #1e2125; --ours: #56b4e9; --good: #3fc79f; --bad: #f08a4b;
  --open: #a0a7b1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 2.5rem 1.25rem 5rem; color: var(--ink);
  background: var(--ground); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { margin: 3.5rem 0 .25rem; padding-top: 1.5rem; border-top: 2px solid var(--ink); }
h3 { margin: 2.25rem 0 .5rem; font-size: 1.05rem; }
p { max-width: 46rem; } .soft, caption, figcaption { color: var(--soft); font-size: .9rem; }
a { color: var(--ours); } code, pre { font: .86rem/1.5 ui-monospace, monospace; }
pre { background: var(--card); padding: .75rem 1rem; border-radius: .5rem; overflow-x: auto;
  white-space: pre-wrap; margin: .25rem 0; }
.way { display: flex; flex-wrap: wrap; gap: .3rem; padding: 0; margin: 1.25rem 0;
  list-style: none; }
.way li { background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
  padding: .15rem .6rem; font-size: .88rem; }
.way li + li::before { content: "\\2192"; color: var(--soft); margin: 0 .45rem 0 -1.1rem; }
.way li + li { margin-left: .75rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem; }
.card { background: var(--card); border-radius: .6rem; padding: .9rem 1.1rem; }
.card b { display: block; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 1.25rem 0 .25rem; } caption b { color: var(--ink); }
th, td { padding: .35rem .55rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
td { white-space: nowrap; } thead th[colspan] { text-align: center; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
.words td { white-space: normal; } .words td div { white-space: nowrap; }
.words td div small { white-space: normal; } thead th { color: var(--soft); font-weight: 600; }
tr.ours td { font-weight: 650; } td small { display: block; font-size: .78em;
  color: var(--soft); font-weight: 400; }
.right { border-left: 3px solid var(--line); }
.mark { font-weight: 650; } .go, .yes, .above, .exact { color: var(--good); }
.stop, .no, .below { color: var(--bad); } .open { color: var(--open); }
figure { margin: 1rem 0; } figure img { max-width: 100%; background: #fff; border-radius: .4rem; }
details { margin: .5rem 0; } summary { cursor: pointer; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: .75rem; }
.figures { grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); }
.figures img { width: 100%; } .wide { grid-column: 1 / -1; }
"""


def words(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text; the cells are HTML already."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def mark(word: str) -> str:
    """A verdict in its colour."""
    kind = word if word in {"go", "exact", "yes", "above", "stop", "no", "below"} else "open"
    return f'<span class="mark {kind}">{escape(word)}</span>'


def picture(figure: Any, caption: str) -> str:
    """A matplotlib Figure as an SVG inside the page, with its caption as alternative text."""
    data = base64.b64encode(svg(figure)).decode()
    text = escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested facts as (name, text) rows: names joined by a colon, intervals with their n."""
    if isinstance(value, Mapping) and not _is_part(value):
        if value["value"] is None:
            return [(name, f"n/a, n = {value['n']}")]
        ends = (value["low"], value["high"])
        told = "" if None in ends else " [{:.3f}, {:.3f}]".format(*ends)  # one value has no ends
        return [(name, f"{value['value']:.3f}{told}, n = {value['n']}")]
    if isinstance(value, Mapping):
        inner = [(f"{name}: {key}" if name else str(key), child) for key, child in value.items()]
        return [row for key, child in inner for row in flat(child, key)]
    if isinstance(value, list) and any(isinstance(item, (list, Mapping)) for item in value):
        return [(name, f"{len(value)} entries")]
    return [(name, f"{value:.4g}" if isinstance(value, float) else str(value))]


def grid(facts: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of text for nested facts: parts that hold the same names become columns.

    Few parts (a split each) are columns beside each other; many parts are rows.
    """
    parts = {name: dict(flat(part)) for name, part in facts.items() if _is_part(part)}
    single = [list(row) for row in flat({k: v for k, v in facts.items() if k not in parts})]
    if len(parts) < 2 or len({tuple(part) for part in parts.values()}) > 1:
        return ["what", "value"], [list(row) for row in flat(facts)]
    names = list(next(iter(parts.values())))
    if len(parts) <= 3:
        heads, rows = list(parts), [[n, *(p[n] for p in parts.values())] for n in names]
    else:
        heads, rows = names, [[name, *part.values()] for name, part in parts.items()]
    rows = [[*row, *[""] * (len(heads) - 1)] for row in single] + rows
    return ["what", *heads], [[row[0].replace("_", " "), *row[1:]] for row in rows]


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) and not {"value", "low", "high", "n"} <= value.keys()
