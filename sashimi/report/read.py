"""Every ``result.json`` below a folder, and how numbers, intervals and verdicts are written."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sashimi import display, result
from sashimi.errors import BadInput
from sashimi.params import REFERENCE, SMOKE
from sashimi.statistics import Interval, student
from sashimi.study import Scores

FULL = Path(REFERENCE).stem
PUBLISHED, RETIRED = "published", "retired"
"""Folders of ``reports/``: what the README cites, and what was tried and left the code."""


@dataclass(frozen=True, slots=True)
class Run:
    """One ``result.json`` and the folder it lies in."""

    folder: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """``flagship/00_full/seed0``."""
        return f"{self.record['study']}/{self.record['row']}/seed{self.record['seed']}"

    @property
    def corpus(self) -> str:
        """The corpus by its name, "" for a study without one."""
        source = self.record["params"].get("corpus")
        return result.corpus_name(source) if source else ""

    @property
    def row(self) -> str:
        """The row's own name, without the corpus."""
        return self.record["row"].removesuffix(f"-{self.corpus}")

    def metric(self, split: str, model: str, metric: str) -> Interval | None:
        """One number, or None where the run did not measure it; NaN where it came out undefined."""
        return Run.interval(self.record["metrics"].get(split, {}).get(model, {}).get(metric))

    def difference(self, split: str, metric: str) -> Interval | None:
        """Ours less the floor's that `Scores.against` names, paired by example; None where that
        was not measured."""
        return Run.interval((self.record.get("differences") or {}).get(split, {}).get(metric))

    @staticmethod
    def interval(found: Mapping[str, Any] | None) -> Interval | None:
        """An Interval as a file holds it; its nulls are NaN again."""
        return None if found is None else Interval.of(found)

    def _repr_html_(self) -> str:
        gates = counted((gate["decision"], gate["gate"]) for gate in self.gates())
        numbers = [
            (
                f"{split}: {model}",
                ", ".join(f"{k} {interval(Run.interval(v))}" for k, v in row.items()),
            )
            for split, models in self.record["metrics"].items()
            for model, row in models.items()
        ]
        made = [("gates", gates), ("command", self.record["command"])]
        return display.table(self.name, [*made, *numbers])

    def gates(self) -> list[dict[str, Any]]:
        """The verdicts of the run's gates, as it recorded them."""
        return self.record["gates"] or []


def runs(reports: str | Path) -> list[Run]:
    """Every run below a folder, by name; reference rows come first as their names do.

    A run of one's own stands in place of the published run of the same name. Raises BadInput for
    the first result that is damaged.
    """
    found, problems = readable(reports)
    if problems:
        raise BadInput(problems[0])
    return found


def readable(reports: str | Path) -> tuple[list[Run], list[str]]:
    """As `runs`, and what is wrong with each result that cannot be read."""
    home = Path(reports)
    paths = [p for p in sorted(home.rglob(result.NAME)) if p.relative_to(home).parts[0] != RETIRED]
    paths.sort(key=lambda path: path.relative_to(home).parts[0] != PUBLISHED)
    found, problems = {}, []
    for path in paths:
        try:
            run = Run(path.parent, result.read(path))
            found[run.name] = run
        except BadInput as error:
            problems.append(str(error))
    return [one for _, one in sorted(found.items())], problems


def of_study(name: str, reports: str | Path) -> dict[str, list[dict[str, Any]]]:
    """`by_row` of a study's runs below a folder. Raises as `runs` does."""
    return by_row(run for run in runs(reports) if run.record["study"] == name)


def by_row(runs: Iterable[Run]) -> dict[str, list[dict[str, Any]]]:
    """The results of one study's runs, in their order, by row; smoke runs are left out."""
    rows = groupby((run.record for run in runs), lambda record: record["row"])
    return {row: list(ones) for row, ones in rows if row != SMOKE}


def leading(runs: Sequence[Run], row: str) -> list[Run]:
    """The seeds of a row, else of the reference row, on the first corpus that has any."""
    for name in (row, FULL):
        own = [run for run in runs if run.row == name]
        if own:
            return [run for run in own if run.corpus == own[0].corpus]
    return []


def mean(own: Sequence[Run], split: str, metric: str, model: str) -> Interval | None:
    """One seed's number with its own interval, or the mean of several with Student's; None where
    a seed did not measure it."""
    measured = [run.metric(split, model, metric) for run in own]
    found = [one for one in measured if one is not None]
    if len(found) < len(measured):
        return None
    return found[0] if len(found) == 1 else student([one.value for one in found])


def best_floor(
    own: Sequence[Run], scores: Scores, split: str, metric: str
) -> tuple[str, Interval] | None:
    """The best of the floors by `mean` and its name, or None where none was measured."""
    found = [(model, mean(own, split, metric, model)) for model in scores.floors]
    known = [(model, i) for model, i in found if i is not None and not math.isnan(i.value)]
    best = max if scores.metric(metric).better == "high" else min
    return best(known, key=lambda pair: pair[1].value, default=None)


def href(path: Path, base: Path) -> str:
    """The relative address of a file, for a page in the folder ``base``."""
    return quote(Path(os.path.relpath(path, base)).as_posix())


def standing(difference: Interval | None, better: Literal["high", "low"] | None = None) -> str:
    """What a paired difference says: better or worse, by the direction of its metric; above or
    below for a number that has none; not distinguishable where its interval holds 0."""
    if difference is None or math.isnan(difference.value):
        return "not measured"
    if math.isnan(difference.low) or difference.low <= 0 <= difference.high:
        return "not distinguishable"
    above = difference.low > 0
    if better is None:
        return "above" if above else "below"
    return "better" if above == (better == "high") else "worse"


def number(value: float) -> str:
    """Three decimals, never rounded up to 1 nor down to 0; "n/a" for NaN."""
    if math.isnan(value):
        return "n/a"
    if 0 < abs(value) < 1:
        return f"{math.copysign(min(max(abs(value), 0.001), 0.999), value):.3f}"
    return f"{value:.3f}"


def ends(found: Interval) -> str:
    """``[0.560, 0.660]``; nothing for an interval without ends."""
    return "" if math.isnan(found.low) else f"[{number(found.low)}, {number(found.high)}]"


def interval(found: Interval | None) -> str:
    """``0.612 [0.560, 0.660]``; a dash where there is no such number."""
    return "–" if found is None else f"{number(found.value)} {ends(found)}".rstrip()


def spread(found: Interval | None) -> str:
    """``0.520 ± 0.013``, half the interval over seeds; the bare number for one."""
    if found is None:
        return "–"
    if math.isnan(found.low) or math.isnan(found.value):
        return number(found.value)
    return f"{number(found.value)} ± {number((found.high - found.low) / 2)}"


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
