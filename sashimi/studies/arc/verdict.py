"""The ladder step by step, from finished runs, and what became of the plan's expectations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sashimi.report.read import Run
from sashimi.statistics import Interval, holm, p_of_examples, paired
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
    if not found:
        return None
    return np.mean([[int(digit) for digit in text] for text in found], axis=0)


def seeds(runs: Sequence[Run], row: str) -> int:
    """Finished seeds of a row."""
    return sum(run.record["row"] == row for run in runs)


def steps(runs: Sequence[Run], column: str) -> list[dict[str, Any]]:
    """Each rung less the one before on one column: difference in points over the same examples with
    its bootstrap interval, and Holm's p over the four steps. "not run" where a row is missing.
    """
    out, p = [], {}
    for lower, upper in zip(ROWS, list(ROWS)[1:], strict=False):
        ours, theirs = (right(runs, ROWS[rung], column) for rung in (upper, lower))
        step: dict[str, Any] = {"step": f"{upper} − {lower}", "plan": EXPECTED[upper]}
        if ours is None or theirs is None:
            out.append(step | {"points": None, "verdict": "not run"})
            continue
        p[step["step"]] = p_of_examples(ours - theirs)
        out.append(step | {"points": paired(100 * ours, 100 * theirs)})
    adjusted = holm(p)
    for step in out:
        if step["points"] is not None:
            step["p"] = adjusted[step["step"]]
            step["verdict"] = said(step["points"], step["plan"], step["p"])
    return out


def said(points: Interval, plan: tuple[float, float] | None, p: float) -> str:
    """A difference in words, beside what the plan expected of it."""
    chance = "not distinguishable from 0"
    if p <= 0.05 and (points.low > 0 or points.high < 0):
        chance = "above 0" if points.low > 0 else "below 0"
    if plan is None:
        return chance
    if points.high < plan[0]:
        return f"{chance}; less than the plan's {plan[0]} to {plan[1]}"
    if points.low > plan[1]:
        return f"{chance}; more than the plan's {plan[0]} to {plan[1]}"
    return f"{chance}; the plan's {plan[0]} to {plan[1]} not ruled out"


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
    yield Section(
        "The ladder, step by step",
        [Table(heads, rows, "Grid exact, free-running; 95% intervals over examples.")],
    )
