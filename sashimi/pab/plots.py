"""Static figures of one or several trajectories.

Only real points are drawn: a dot where something was measured, and lines that only join dots. The
step axis is the same in every panel.
"""

import math
import textwrap
from collections.abc import Mapping
from pathlib import Path

from matplotlib.patches import Rectangle

from sashimi.errors import BadInput
from sashimi.files import atomic
from sashimi.gates import GO, STOP
from sashimi.pab.compare import Band, Comparison
from sashimi.pab.curate import CLASSES, Report
from sashimi.pab.predict import Row
from sashimi.pab.profile import Profile
from sashimi.plots import COLOURS, canvas, png, svg

UNITS = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "stability": "stability (relative change)",
    "predictability": "predictability (loss²)",
    "log_predictability": "predictability of log loss",
    "generalization_gap": "validation - training loss",
    "crystallization": "share of trits unchanged",
    "sign_crystallization": "share of signs unchanged",
    "representation_evolution": "1 - cos of probe means",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm",
}
COLUMNS = 3
GALLERY = 5


def overlay(comparison: Comparison, names=("train_loss", "stability")):
    """A matplotlib Figure with one panel a series, rows by colour: seeds thin, their mean bold."""
    return _panels(comparison, list(names))


def small_multiples(comparison: Comparison, group: str):
    """A Figure with one panel a tier, domain, action or loss component of the runs."""
    names = [f"{group}/{name}" for name in comparison.names(group)]
    if not names:
        raise BadInput(f"no run reported {group}")
    return _panels(comparison, names)


def _panels(comparison: Comparison, names: list[str]):
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure, grid = canvas(4.2 * columns, 2.8 * rows + 0.6, rows, columns, sharex=True)
    axes = grid.ravel()
    labels: dict[str, object] = {}
    for axis, name in zip(axes, names, strict=False):
        bands = comparison.overlay(name)
        for row, band in bands.items():
            colour = COLOURS[list(comparison.rows).index(row) % len(COLOURS)]
            labels.setdefault(f"{row} (n={len(band.seeds)})", _draw(axis, band, colour))
        if not bands:
            axis.text(0.5, 0.5, "not reported", ha="center", transform=axis.transAxes)
        axis.set_ylabel(UNITS.get(name, name))
        if "/" in name and not name.startswith("components/"):
            axis.set_ylabel(f"{name.split('/', 1)[1]} (share correct)")
            axis.set_ylim(-0.02, 1.02)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis in axes[max(0, len(names) - columns) : len(names)]:
        axis.set_xlabel("step")
        axis.tick_params(labelbottom=True)
    if labels:
        figure.legend(labels.values(), labels.keys(), loc="outside upper left", ncols=3)
    if any(len(profiles) > 1 for profiles in comparison.rows.values()):
        figure.supxlabel("bold: mean over seeds; band: one standard deviation", fontsize=8)
    return figure


def _draw(axis, band: Band, colour: str):
    """Draw one row into a panel and return its handle for the legend."""
    weight = {"alpha": 0.45, "lw": 0.7} if len(band.seeds) > 1 else {"lw": 1.2}
    for series in band.seeds:
        (line,) = axis.plot(
            series.steps,
            series.values,
            color=colour,
            marker="." if len(series.steps) == 1 else "",
            **weight,
        )
    if len(band.seeds) > 1 and len(band.steps):
        axis.fill_between(band.steps, band.low, band.high, color=colour, alpha=0.15, lw=0)
        (line,) = axis.plot(band.steps, band.mean, color=colour, lw=2)
    return line


def data_map(report: Report):
    """A Figure of the data map: variability against confidence, a colour a class."""
    figure, ((axis,),) = canvas(6.4, 4.8)
    for i, kind in enumerate(CLASSES):
        ids = [id for id, example in report.examples.items() if example.kind == kind]
        points = [(report.map[id]["variability"], report.map[id]["confidence"]) for id in ids]
        known = [point for point in points if None not in point]
        if known:
            x, y = zip(*known, strict=True)
            axis.scatter(x, y, s=9, alpha=0.6, color=COLOURS[i], label=f"{kind} (n={len(ids)})")
    axis.set_xlabel("variability: deviation of exp(-loss) over checkpoints")
    axis.set_ylabel("confidence: mean of exp(-loss)")
    axis.set_ylim(-0.02, 1.02)
    axis.legend(fontsize=8)
    return figure


