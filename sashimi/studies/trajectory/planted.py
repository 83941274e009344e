"""Runs and examples whose nature is known, to see what gates and the curator make of them.

Each run differs from a healthy run (its loss falls by 5% a checkpoint, it learns, it crystallizes)
in one thing, which its name says.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from sashimi.gates import Gate, Verdict
from sashimi.pab.dynamics import Dynamics, Trajectories, margin
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


UNSOUND = (
    "stuck at chance",
    "chaotic to the end",
    "one NaN on the way",
    "still flipping 5% a checkpoint at the end",
    "a domain lost at the end",
)
"""The cases that should be refused; this is a judgement of ours, and ours are the cases too."""

KINDS, WIDTH = 5, 20  # classes and inputs of the planted examples


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


def examples(seed: int = 0, rate: float = 0.02, epochs: int = 30) -> Trajectories:
    """A softmax regression by SGD over 380 planted examples, each recorded after every epoch.

    Their ids say what they are: 300 "clean" (clusters that overlap), 40 "wrong" (a wrong label),
    20 "copy" (one example again and again), 20 "pair" (two examples with one input and two labels).
    """
    rng = np.random.default_rng(seed)
    ids, x, y = _examples(rng)
    weights, n = np.zeros((WIDTH, KINDS)), len(y)
    recorder = Dynamics(ids)
    for epoch in range(epochs):
        for batch in np.array_split(rng.permutation(n), n // 16):
            error = np.exp(_log_softmax(x[batch] @ weights))
            error[np.arange(len(batch)), y[batch]] -= 1
            weights -= rate * x[batch].T @ error / len(batch)
        logits = x @ weights
        loss = -_log_softmax(logits)[np.arange(n), y]
        recorder.record(epoch, ids, loss, logits.argmax(1) == y, margin(logits, y))
    return recorder.trajectories()


def _examples(rng: np.random.Generator) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Ids, inputs (N, WIDTH) and labels (N,)."""
    centres = 1.2 * rng.normal(size=(KINDS, WIDTH))

    def near(labels: np.ndarray, noise: float) -> np.ndarray:
        return centres[labels] + noise * rng.normal(size=(len(labels), WIDTH))

    clean, wrong, pair = (rng.integers(0, KINDS, n) for n in (300, 40, 10))
    twice = rng.permuted(np.tile(np.arange(KINDS), (10, 1)), axis=1)[:, :2].ravel()
    parts = {
        "clean": (near(clean, 1.0), clean),
        "wrong": (near(wrong, 0.3), (wrong + rng.integers(1, KINDS, 40)) % KINDS),
        "copy": (np.repeat(near(np.array([2]), 0.5), 20, 0), np.full(20, 2)),
        "pair": (np.repeat(near(pair, 0.3), 2, 0), twice),
    }
    ids = [f"{name}-{i}" for name, (_, labels) in parts.items() for i in range(len(labels))]
    return ids, *(np.concatenate(columns) for columns in zip(*parts.values(), strict=True))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _cell(verdict: Verdict) -> str:
    if verdict.value is None:
        return verdict.decision
    return f"{verdict.decision} ({0 if abs(verdict.value) < 1e-9 else verdict.value:.3g})"
