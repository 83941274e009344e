"""What a run's first steps say of its end: baselines, and every summary of the trajectory.

Letters: N runs, G groups, R resamples. Within a group runs are ranked; the correlation of ranks is
taken over all groups at once (Spearman's rho, stratified), so that a study on an easier corpus does
not pass for a better run. Intervals and p come from resampling rows, not runs: seeds of one row are
not independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import curve_fit

from sashimi.pab import Profile
from sashimi.statistics import Interval, holm, interval, weights
from sashimi.studies.trajectory.runs import Ended, by_group

LAST, TSE, EMA, POWER = "last training loss", "TSE", "TSE-EMA", "power law"
BASELINES = (LAST, TSE, EMA, POWER)
GIVEN = (LAST, EMA)
"""What a summary must say more than."""
DECAY = 0.9
LEAST = 8
"""Runs of a group, below which ranks say nothing."""
RESAMPLES = 2000
RIDGE = 1e-9
"""Added to the diagonal of correlations, so that two equal columns can be inverted."""
HIGH = ("_final", "_best", "crystallization", "progress")
"""Parts of names of summaries of which more should be better, if the plan is right; of all others
less should be."""
LOW = ("loss", "predictability", "gap", "converged_by")
NOT = ("checkpoints", "last_step", "stability_n", "missing_losses", "train_loss_final")
"""Summaries that count, or that are a baseline already."""


@dataclass(frozen=True)
class Told:
    """One predictor at one share of the steps.

    ``rho`` and ``partial`` (given `GIVEN`) are signed so that more is what the predictor promises;
    ``regret`` is what the choice of its best run loses, in points, the mean over groups.
    """

    name: str
    at: float
    n: int
    groups: int
    rho: Interval
    partial: Interval | None
    p_holm: float | None
    regret: float | None
    verdict: str


def early(runs: Sequence[Ended], at: float, seed: int = 0) -> list[Told]:
    """Every predictor at a share ``at`` of each run's steps, baselines first, then by |rho|."""
    kept = [run for some in by_group(runs, LEAST).values() for run in some]
    groups = [run.group for run in kept]
    short = [run.profile.until(at * run.profile.last_step()) for run in kept]
    columns = predictors(short, [run.profile.last_step() for run in kept])
    results = np.array([run.result for run in kept])
    rows, shares = [run.row for run in kept], [run.share for run in kept]
    found = {}
    for name, values in columns.items():
        given = [columns[key] for key in GIVEN] if name not in BASELINES else []
        keep = np.isfinite(np.stack([values, *given])).all(0)
        keep &= _in_groups(groups, keep)
        if keep.sum() < LEAST:
            continue
        some = [part[keep] for part in (values, *given)]
        labels = [groups[i] for i in np.flatnonzero(keep)]
        blocks = [rows[i] for i in np.flatnonzero(keep)]
        rho, partial, p = related(some, results[keep], labels, blocks, seed)
        ours = np.array(shares)[keep]
        regret = regrets(values[keep][ours], results[keep][ours], np.array(labels)[ours])
        found[name] = int(keep.sum()), len(set(labels)), rho, partial, p, regret
    adjusted = holm({name: part[4] for name, part in found.items() if part[4] is not None})
    told = [
        Told(name, at, n, count, rho, partial, adjusted.get(name), regret, "")
        for name, (n, count, rho, partial, _, regret) in found.items()
    ]
    told = [Told(**{**vars(one), "verdict": _verdict(one)}) for one in told]
    return sorted(told, key=lambda one: (one.name not in BASELINES, -abs(one.rho.value)))


def predictors(short: Sequence[Profile], ends: Sequence[int]) -> dict[str, np.ndarray]:
    """By name a value a run (N,), turned so that more promises more; NaN where not known."""
    losses = [profile.scalars["train_loss"].known() for profile in short]
    columns = {
        LAST: [-loss.values[-1] if len(loss) else math.nan for loss in losses],
        TSE: [-loss.values.sum() if len(loss) else math.nan for loss in losses],
        EMA: [-ema(loss.values) for loss in losses],
        POWER: [-extrapolated(s.steps, s.values, end) for s, end in zip(losses, ends, strict=True)],
    }
    summaries = [profile.summary() for profile in short]
    for name in dict.fromkeys(key for summary in summaries for key in summary):
        values = [summary.get(name) for summary in summaries]
        numeric = [float(v) if isinstance(v, int | float) else math.nan for v in values]
        if name not in NOT and "/" not in name and np.isfinite(numeric).sum() >= LEAST:
            columns[name] = [direction(name) * value for value in numeric]
    return {name: np.array(values, dtype=float) for name, values in columns.items()}


def direction(name: str) -> int:
    """1 where the plan promises that more is better, -1 where less is."""
    return 1 if any(part in name for part in HIGH) and not any(p in name for p in LOW) else -1


def ema(losses: np.ndarray) -> float:
    """Sum of training losses weighed by 0.9 to the power of their age in records (TSE-EMA, Ru et
    al. 2021, "Speedy Performance Estimation for Neural Architecture Search", §3)."""
    if not len(losses):
        return math.nan
    return float((losses * DECAY ** np.arange(len(losses) - 1, -1, -1)).sum())


