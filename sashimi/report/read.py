"""Every ``result.json`` below a folder, and the words that tables and the page share.

Two groups of columns are kept apart: *well-formed* says that a program parses, validates and
compiles, *right* that it is the one that was asked for. The first never stands for the second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.statistics import Interval

OURS = "ternary decoder"
FLOORS = ("constant", "1-nearest neighbour", "vote of 10 neighbours", "linear probe")
WELL_FORMED = {
    "parse": "parses",
    "validate_strict": "validates",
    "compile_strict": "compiles, strict",
    "compile_permissive": "compiles, permissive",
    "runtime_unverified": "runtime unverified",
}
RIGHT = {
    "skeleton_exact": "skeleton exact",
    "action_f1": "action F1",
    "key_f1": "key F1",
    "value_accuracy": "value accuracy",
    "program_exact": "program exact",
}
SPLITS = {
    "dev": "dev",
    "test": "test",
    "test_unseen": "test, unseen skeletons",
}
STAGES = {
    "refused": "the domain head refuses it",
    "no program": "nothing is written that parses",
    "too short": "the skeleton is the right one with statements left out",
    "too long": "the skeleton is the right one with statements too many",
    "blocks": "other blocks: IF, MENU, REPEAT or FOREACH, or other nesting",
    "action": "the same blocks around other statements",
    "reference": "the same statements, but another reference, condition or SET pattern",
    "parameter": "the right skeleton, but other keys, choices, references or shapes",
    "value": "all of that right, but another text, number or name",
    "right": "the program that was asked for",
}
"""In the order of the way: a prompt counts at the first that holds."""


@dataclass(frozen=True, slots=True)
class Run:
    """One ``result.json`` and the folder it lies in."""

    folder: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """``flagship/00_full/seed0``."""
        return f"{self.record['study']}/{self.record['row']}/seed{self.record['seed']}"

    def metric(self, split: str, model: str, metric: str) -> Interval | None:
        """One number, or None where the run did not measure it; NaN where it came out undefined."""
        return Run.interval(self.record["metrics"].get(split, {}).get(model, {}).get(metric))

    def difference(self, split: str, metric: str) -> Interval | None:
        """Ours less the nearest neighbour's, paired by example, or None where not measured."""
        return Run.interval((self.record.get("differences") or {}).get(split, {}).get(metric))

    def floor(self, split: str, metric: str) -> tuple[str, Interval] | None:
        """The best of the floors and its name, or None where none was measured."""
        found = [(model, self.metric(split, model, metric)) for model in FLOORS]
        known = [(m, i) for m, i in found if i is not None and not math.isnan(i.value)]
        return max(known, key=lambda pair: pair[1].value, default=None)

    @staticmethod
    def interval(found: Mapping[str, Any] | None) -> Interval | None:
        """An Interval as a file holds it; its nulls are NaN again."""
        if found is None:
            return None
        ends = [math.nan if found[key] is None else found[key] for key in ("value", "low", "high")]
        return Interval(*ends, found["n"])

    def gates(self) -> list[dict[str, Any]]:
        """The verdicts of the run's gates, as it recorded them."""
        return self.record["gates"] or []


def runs(reports: str | Path) -> list[Run]:
    """Every run below a folder, by name; reference rows come first as their names do.

    What lies in ``retired`` is left out: its code is gone, and it cannot be run again.
    """
    reports = Path(reports)
    paths = sorted(reports.rglob(result.NAME))
    paths = [path for path in paths if path.relative_to(reports).parts[0] != "retired"]
    return [Run(path.parent, result.read(path)) for path in paths]


def results(reports: str | Path) -> list[dict[str, Any]]:
    """The records themselves, for a script."""
    return [run.record for run in runs(reports)]


def build(reports: str | Path, matrix: str = "") -> Path:
    """Write ``index.html`` into ``reports`` and return its path; BadInput if nothing has run.

    ``matrix`` is the section about ablations, as HTML.
    """
    from sashimi.report.page import page

    found = runs(reports)
    if not found:
        raise BadInput(f"no {result.NAME} below {reports}: train something with 'sashimi run'")
    path = Path(reports) / "index.html"
    write_text(path, page(found, Path(reports), matrix))
    return path


def standing(difference: Interval | None) -> str:
    """What a paired difference from a floor says: above, below, not distinguishable from it."""
    if difference is None or math.isnan(difference.value):
        return "not measured"
    if difference.low > 0:
        return "above"
    return "below" if difference.high < 0 else "not distinguishable"


def number(value: float) -> str:
    """Three decimals, never rounded up to 1 nor down to 0; "n/a" for NaN."""
    if math.isnan(value):
        return "n/a"
    if 0 < abs(value) < 1:
        return f"{math.copysign(min(max(abs(value), 0.001), 0.999), value):.3f}"
    return f"{value:.3f}"


def interval(found: Interval | None) -> str:
    """``0.612 [0.560, 0.660]``; a dash where there is no such number."""
    if found is None:
        return "–"
    if math.isnan(found.value):
        return "n/a"
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def verdicts(run: Run) -> str:
    """Counts first, then what did not go: ``3 go, 1 stop (program_exact)``."""
    return counted((gate["decision"], gate["gate"]) for gate in run.gates())


def counted(decided: Iterable[tuple[str, str]]) -> str:
    """Counts of decisions first, then what did not go, from (decision, gate) pairs."""
    names: dict[str, list[str]] = {}
    for decision, gate in decided:
        names.setdefault(decision, []).append(gate)
    if not names:
        return "no gates"
    told = [
        f"{len(names[v])} {v}" + (f" ({'; '.join(names[v])})" if v != "go" else "")
        for v in sorted(names)
    ]
    return ", ".join(told)


def answers(run: Run) -> list[tuple[str, dict[str, tuple[str, str]]]]:
    """Questions, each with its answer and the numbers behind it for every split of the run."""
    splits = [split for split in SPLITS if split in run.record["metrics"]]
    found = [("Does everything it writes compile strictly?", {s: _strict(run, s) for s in splits})]
    for metric in ("skeleton_exact", "action_f1", "program_exact"):
        question = f"Better than copying the nearest neighbour's program: {RIGHT[metric]}?"
        by_split = {split: run.difference(split, metric) for split in splits}
        found.append(
            (question, {s: (standing(ahead), interval(ahead)) for s, ahead in by_split.items()})
        )
    return found


def _strict(run: Run, split: str) -> tuple[str, str]:
    found = run.metric(split, OURS, "compile_strict")
    if found is None or math.isnan(found.value):
        return "not measured", "–"
    good = round(found.value * found.n)
    return ("yes" if good == found.n else "no"), f"{good} of {found.n}"
