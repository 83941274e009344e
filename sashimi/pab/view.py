"""A profile to look at while it grows: plain text for a terminal, a figure for a notebook.

In a notebook:    display(view.figure(tracker.profile()), clear=True)
In a terminal:    view.watch("reports/flagship/00_full/seed0")
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sashimi.pab.profile import JOURNAL, Profile
from sashimi.pab.progress import band
from sashimi.pab.series import Series

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 32
CURVES = (
    "train_loss",
    "val_loss",
    "stability",
    "log_predictability",
    "generalization_gap",
    "crystallization",
    "representation_evolution",
)


def spark(series: Series, width: int = WIDTH) -> str:
    """A line of blocks, low to high: the last point of each of `width` parts of the step range.

    A part without a point stays blank, one whose point is not finite shows "!".
    """
    if len(series) == 0:
        return ""
    first, last = int(series.steps[0]), int(series.steps[-1])
    known = series.known().values
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    cells = [" "] * width
    for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
        place = (step - first) * (width - 1) // max(1, last - first)
        if not np.isfinite(value):
            cells[place] = "!"
            continue
        height = (value - low) / (high - low) if high > low else 0.0
        cells[place] = BLOCKS[min(len(BLOCKS) - 1, int(height * len(BLOCKS)))]
    return "".join(cells).rstrip()


def text(profile: Profile) -> str:
    """The state of a run on a screen: curves, tiers, domains, and what stands out."""
    origin, numbers = profile.origin, profile.summary()
    lines = [
        f"{origin.status}  seed {origin.seed}  step {numbers['last_step']}  "
        f"{numbers['checkpoints']} checkpoints  {origin.seconds:.1f} s  "
        f"(tracker {origin.overhead_seconds:.3f} s)"
    ]
    for name in CURVES:
        series = profile.series(name)
        if series is not None and len(series):
            lines.append(f"{name:<26} {_number(series.last()):>10}  {spark(series)}")
    for group in ("tiers", "domains"):
        for name, entry in profile.progress[group].items():
            series = profile.series(f"{group}/{name}")
            lines.append(
                f"{group[:-1] + ' ' + name:<26} {_share(entry):>10}  {spark(series):<{WIDTH}}  "
                f"{_story(entry)}"
            )
    regime, settled = numbers["regime"], numbers["convergence_step"]
    lines.append(f"regime {regime or 'unknown'}; loss settled at step {settled or '-'}")
    if numbers["missing_losses"]:
        lines.append(f"{numbers['missing_losses']} losses missing or not finite")
    return "\n".join([*lines, *origin.notes])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _share(entry: dict) -> str:
    return "-" if entry["final"] is None else f"{entry['final']:.1%}"


def _story(entry: dict) -> str:
    when = "" if entry["reached"] is None else f" at {entry['reached']}"
    return f"{entry['phase']}{when}" + (", unstable" if entry["unstable_beyond_noise"] else "")


def figure(profile: Profile):
    """A matplotlib Figure: losses, stability, crystallization, and tiers with Wilson's band."""
    from matplotlib.figure import Figure

    from sashimi.plots import COLOURS

    out = Figure(figsize=(9.6, 5.4), layout="constrained")
    axes = out.subplots(2, 2, sharex=True)
    panels = (
        (axes[0, 0], ("train_loss", "val_loss"), "loss"),
        (axes[0, 1], ("stability",), "stability (relative change)"),
        (axes[1, 0], ("crystallization", "sign_crystallization"), "share of weights unchanged"),
    )
    for axis, names, label in panels:
        _curves(axis, {name: profile.series(name) for name in names}, label)
    tiers = axes[1, 1]
    for (name, counts), colour in zip(profile.tiers.items(), COLOURS, strict=False):
        low, high = band(counts, profile.parameters.z)
        tiers.plot(counts.steps, counts.share, marker=".", ms=3, lw=1, color=colour, label=name)
        tiers.fill_between(counts.steps, low, high, color=colour, alpha=0.15, lw=0)
    _finish(tiers, "share correct (band: 95%, Wilson)")
    tiers.set_ylim(-0.02, 1.02)
    for axis in axes[1]:
        axis.set_xlabel("step")
    out.suptitle(
        f"{profile.origin.status}, seed {profile.origin.seed}, "
        f"{profile.summary()['checkpoints']} checkpoints",
        fontsize=10,
    )
    return out


def _curves(axis, named: dict[str, Series | None], label: str) -> None:
    from sashimi.plots import COLOURS

    for (name, series), colour in zip(named.items(), COLOURS, strict=False):
        if series is not None and len(series):
            axis.plot(series.steps, series.values, marker=".", ms=3, lw=1, color=colour, label=name)
    _finish(axis, label)


def _finish(axis, label: str) -> None:
    axis.set_ylabel(label)
    if axis.lines:
        axis.legend(fontsize=8, frameon=False)
    else:
        axis.text(0.5, 0.5, "not reported", ha="center", transform=axis.transAxes)


def watch(
    directory: str | Path, every: float = 2.0, show: Callable[[str], None] = print
) -> Profile:
    """Show the text of a run's journal whenever it has grown, until the run finishes.

    Returns the finished profile. Raises BadInput when the folder has no journal.
    """
    path, size = Path(directory) / JOURNAL, -1
    while True:
        profile = Profile.load(path)
        if path.stat().st_size != size:
            size = path.stat().st_size
            show(text(profile))
        if profile.origin.status != "interrupted":
            return profile
        time.sleep(every)