def extrapolated(steps: np.ndarray, losses: np.ndarray, end: float) -> float:
    """The loss at ``end`` by a least-squares fit of a + b t^-c (t of the end); NaN below 4 points
    or where there is no fit."""
    if len(losses) < 4:
        return math.nan
    t, low, high = steps / end, float(losses.min()), float(np.ptp(losses)) or 1.0
    bounds = ([0.0, 0.0, 0.0], [max(low, 1e-9), np.inf, 5.0])
    try:
        found, _ = curve_fit(
            lambda x, a, b, c: a + b * x**-c,
            t,
            losses,
            p0=(0.5 * bounds[1][0], high * float(t[0]) ** 0.5, 0.5),
            bounds=bounds,
            max_nfev=2000,
        )
    except (RuntimeError, ValueError):
        return math.nan
    return float(found[0] + found[1])


def related(
    columns: Sequence[np.ndarray], results: np.ndarray, groups, blocks, seed: int
) -> tuple[Interval, Interval | None, float | None]:
    """rho of the first column with the results; its partial rho given the other columns, and the
    two-sided p of that, from resampled blocks (percentiles, not below 1 / R)."""
    ranks = np.stack([ranked(part, groups) for part in (*columns, results)], 1)  # (N, 2 + given)
    _, place = np.unique(blocks, return_inverse=True)
    drawn = weights(int(place.max()) + 1, seed, RESAMPLES)[:, place]  # (R, N)
    pairs = ranks[:, [0, -1]]
    n = len(results)
    rho = interval(_partial(pairs, np.ones((1, n)))[0], _partial(pairs, drawn), n)
    if len(columns) == 1:
        return rho, None, None
    draws = _partial(ranks, drawn)
    known = draws[np.isfinite(draws)]
    partial = interval(_partial(ranks, np.ones((1, n)))[0], draws, n)
    side = min((known <= 0).mean(), (known >= 0).mean()) if len(known) else 1.0
    return rho, partial, float(min(1.0, max(2 * side, 1 / RESAMPLES)))


def ranked(values: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Ranks within each group, centred, in (-0.5, 0.5): (N,)."""
    out, labels = np.zeros(len(values)), np.array(groups)
    for group in dict.fromkeys(groups):
        here = labels == group
        out[here] = (stats.rankdata(values[here]) - 0.5) / here.sum() - 0.5
    return out


def _partial(columns: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Correlation of the first and last of (N, K) columns given those between, for every row of
    weights (R, N): from the inverse of the weighted correlations."""
    count = columns.shape[1]
    products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    spread = (drawn @ products).reshape(-1, count, count)
    size = np.sqrt(np.einsum("rii->ri", spread))
    with np.errstate(all="ignore"):
        near = spread / (size[:, :, None] * size[:, None, :])
    if count == 2:
        return near[:, 0, 1]
    out = np.full(len(drawn), math.nan)
    good = np.isfinite(near).all((1, 2))
    inverse = np.linalg.inv(near[good] + RIDGE * np.eye(count))
    out[good] = -inverse[:, 0, -1] / np.sqrt(inverse[:, 0, 0] * inverse[:, -1, -1])
    return out


def regrets(values: np.ndarray, results: np.ndarray, groups: Sequence[str]) -> float | None:
    """Points (100 times a share) that the run of the highest value loses on the best of its group,
    the mean over groups; ties lose their mean. None without a group."""
    labels = np.asarray(groups)
    lost = [
        results[here].max() - results[here][values[here] == values[here].max()].mean()
        for here in (labels == group for group in np.unique(labels))
        if here.sum() >= LEAST
    ]
    return 100 * float(np.mean(lost)) if lost else None


def _in_groups(groups: Sequence[str], keep: np.ndarray) -> np.ndarray:
    """Whether a run's group still has `LEAST` runs that are kept, not all of one result: (N,)."""
    labels = np.array(groups)
    enough = {group for group in set(groups) if (keep & (labels == group)).sum() >= LEAST}
    return np.isin(labels, list(enough))


def _verdict(one: Told) -> str:
    if one.partial is None:
        return "baseline"
    if math.isnan(one.partial.value):
        return "not evaluable"
    if one.p_holm is None or one.p_holm > 0.05:
        return "nothing beyond the loss"
    return "says more" if one.partial.value > 0 else "says more, the wrong way round"


def table(told: Sequence[Told]) -> list[dict]:
    """Rows for a data frame: numbers as they are read, intervals as text."""
    return [
        {
            "at": one.at,
            "predictor": one.name,
            "n": one.n,
            "groups": one.groups,
            "rho": f"{one.rho:.2f}",
            "given loss, TSE-EMA": "" if one.partial is None else f"{one.partial:.2f}",
            "p (Holm)": one.p_holm,
            "regret, points": one.regret,
            "verdict": one.verdict,
        }
        for one in told
    ]


def goal(told: Mapping[float, Sequence[Told]], at: float = 0.25) -> tuple[Told, bool]:
    """The predictor with the highest rho at a share of the steps, and whether it reaches rho 0.90
    with a regret of at most 0.5 points. A summary of an unlucky sign is no predictor, and neither
    is one that fewer than half of the groups know: the best of many in one small group is chance.
    """
    most = max(one.groups for one in told[at])
    known = [one for one in told[at] if 2 * one.groups >= most]
    best = max(known, key=lambda one: (one.rho.value, -(one.regret or 0.0)))
    return best, best.rho.value >= 0.90 and best.regret is not None and best.regret <= 0.5
