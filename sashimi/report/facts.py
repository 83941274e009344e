"""Nested facts as a table: parts that hold the same names become columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sashimi.statistics import Interval
from sashimi.study import Table

LISTED = 20
"""Items of a list that is shown."""

FOLDED = 14
"""Rows from which a table is shown on demand."""

LONGEST = 80
"""Rows that are shown at most: the page says what is worth reading, result.json all of it."""


def table(title: str, facts: Mapping[str, Any]) -> Table:
    """A table of whatever a run recorded about one of its parts; folded when it is long."""
    heads, rows = grid(facts)
    shown = rows[:LONGEST]
    told = "" if len(shown) == len(rows) else f", the first {LONGEST} of {len(rows)} in result.json"
    return Table(heads, shown, title + told, folded=len(rows) > FOLDED)


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested facts as (name, text) rows: names joined by a colon, intervals with their n."""
    if isinstance(value, Mapping) and not _is_part(value):
        return [(name, f"{Interval.of(value)}, n = {value['n']}")]
    if isinstance(value, Mapping):
        inner = [(f"{name}: {key}" if name else str(key), child) for key, child in value.items()]
        return [row for key, child in inner for row in flat(child, key)]
    nested = isinstance(value, list) and any(isinstance(item, (list, Mapping)) for item in value)
    if nested or (isinstance(value, list) and len(value) > LISTED):
        return [(name, f"{len(value)} entries")]
    if isinstance(value, list):
        return [(name, ", ".join(map(_said, value)) or "none")]
    return [(name, _said(value))]


def _said(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
    heads = [str(head).replace("_", " ") for head in heads]
    return ["what", *heads], [[row[0].replace("_", " "), *row[1:]] for row in rows]


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) and not {"value", "low", "high", "n"} <= value.keys()
