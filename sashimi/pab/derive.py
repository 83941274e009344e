"""From raw series to derived series and single numbers.

Derived values live on the steps at which they could be measured: a difference starts at the
second point, a missing validation loss leaves no gap, and nothing is carried forward.
"""

from math import isfinite

import numpy as np

from sashimi.pab import definitions as d
from sashimi.pab.regime import convergence_step, regime
from sashimi.pab.series import Series


def derive(profile) -> dict[str, Series]:
    """All derived series of a profile whose raw series were reported."""
    train, window = profile.scalars["train_loss"], profile.parameters.window
    out = {}
    if len(train) > 1:
        out["stability"] = Series(train.steps[1:], d.stability_series(train.values))
    for name, measure in (
        ("predictability", d.predictability),
        ("log_predictability", d.log_predictability),
    ):
        out[name] = Series(train.steps, d.rolling(measure, train.values, window)).known()
    gap = _gap(profile)
    if gap is not None:
        out["generalization_gap"] = gap
    for raw, name in (("trits", "crystallization"), ("signs", "sign_crystallization")):
        if raw in profile.weights:
            out[name] = profile.weights[raw].series()
    if "representation_evolution" in profile.scalars:
        out["representation_evolution"] = profile.scalars["representation_evolution"]
    return {name: series for name, series in out.items() if len(series)}


def _gap(profile) -> Series | None:
    """val - train where both were reported at one step, and only if they are one quantity."""
    train, val = profile.scalars["train_loss"], profile.scalars.get("val_loss")
    if val is None or not profile.origin.same_loss:
        return None
    steps, i, j = np.intersect1d(train.steps, val.steps, return_indices=True)
    return Series(steps, d.generalization_gap(train.values[i], val.values[j]))


def summarise(profile) -> dict:
    """Single numbers by name; None where nothing was measured, or where it overflowed."""
    with np.errstate(over="ignore", invalid="ignore"):
        out = _numbers(profile)
    odd = {name for name, value in out.items() if isinstance(value, float) and not isfinite(value)}
    return {name: None if name in odd else value for name, value in out.items()}


def _numbers(profile) -> dict:
    train, val = profile.scalars["train_loss"], profile.scalars.get("val_loss")
    known = train.known()
    out = {
        "checkpoints": len(train),
        "missing_losses": len(train) - len(known),
        "last_step": profile.last_step() if len(train) else None,
        "train_loss_first": float(known.values[0]) if len(known) else None,
        "train_loss_final": train.last(),
        "val_loss_final": val.last() if val else None,
        "val_loss_best": float(val.known().values.min()) if val and len(val.known()) else None,
    }
    out |= _loss_numbers(profile)
    out |= _weight_numbers(profile)
    for group in profile.groups():
        for name, entry in profile.progress.get(group, {}).items():
            key = name if group == "tiers" else f"{group}/{name}"
            out[f"{key}_converged_by"] = entry["reached"]
            out[f"{key}_final"] = entry["final"]
            out[f"{key}_best"] = entry["best"]
    return out


def _last(profile, name: str) -> float | None:
    return profile.derived[name].last() if name in profile.derived else None


def _loss_numbers(profile) -> dict:
    stability = profile.derived.get("stability")
    values = stability.known().values if stability else np.empty(0)
    evolution = profile.derived.get("representation_evolution")
    p = profile.parameters
    settled = (p.converged_below, p.converged_points)
    return {
        "regime": regime(values, p),
        "convergence_step": (
            convergence_step(stability.steps, stability.values, *settled) if stability else None
        ),
        "stability_n": len(values),
        "stability_mean": d.mean(values),
        "stability_std": float(values.std()) if len(values) else None,
        "predictability_final": _last(profile, "predictability"),
        "log_predictability_final": _last(profile, "log_predictability"),
        "generalization_gap_final": _last(profile, "generalization_gap"),
        "representation_evolution_mean": d.mean(evolution.values) if evolution else None,
    }


def _weight_numbers(profile) -> dict:
    out = {}
    for name in ("crystallization", "sign_crystallization"):
        series = profile.derived.get(name)
        out[f"{name}_final"] = series.last() if series else None
        rate = d.crystallization_rate(series.steps, series.values) if series else None
        out[f"{name}_rate"] = rate
    series = profile.derived.get("crystallization")
    consistent = d.importance_consistency(series.steps, series.values) if series else None
    return out | {"importance_consistency": consistent}
