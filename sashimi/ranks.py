"""Rank correlation, order and slope, with intervals, on `scipy.stats` as `sashimi.statistics`.

Letters: n values or pairs, R resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from sashimi.statistics import RESAMPLES, Interval, Numbers, Z, interval, resampled


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rho over n pairs, its bootstrap interval and two-sided permutation p."""

    rho: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    reason: str = ""


def spearman(x: Numbers, y: Numbers) -> float | None:
    """Rank correlation with ties; None below three pairs or when one side is constant."""
    from scipy import stats

    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(stats.spearmanr(x, y).statistic)


def correlate(x: Numbers, y: Numbers, seed: int = 0) -> Correlation:
    """Rank correlation of the pairs that are finite on both sides; says why when there is none.

    The interval is a percentile bootstrap over pairs; p is the share of permutations at least as
    extreme, every one of them where there are fewer than `RESAMPLES`.
    """
    from scipy import stats

    one, two = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    keep = np.isfinite(one) & np.isfinite(two)
    one, two = one[keep], two[keep]
    n = len(one)
    if n < 4:
        return Correlation(None, None, None, None, n, "fewer than 4 pairs")
    rho = spearman(one, two)
    if rho is None:
        return Correlation(None, None, None, None, n, "one side is constant")
    centred = stats.rankdata(two) - (n + 1) / 2
    tested = stats.permutation_test(
        (stats.rankdata(one),),
        lambda ranks, axis: np.abs((ranks * centred).sum(axis=axis)),
        permutation_type="pairings",
        alternative="greater",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    draws = resampled(ranked, one, two, paired=True, seed=seed)
    ends = interval(rho, draws, n)
    return Correlation(rho, ends.low, ends.high, float(tested.pvalue), n)


def ranked(
    x: Num[np.ndarray, "*s n"], y: Num[np.ndarray, "*s n"], axis: int = -1
) -> Float[np.ndarray, "*s"]:
    """Spearman's rho along an axis of (…, n); NaN where a side is constant."""
    from scipy import stats

    one, two = (stats.rankdata(side, axis=axis) for side in (x, y))
    one, two = (side - side.mean(axis=axis, keepdims=True) for side in (one, two))
    norm = np.sqrt((one**2).sum(axis=axis) * (two**2).sum(axis=axis))
    above = (one * two).sum(axis=axis)
    return np.divide(above, norm, out=np.full(np.shape(norm), math.nan), where=norm > 0)


def sorts(
    high: Num[np.ndarray, "*s n"], low: Num[np.ndarray, "*s m"], axis: int = -1
) -> Float[np.ndarray, "*s"] | float:
    """Share of pairs of a ``high`` (…, n) and a ``low`` (…, m) in which the first is larger, ties
    as a half: Mann and Whitney's U over n m, which is the area under the ROC curve.
    """
    from scipy import stats

    n, m = high.shape[axis], low.shape[axis]
    ranks = stats.rankdata(np.concatenate([high, low], axis=axis), axis=axis)
    own = np.take(ranks, np.arange(n), axis=axis).sum(axis=axis)
    return (own - n * (n + 1) / 2) / (n * m)


def slope(x: Numbers, y: Numbers, z: float = Z) -> Interval | None:
    """Least-squares slope of y on x with its normal interval; None below three points.

    The standard error is the textbook one, from residuals with n - 2 degrees of freedom, so a
    perfect line has an interval of no width.
    """
    from scipy import stats

    if len(x) < 3:
        return None
    fitted = stats.linregress(x, y)
    error = float(fitted.stderr) if np.ptp(y) else 0.0
    value, half = float(fitted.slope), z * error
    return Interval(value, value - half, value + half, len(x))
