"""Ending a run that goes nowhere, by a rule that was part of the plan, with its reason.

Three cases, tried in order on what was reported, and on nothing else:
1. low accuracy, unstable and unpredictable loss: stop;
2. low accuracy but steady and improving: go on, whatever case 3 would say;
3. accuracy flat over the last 200 steps and more, and not high: stop.
The rule is off unless `enabled`: a run that is judged by the accuracy that would end it must not
use it, or its row says so.
"""

import math
from dataclasses import dataclass

import numpy as np

from sashimi.pab.derive import NOTHING
from sashimi.ranks import spearman


@dataclass(frozen=True)
class ExitRule:
    """Thresholds of the three cases; shares between 0 and 1, steps of the run."""

    enabled: bool = False
    tier: str = "tier1"
    from_step: int = 200  # too early to judge before
    low: float = 0.60  # case 1: the tier is below this,
    unstable: float = 0.30  # the mean of the recent stability above this,
    unpredictable: float = 0.10  # and the predictability above this
    slow: float = 0.70  # case 2: the tier is below this,
    steady: float = 0.15  # the recent stability below this,
    rising: float = 0.5  # and the trend above this
    plateau_from: int = 400  # case 3: the run is past this step,
    flat: float = 0.05  # the trend below this,
    plateau: float = 0.75  # and the tier below this
    span: int = 200  # steps that a trend must cover, and the age at which a report is stale
    recent: int = 5  # stability points in a recent mean
    points: int = 10  # tier points in a trend, more where they do not cover the span


@dataclass(frozen=True)
class Exit:
    """Whether to stop, by which case (None: no case applied), and the numbers it rests on."""

    stop: bool
    case: int | None
    reason: str
    step: int
    evidence: dict


def early_exit(profile, rule: ExitRule | None = None) -> Exit:
    """Judge the profile of a run in progress, such as `tracker.profile()`."""
    rule = rule or ExitRule()
    step = profile.last_step()
    if not rule.enabled:
        return Exit(False, None, "the rule is off", step, {})
    if step < rule.from_step:
        return Exit(False, None, f"step {step} is before {rule.from_step}", step, {})
    known = _evidence(profile, rule, step)
    missing = [name for name, value in known.items() if value is None]
    numbers = (math.nan if v is None else v for v in known.values())  # NaN passes no limit
    accuracy, trend, stability, predictability = numbers
    if accuracy < rule.low and stability > rule.unstable and predictability > rule.unpredictable:
        return Exit(True, 1, "low accuracy, unstable and unpredictable", step, known)
    if accuracy < rule.slow and stability < rule.steady and trend > rule.rising:
        return Exit(False, 2, "low accuracy, but steady and improving", step, known)
    if step > rule.plateau_from and trend < rule.flat and accuracy < rule.plateau:
        return Exit(True, 3, f"accuracy flat over {rule.span} steps and more", step, known)
    reason = f"not reported: {', '.join(missing)}" if missing else "no case applies"
    return Exit(False, None, reason, step, known)


def _evidence(profile, rule: ExitRule, step: int) -> dict[str, float | None]:
    """The numbers of the rule; None where they were not reported, or not lately enough."""
    recent = profile.derived.get("stability", NOTHING).known().values[-rule.recent :]
    accuracy, trend = _tier(profile.tiers.get(rule.tier), rule, step)
    return {
        rule.tier: accuracy,
        "trend": trend,
        "stability": float(recent.mean()) if len(recent) == rule.recent else None,
        "predictability": profile.derived.get("predictability", NOTHING).last(),
    }


def _tier(counts, rule: ExitRule, step: int) -> tuple[float | None, float | None]:
    """The tier's last share and the rank correlation of its recent shares with their steps.

    A tier that never changes has no trend: 0, not missing.
    """
    known = counts.series().known() if counts else NOTHING
    if not len(known) or known.steps[-1] < step - rule.span:
        return None, None
    accuracy = float(known.values[-1])
    old = np.flatnonzero(known.steps <= known.steps[-1] - rule.span)
    if len(old) == 0 or len(known) < 3:
        return accuracy, None
    start = max(0, min(int(old[-1]), len(known) - rule.points))
    trend = spearman(known.steps[start:], known.values[start:])
    return accuracy, 0.0 if trend is None else trend
