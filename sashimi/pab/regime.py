"""What kind of run it was: its regime, where it converged, how many steps to a target."""

import numpy as np

from sashimi.pab.definitions import floats
from sashimi.pab.parameters import Parameters
from sashimi.pab.progress import sustained_crossing


def regime(stability, parameters: Parameters | None = None) -> str | None:
    """ "stable", "moderate", "chaotic" or "phase transition" of a stability series (T,).

    A transition (a restless first half, a calm second one) is tested first: its mean alone would
    read as moderate, stable or chaotic. None without known values.
    """
    p = parameters or Parameters()
    known = floats(stability)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return None
    before, after = known[: len(known) // 2], known[len(known) // 2 :]
    if (
        len(known) >= p.transition_points
        and before.mean() > p.transition_from
        and after.mean() < p.transition_to
    ):
        return "phase transition"
    if known.mean() < p.stable_below:
        return "stable"
    return "chaotic" if known.mean() > p.chaotic_above else "moderate"


def convergence_step(steps, stability, below: float = 0.10, points: int = 5) -> int | None:
    """First step from which `points` consecutive stability values are under `below`."""
    return sustained_crossing(steps, -floats(stability), np.nextafter(-below, np.inf), points)


def steps_to_target(steps, losses, target: float, sustained: int = 1) -> int | None:
    """First step at which the loss is at most `target`, for `sustained` consecutive points."""
    return sustained_crossing(steps, -floats(losses), -target, sustained)
