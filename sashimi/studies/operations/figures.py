"""Pictures of the study. Each takes the numbers as they are shown and returns a Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sashimi.plots import COLOURS, STYLE, Picture
from sashimi.studies.operations import schedules
from sashimi.studies.operations.space import K, ceiling


def coverage(curves: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Figure:
    """Share of operations found over draws, a line a name, with the ceiling of uniform draws."""
    figure, (axes,) = _panels(1, 1)
    draws = sorted({int(n) for curve in curves.values() for n in curve})
    fine = np.geomspace(draws[0], max(draws[-1], draws[0] + 1), 60)
    axes.plot(fine, [100 * ceiling(round(n)) for n in fine], color="#999999", linewidth=5,
              alpha=0.5, label="ceiling: uniform draws")  # fmt: skip
    for place, (name, curve) in enumerate(curves.items()):
        points = [(int(n), 100 * point["share"]) for n, point in curve.items()]
        axes.plot(*zip(*points, strict=True), marker=".", color=COLOURS[place % 7], label=name,
                  linestyle="-" if place < 7 else "--")  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel("draws from the prior")
    axes.set_ylabel(f"operations found, % of {K:,}")
    axes.legend(frameon=False, fontsize=8)
    return figure


def structure(bits: np.ndarray) -> Figure:
    """A table of mutual information (D, 9) as shades."""
    figure, (axes,) = _panels(1, 1)
    shown = axes.imshow(bits, cmap="Blues", vmin=0, vmax=np.log2(3))
    axes.grid(visible=False)
    axes.set_xticks(range(9), [f"f({k % 3 - 1},{k // 3 - 1})" for k in range(9)], rotation=60)
    axes.set_xlabel("trit of the truth table")
    axes.set_ylabel("number of the latent")
    figure.colorbar(shown, ax=axes, label="bits")
    return figure


PANELS = {
    "exact match of the mean, %": (
        "A coupled", "B coupled", "ensemble", "A isolated", "B isolated",
    ),
    "operations covered, %": ("coverage as planned", "coverage, same draws"),
    "complementarity": ("complementarity", "complementarity, evaluable"),
    "latents": ("coupling", "CKA", "precision at 18, A", "precision at 18, B"),
}  # fmt: skip
"""The plan's four panels, by the columns of `evolution.compare_epochs`."""


def evolution(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The plan's four panels over its benchmark epochs, with its phases shaded."""
    figure, panels = _panels(2, 2)
    table = pd.DataFrame(rows).set_index("plan's epoch")
    for axes, (label, names) in zip(panels, PANELS.items(), strict=True):
        start = 0
        for place, (phase, end) in enumerate(schedules.PHASES.items()):
            axes.axvspan(start, end, color="#dddddd" if place % 2 else "#f3f3f3", zorder=0)
            axes.text(start + 3, 1.01, phase, fontsize=6, transform=axes.get_xaxis_transform())
            start = end
        for place, name in enumerate(names):
            values = table[name].astype(float) * (100 if "%" in label else 1)
            axes.plot(values, marker="o" if place < 3 else "x", label=name, markersize=4)
        axes.set_xlabel("the plan's epoch")
        axes.set_ylabel(label)
        axes.legend(frameon=False, fontsize=7)
    return figure


def latents(places: Mapping[str, Any]) -> Figure:
    """Two latent spaces in two dimensions: ``places[net]`` (N, 2), coloured by ``key`` (N,).

    Points of one colour are drawn together, which a fifth of the bytes is enough for.
    """
    figure, panels = _panels(1, 2)
    key = np.asarray(places["key"])
    shades = ScalarMappable(Normalize(key.min(), key.max()), "viridis")
    for axes, net in zip(panels, "AB", strict=True):
        points = np.asarray(places[net])
        for value in np.unique(key):
            axes.scatter(*points[key == value].T, color=shades.to_rgba(value), s=14, linewidths=0)
        axes.set_title(f"VAE-{net}", loc="left", fontsize=11)
        axes.set_xlabel("first principal component")
        axes.set_ylabel("second")
    figure.colorbar(shades, ax=list(panels), label=places["label"])
    return figure


def _panels(rows: int, columns: int) -> tuple[Figure, Sequence[Any]]:
    with matplotlib.rc_context(STYLE):
        size = (6.4, 4.6) if rows * columns == 1 else (5.2 * columns, 3.6 * rows)
        figure = Picture(figsize=size, layout="constrained", dpi=STYLE["figure.dpi"])
        return figure, list(np.ravel(figure.subplots(rows, columns)))
