"""The flagship's own sections of the page: where the way breaks, confidence, bottleneck, programs.

A stage is where a prompt's program first differs from what was asked for, in the order of the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sashimi import plots
from sashimi.ablate import overlays, table
from sashimi.ablate.table import Row
from sashimi.flagship.judge import asked
from sashimi.flagship.judge.failures import STAGES
from sashimi.flagship.scoring import SCORES
from sashimi.plots import COLOURS, canvas
from sashimi.report.read import Run
from sashimi.study import Picture, Section, Study, Table

ASKED = (
    "The network of the package, asked now: the first request of every kind in the frozen test, "
    "whether it is answered well or not."
)
COLOUR = dict(
    zip(
        STAGES,
        ("#000000", "#777777", "#BBBBBB", "#F0E442", "#D55E00", "#E69F00", "#CC79A7", "#0072B2",
         "#56B4E9", "#009E73"),
        strict=True,
    )
)  # fmt: skip


def sections(runs: Sequence[Run], study: Study) -> Iterator[Section]:
    """What only the flagship, ``study``, can draw of its runs."""
    rows = table.read(runs, {study.name: study})
    if any(run.row == study.leads for run in runs):
        yield Section("What it writes", asked.blocks(), ASKED)
    note = "; ".join(f"{name}: {told}" for name, told in STAGES.items())
    yield Section(
        "Where it fails", list(failures(rows)), f"Stages, in the order of the way. {note}."
    )
    yield Section("Is it right when it is sure?", list(confidence(rows)))
    yield Section("The bottleneck", list(bottlenecks(rows)))
    yield Section(
        "Programs it wrote",
        list(programs(runs, study.leads)),
        "The first of each split, not chosen.",
    )


def failures(rows: Sequence[Row]) -> Iterator[Picture]:
    """Where the way breaks: every row on what is held out, the reference by category on the last
    of it, which is the hardest.
    """
    for corpus in dict.fromkeys(row.corpus for row in rows):
        known = {
            split: [(row, failed(row, split)) for row in rows if row.corpus == corpus]
            for split in SCORES.held_out
        }
        known = {s: own for s, own in known.items() if any(groups.get("all") for _, groups in own)}
        for split, own in known.items():
            told = f"{corpus}, {SCORES.splits[split]}"
            shown = {row.name: groups["all"] for row, groups in own if groups.get("all")}
            yield Picture(stages(shown), f"{told}: prompts of all seeds by stage.")
            for row, groups in own if split == [*known][-1] else ():
                for category in groups if row.changed() == "reference" else ():
                    if category != "all":
                        yield Picture(
                            stages(groups[category]), f"{told}, {row.name} by {category}."
                        )


def failed(row: Row, split: str) -> dict[str, Any]:
    """A row's counts of stages over its seeds: ``{"all": {stage: n}, "domain": {label: …}, …}``."""
    total: dict[str, Any] = {}
    for run in row.runs:
        for category, groups in _fact(run, "failures", split).items():
            if category == "all":
                total["all"] = Counter(total.get("all", {})) + Counter(groups)
                continue
            into = total.setdefault(category, {})
            for label, counted in groups.items():
                into[label] = into.get(label, Counter()) + Counter(counted)
    return total


