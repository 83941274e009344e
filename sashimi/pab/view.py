"""A profile to look at while it grows: plain text for a terminal, a figure for a notebook.

In a terminal:       python -m sashimi.pab.view reports/flagship/00_full/seed0
In a notebook that trains, in the loop:            view.redraw(tracker.profile())
In a notebook beside a run that trains elsewhere:  view.watch(folder, show=view.redraw)
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.profile import JOURNAL, Profile
from sashimi.pab.progress import band
from sashimi.pab.series import Series

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 32
UNFINISHED = "interrupted"
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
    origin, numbers = profile.origin, profile.numbers
    lines = [
        f"{_status(profile)}  seed {origin.seed}  step {numbers['last_step']}  "
        f"{numbers['checkpoints']} checkpoints  {origin.seconds:.1f} s  "
        f"(tracker {origin.overhead_seconds:.3f} s)"
    ]
    for name in CURVES:
        series = profile.series(name)
        if series is not None and len(series):
            last = series.last()
            told = "-" if last is None else f"{last:.4g}"
            lines.append(f"{name:<26} {told:>10}  {spark(series)}")
    for group in ("tiers", "domains"):
        for name, entry in profile.progress[group].items():
            share = "-" if entry["final"] is None else f"{entry['final']:.1%}"
            curve = spark(profile.group(group)[name].series())
            label = f"{group[:-1]} {name}"
            lines.append(f"{label:<26} {share:>10}  {curve:<{WIDTH}}  {_story(entry)}")
    regime, settled = numbers["regime"], numbers["convergence_step"]
    lines.append(f"regime {regime or 'unknown'}; loss settled at step {settled or '-'}")
    if numbers["missing_losses"]:
        lines.append(f"{numbers['missing_losses']} losses missing or not finite")
    return "\n".join([*lines, *origin.notes])


def _status(profile: Profile) -> str:
    """A journal without an end may be of a run that trains, or of one that was killed."""
    status = profile.origin.status
    return "unfinished" if status == UNFINISHED else status


def _story(entry: dict) -> str:
    when = "" if entry["reached"] is None else f" at {entry['reached']}"
    return f"{entry['phase']}{when}" + (", unstable" if entry["unstable_beyond_noise"] else "")


def figure(profile: Profile):
    """A matplotlib Figure: losses, stability, crystallization, and tiers with Wilson's band."""
    from sashimi.plots import COLOURS, canvas

    out, axes = canvas(9.6, 5.4, 2, 2, sharex=True)
    panels = (
        (("train_loss", "val_loss"), "loss"),
        (("stability",), "stability (relative change)"),
        (("crystallization", "sign_crystallization"), "share of weights unchanged"),
        ((), "share correct (band: 95%, Wilson)"),
    )
    tiers = axes[1, 1]
    for (name, counts), colour in zip(profile.tiers.items(), COLOURS, strict=False):
        low, high = band(counts, profile.parameters.z)
        tiers.plot(counts.steps, counts.share, marker=".", ms=3, lw=1, color=colour, label=name)
        tiers.fill_between(counts.steps, low, high, color=colour, alpha=0.15, lw=0)
    for axis, (names, label) in zip(axes.flat, panels, strict=True):
        for name, colour in zip(names, COLOURS, strict=False):
            series = profile.series(name)
            if series is not None and len(series):
                drawn = {"marker": ".", "ms": 3, "lw": 1, "color": colour, "label": name}
                axis.plot(series.steps, series.values, **drawn)
        axis.set_ylabel(label)
        if axis.lines:
            axis.legend(fontsize=8, frameon=False)
        else:
            axis.text(0.5, 0.5, "not reported", ha="center", transform=axis.transAxes)
    tiers.set_ylim(-0.02, 1.02)
    for axis in axes[1]:
        axis.set_xlabel("step")
    told = f"{profile.numbers['checkpoints']} checkpoints"
    out.suptitle(f"{_status(profile)}, seed {profile.origin.seed}, {told}", fontsize=10)
    return out


def redraw(profile: Profile) -> None:
    """Show the figure in place of what the cell showed before: a live view in a notebook."""
    from IPython.display import display

    display(figure(profile), clear=True)


def tell(profile: Profile) -> None:
    """Print the text; on a terminal, on a screen wiped first."""
    print(("\033[2J\033[H" if sys.stdout.isatty() else "") + text(profile), flush=True)


def watch(
    directory: str | Path, every: float = 2.0, show: Callable[[Profile], None] = tell
) -> Profile:
    """Show a run whenever its journal has grown, until the run finishes.

    Returns the finished profile, at once where there is only that. Raises BadInput when the
    folder has neither.
    """
    path, size = Path(directory) / JOURNAL, -1
    while path.exists():
        grown, profile = path.stat().st_size, Profile.load(path)
        if grown != size:
            size = grown
            show(profile)
        if profile.origin.status != UNFINISHED:
            return profile
        time.sleep(every)
    profile = Profile.load(directory)
    show(profile)
    return profile


def main(words: list[str]) -> int:
    """``python -m sashimi.pab.view [--once] FOLDER``: 0 when shown, 2 for bad use."""
    rest = [word for word in words if word != "--once"]
    if len(rest) != 1 or rest[0].startswith("-"):
        print("usage: python -m sashimi.pab.view [--once] FOLDER", file=sys.stderr)
        return 2
    folder = Path(rest[0])
    try:
        if "--once" in words:
            tell(Profile.load(folder / JOURNAL if (folder / JOURNAL).exists() else folder))
        else:
            watch(folder)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
