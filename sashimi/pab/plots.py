"""Static figures of one or several trajectories; matplotlib is imported when one is drawn.

Only real points are drawn: a dot where something was measured, and lines that only join dots. The
step axis is the same in every panel.
"""

import math
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.files import atomic
from sashimi.pab.compare import Band, Comparison
from sashimi.pab.curate import CLASSES, Report

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
    from matplotlib.figure import Figure

    from sashimi.plots import COLOURS

    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(4.2 * columns, 2.8 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    labels: dict[str, object] = {}
    for axis, name in zip(axes, names, strict=False):
        bands = comparison.overlay(name)
        for row, band in bands.items():
            colour = COLOURS[list(comparison.rows).index(row) % len(COLOURS)]
            labels.setdefault(f"{row} (n={len(band.seeds)})", _draw(axis, band, colour))
        if not bands:
            axis.text(0.5, 0.5, "not reported", ha="center", transform=axis.transAxes)
        axis.set_ylabel(UNITS.get(name, name))
        if name.split("/")[0] in ("tiers", "domains", "actions"):
            axis.set_ylabel(f"{name.split('/', 1)[1]} (share correct)")
            axis.set_ylim(-0.02, 1.02)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis in axes[max(0, len(names) - columns) : len(names)]:
        axis.set_xlabel("step")
        axis.tick_params(labelbottom=True)
    if labels:
        figure.legend(labels.values(), labels.keys(), loc="outside upper left", ncols=3)
    figure.supxlabel("bold: mean over seeds; band: one standard deviation", fontsize=8)
    return figure


def _draw(axis, band: Band, colour: str):
    """Draw one row into a panel and return its handle for the legend."""
    for series in band.seeds:
        (line,) = axis.plot(
            series.steps, series.values, color=colour, alpha=0.45, lw=0.7, marker=".", ms=2.5
        )
    if len(band.seeds) > 1 and len(band.steps):
        axis.fill_between(band.steps, band.low, band.high, color=colour, alpha=0.15, lw=0)
        (line,) = axis.plot(band.steps, band.mean, color=colour, lw=2)
    return line


def data_map(report: Report):
    """A Figure of the data map: variability against confidence, a colour a class."""
    from matplotlib.figure import Figure

    from sashimi.plots import COLOURS

    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axis = figure.subplots()
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


def save(figure, path: str | Path) -> Path:
    """Write a Figure as SVG or PNG by suffix, the same bytes for the same figure."""
    import matplotlib

    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise BadInput(f"{path}: figures are written as .svg or .png")
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "sashimi"}), atomic(path) as temporary:
        figure.savefig(temporary, metadata=metadata, dpi=120)
    return path
