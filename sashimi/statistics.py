"""Every interval, test and rank statistic of the workbook, on `scipy.stats`. That is imported where
it is used: it takes a second, and a tracker needs none of it. Knows no study.

A missing value (NaN) makes a mean NaN: it is shown, never dropped. Every draw is seeded.

Letters: n values or pairs, R resamples.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from sashimi.errors import BadInput

RESAMPLES = 2000
PERMUTATIONS = 9999
LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""Standard errors that a normal 95% interval reaches to either side."""
Numbers = Sequence[float] | np.ndarray
"""One number after another: (n,)."""
_DRAWN = 200_000  # values drawn at once: bounds memory
_NAN = math.nan


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, the ends of its 95% interval, and the number of examples it rests on."""

    value: float
    low: float
    high: float
    n: int

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Interval:
        """What `as_json` wrote."""
        value, low, high = (
            _NAN if plain[k] is None else plain[k] for k in ("value", "low", "high")
        )
        return Interval(value, low, high, plain["n"])

    def as_json(self) -> dict[str, float | int | None]:
        """``{"value", "low", "high", "n"}``; NaN becomes ``None``, since JSON has no NaN."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {k: None if math.isnan(v) else round(v, 6) for k, v in ends.items()} | {"n": self.n}

    def __format__(self, form: str) -> str:
        """``0.612 [0.560, 0.660]``; ``form`` is that of each number, three decimals by default."""
        form = form or ".3f"
        ends = "" if math.isnan(self.low) else f" [{self.low:{form}}, {self.high:{form}}]"
        return ("n/a" if math.isnan(self.value) else f"{self.value:{form}}") + ends

    def _repr_html_(self) -> str:
        value, _, ends = f"{self}".partition(" ")
        return f"<b>{value}</b> {ends} <small>n = {self.n}</small>"


def bootstrap(values: Numbers, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Mean of ``values`` (n,) with a percentile-bootstrap interval (Efron 1979).

    Booleans count as 0 and 1. No values, or any NaN among them: NaN throughout.
    """
    array = np.asarray(values, dtype=float)  # (n,)
    n = len(array)
    if n == 0 or np.isnan(array).any():
        return Interval(_NAN, _NAN, _NAN, n)
    return interval(array.mean(), resampled(np.mean, array, seed=seed, resamples=resamples), n)


def resampled(
    statistic: Callable[..., np.ndarray | float],
    *samples: np.ndarray,
    paired: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Float[np.ndarray, " r"]:
    """The statistic of every resample (R,), for `interval`.

    ``statistic(*samples, axis=-1)`` takes samples of shape (…, n) along the axis. ``paired`` draws
    the same places of all samples; otherwise each is drawn by itself. A sample of one value has
    nothing to draw: it stands as it is.
    """
    from scipy import stats

    if any(len(sample) < 2 for sample in samples):
        return np.full(resamples, float(np.ravel(statistic(*samples, axis=-1))[0]))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # about its own interval, which is not asked for
        drawn = stats.bootstrap(
            samples,
            statistic,
            n_resamples=resamples,
            batch=max(1, min(resamples, _DRAWN // max(map(len, samples)))),
            vectorized=True,
            paired=paired,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return drawn.bootstrap_distribution


def weights(
    n: int, seed: int | np.random.Generator = 0, resamples: int = RESAMPLES
) -> Int[np.ndarray, "r n"]:
    """How often each of n things is in each resample: (R, n). For statistics that are sums, one
    matrix product with these is every resample at once.
    """
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), resamples)


def interval(
    value: float, draws: Float[np.ndarray, " r"], n: int, level: float = LEVEL
) -> Interval:
    """A value with the percentile ends of its resamples (R,); those that are NaN are left out."""
    known = draws[~np.isnan(draws)]
    if math.isnan(value) or not len(known):
        return Interval(float(value), _NAN, _NAN, n)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high), n)


def expanded(values: Numbers, resamples: int = 10_000) -> tuple[float, float]:
    """Expanded percentile bootstrap interval of the mean of (n,) values; n >= 2.

    The plain percentile interval is too narrow for a handful of runs: at n = 6 it misses the
    mean of a normal in 14% of cases, not 5%; this one in 7%. Its level is widened by Student's
    t and by sqrt(n / (n - 1)): Hesterberg 2015, "What teachers should know about the bootstrap".
    """
    from scipy import stats

    array = np.asarray(values, dtype=float)
    n = len(array)
    if n < 2 or not np.isfinite(array).all():
        raise BadInput("a bootstrap needs at least two finite values")
    reach = math.sqrt(n / (n - 1)) * stats.t.ppf((1 + LEVEL) / 2, n - 1)
    draws = resampled(np.mean, array, resamples=resamples)
    ends = interval(array.mean(), draws, n, 1 - 2 * stats.norm.cdf(-reach))
    return ends.low, ends.high


def paired(ours: Numbers, theirs: Numbers) -> Interval:
    """Mean of ``ours - theirs`` (n,) over the same examples, with its bootstrap interval.

    Raises ValueError when the lengths differ. An interval that holds 0 says: not distinguishable.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"paired values differ in number: {len(ours)} and {len(theirs)}")
    return bootstrap(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))


