"""What curated runs are worth beside their control: the three questions, over pairs of one seed.

Letters: S seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sashimi.pab import Profile
from sashimi.pab.progress import trace
from sashimi.statistics import Interval, student
from sashimi.studies.trajectory.curation import CONTROL, CURATED

Profiles = Mapping[str, Sequence[Profile]]
"""By arm, one a seed, in the same order in every arm."""
UNSTABLE, NEVER = "unstable", "never"
SMOOTH = 3
"""Records that a domain's last share is averaged over."""


def contrast(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Mean of ours less theirs over pairs (S,), with Student's t interval over seeds."""
    return student(np.subtract(ours, theirs))


def reached(profile: Profile, target: float) -> float:
    """The share of a run's steps after which its dev loss is first at ``target`` nats or below; NaN
    where it never is."""
    dev = profile.scalars["val_loss"].known()
    at = np.flatnonzero(dev.values <= target)
    return float(dev.steps[at[0]] / profile.last_step()) if len(at) else float("nan")


def thresholds(control: Sequence[Profile], share: float = 0.8) -> dict[str, float]:
    """What a domain must hold to count as learned: a share of what the control holds at its last
    three records, on average over seeds. Domains in which it is never right are left out."""
    names = control[0].domains
    last = {name: np.mean([p.domains[name].share[-3:].mean() for p in control]) for name in names}
    return {name: share * float(value) for name, value in last.items() if value > 0}


def phases(profile: Profile, least: Mapping[str, float]) -> dict[str, str]:
    """Of each domain "unstable" (lost, or turning three times beyond noise), or in which third of
    the run it was learned: "early", "middle", "late" or "never"."""
    found = {}
    for name, threshold in least.items():
        told = trace(profile.domains[name], threshold, profile.last_step(), profile.parameters)
        found[name] = UNSTABLE if told["unstable_beyond_noise"] else told["phase"]
    return found


def weak(control: Sequence[Profile], least: Mapping[str, float]) -> list[str]:
    """Domains that are unstable, or never learned, at half of the control's seeds or more."""
    found = [phases(profile, least) for profile in control]
    bad = {name: np.mean([one[name] in (UNSTABLE, NEVER) for one in found]) for name in least}
    return [name for name, share in bad.items() if share >= 0.5]


def answers(profiles: Profiles, right: Mapping[str, Sequence[np.ndarray]]) -> dict[str, dict]:
    """Of each arm the numbers that the questions ask for, one a seed.

    Shares of domains are of all that can be judged, those of weak ones of the control's `weak`;
    steps are the share after which a run is where its control of the same seed ends, NaN for never.
    """
    least = thresholds(profiles[CONTROL])
    poor = weak(profiles[CONTROL], least)
    ends = [p.scalars["val_loss"].last() for p in profiles[CONTROL]]
    out: dict[str, dict] = {}
    for arm, own in profiles.items():
        found = [phases(profile, least) for profile in own]
        learned = [[one[name] not in (UNSTABLE, NEVER) for name in poor] for one in found]
        out[arm] = {
            "mean stability": [p.summary()["stability_mean"] for p in own],
            "share of domains unstable": [
                _mean([phase == UNSTABLE for phase in one.values()]) for one in found
            ],
            "share of weak domains learned": [_mean(one) for one in learned],
            "steps to the control's end": [
                reached(profile, end) for profile, end in zip(own, ends, strict=True)
            ],
            "dev loss at the end": [p.scalars["val_loss"].last() for p in own],
            "held-out tokens right": [float(each.mean()) for each in right[arm]],
        }
    return out


def _mean(each: Sequence[bool]) -> float:
    return float(np.mean(each)) if each else float("nan")


def compared(found: Mapping[str, Mapping[str, Sequence[float]]]) -> list[dict]:
    """Of each number: its mean in every arm, and the curated arm less each other."""
    rows = []
    for name in found[CONTROL]:
        row = {"number": name} | {arm: student(values[name]) for arm, values in found.items()}
        for arm in found:
            if arm != CURATED:
                row[f"less {arm}"] = contrast(found[CURATED][name], found[arm][name])
        rows.append(row)
    return rows
