"""A matrix read back from its ``result.json`` files: what each row changes, and what it was worth.

Two kinds of chance stand side by side. *Over seeds*: the mean of a row's runs, and the mean of the
differences to the reference row's runs at the same seeds, with Student's t interval. *Over
examples*: the difference of each example's score, averaged over the common seeds, with a bootstrap
interval; it needs the ``scores.json`` of both. A verdict other than "not distinguishable" needs
every interval that is known to exclude 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from sashimi import registry, result, scores
from sashimi.ablate.rows import Cell
from sashimi.params import row_of
from sashimi.report.read import FULL, Run, ends, runs, spread, standing
from sashimi.statistics import Interval, bootstrap, p_of_examples, p_of_seeds, student
from sashimi.study import Scores, Study

FACTS = "facts."
"""Begins a metric that is a number of ``facts``: ``facts.bridge.rank.prompts``, of no split."""
TOO_FEW = "too few to say"


@dataclass(frozen=True)
class Number:
    """One metric of one row: its mean over seeds, and the differences to the reference row."""

    mean: Interval
    over_seeds: Interval | None
    """The paired difference by seed, or None for the reference and without common seeds."""
    over_examples: Interval | None
    """The paired difference by example, or None where a ``scores.json`` is missing."""
    better: Literal["high", "low"] | None = None
    """Which direction is better; None for a number that has none."""
    by_seed: tuple[float, ...] = field(default=(), repr=False)
    by_example: tuple[float, ...] = field(default=(), repr=False)
    """The differences themselves."""

    @property
    def verdict(self) -> str:
        """better, worse, not distinguishable, or too few to say."""
        known = [i for i in (self.over_seeds, self.over_examples) if i and not math.isnan(i.low)]
        said = {standing(found, self.better) for found in known}
        return said.pop() if len(said) == 1 else "not distinguishable" if said else TOO_FEW

    @cached_property
    def p(self) -> float:
        """The larger p value of the two kinds of chance; NaN where neither is known."""
        known = [p_of_seeds(self.by_seed) if self.by_seed else math.nan]
        known += [p_of_examples(self.by_example)] if self.by_example else []
        return max((p for p in known if not math.isnan(p)), default=math.nan)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a script."""
        pairs = {"mean": self.mean, "seeds": self.over_seeds, "examples": self.over_examples}
        return {k: v and v.as_json() for k, v in pairs.items()} | {"verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the matrix on one corpus."""

    study: str
    name: str
    corpus: str
    question: str
    changes: Mapping[str, tuple[Any, Any]]
    runs: tuple[Run, ...]
    early: Mapping[int, str]
    """By seed, why a run ended before its last step."""
    numbers: Mapping[str, Mapping[str, Number]]
    """By split and metric."""
    scores: Scores | None = None
    """What the row's study says of its numbers; None where it says nothing."""

    @property
    def seeds(self) -> list[int]:
        """The seeds that have run."""
        return [run.record["seed"] for run in self.runs]

    def changed(self) -> str:
        """``ternary: True -> False, steps: 1000 -> 2000``; "reference" for the reference row."""
        if self.name == FULL:
            return "reference"
        changes = ((key, *map(_shown, pair)) for key, pair in self.changes.items())
        told = (f"{key}: {old} -> {new}" for key, old, new in changes)
        return ", ".join(told) or "its reference has not run"

    def as_json(self) -> dict[str, Any]:
        """Everything, for a script."""
        numbers = {s: {m: n.as_json() for m, n in by.items()} for s, by in self.numbers.items()}
        return {
            "study": self.study,
            "row": self.name,
            "corpus": self.corpus,
            "question": self.question,
            "changes": {key: list(pair) for key, pair in self.changes.items()},
            "seeds": self.seeds,
            "results": [str(run.folder / result.NAME) for run in self.runs],
            "early_exits": {str(seed): why for seed, why in self.early.items()},
            "numbers": numbers,
        }


def read(
    reports: str | Path | Sequence[Run], studies: Mapping[str, Study] | None = None
) -> list[Row]:
    """Every row below a folder of results (or of runs that were read already), each beside its
    reference row on the same corpus, with the numbers that decide in its study.
    """
    known = registry.load() if studies is None else studies
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs(reports) if isinstance(reports, (str, Path)) else reports:
        groups.setdefault((run.record["study"], run.corpus, run.row), []).append(run)
    rows = []
    for (study, corpus, name), own in sorted(groups.items()):
        base = groups.get((study, corpus, FULL), [])
        other = base if base is not own else []
        scores = known[study].scores if study in known else None
        numbers = _numbers(own, other, scores) if scores else {}
        changes = _changes(own[0], other[0]) if other else {}
        early = {run.record["seed"]: why for run in own if (why := result.early_exit(run.folder))}
        asked = question(study, name)
        rows.append(Row(study, name, corpus, asked, changes, tuple(own), early, numbers, scores))
    return rows


def _numbers(
    own: Sequence[Run], other: Sequence[Run], scores: Scores
) -> dict[str, dict[str, Number]]:
    return {
        split: {metric: compare(own, other, split, metric, scores) for metric in scores.decides}
        for split in scores.held_out
        if any(scores.ours in run.record["metrics"].get(split, {}) for run in own)
    }


def of(cells: Iterable[Cell], rows: Sequence[Row]) -> list[Row]:
    """The rows of these cells, and their reference rows where they have run."""
    known = {(cell.study, cell.folder.parent.name) for cell in cells}
    own = [row for row in rows if (row.study, row.runs[0].record["row"]) in known]
    sides = {(row.study, row.corpus) for row in own}
    return [
        row for row in rows if row in own or (row.name == FULL and (row.study, row.corpus) in sides)
    ]


def compare(
    own: Iterable[Run],
    other: Iterable[Run],
    split: str,
    metric: str,
    scores: Scores,
    floor: str = "",
) -> Number:
    """One metric of some runs, and its difference to another row's runs at the same seeds.

    ``floor`` compares with a floor's numbers; a row stands beside the floors of its own runs where
    ``other`` is ``own``. A metric may be a number of `FACTS`.
    """
    models = (scores.ours, floor or scores.ours)
    better = None if metric.startswith(FACTS) else scores.metric(metric).better
    mine = {run.record["seed"]: (run, _value(run, split, metric, models[0])) for run in own}
    theirs = {run.record["seed"]: (run, _value(run, split, metric, models[1])) for run in other}
    common = sorted(mine.keys() & theirs.keys())
    own_mean = student([value for _, value in mine.values()])
    if not common:
        return Number(own_mean, None, None, better)
    by_seed = tuple(mine[seed][1] - theirs[seed][1] for seed in common)
    keys = [split if model == scores.ours else f"{split}/{model}" for model in models]
    pairs = [_by_example((mine[s][0], theirs[s][0]), keys, metric) for s in common]
    known = [pair for pair in pairs if pair is not None]
    if len(known) < len(pairs) or len({len(pair) for pair in known}) > 1:
        return Number(own_mean, student(by_seed), None, better, by_seed)
    singly = np.mean(known, axis=0)
    return Number(own_mean, student(by_seed), bootstrap(singly), better, by_seed, tuple(singly))


def mean(runs: Iterable[Run], split: str, model: str, metric: str) -> Interval:
    """A metric's mean over runs of several seeds, with Student's interval."""
    return student([_value(run, split, metric, model) for run in runs])


def _by_example(pair: tuple[Run, Run], keys: Sequence[str], metric: str) -> np.ndarray | None:
    """The differences on the same examples (n,), or None where they cannot be paired."""
    ours, others = (_scores(run.folder).get(key) for run, key in zip(pair, keys, strict=True))
    if ours is None or others is None or ours.examples != others.examples:
        return None
    if metric not in ours.values or metric not in others.values:
        return None
    return np.asarray(ours.values[metric], float) - np.asarray(others.values[metric], float)


def _scores(folder: Path) -> dict[str, scores.Scores]:
    path = folder / scores.NAME
    return _parsed(folder, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=256)
def _parsed(folder: Path, written: int) -> dict[str, scores.Scores]:
    return scores.read(folder)


def question(study: str, name: str) -> str:
    """What a row asks: the comment on the first line of its file, or nothing."""
    path = row_of(study, name)
    if path is None:
        return ""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""


def markdown(rows: Sequence[Row]) -> str:
    """A table for each study, corpus and split: mean and differences, each verdict in words."""
    parts = []
    for study, corpus in dict.fromkeys((row.study, row.corpus) for row in rows):
        mine = [row for row in rows if (row.study, row.corpus) == (study, corpus)]
        for split in dict.fromkeys(split for row in mine for split in row.numbers):
            lines = [
                _line(row, row.scores, row.numbers.get(split, {})) for row in mine if row.scores
            ]
            frame = pd.DataFrame(lines).fillna("–")
            title = ", ".join(filter(None, (study, corpus, split)))
            parts.append(f"**{title}**\n\n{frame.to_markdown(index=False)}")
    return "\n\n".join(parts)


def _line(row: Row, scores: Scores, numbers: Mapping[str, Number]) -> dict[str, Any]:
    line: dict[str, Any] = {"row": row.name, "changes": row.changed(), "seeds": len(row.seeds)}
    for metric in scores.decides:
        found, heading = numbers.get(metric), scores.metric(metric).heading
        line[heading] = spread(found.mean) if found else "–"
        line[f"{heading}, to the reference"] = told(found) if found else "–"
    return line


def told(found: Number) -> str:
    """``+0.031 [0.010, 0.052] over 3 seeds, […] over 300 examples: better``; a dash without one."""
    if found.over_seeds is None:
        return "–"
    return f"{found.over_seeds.value:+.3f} {', '.join(chances(found))}: {found.verdict}"


def chances(found: Number) -> list[str]:
    """The intervals of a difference: ``[0.010, 0.052] over 3 seeds``; "one seed" where it is."""
    lines = ["one seed"] if found.over_seeds and found.over_seeds.n == 1 else []
    for what, known in (("seeds", found.over_seeds), ("examples", found.over_examples)):
        if known and not math.isnan(known.low):
            lines.append(f"{ends(known)} over {known.n} {what}")
    return lines


def _fact(found: Any, path: Sequence[str]) -> float:
    """A number of nested facts, an interval's value; NaN where it is not there."""
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping):
        found = found.get("value")
    return math.nan if found is None else float(found)


def _shown(value: Any) -> str:
    return "none" if value == "" else str(value)


def _changes(run: Run, reference: Run) -> dict[str, tuple[Any, Any]]:
    old, new = reference.record["params"], run.record["params"]
    keys = [key for key in sorted(old.keys() | new.keys()) if key != "seed"]
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def _value(run: Run, split: str, metric: str, model: str) -> float:
    if metric.startswith(FACTS):
        return _fact(run.record.get("facts"), metric.removeprefix(FACTS).split("."))
    found = run.metric(split, model, metric)
    return math.nan if found is None else found.value
