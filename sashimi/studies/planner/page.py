"""What the finished runs say: by row, by criterion, and what has not been run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sashimi import gates
from sashimi.files import root
from sashimi.report import read
from sashimi.statistics import Interval, student
from sashimi.study import Section, Table

NOT_RUN = "not run"
SMOKE = "90_smoke"


def records(home: Path, study: str = "planner") -> dict[str, list[dict[str, Any]]]:
    """By row, the results of its seeds, smoke runs left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for run in read.runs(home):
        if run.record["study"] == study and run.record["row"] != SMOKE:
            found.setdefault(run.record["row"], []).append(run.record)
    return found


def value(record: dict[str, Any], *keys: str) -> float:
    """A number of a result; NaN where it has none."""
    part: Any = record
    for key in keys:
        part = part.get(key) if isinstance(part, dict) else None
    return float("nan") if part is None else float(part)


def over_seeds(ones: Sequence[dict[str, Any]], *keys: str) -> Interval:
    """Student's interval of a number over the seeds of a row."""
    return student([value(one, *keys) for one in ones])


def rows(found: dict[str, list[dict[str, Any]]]) -> list[list[Any]]:
    """Row, seeds, gap closed, regret, exact, ECE after temperature: a line for each row that ran,
    and for each row that is written and did not run.
    """
    written = sorted(path.stem for path in (root() / "params" / "planner").glob("*.yaml"))
    ours, table = ("metrics", "test", "policy"), []
    for name in written:
        ones = found.get(name, [])
        if name == SMOKE:
            continue
        numbers = [
            over_seeds(ones, *ours, "gap_closed", "value"),
            over_seeds(ones, *ours, "regret", "value"),
            over_seeds(ones, *ours, "label_exact", "value"),
            over_seeds(ones, "facts", "calibration", "after", "ece"),
        ]
        table.append([name, len(ones), *(numbers if ones else [NOT_RUN] * 4)])
    return table


def criteria(found: dict[str, list[dict[str, Any]]]) -> list[list[Any]]:
    """The gates over the seeds of the reference row: name, value, threshold, verdict, reason."""
    rules = gates.load(root() / "reports" / "gates.yaml")
    ones = found.get("00_full", [])
    table = []
    for rule in rules.values():
        if rule.metric.startswith("planner_") and not rule.metric.startswith("planner_curves"):
            values = [_judged(one, rule.name) for one in ones]
            verdict = rule.judge(values)
            table.append([
                rule.name, verdict.value, verdict.threshold, verdict.decision, verdict.reason,
            ])  # fmt: skip
    return table


def _judged(record: dict[str, Any], gate: str) -> float | None:
    return next((one["value"] for one in record["gates"] if one["gate"] == gate), None)


def sections(runs: Sequence[Any]) -> Iterable[Section]:
    """Criteria and rows."""
    found = records(root() / "reports")
    heads = ["criterion", "value", "threshold", "verdict", "reason"]
    lines = ["row", "seeds", "gap closed", "regret", "exact", "ECE"]
    yield Section(
        "Criteria and rows",
        [
            "Utilities are exact expectations of a simulated world. Exact match to labels is shown "
            "beside them, and decides nothing.",
            Table(heads, criteria(found), "Over the seeds of the reference row."),
            Table(lines, rows(found), "Mean over seeds with Student's interval."),
        ],
    )
