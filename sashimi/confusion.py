"""What was asked for beside what was answered, as a table to point at."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

PAGE = Path(__file__).with_suffix(".html")
REST = "all others"


def counts(
    asked: Sequence[str], answered: Sequence[str], most: int = 20
) -> tuple[list[str], np.ndarray]:
    """Names of K classes, and how often each was answered where each was asked for: (K, K) int.

    Kept are the ``most`` classes that take part in the most confusions, then by name; all others
    are one class, `REST`, the last, where there are any. Raises ValueError for unequal lengths.
    """
    wrong = Counter(name for a, b in zip(asked, answered, strict=True) if a != b for name in (a, b))
    every = sorted({*asked, *answered}, key=lambda name: (-wrong[name], name))
    names = every[:most] + [REST] * (len(every) > most)
    at = {name: min(place, len(names) - 1) for place, name in enumerate(every)}
    table = np.zeros((len(names), len(names)), int)
    for a, b in zip(asked, answered, strict=True):
        table[at[a], at[b]] += 1
    return names, table


def page(
    asked: Sequence[str], answered: Sequence[str], texts: Sequence[str], most: int = 20
) -> str:
    """HTML of that table, rows what was asked for: a cell under the pointer or the keyboard's
    focus tells its texts, and its colour is its share of the row or of the column."""
    names, table = counts(asked, answered, most)
    places = {name: place for place, name in enumerate(names)}
    last = len(names) - 1
    told: dict[str, list[str]] = {}
    for a, b, text in zip(asked, answered, texts, strict=True):
        told.setdefault(f"{places.get(a, last)},{places.get(b, last)}", []).append(text)
    data = json.dumps({"counts": table.tolist(), "texts": told}, ensure_ascii=False)
    data = data.replace("<", "\\u003c")
    head = "".join(f"<th scope=col><span>{escape(name)}</span></th>" for name in names)
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th>"
        + "".join(_cell(row, column, int(n)) for column, n in enumerate(table[row]))
        + "</tr>"
        for row, name in enumerate(names)
    )
    name = "confusion" + hashlib.sha256(data.encode()).hexdigest()[:12]
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute(name=name, head=head, rows=rows, data=data)


def _cell(row: int, column: int, count: int) -> str:
    if not count:
        return "<td></td>"
    return f'<td data-at="{row},{column}" tabindex=0>{count}</td>'
