"""The differences of a matrix as a picture: a row a line, zero is the reference row."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from sashimi.ablate.table import METRICS, Row
from sashimi.metrics import Interval
from sashimi.pab.plots import canvas
from sashimi.plots import COLOURS
from sashimi.report import RIGHT

KINDS = {
    "over seeds": ("over_seeds", COLOURS[0], -0.14),
    "over examples": ("over_examples", COLOURS[1], 0.14),
}
"""Label: attribute of a Number, colour, offset from the row's line."""


def differences(rows: Sequence[Row], split: str, metrics: Sequence[str] = METRICS) -> Figure:
    """Paired differences to the reference row with their 95% intervals, one panel a metric.

    A difference of one seed has no interval over seeds: it is a hollow point. Rows without a
    difference are left out; raises ValueError if that leaves none.
    """
    shown = [r for r in rows if any(_known(r, split, m, "over_seeds") for m in metrics)]
    if not shown:
        raise ValueError("no row has a difference to its reference")
    figure, axes = canvas(9.6, 1.3 + 0.42 * len(shown), 1, len(metrics), sharey=True)
    for axis, metric in zip(axes[0], metrics, strict=True):
        for label, (kind, colour, offset) in KINDS.items():
            for place, row in enumerate(shown):
                _whisker(axis, _known(row, split, metric, kind), place + offset, colour)
            axis.plot([], [], marker="o", ms=4, color=colour, label=label)
        axis.axvline(0, color="black", lw=0.8)
        axis.set_xlabel(f"{RIGHT.get(metric, metric)}: difference")
        axis.locator_params(axis="x", nbins=4)
    axes[0][0].set_yticks(range(len(shown)), [f"{r.name}, n = {len(r.seeds)}" for r in shown])
    axes[0][0].set_ylim(len(shown) - 0.5, -0.5)
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
    return figure


def _known(row: Row, split: str, metric: str, kind: str) -> Interval | None:
    found = row.numbers.get(split, {}).get(metric)
    known = found and getattr(found, kind)
    return known if known and not math.isnan(known.value) else None


def _whisker(axis, known: Interval | None, place: float, colour: str) -> None:
    if known is None:
        return
    single = math.isnan(known.low)
    axis.plot([known.value], [place], "o", ms=4, color=colour, mfc="white" if single else colour)
    if not single:
        axis.plot([known.low, known.high], [place, place], color=colour, lw=1.6)
