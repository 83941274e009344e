"""The trajectories of a matrix beside each other: pairs of rows, groups, prediction.

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
from sashimi.pab.plots import overlay
from sashimi.pab.profile import FILE, Profile
from sashimi.plots import COLOURS, canvas
from sashimi.report.read import Run

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
    found = pair(answer) if answer.question.trajectory else None
    if found is None:
        return None
    series = [name for name in answer.question.trajectory if not found.names(name)]
    return overlay(found, series) if series else None


def losses(answer: Answer) -> list[tuple[str, Figure]]:
    """By group of the question's trajectory, what each member lost from its best checkpoint to its
    last; bars are means of seeds.
    """
    found = pair(answer) if answer.question.trajectory else None
    if found is None:
        return []
    groups = [name for name in answer.question.trajectory if found.names(name)]
    return [(group, _losses(found, group)) for group in groups]


def _losses(found: Comparison, group: str) -> Figure:
    names = found.names(group)
    figure, ((axis,),) = canvas(7.2, 1.4 + 0.34 * len(names))
    for place, (row, members) in enumerate(found.rows.items()):
        colour, offset = COLOURS[place], 0.17 * (2 * place - 1)
        for line, name in enumerate(names):
            falls = [f for profile in members if (f := _fall(profile, group, name)) is not None]
            if falls:
                axis.barh(line + offset, np.mean(falls), 0.3, color=colour, alpha=0.35)
                axis.plot(falls, [line + offset] * len(falls), "o", ms=3.5, color=colour)
        axis.plot([], [], "o", color=colour, label=f"{row}: {unstable(members, group)}")
    axis.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel(f"share of each of {group} lost from its best checkpoint to the last")
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def unstable(members: Sequence[Profile], group: str) -> str:
    """``0, 1, 0 of 13 domains unstable beyond noise``, a number a seed."""
    parts = [profile.progress.get(group, {}) for profile in members]
    counts = [sum(one["unstable_beyond_noise"] for one in part.values()) for part in parts]
    told = " or ".join(map(str, sorted({len(part) for part in parts})))
    return f"{', '.join(map(str, counts))} of {told} {group} unstable beyond noise"


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


def ended(rows: Iterable[Row]) -> list[predict.Run]:
    """Every finished run with the held-out score that it ended with, for `predict`."""
    found = []
    for row, scores in ((row, row.scores) for row in rows if row.scores):
        split, metric = scores.held_out[0], scores.decides[0]
        for run in row.runs:
            value = run.metric(split, scores.ours, metric)
            if value is not None and (run.folder / FILE).is_file():
                found.append(predict.Run(Profile.load(run.folder), value.value))
    return found


def predictive(rows: Iterable[Row]) -> list[predict.Row]:
    """What the first half of a run says about its end, over `NEEDED` runs or more; else ``[]``."""
    found = ended(rows)
    return predict.predictiveness(found) if len(found) >= NEEDED else []


def _fall(profile: Profile, group: str, name: str) -> float | None:
    found = profile.progress.get(group, {}).get(name)
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
