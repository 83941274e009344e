"""The numbers of the published plan, placeholders included, to compare with its gates.

What differs from our own: the first stability is 0.0 and counts in the mean; a missing
crystallization repeats the last one, or 0.0; one checkpoint is enough to converge; the
crystallization slope is per checkpoint, not per 1,000 steps; a transition is only looked for when
the mean is moderate. Nothing here is used anywhere else.
"""

import numpy as np

from sashimi.pab import definitions as d
from sashimi.pab.derive import NOTHING
from sashimi.pab.progress import sustained_crossing
from sashimi.pab.regime import convergence_step
from sashimi.pab.series import Series

TIERS = {"tier1": 0.80, "tier2": 0.70}


def paper_summary(profile) -> dict:
    """The plan's single numbers by its own names; {} where nothing was recorded."""
    train, val = profile.scalars["train_loss"], profile.scalars.get("val_loss", NOTHING)
    steps, losses = train.steps, train.values
    if len(steps) == 0:
        return {}
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss makes NaN, as in the plan
        changes = np.abs(losses[:-1] - losses[1:]) / (np.abs(losses[:-1]) + d.EPSILON)
        stability = np.concatenate([[0.0], changes])
        last = np.diff(losses[-d.WINDOW - 1 :])
        variance = np.var(last) if len(last) >= 2 else 0.0
        mean, deviation = stability.mean(), stability.std()
    weights = profile.weights.get("signs", profile.weights.get("trits"))
    crystallization = _carried(steps, weights.series() if weights else NOTHING)
    rises = np.flatnonzero(np.diff(val.values) > 0)
    return {
        "stability_mean": _number(mean),
        "stability_std": _number(deviation),
        "predictability_final": _number(variance),
        **{f"{name}_convergence_step": _reached(profile, name) for name in TIERS},
        "crystallization_rate": d.slope(range(len(steps)), crystallization, per=1) or 0.0,
        "convergence_epoch": convergence_step(steps, stability),
        "early_stop_epoch": int(val.steps[rises[0] + 1]) if len(rises) else None,
        "stability_regime": _regime(stability),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _carried(steps: np.ndarray, series: Series) -> np.ndarray:
    """Values on `steps`, the last one repeated where there is none, 0.0 before the first."""
    places = np.searchsorted(series.steps, steps, side="right")
    return np.concatenate([[0.0], series.values])[places]


def _reached(profile, name: str) -> int | None:
    """The first checkpoint at which a tier's share is the plan's."""
    tier = profile.tiers.get(name)
    return sustained_crossing(tier.steps, tier.share, TIERS[name], 1) if tier else None


def _regime(stability: np.ndarray) -> str:
    mean, half = stability.mean(), len(stability) // 2
    if mean < 0.15:
        return "stable"
    if mean > 0.30:
        return "chaotic"
    halves = stability[:half].mean() > 0.25 and stability[half:].mean() < 0.15 if half else False
    return "phase_transition" if len(stability) >= 10 and halves else "moderate"
