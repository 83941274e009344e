"""From raw series to derived series and single numbers.

Derived values live on the steps at which they could be measured: a difference starts at the
second point, a missing validation loss leaves no gap, and nothing is carried forward.
"""

from math import isfinite

import numpy as np

from sashimi.pab import definitions as d
from sashimi.pab.regime import convergence_step, regime
from sashimi.pab.series import Series

NOTHING = Series(np.empty(0, np.int64), np.empty(0))


def derive(profile) -> dict[str, Series]:
    """All derived series of a profile whose raw series were reported."""
    train, window = profile.scalars["train_loss"], profile.parameters.window
    raw = {name: counts.series() for name, counts in profile.weights.items()}
    out = {
        "stability": Series(train.steps[1:], d.stability(train.values[:-1], train.values[1:])),
        "generalization_gap": _gap(profile),
        "crystallization": raw.get("trits", NOTHING),
        "sign_crystallization": raw.get("signs", NOTHING),
        "representation_evolution": profile.scalars.get("representation_evolution", NOTHING),
    }
    for measure in (d.predictability, d.log_predictability):
        rolled = Series(train.steps, d.rolling(measure, train.values, window))
        out[measure.__name__] = rolled.known()
    return {name: series for name, series in out.items() if len(series)}


def _gap(profile) -> Series:
    """val - train where both were reported at one step, and only if they are one quantity."""
    train, val = profile.scalars["train_loss"], profile.scalars.get("val_loss")
    if val is None or not profile.origin.same_loss:
        return NOTHING
    steps, i, j = np.intersect1d(train.steps, val.steps, return_indices=True)
    return Series(steps, d.generalization_gap(train.values[i], val.values[j]))


def summarise(profile) -> dict:
    """Single numbers by name; None where nothing was measured, or where it overflowed."""
    with np.errstate(over="ignore", invalid="ignore"):
        out = _loss_numbers(profile) | _derived_numbers(profile) | _shares(profile)
    odd = {name for name, value in out.items() if isinstance(value, float) and not isfinite(value)}
    return {name: None if name in odd else value for name, value in out.items()}


def _loss_numbers(profile) -> dict:
    train, val = profile.scalars["train_loss"], profile.scalars.get("val_loss", NOTHING)
    known, best = train.known().values, val.known().values
    return {
        "checkpoints": len(train),
        "missing_losses": len(train) - len(known),
        "last_step": profile.last_step() if len(train) else None,
        "train_loss_first": float(known[0]) if len(known) else None,
        "train_loss_final": train.last(),
        "val_loss_final": val.last(),
        "val_loss_best": float(best.min()) if len(best) else None,
    }


def _derived_numbers(profile) -> dict:
    p = profile.parameters

    def of(name: str) -> Series:
        return profile.derived.get(name, NOTHING)

    stability, trits = of("stability"), of("crystallization")
    values = stability.known().values
    settled = (p.converged_below, p.converged_points)
    out = {
        "regime": regime(values, p),
        "convergence_step": convergence_step(stability.steps, stability.values, *settled),
        "stability_n": len(values),
        "stability_mean": d.mean(values),
        "stability_std": float(values.std()) if len(values) else None,
        "predictability_final": of("predictability").last(),
        "log_predictability_final": of("log_predictability").last(),
        "generalization_gap_final": of("generalization_gap").last(),
        "representation_evolution_mean": d.mean(of("representation_evolution").values),
    }
    for name in ("crystallization", "sign_crystallization"):
        out[f"{name}_final"] = of(name).last()
        out[f"{name}_rate"] = d.slope(of(name).steps, of(name).values, per=1000.0)
    return out | {"importance_consistency": d.importance_consistency(trits.steps, trits.values)}


def _shares(profile) -> dict:
    out = {}
    for group in profile.groups():
        for name, entry in profile.progress.get(group, {}).items():
            key = name if group == "tiers" else f"{group}/{name}"
            out[f"{key}_converged_by"] = entry["reached"]
            out[f"{key}_final"] = entry["final"]
            out[f"{key}_best"] = entry["best"]
    return out
