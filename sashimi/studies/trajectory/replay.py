"""Rules that end runs early, replayed on runs that were trained to their end.

A rule says after how many of its steps each run of a group would have ended. What that costs is
known: the best run must not be among the dead. Letters: N runs of a group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.pab.early_exit import ExitRule, early_exit
from sashimi.pab.regime import convergence_step
from sashimi.studies.trajectory.early import ema
from sashimi.studies.trajectory.runs import Ended

Rule = Callable[[Sequence[Ended]], np.ndarray]
"""Of the runs of a group, the share of its steps that each is given: (N,), 1 to the end."""
RUNGS = (0.125, 0.25, 0.5)


def protocol(runs: Sequence[Ended]) -> np.ndarray:
    """The plan's protocol (`sashimi.pab.early_exit`), judged at every checkpoint in turn."""
    return np.array([_ended(run.profile, ExitRule(enabled=True)) for run in runs])


def last_value(runs: Sequence[Ended]) -> np.ndarray:
    """The worse half by the last training loss ends at a quarter."""
    return np.where(_worse(_losses(runs, 0.25, lambda x: x[-1])), 0.25, 1.0)


def summed(runs: Sequence[Ended]) -> np.ndarray:
    """The worse half by TSE-EMA ends at a quarter."""
    return np.where(_worse(_losses(runs, 0.25, ema)), 0.25, 1.0)


def halving(runs: Sequence[Ended]) -> np.ndarray:
    """The worse half of those left ends at an eighth, a quarter and a half, by the last loss."""
    given = np.ones(len(runs))
    for at in RUNGS:
        left = np.flatnonzero(given == 1)
        if len(left) > 1:
            worse = _worse(_losses([runs[i] for i in left], at, lambda x: x[-1]))
            given[left[worse]] = at
    return given


RULES: Mapping[str, Rule] = {
    "the plan's protocol": protocol,
    "last value": last_value,
    "TSE-EMA": summed,
    "halving": halving,
}


@dataclass(frozen=True)
class Replayed:
    """One rule on one group. ``saved`` is a share of all steps, ``lost`` what the best survivor is
    worth less than the best of all (in the result's unit)."""

    rule: str
    group: str
    n: int
    ended: int
    saved: float
    best_survives: bool
    lost: float


def replay(runs: Sequence[Ended], rule: str) -> Replayed:
    """What a rule would have done to runs of one group. If it ends all, the best of those that
    lived longest is taken."""
    given = RULES[rule](runs)
    steps = np.array([run.profile.last_step() for run in runs], dtype=float)
    results = np.array([run.result for run in runs])
    alive = given == given.max()
    return Replayed(
        rule,
        runs[0].group,
        len(runs),
        int((given < 1).sum()),
        float(1 - (given * steps).sum() / steps.sum()),
        bool(given[results.argmax()] == 1),
        float(results.max() - results[alive].max()),
    )


def stops(profile, patience: int = 5, dev: str = "val_loss") -> dict[str, int | None]:
    """Steps at which one run would have stopped itself, None for never: by the plan's convergence
    step, by patience (so many records without a new best of ``dev``, lower is better), by last
    value (so many records in which the training loss fell by less than a hundredth each)."""
    stability, loss = profile.derived.get("stability"), profile.scalars["train_loss"]
    series = profile.series(dev)
    flat = -np.diff(loss.values) < 0.01 * loss.values[:-1]
    return {
        "convergence step": convergence_step(stability.steps, stability.values)
        if stability
        else None,
        "patience": _patient(series, patience) if series is not None else None,
        "last value": _first_run(loss.steps[1:], flat, patience),
    }


def _patient(series, patience: int) -> int | None:
    best, since = math.inf, 0
    for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
        best, since = (value, 0) if value < best else (best, since + 1)
        if since == patience:
            return step
    return None


def _first_run(steps: np.ndarray, holds: np.ndarray, length: int) -> int | None:
    """The step at which ``holds`` has been true ``length`` times in a row."""
    for i in range(length - 1, len(holds)):
        if holds[i - length + 1 : i + 1].all():
            return int(steps[i])
    return None


def _ended(profile, rule: ExitRule) -> float:
    """The share of the steps after which the protocol ends a run; 1 if never before its end."""
    steps = profile.scalars["train_loss"].steps
    for step in steps[(steps >= rule.from_step) & (steps < steps[-1])]:
        if early_exit(profile.until(step), rule).stop:
            return float(step / steps[-1])
    return 1.0


def _losses(runs: Sequence[Ended], at: float, of: Callable[[np.ndarray], float]) -> np.ndarray:
    """A number of each run's losses up to a share of its steps, infinite where there are none."""
    found = []
    for run in runs:
        loss = run.profile.scalars["train_loss"].until(at * run.profile.last_step()).known().values
        found.append(of(loss) if len(loss) else math.inf)
    return np.array(found)


def _worse(losses: np.ndarray) -> np.ndarray:
    """The worse half, rounded down, ties in the order of the runs: bool (N,)."""
    worse = np.zeros(len(losses), dtype=bool)
    worse[np.argsort(losses, kind="stable")[(len(losses) + 1) // 2 :]] = True
    return worse
