"""The ladder step by step, from finished runs, and what became of the plan's expectations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sashimi.report.read import Run
from sashimi.statistics import Interval, bootstrap, holm, p_of_examples
from sashimi.study import Section, Table

ROWS = {
    "decoder": "10_decoder",
    "encoder-decoder": "20_encoder_decoder",
    "positions": "30_positions",
    "equivariance": "40_equivariance",
    "context": "00_full",
}
"""The row of each rung."""
COLUMNS = ("rule_named", "rule_named_new_colours", "rule_shown", "composition_shown")
EXPECTED = {
    "encoder-decoder": (15, 20),
    "positions": (15, 25),
    "equivariance": (10, 15),
    "context": None,
}
"""Points that the plan expects each rung to add; of the last it says 82.67% in all."""


def right(runs: Sequence[Run], row: str, column: str) -> np.ndarray | None:
    """Which examples are exactly right: (examples,), the mean over a row's seeds; None unrun."""
    found = [r.record["facts"]["right"][column] for r in runs if r.record["row"] == row]
    return np.mean([[*map(int, text)] for text in found], axis=0) if found else None


def seeds(runs: Sequence[Run], row: str) -> int:
    """Finished seeds of a row."""
    return sum(run.record["row"] == row for run in runs)


def steps(runs: Sequence[Run], column: str) -> list[dict[str, Any]]:
    """Each rung less the one before on one column: difference in points over the same examples with
    its bootstrap interval, and Holm's p over the four steps. "not run" where a row is missing.
    """
    rungs = {rung: right(runs, row, column) for rung, row in ROWS.items()}
    gained = {
        upper: rungs[upper] - rungs[lower]
        for lower, upper in pairwise(ROWS)
        if rungs[upper] is not None and rungs[lower] is not None
    }
    adjusted = holm({rung: p_of_examples(gain) for rung, gain in gained.items()})
    out = []
    for lower, upper in pairwise(ROWS):
        step: dict[str, Any] = {"step": f"{upper} − {lower}", "plan": EXPECTED[upper]}
        step |= {"points": None, "verdict": "not run"}
        if upper in gained:
            points, p = bootstrap(100 * gained[upper]), adjusted[upper]
            step |= {"points": points, "p": p, "verdict": said(points, EXPECTED[upper], p)}
        out.append(step)
    return out


def said(points: Interval, plan: tuple[float, float] | None, p: float) -> str:
    """A difference in words, beside what the plan expected of it."""
    chance = "not distinguishable from 0"
    if p <= 0.05 and (points.low > 0 or points.high < 0):
        chance = "above 0" if points.low > 0 else "below 0"
    if plan is None:
        return chance
    if plan[0] <= points.high and points.low <= plan[1]:
        return f"{chance}; the plan's {plan[0]} to {plan[1]} not ruled out"
    side = "less" if points.high < plan[0] else "more"
    return f"{chance}; {side} than the plan's {plan[0]} to {plan[1]}"


def sections(runs: Sequence[Run]) -> Iterable[Section]:
    """A table of steps a column, for the page."""
    runs = [run for run in runs if "right" in run.record.get("facts", {})]
    if not runs:
        return
    rows = [
        [column, step["step"], step["points"] and f"{step['points']:.1f}", step["verdict"]]
        for column in COLUMNS
        for step in steps(runs, column)
    ]
    heads = ["column", "step", "points", "verdict"]
    caption = "Grid exact, free-running; 95% intervals over examples."
    yield Section("The ladder, step by step", [Table(heads, rows, caption)])