def student(values: Numbers) -> Interval:
    """Mean of ``values`` (n,), one a seed, with Student's t interval (Student 1908).

    One value has no spread: its ends are NaN. No values, or any NaN among them: NaN throughout.
    """
    from scipy import stats

    array = np.asarray(values, dtype=float)  # (n,)
    n = len(array)
    if n == 0 or np.isnan(array).any():
        return Interval(_NAN, _NAN, _NAN, n)
    mean = float(array.mean())
    if n == 1:
        return Interval(mean, _NAN, _NAN, 1)
    error = array.std(ddof=1) / math.sqrt(n)
    if error == 0:
        return Interval(mean, mean, mean, n)
    low, high = stats.t.interval(LEVEL, n - 1, loc=mean, scale=error)
    return Interval(mean, float(low), float(high), n)


def p_of_seeds(differences: Numbers) -> float:
    """Two-sided p of a mean difference (n,), one a seed: Student's t test. NaN for one seed."""
    from scipy import stats

    array = np.asarray(differences, dtype=float)
    if len(array) < 2 or np.isnan(array).any():
        return _NAN
    if np.ptp(array) == 0:
        return 0.0 if array[0] else 1.0
    return float(stats.ttest_1samp(array, 0.0).pvalue)


def p_of_examples(differences: Numbers) -> float:
    """Two-sided p of a mean paired difference (n,) over examples: signs are flipped at random
    (Fisher 1935), `PERMUTATIONS` times, or in every way where there are fewer.
    """
    from scipy import stats

    array = np.asarray(differences, dtype=float)
    array = array[array != 0]  # a zero is a zero under either sign
    if np.isnan(array).any():
        return _NAN
    if len(array) < 2:  # with either sign it is as far from 0
        return 1.0
    return float(
        stats.permutation_test(
            (array,),
            lambda x, axis: np.abs(x.sum(axis=axis)),
            permutation_type="samples",
            alternative="greater",
            vectorized=True,
            n_resamples=PERMUTATIONS,
            batch=1000,
            rng=np.random.default_rng(0),
        ).pvalue
    )


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjustment (Holm 1979) of the p values of one family, by name."""
    adjusted, worst = {}, 0.0
    for place, name in enumerate(sorted(p, key=p.__getitem__)):
        worst = max(worst, min(1.0, (len(p) - place) * p[name]))
        adjusted[name] = worst
    return adjusted


def wilson(successes: int, n: int, z: float = Z) -> Interval:
    """A rate with Wilson's score interval (Wilson 1927), which stays honest at 0 and at n.

    In closed form, as `scipy.stats.binomtest` takes a thousand times as long for a test that nobody
    asked for. Raises ValueError unless ``0 <= successes <= n``. With n = 0: NaN throughout.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Interval(_NAN, _NAN, _NAN, 0)
    rate, z2 = successes / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    return Interval(rate, low, 1.0 if successes == n else centre + half, n)


def fall(before: tuple[int, int], after: tuple[int, int], z: float = Z) -> Interval:
    """``before``'s rate less ``after``'s, each (successes, n), with Newcombe's hybrid score
    interval (1998, method 10): Wilson's ends combined in quadrature. A rate of nothing is a half,
    anywhere from 0 to 1.
    """
    one, two = (
        wilson(*pair, z) if pair[1] else Interval(0.5, 0.0, 1.0, 0) for pair in (before, after)
    )
    value = one.value - two.value
    low = value - math.hypot(one.value - one.low, two.high - two.value)
    high = value + math.hypot(one.high - one.value, two.value - two.low)
    return Interval(value, low, high, min(one.n, two.n))
