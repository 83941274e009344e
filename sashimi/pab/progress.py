"""How tiers, domains and actions progress: when a share of successes was reached, and kept."""

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.definitions import floats


def sustained_crossing(steps, values, threshold: float, sustained: int = 3) -> int | None:
    """First step of the first run of `sustained` consecutive checkpoints at or above `threshold`.

    A missing value breaks a run. None when that never happens.
    """
    if sustained < 1:
        raise BadInput(f"sustained is {sustained}; it counts checkpoints, at least 1")
    length = 0
    for i, above in enumerate((floats(values) >= threshold).tolist()):
        length = length + 1 if above else 0
        if length == sustained:
            return int(np.asarray(steps)[i - sustained + 1])
    return None


def progression(profile) -> dict[str, dict]:
    """Per group and name: the step at which its threshold was reached, and the last share."""
    parameters, out = profile.parameters, {}
    for group in ("tiers", "domains", "actions"):
        out[group] = {}
        for name, counts in profile.group(group).items():
            threshold = parameters.threshold(group, name)
            share = counts.share
            reached = sustained_crossing(counts.steps, share, threshold, parameters.sustained)
            out[group][name] = {"reached": reached, "final": counts.series().last()}
    return out
