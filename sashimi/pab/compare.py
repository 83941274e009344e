"""Runs beside each other: rows of a study, each with its seeds.

A difference between two rows is taken within seeds that both have, with a bootstrap interval over
the pairs. An interval that holds zero is a tie, and fewer pairs than `MIN_RUNS` are "not enough
runs": five pairs that all agree still happen by chance once in sixteen times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.profile import Profile
from sashimi.pab.series import Series
from sashimi.statistics import expanded

MIN_RUNS = 5
TIE, HIGHER, LOWER, FEW = "tie", "higher", "lower", "not enough runs"


@dataclass(frozen=True)
class Difference:
    """`a` minus `b` in one metric over n pairs of equal seed; `verdict` is about `a`."""

    a: str
    b: str
    metric: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str


@dataclass(frozen=True)
class Place:
    """A row in a ranking. Rows that are not told apart share their rank."""

    rank: int
    row: str
    mean: float
    n: int
    tied_with: tuple[str, ...]
    not_enough_runs: tuple[str, ...]  # rows that it cannot be told apart from for want of runs


@dataclass(frozen=True, eq=False)
class Band:
    """One series of a row: each seed's real points, and mean and spread where all seeds have one.

    `low` and `high` are the mean -+ one sample standard deviation, empty for a single seed.
    """

    seeds: tuple[Series, ...]
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Profiles by row; make one with `compare`."""

    rows: dict[str, tuple[Profile, ...]]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{row}: n={len(profiles)}" for row, profiles in self.rows.items())
        return f"Comparison({sizes})"

    def values(self, row: str, metric: str) -> dict[int | None, float]:
        """A summary number by seed, for the runs of a row that have it."""
        if row not in self.rows:
            raise BadInput(f"no row {row!r}; one of {list(self.rows)}")
        found = {profile.origin.seed: profile.numbers.get(metric) for profile in self.rows[row]}
        return {seed: float(v) for seed, v in found.items() if isinstance(v, int | float)}

    def metrics(self) -> list[str]:
        """All numeric summaries that some run has."""
        found = (p.numbers.items() for profiles in self.rows.values() for p in profiles)
        return list(dict.fromkeys(k for n in found for k, v in n if isinstance(v, int | float)))

    def difference(self, a: str, b: str, metric: str) -> Difference:
        """`a` minus `b` within seeds."""
        left, right = self.values(a, metric), self.values(b, metric)
        seeds = [seed for seed in left if seed in right and seed is not None]
        pairs = np.array([left[seed] - right[seed] for seed in seeds])
        n = len(pairs)
        if n == 0:
            return Difference(a, b, metric, None, None, None, 0, FEW)
        mean = float(pairs.mean())
        low, high = expanded(pairs) if n > 1 else (None, None)
        if n < MIN_RUNS:
            verdict = FEW
        elif low is None or high is None or low <= 0 <= high:
            verdict = TIE
        else:
            verdict = HIGHER if mean > 0 else LOWER
        return Difference(a, b, metric, mean, low, high, n, verdict)

    def rank(self, metric: str, lower_is_better: bool = True) -> list[Place]:
        """Rows by their mean; a rank is one more than the number of rows clearly better.

        Rows without the metric are left out. Raises BadInput when no row has it.
        """
        values = {row: list(self.values(row, metric).values()) for row in self.rows}
        means = {row: float(np.mean(known)) for row, known in values.items() if known}
        if not means:
            raise BadInput(f"no run has {metric!r}; one of {self.metrics()}")
        better = LOWER if lower_is_better else HIGHER
        places = []
        for row in sorted(means, key=lambda r: means[r] if lower_is_better else -means[r]):
            against = {o: self.difference(o, row, metric).verdict for o in means if o != row}
            places.append(
                Place(
                    rank=1 + sum(verdict == better for verdict in against.values()),
                    row=row,
                    mean=means[row],
                    n=len(values[row]),
                    tied_with=tuple(o for o, verdict in against.items() if verdict == TIE),
                    not_enough_runs=tuple(o for o, verdict in against.items() if verdict == FEW),
                )
            )
        return places

    def overlay(self, name: str) -> dict[str, Band]:
        """A raw or derived series of every row that has it, on the step axis."""
        out = {}
        for row, profiles in self.rows.items():
            found = [profile.series(name) for profile in profiles]
            known = tuple(s.known() for s in found if s is not None and len(s.known()))
            if known:
                out[row] = _band(known)
        return out

    def names(self, group: str) -> list[str]:
        """Names within "tiers", "domains", "actions" or "components" that some run reported."""
        profiles = [profile for members in self.rows.values() for profile in members]
        if group == "components":
            return sorted({name for profile in profiles for name in profile.components})
        return sorted({name for profile in profiles for name in profile.progress.get(group, {})})


def compare(
    rows: Mapping[str, Profile | str | Path | Iterable[Profile | str | Path]],
) -> Comparison:
    """A comparison of rows: a name for each, and its profiles (or their paths), one a seed.

    Raises BadInput for a row without runs, or with two runs of one seed.
    """
    out = {}
    for row, runs in rows.items():
        listed = [runs] if isinstance(runs, Profile | str | Path) else list(runs)
        profiles = tuple(r if isinstance(r, Profile) else Profile.load(r) for r in listed)
        seeds = [p.origin.seed for p in profiles if p.origin.seed is not None]
        if not profiles:
            raise BadInput(f"row {row!r} has no runs")
        if len(profiles) > 1 and len(set(seeds)) < len(profiles):
            raise BadInput(f"row {row!r}: every run needs a seed of its own, found {seeds}")
        out[row] = profiles
    if not out:
        raise BadInput("nothing to compare; give rows with their profiles")
    return Comparison(out)


def _band(known: tuple[Series, ...]) -> Band:
    steps = known[0].steps
    for series in known[1:]:
        steps = np.intersect1d(steps, series.steps)
    grid = np.array([s.values[np.searchsorted(s.steps, steps)] for s in known])  # (seeds, T)
    mean = grid.mean(axis=0)
    if len(known) < 2:
        return Band(known, steps, mean, np.empty(0), np.empty(0))
    spread = grid.std(axis=0, ddof=1)
    return Band(known, steps, mean, mean - spread, mean + spread)