def stages(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """Where the way first breaks: a bar a name, its prompts by stage, right ones at the left.

    ``counts[name][stage]`` counts prompts; `STAGES` says what the stages are.
    """
    figure, ((axis,),) = canvas(9.6, 1.2 + 0.34 * len(counts))
    used = [stage for stage in reversed(STAGES) if any(row.get(stage) for row in counts.values())]
    for place, row in enumerate(counts.values()):
        total, left = sum(row.values()), 0.0
        for stage in used:
            share = row.get(stage, 0) / total if total else 0.0
            axis.barh(place, share, left=left, height=0.72, color=COLOUR[stage])
            left += share
    for stage in used:
        axis.bar([0], [0], width=0, color=COLOUR[stage], label=stage)
    names = [f"{name}, n = {sum(row.values())}" for name, row in counts.items()]
    axis.set_yticks(range(len(counts)), names, fontsize=9)
    axis.set_ylim(len(counts) - 0.5, -0.5)
    axis.set_xlim(0, 1)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel("share of prompts")
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def confidence(rows: Sequence[Row]) -> Iterator[Picture]:
    """`confident` on every corpus and split that has one."""
    for corpus in dict.fromkeys(row.corpus for row in rows):
        for split in SCORES.held_out:
            drawn = confident([row for row in rows if row.corpus == corpus], split)
            if drawn:
                yield Picture(
                    drawn,
                    f"{corpus}, {SCORES.splits[split]}: of the answers that a row is surest of, so "
                    "many are wrong in their skeleton; means over seeds.",
                )


def confident(rows: Sequence[Row], split: str) -> Figure | None:
    """Risk over coverage, a line a row, each the mean of its seeds; None where no row has one.

    Of the reference, of rows that choose or weigh otherwise and change nothing else, and of all
    rows where no reference has run: lines of all would hide each other.
    """
    lines = {}
    for row in rows:
        if row.changes.keys() not in (set(), {"candidates"}, {"ternary"}):
            continue
        curves = [curve for run in row.runs if (curve := _fact(run, "confidence", split))]
        if curves:
            risks = [curve["risk"] for curve in curves]
            mean = [sum(at) / len(at) for at in zip(*risks, strict=True)]
            lines[f"{row.name}, {len(curves)} seed{'s' * (len(curves) > 1)}"] = (
                curves[0]["coverage"],
                mean,
            )
    if not lines:
        return None
    return plots.curves(lines, "share of them that is wrong", "share of prompts that is answered")


def bottlenecks(rows: Sequence[Row]) -> Iterator[Picture]:
    """`bottleneck` on every corpus that has one."""
    for corpus in dict.fromkeys(row.corpus for row in rows):
        drawn = bottleneck([row for row in rows if row.corpus == corpus])
        if drawn:
            yield Picture(
                drawn,
                f"Bottleneck and crystallization, {corpus}: a point a run, the line joins means.",
            )


def bottleneck(rows: Sequence[Row], metric: str = "skeleton_exact") -> Figure | None:
    """How crystallization and a score depend on the bottleneck's width; a point a run.

    Of the reference and the rows that change nothing else; None below two widths.
    """
    points: list[tuple[float, ...]] = []
    for row in rows:
        if row.changes.keys() <= {"bridge_width"} and (row.changes or row.changed() == "reference"):
            for run in row.runs:
                points += _point(run, metric)
    if len({width for width, *_ in points}) < 2:
        return None
    found = np.array(sorted(points), dtype=float)
    labels = (
        "trits unchanged, at the end",
        "their rise per 1,000 steps",
        f"{SCORES.metric(metric).heading}, test",
    )
    figure, axes = canvas(10.2, 3.2, 1, len(labels))
    for axis, values, label in zip(axes[0], found.T[1:], labels, strict=True):
        axis.plot(found[:, 0], values, "o", ms=4, color=COLOURS[0])
        widths = np.unique(found[:, 0])
        axis.plot(widths, [values[found[:, 0] == w].mean() for w in widths], lw=1, color=COLOURS[0])
        axis.set_xscale("log", base=2)
        axis.set_xticks(widths, [f"{w:g}" for w in widths])
        axis.set_xlabel(f"width of the bottleneck ({len(found)} runs)")
        axis.set_ylabel(label)
    return figure


def _point(run: Run, metric: str) -> list[tuple[float, ...]]:
    score = run.metric("test", SCORES.ours, metric)
    (profile,) = overlays.profiles([run]) or [None]
    if profile is None or score is None:
        return []
    numbers = profile.summary()
    ends = numbers["crystallization_final"], numbers["crystallization_rate"]
    width = run.record["params"]["bridge_width"]
    return [] if None in ends else [(width, *ends, score.value)]


def programs(runs: Sequence[Run], leads: str) -> Iterator[Table]:
    """What the row ``leads`` wrote beside what was asked for; else the reference row."""
    for name in (leads, "00_full"):
        examples = [e for run in runs if run.row == name for e in _examples(run)]
        if examples:
            rows = [
                [e["prompt"], e["split"], "exact" if e["exact"] else "differs", e["expected"],
                 e["produced"]]
                for e in examples
            ]  # fmt: skip
            yield Table(["prompt", "split", "", "asked for", "written"], rows, name, folded=True)
            return


def _examples(run: Run) -> list[dict[str, Any]]:
    return (run.record.get("facts") or {}).get("examples") or []


def _fact(run: Run, *path: str) -> Mapping[str, Any]:
    found: Any = run.record.get("facts") or {}
    for key in path:
        found = found.get(key) or {}
    return found
