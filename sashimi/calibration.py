"""Whether a stated chance is kept: temperature, calibration error, coverage and risk, thresholds.

Letters: n predictions, K classes, B bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer, Num
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import beta

from sashimi.statistics import Numbers

TEMPERATURES = (0.05, 150.0)
"""The bounds between which a temperature is looked for: exp(-3) to exp(5), rounded."""
BINS = 15


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration over B bins of equal width on [0, 1]."""

    ece: float
    """Expected calibration error: gaps of bins, weighed by their predictions (Guo 2017, eq. 3)."""
    mce: float
    """The largest gap of a bin that holds a prediction (Guo 2017, eq. 5)."""
    counts: tuple[int, ...]
    """Predictions in each bin."""
    confidence: tuple[float, ...]
    """Mean stated chance in each bin; NaN for an empty one."""
    accuracy: tuple[float, ...]
    """Share that came true in each bin; NaN for an empty one."""


def temperature(
    logits: Num[np.ndarray, "n k"],
    labels: Integer[np.ndarray, " n"],
    weights: Num[np.ndarray, " n"] | None = None,
) -> tuple[float, bool]:
    """The divisor of logits (n, K) that makes the labels (n,) likeliest (Guo et al. 2017, §4.2).

    Looked for within `TEMPERATURES`; the second value says whether it lies at one of the bounds,
    which means that no temperature helps. ``weights`` (n,) count predictions differently.
    """
    weights = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    rows = np.arange(len(labels))

    def loss(log: float) -> float:
        likelihood = log_softmax(logits / np.exp(log), axis=1)[rows, labels]  # (n,)
        return float(-(weights * likelihood).sum())

    bounds = np.log(TEMPERATURES)
    found = float(minimize_scalar(loss, bounds=bounds, method="bounded").x)
    return float(np.exp(found)), bool(np.min(np.abs(bounds - found)) < 1e-2)


def calibration(
    chance: Numbers,
    right: Numbers,
    bins: int = BINS,
    weights: Num[np.ndarray, " n"] | None = None,
) -> Calibration:
    """Stated chances (n,) in [0, 1] against what came true (n,), 0 or 1.

    A bin holds its lower edge and not its upper one, but for the last, which holds 1: the rule of
    `numpy.histogram`. ``weights`` (n,) count predictions differently. Raises ValueError for chances
    outside [0, 1] and for no predictions.
    """
    stated, true = np.asarray(chance, dtype=float), np.asarray(right, dtype=float)
    if not len(stated) or not ((stated >= 0) & (stated <= 1)).all():
        raise ValueError("calibration needs predictions with chances from 0 to 1")
    weights = np.full(len(stated), 1 / len(stated)) if weights is None else weights / weights.sum()
    place = np.minimum((stated * bins).astype(int), bins - 1)
    mass, claimed, kept = (
        np.bincount(place, weights * values, bins)
        for values in (np.ones_like(stated), stated, true)
    )
    known = mass > 0
    means = [
        np.divide(part, mass, out=np.full(bins, np.nan), where=known) for part in (claimed, kept)
    ]
    counts = np.bincount(place, minlength=bins)
    return Calibration(
        ece=float(np.abs(claimed - kept).sum()),
        mce=float(np.abs(means[0] - means[1])[known].max()),
        counts=tuple(counts.tolist()),
        confidence=tuple(means[0].tolist()),
        accuracy=tuple(means[1].tolist()),
    )


def coverage_risk(
    confidence: Numbers,
    right: Numbers,
    weights: Num[np.ndarray, " n"] | None = None,
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Share of predictions answered, the surest first, and the share of those that is wrong: (n,)
    each (El-Yaniv & Wiener 2010). Of equal confidences the first given comes first.
    """
    wrong = 1 - np.asarray(right, dtype=float)
    weights = np.full(len(wrong), 1 / max(1, len(wrong))) if weights is None else weights
    order = np.argsort(-np.asarray(confidence, dtype=float), kind="stable")
    covered = weights[order].cumsum()
    return covered / covered[-1:], (weights * wrong)[order].cumsum() / covered


def area(risk: Float[np.ndarray, " n"]) -> float:
    """Mean risk over all coverages of an unweighted `coverage_risk`; NaN without predictions."""
    return float(risk.mean()) if len(risk) else float("nan")


def clopper_pearson(errors: int, n: int, level: float = 0.95) -> float:
    """The upper end of the exact one-sided interval of an error rate (Clopper & Pearson 1934).

    Raises ValueError unless ``0 <= errors <= n``; 1 where nothing was tried.
    """
    if not 0 <= errors <= n:
        raise ValueError(f"{errors} errors of {n}")
    return 1.0 if errors == n else float(beta.ppf(level, errors + 1, n - errors))


def threshold(
    confidence: Numbers, right: Numbers, risk: float, level: float = 0.95
) -> float | None:
    """The lowest confidence from which answers are wrong at most ``risk`` of the time, with
    `clopper_pearson` at ``level``; None where no threshold keeps that.

    Every distinct confidence is tried at the same level: the bound holds for each of them by
    itself. Choose on one set, and judge on another.
    """
    stated, wrong = np.asarray(confidence, dtype=float), 1 - np.asarray(right, dtype=float)
    order = np.argsort(-stated, kind="stable")
    errors = wrong[order].cumsum()
    kept = None
    for place, value in enumerate(stated[order]):
        last = place + 1 == len(order) or stated[order[place + 1]] != value
        if last and clopper_pearson(int(errors[place]), place + 1, level) <= risk:
            kept = float(value)
    return kept
