"""The trajectories of a matrix beside each other: pairs of rows, domains, bottleneck, prediction.

A row without profiles (``pab_profile.json``) is left out; what then has nothing to show is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sashimi.ablate.questions import Answer
from sashimi.ablate.table import Row
from sashimi.pab import compare, predict
from sashimi.pab.compare import Comparison
from sashimi.pab.plots import canvas, overlay
from sashimi.pab.profile import FILE, Profile
from sashimi.plots import COLOURS
from sashimi.report.read import OURS, RIGHT, Run

DOMAINS = "domains"
"""In a question's ``trajectory``: what each domain lost, instead of a series."""
NEEDED = 8
"""Runs below which no prediction is tried."""


def profiles(runs: Iterable[Run]) -> list[Profile]:
    """The profiles that these runs left."""
    return [Profile.load(run.folder) for run in runs if (run.folder / FILE).is_file()]


def pair(answer: Answer) -> Comparison | None:
    """The profiles of a question's two rows, or None where one of them has none."""
    names = (answer.question.own, answer.question.other)
    sides = dict(zip(names, map(profiles, (answer.own, answer.other)), strict=True))
    return compare(sides) if answer.question.other and all(sides.values()) else None


def course(answer: Answer) -> Figure | None:
    """The question's series for both rows: seeds thin, their mean bold."""
    series = [name for name in answer.question.trajectory if name != DOMAINS]
    found = pair(answer) if series else None
    return overlay(found, series) if found else None


def domains(answer: Answer) -> Figure | None:
    """What each domain lost from its best checkpoint to its last; bars are means of seeds."""
    found = pair(answer) if DOMAINS in answer.question.trajectory else None
    names = found.names(DOMAINS) if found else []
    if not names:
        return None
    figure, ((axis,),) = canvas(7.2, 1.4 + 0.34 * len(names))
    for place, (row, members) in enumerate(found.rows.items()):
        colour, offset = COLOURS[place], 0.17 * (2 * place - 1)
        for line, name in enumerate(names):
            falls = [fall for profile in members if (fall := _fall(profile, name)) is not None]
            if falls:
                axis.barh(line + offset, np.mean(falls), 0.3, color=colour, alpha=0.35)
                axis.plot(falls, [line + offset] * len(falls), "o", ms=3.5, color=colour)
        axis.plot([], [], "o", color=colour, label=f"{row}: {unstable(members)}")
    axis.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel("share of a domain's dev prompts lost from its best checkpoint to the last")
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def unstable(members: Sequence[Profile]) -> str:
    """``0, 1, 0 of 13 domains unstable beyond noise``, a number a seed."""
    counts = [sum(d["unstable_beyond_noise"] for d in _domains(p).values()) for p in members]
    sizes = sorted({len(_domains(p)) for p in members})
    told = " or ".join(map(str, sizes))
    return f"{', '.join(map(str, counts))} of {told} domains unstable beyond noise"


def regimes(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """A line a row: what kind of course its runs took. Stability is the loss's relative change."""
    lines = []
    for row in rows:
        found = profiles(row.runs)
        halves = [_halves(profile) for profile in found]
        numbers = [profile.summary() for profile in found]
        if not found:
            continue
        kinds = Counter(str(n["regime"]) for n in numbers)
        lines.append(
            {
                "corpus": row.corpus,
                "row": row.name,
                "runs": len(found),
                "regime": ", ".join(f"{kind} × {n}" for kind, n in sorted(kinds.items())),
                "stability, first half": _mean(first for first, _ in halves),
                "stability, second half": _mean(second for _, second in halves),
                "converged at step": _mean(n["convergence_step"] for n in numbers),
                "trits unchanged at the end": _mean(n["crystallization_final"] for n in numbers),
            }
        )
    return lines


def bottleneck(rows: Iterable[Row], metric: str = "skeleton_exact") -> Figure | None:
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
    labels = ("trits unchanged, at the end", "their rise per 1,000 steps", f"{RIGHT[metric]}, test")
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


def ended(rows: Iterable[Row], metric: str = "skeleton_exact", split: str = "test"):
    """Every finished run with the held-out score that it ended with, for `predict`."""
    found = []
    for row in rows:
        for run in row.runs:
            value = run.metric(split, OURS, metric)
            if value is not None and (run.folder / FILE).is_file():
                found.append(predict.Run(Profile.load(run.folder), value.value))
    return found


def predictive(rows: Iterable[Row]) -> list[predict.Row]:
    """What the first half of a run says about its end, over `NEEDED` runs or more; else ``[]``."""
    found = ended(rows)
    return predict.predictiveness(found) if len(found) >= NEEDED else []


def _point(run: Run, metric: str) -> list[tuple[float, ...]]:
    score = run.metric("test", OURS, metric)
    (profile,) = profiles([run]) or [None]
    if profile is None or score is None:
        return []
    numbers = profile.summary()
    ends = numbers["crystallization_final"], numbers["crystallization_rate"]
    width = run.record["params"]["bridge_width"]
    return [] if None in ends else [(width, *ends, score.value)]


def _domains(profile: Profile) -> dict[str, dict]:
    return profile.progress.get(DOMAINS, {})


def _fall(profile: Profile, name: str) -> float | None:
    found = _domains(profile).get(name)
    return found["best"] - found["final"] if found and found["final"] is not None else None


def _halves(profile: Profile) -> tuple[float | None, float | None]:
    """Mean stability of either half of the checkpoints, as `sashimi.pab.regime` looks at them."""
    series = profile.derived.get("stability")
    known = series.known().values if series is not None else np.empty(0)
    half = len(known) // 2
    return (known[:half].mean(), known[half:].mean()) if half else (None, None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
