"""Numbers with their uncertainty. Knows no study.

A metric is a mean over examples, with a 95% percentile-bootstrap interval over those examples.
A missing value (NaN) makes the mean NaN: it is shown, never dropped.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
_CHUNK = 100  # resamples drawn at once: bounds memory at 100 × n indices


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, the ends of its 95% interval, and the number of examples it rests on."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int | None]:
        """``{"value", "low", "high", "n"}``; NaN becomes ``None``, since JSON has no NaN."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {k: None if math.isnan(v) else round(v, 6) for k, v in ends.items()} | {"n": self.n}


@dataclass(frozen=True, slots=True)
class Overlap:
    """Precision, recall and F1 of one multiset against another."""

    precision: float
    recall: float
    f1: float


def bootstrap(
    values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES, level: float = 0.95
) -> Interval:
    """Mean of ``values`` (n,) with a percentile-bootstrap interval (Efron 1979).

    Booleans count as 0 and 1. No values, or any NaN among them: NaN throughout.
    """
    array = np.asarray(values, dtype=float)  # (n,)
    n = len(array)
    if n == 0 or np.isnan(array).any():
        return Interval(math.nan, math.nan, math.nan, n)
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            array[rng.integers(0, n, (min(_CHUNK, resamples - done), n))].mean(axis=1)
            for done in range(0, resamples, _CHUNK)
        ]
    )  # (resamples,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high), n)


def paired(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> Interval:
    """Mean of ``ours - theirs`` (n,) over the same examples, with its bootstrap interval.

    Raises ValueError when the lengths differ. An interval that holds 0 says: not distinguishable.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"paired values differ in number: {len(ours)} and {len(theirs)}")
    return bootstrap(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float), seed)


def student(values: Sequence[float], level: float = 0.95) -> Interval:
    """Mean of ``values`` (n,), one a seed, with Student's t interval (Student 1908).

    One value has no spread: its ends are NaN. No values, or any NaN among them: NaN throughout.
    """
    from scipy.stats import t

    array = np.asarray(values, dtype=float)  # (n,)
    n = len(array)
    if n == 0 or np.isnan(array).any():
        return Interval(math.nan, math.nan, math.nan, n)
    mean = float(array.mean())
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = float(t.ppf((1 + level) / 2, n - 1) * array.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjustment (Holm 1979) of the p values of one family, by name."""
    adjusted, worst = {}, 0.0
    for place, name in enumerate(sorted(p, key=p.__getitem__)):
        worst = max(worst, min(1.0, (len(p) - place) * p[name]))
        adjusted[name] = worst
    return adjusted


def wilson(successes: int, n: int, z: float = 1.959964) -> Interval:
    """A rate with Wilson's score interval (Wilson 1927), which stays honest at 0 and at n.

    Raises ValueError unless ``0 <= successes <= n``. With n = 0: NaN throughout.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    rate, z2 = successes / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(rate, low, high, n)


def overlap(expected: Iterable[Hashable], produced: Iterable[Hashable]) -> Overlap:
    """Precision, recall and F1 over multisets: what occurs twice must be produced twice.

    Two empty multisets agree (1, 1, 1); if only one of them is empty, all three are 0.
    """
    want, have = Counter(expected), Counter(produced)
    if not want and not have:
        return Overlap(1.0, 1.0, 1.0)
    shared = (want & have).total()
    if shared == 0:
        return Overlap(0.0, 0.0, 0.0)
    precision, recall = shared / have.total(), shared / want.total()
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))