def gallery(runs: Mapping[str, Profile]):
    """A Figure of training losses, a panel a run, each on its own scale; a gap where missing."""
    rows = math.ceil(len(runs) / GALLERY)
    figure, grid = canvas(2.5 * GALLERY, 1.9 * rows + 0.3, rows, GALLERY, sharex=True)
    for axis, (run, profile) in zip(grid.ravel(), runs.items(), strict=False):
        series = profile.scalars["train_loss"]
        axis.plot(series.steps, series.values, color=COLOURS[0], lw=1, marker=".", ms=3)
        axis.set_title(textwrap.fill(run, 26), fontsize=9, loc="left")
    for axis in grid.ravel()[len(runs) :]:
        axis.set_visible(False)
    for axis in grid[-1]:
        axis.set_xlabel("step")
    for axis in grid[:, 0]:
        axis.set_ylabel(UNITS["train_loss"])
    return figure


def decisions(rows: list[dict], title: str = ""):
    """A Figure of `planted.judged`: a line a run, a column a gate, decision and value in a cell."""
    gates = [key for key in rows[0] if key != "run"]
    names = [textwrap.fill(gate.replace("_", " "), 14) for gate in gates]
    figure, ((axis,),) = canvas(3.2 + 1.25 * len(gates), 0.9 + 0.32 * len(rows))
    colours = {GO: COLOURS[2], STOP: COLOURS[5]}
    for y, row in enumerate(rows):
        for x, gate in enumerate(gates):
            colour = colours.get(row[gate].split()[0], "#999999")
            axis.add_patch(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, color=colour, alpha=0.3))
            axis.text(x, y, row[gate], ha="center", va="center", fontsize=8)
    axis.set_xlim(-0.5, len(gates) - 0.5)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xticks(range(len(gates)), names, fontsize=8)
    axis.set_yticks(range(len(rows)), [row["run"] for row in rows], fontsize=9)
    axis.tick_params(length=0)
    axis.xaxis.tick_top()
    axis.grid(visible=False)
    for side in axis.spines.values():
        side.set_visible(False)
    axis.set_title(title, loc="left", fontsize=11)
    return figure


def correlations(rows: list[Row], title: str = ""):
    """A Figure of `predictiveness`: rho with its interval; baselines apart, n in the label."""
    known = [row for row in rows if row.correlation.rho is not None]
    figure, ((axis,),) = canvas(7.6, 0.9 + 0.27 * len(known))
    for y, row in enumerate(known):
        c, colour = row.correlation, COLOURS[5 if row.baseline else 0]
        axis.plot([c.low, c.high], [y, y], color=colour, lw=1.5)
        axis.plot([c.rho], [y], color=colour, marker="o", ms=5)
    names = [f"{row.name} (n={row.correlation.n})" for row in known]
    axis.set_yticks(range(len(known)), names, fontsize=8)
    axis.set_ylim(len(known) - 0.5, -0.5)
    axis.set_xlim(-1.02, 1.02)
    axis.tick_params(axis="x", top=len(known) > 12, labeltop=len(known) > 12)
    axis.axvline(0, color="black", lw=0.8)
    axis.set_xlabel("rank correlation with the held-out result (bar: 95%, bootstrap)")
    axis.set_title(title, loc="left", fontsize=11)
    return figure


def save(figure, path: str | Path) -> Path:
    """Write a Figure as SVG or PNG by suffix, the same bytes for the same figure."""
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise BadInput(f"{path}: figures are written as .svg or .png")
    with atomic(path) as temporary:
        temporary.write_bytes(svg(figure) if path.suffix == ".svg" else png(figure, 120))
    return path
