"""A matrix as pictures: differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sashimi.ablate.questions import Answer
from sashimi.ablate.table import Number, Row
from sashimi.plots import COLOURS, canvas
from sashimi.statistics import Interval

KINDS = {
    "over seeds": ("over_seeds", COLOURS[0], -0.14),
    "over examples": ("over_examples", COLOURS[1], 0.14),
}
"""Label: attribute of a Number, colour, offset from the row's line."""
TALL = 12
"""Lines of a figure from which its scale stands above them as well."""
LEAST = 0.01
"""The narrowest axis of differences."""


def differences(rows: Sequence[Row], split: str) -> Figure:
    """Paired differences to the reference row with their 95% intervals, one panel a metric.

    A difference of one seed has no interval over seeds: it is a hollow point. Rows without a
    difference are left out; raises ValueError if that leaves none.
    """
    scores = next((row.scores for row in rows if row.scores), None)
    metrics = scores.decides if scores else ()

    def drawn(row: Row) -> bool:
        by_metric = row.numbers.get(split, {})
        return any(_known(by_metric.get(metric), "over_seeds") for metric in metrics)

    shown = [row for row in rows if drawn(row)]
    if scores is None or not shown:
        raise ValueError("no row has a difference to its reference")
    figure, axes = canvas(9.6, 1.3 + 0.42 * len(shown), 1, len(metrics), sharey=True)
    for axis, metric in zip(axes[0], metrics, strict=True):
        _pairs(axis, [row.numbers.get(split, {}).get(metric) for row in shown])
        axis.set_xlabel(f"{scores.metric(metric).heading}: difference")
        axis.locator_params(axis="x", nbins=4)
    axes[0][0].set_yticks(range(len(shown)), [f"{r.name}, n = {len(r.seeds)}" for r in shown])
    axes[0][0].set_ylim(len(shown) - 0.5, -0.5)
    _finish(figure, axes[0], len(shown))
    return figure


def answers(found: Sequence[Answer]) -> Figure:
    """The deciding difference of every question of one corpus; those without one say why, and
    those of facts, which have units of their own, say their difference.

    Raises ValueError if no question has one.
    """
    if not any(answer.number for answer in found):
        raise ValueError("no question is answered")
    figure, ((axis,),) = canvas(11.0, 1.2 + 0.42 * len(found))
    _pairs(axis, [answer.number if answer.question.is_share else None for answer in found])
    labels = []
    for place, answer in enumerate(found):
        asked = answer.question
        labels.append(
            f"{asked.name}: {asked.decided_by(answer.scores)}\n{asked.own} − {asked.against}"
        )
        verdict = answer.verdict
        if answer.number and answer.number.over_seeds and not asked.is_share:
            verdict += f" ({answer.number.over_seeds.value:+.3g})"
        axis.text(
            *(1.01, place, verdict), transform=axis.get_yaxis_transform(), va="center",
            fontsize=8, color="black" if answer.number else "#777777",
        )  # fmt: skip
    axis.set_yticks(range(len(found)), labels, fontsize=8)
    axis.set_ylim(len(found) - 0.5, -0.5)
    axis.set_xlabel("difference: the first row less the second, with 95% intervals")
    _finish(figure, [axis], len(found))
    return figure


def _pairs(axis, numbers: Sequence[Number | None]) -> None:
    """Both intervals of each difference on a line of its own, from the top; hollow without ends."""
    for label, (kind, colour, offset) in KINDS.items():
        for place, number in enumerate(numbers):
            known = _known(number, kind)
            if known:
                at, single = place + offset, math.isnan(known.low)
                fill = "white" if single else colour
                axis.plot([known.value], [at], "o", ms=4, color=colour, mfc=fill)
                if not single:
                    axis.plot([known.low, known.high], [at, at], color=colour, lw=1.6)
        if any(_known(number, kind) for number in numbers):
            axis.plot([], [], marker="o", ms=4, color=colour, label=label)
    axis.axvline(0, color="black", lw=0.8)
    low, high = axis.get_xlim()
    if high - low < LEAST:  # nothing differs: no scale of rounding errors
        axis.set_xlim(-LEAST, LEAST)


def _finish(figure: Figure, axes: Sequence[Axes], lines: int) -> None:
    """A legend of what is drawn in any panel, and the scale at both ends of a tall one."""
    drawn: dict[str, Any] = {}
    for axis in axes:
        drawn |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
        axis.tick_params(axis="x", top=lines > TALL, labeltop=lines > TALL)
    figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=2, frameon=False)


def _known(number: Number | None, kind: str) -> Interval | None:
    known = number and getattr(number, kind)
    return known if known and not math.isnan(known.value) else None
