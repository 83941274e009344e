"""The numbers of the published plan, placeholders included, to compare with its gates.

What differs from our own: the first stability is 0.0 and counts in the mean; an unreported tier
reads 0.0; a missing gap or crystallization repeats the last one, or 0.0; one checkpoint is enough
to converge; the crystallization slope is per checkpoint, not per 1,000 steps; a transition is
only looked for when the mean is moderate. Nothing here is used anywhere else.
"""

import numpy as np

from sashimi.pab import definitions as d
from sashimi.pab.regime import convergence_step
from sashimi.pab.series import Series

TIERS = {"tier1": 0.80, "tier2": 0.70, "tier3": 0.80}


def paper_series(profile) -> dict[str, np.ndarray]:
    """The plan's series by name, one value a checkpoint (T,), NaN losses left in."""
    train = profile.scalars["train_loss"]
    steps, losses = train.steps, train.values
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss makes NaN, as in the plan
        changes = np.abs(losses[:-1] - losses[1:]) / (np.abs(losses[:-1]) + d.EPSILON)
        windows = [np.diff(losses[max(0, t - d.WINDOW) : t + 1]) for t in range(len(losses))]
        variances = [np.var(window) if len(window) >= 2 else 0.0 for window in windows]
    weights = profile.weights.get("signs", profile.weights.get("trits"))
    out = {
        "stability": np.concatenate([[0.0], changes])[: len(losses)],
        "predictability": np.array(variances),
        "generalization_gap": _carried(steps, profile.derived.get("generalization_gap")),
        "crystallization": _carried(steps, weights.series() if weights else None),
    }
    for name in TIERS:
        tier = profile.tiers.get(name)
        known = {} if tier is None else dict(zip(tier.steps.tolist(), tier.share, strict=True))
        out[name] = np.array([known.get(step, 0.0) for step in steps.tolist()])
    return out


def _carried(steps: np.ndarray, series: Series | None) -> np.ndarray:
    """Values on `steps`, the last one repeated where there is none, 0.0 before the first."""
    known = {} if series is None else dict(zip(series.steps.tolist(), series.values, strict=True))
    out, last = [], 0.0
    for step in steps.tolist():
        last = known.get(step, last)
        out.append(float(last))
    return np.array(out)


def paper_summary(profile) -> dict:
    """The plan's single numbers by its own names."""
    series, steps = paper_series(profile), profile.scalars["train_loss"].steps
    if len(steps) == 0:
        return {}
    stability = series["stability"]
    with np.errstate(invalid="ignore", over="ignore"):
        mean, deviation = stability.mean(), stability.std()
    return {
        "stability_mean": _number(mean),
        "stability_std": _number(deviation),
        "predictability_final": _number(series["predictability"][-1]),
        "tier1_convergence_step": _first(steps, series["tier1"], TIERS["tier1"]),
        "tier2_convergence_step": _first(steps, series["tier2"], TIERS["tier2"]),
        "crystallization_rate": d.slope(range(len(steps)), series["crystallization"], per=1) or 0.0,
        "convergence_epoch": convergence_step(steps, stability),
        "early_stop_epoch": _first_rise(profile.scalars.get("val_loss")),
        "stability_regime": _regime(stability),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _first(steps, shares, threshold: float) -> int | None:
    over = np.flatnonzero(shares >= threshold)
    return int(steps[over[0]]) if len(over) else None


def _first_rise(val: Series | None) -> int | None:
    if val is None:
        return None
    rises = np.flatnonzero(np.diff(val.values) > 0)
    return int(val.steps[rises[0] + 1]) if len(rises) else None


def _regime(stability: np.ndarray) -> str:
    mean, half = stability.mean(), len(stability) // 2
    if mean < 0.15:
        return "stable"
    if mean > 0.30:
        return "chaotic"
    halves = stability[:half].mean() > 0.25 and stability[half:].mean() < 0.15 if half else False
    return "phase_transition" if len(stability) >= 10 and halves else "moderate"
