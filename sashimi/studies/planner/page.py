"""What the finished runs say: by row, by criterion, and what has not been run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sashimi import gates
from sashimi.files import root
from sashimi.params import SMOKE
from sashimi.report import read
from sashimi.statistics import student
from sashimi.study import Section, Table

NOT_RUN = "not run"
COLUMNS = ("row", "seeds", "gap closed", "regret", "exact", "ECE")
KEYS = ("gap_closed", "regret", "label_exact")
CRITERIA = ("criterion", "value", "threshold", "verdict", "reason")


def rows(found: dict[str, list[dict[str, Any]]]) -> list[list[Any]]:
    """`COLUMNS` of each row: means over seeds with Student's interval, the ECE after temperature. A
    row that is written and did not run says so.
    """
    table = []
    written = {path.stem for path in (root() / "params" / "planner").glob("*.yaml")}
    for name in sorted(written - {SMOKE}):
        ones = found.get(name, [])
        ours = [one["metrics"]["test"]["policy"] for one in ones]
        numbers = [[one[key]["value"] for one in ours] for key in KEYS]
        numbers.append([one["facts"]["calibration"]["after"]["ece"] for one in ones])
        means = [student(each) if ones else NOT_RUN for each in numbers]
        table.append([name, len(ones), *means])
    return table


def criteria(found: dict[str, list[dict[str, Any]]]) -> list[list[Any]]:
    """`CRITERIA` of each gate, judged over the seeds of the reference row."""
    judged = [{v["gate"]: v["value"] for v in one["gates"]} for one in found.get("00_full", [])]
    table = []
    for rule in gates.load(root() / "reports" / "gates.yaml").values():
        if rule.metric.startswith("planner_") and not rule.metric.startswith("planner_curves"):
            said = rule.judge([values.get(rule.name) for values in judged])
            table.append([rule.name, said.value, said.threshold, said.decision, said.reason])
    return table


def sections(runs: Sequence[Any]) -> Iterable[Section]:
    """Criteria and rows."""
    found = read.by_row(runs)
    yield Section(
        "Criteria and rows",
        [
            "Utilities are exact expectations of a simulated world. Exact match to labels is shown "
            "beside them, and decides nothing.",
            Table(CRITERIA, criteria(found), "Over the seeds of the reference row."),
            Table(COLUMNS, rows(found), "Mean over seeds with Student's interval."),
        ],
    )
