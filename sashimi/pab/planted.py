"""Trajectories whose fate is known, to see what a gate lets through and refuses.

Each differs from a healthy run (its loss falls by 5% a checkpoint, it learns, it crystallizes)
in one thing, which its name says.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from sashimi.gates import Gate, Verdict
from sashimi.pab.profile import Profile
from sashimi.pab.tracker import Tracker
from sashimi.pab.trajectory import judge

CHECKPOINTS = 20
INTERVAL = 50
WEIGHTS = 1000

HEALTHY = {
    "loss": lambda i: 4 * 0.95**i,
    "tier1": lambda i: min(0.95, 0.2 + 0.1 * i),
    "files": lambda i: 0.80,
    "flips": lambda i: 0.2 * 0.7**i,
}
"""By checkpoint from 0: loss; share correct of a tier and of a domain; share of trits that flip."""

CASES: dict[str, dict[str, Callable[[int], float]]] = {
    "healthy": {},
    "stuck at chance": {
        "loss": lambda i: 3 + 0.02 * math.sin(7 * i),
        "tier1": lambda i: 0.1,
        "files": lambda i: 0.1,
        "flips": lambda i: 0.001,
    },
    "clean decay, ×0.8 a checkpoint": {"loss": lambda i: 4 * 0.8**i},
    "the loss in other units, ×1000": {"loss": lambda i: 4000 * 0.95**i},
    "chaotic to the end": {"loss": lambda i: 4 * 0.9**i * (1.8 if i % 2 else 1)},
    "one NaN on the way": {"loss": lambda i: math.nan if i == 12 else 4 * 0.95**i},
    "crystallized from the start": {"flips": lambda i: 0.0},
    "still flipping 5% a checkpoint at the end": {"flips": lambda i: 0.2 - 0.0075 * i},
    "one lucky checkpoint of a domain": {"files": lambda i: 0.86 if i == 7 else 0.70},
    "a domain lost at the end": {"files": lambda i: 0.85 if i < 16 else 0.40},
}


def profiles(folder: str | Path) -> dict[str, Profile]:
    """Every case as a recorded run below `folder`, by its name."""
    return {
        name: _record(Path(folder) / str(place), HEALTHY | case)
        for place, (name, case) in enumerate(CASES.items())
    }


def _record(folder: Path, curves: Mapping[str, Callable[[int], float]]) -> Profile:
    tracker = Tracker(folder, seed=0, interval=INTERVAL, resume=False)
    rng, weights = np.random.default_rng(0), np.ones(WEIGHTS, np.int8)
    for i in range(CHECKPOINTS):
        weights[rng.permutation(WEIGHTS)[: round(WEIGHTS * curves["flips"](i))]] *= -1
        tracker.record(
            INTERVAL * (i + 1),
            curves["loss"](i),
            tiers={"tier1": (round(100 * curves["tier1"](i)), 100)},
            domains={"api": (90, 100), "files": (round(100 * curves["files"](i)), 100)},
            trits=[("all", weights)],
        )
    return tracker.finish()


def judged(folder: str | Path, gates: Mapping[str, Gate]) -> list[dict]:
    """A row a case and a column a gate, each with the decision and the value it rests on."""
    return [
        {"run": name, **{verdict.gate: _cell(verdict) for verdict in judge(profile, gates)}}
        for name, profile in profiles(folder).items()
    ]


def _cell(verdict: Verdict) -> str:
    if verdict.value is None:
        return verdict.decision
    return f"{verdict.decision} ({0 if abs(verdict.value) < 1e-9 else verdict.value:.3g})"
