"""Does a trajectory predict anything? A report over runs whose end result is known.

Every numeric summary of the first half of a run is rank-correlated with the held-out result at
its end, beside two baselines that cost nothing: the training loss, and the best dev score so far.
A summary earns its keep only if it says more than they do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput
from sashimi.gates import GO, NOT_EVALUABLE, STOP, Gate
from sashimi.pab.profile import Profile
from sashimi.pab.trajectory import judge
from sashimi.ranks import Correlation, correlate, ranked, sorts, spearman
from sashimi.statistics import holm, interval, resampled

BASELINES = ("final training loss", "training loss so far", "best dev score so far")
FEW = 10  # runs below which nothing is claimed
SIDE = 5  # runs that a gate must let through, and refuse, before it can be said to sort


@dataclass(frozen=True)
class Run:
    """A profile and the held-out result that its run ended with (higher is better or worse)."""

    profile: Profile
    result: float


@dataclass(frozen=True)
class Row:
    """One summary: its correlation with the result, and how it stands to the best baseline.

    `p_holm` is the permutation p, adjusted (Holm 1979) for all summaries that were tried. `gain`
    is |rho| minus that of the best baseline known at half time, with a bootstrap interval.
    """

    name: str
    baseline: bool
    correlation: Correlation
    p_holm: float | None
    gain: tuple[float, float, float] | None
    verdict: str


def predictiveness(runs: Iterable[Run], seed: int = 0) -> list[Row]:
    """The report, baselines first, then summaries by falling |rho|.

    The summaries see the first half of a run's steps. Runs without a value are left out of its
    row, which carries its own n. Raises BadInput below two runs.
    """
    listed = list(runs)
    if len(listed) < 2:
        raise BadInput(f"{len(listed)} runs; a correlation needs several")
    results = np.array([run.result for run in listed], dtype=np.float64)
    halves = [run.profile.until(run.profile.last_step() / 2) for run in listed]
    columns = _baselines(listed, halves) | _summaries(halves)
    found = {name: correlate(values, results, seed=seed) for name, values in columns.items()}
    adjusted = holm({n: c.p for n, c in found.items() if n not in BASELINES and c.p is not None})
    ahead = {n: abs(rho) for n in BASELINES[1:] if (rho := found[n].rho) is not None}
    best = max(ahead, key=ahead.__getitem__, default=None)
    rows = []
    for name, correlation in found.items():
        if name in BASELINES:
            rows.append(Row(name, True, correlation, None, None, "baseline"))
            continue
        gain = None
        if best is not None and correlation.rho is not None:
            gain = _gain(columns[name], columns[best], results, seed)
        p = adjusted.get(name)
        rows.append(Row(name, False, correlation, p, gain, _verdict(correlation, p, gain, best)))
    return sorted(rows, key=lambda row: (not row.baseline, -abs(row.correlation.rho or 0)))


@dataclass(frozen=True)
class Outcome:
    """What a gate did to runs whose end is known, and what they were worth.

    `sorts` is the share of pairs (a run let through, a run refused) in which the one let through
    ended better, ties counting half: 1 sorts perfectly, 0.5 not at all, 0 the wrong way round.
    """

    gate: str
    go: int
    stop: int
    not_evaluable: int
    median_go: float | None
    median_stop: float | None
    sorts: float | None
    low: float | None
    high: float | None
    verdict: str


def outcomes(runs: Iterable[Run], gates: Mapping[str, Gate], seed: int = 0) -> list[Outcome]:
    """Each gate on runs one by one, beside how they ended (a higher result is better).

    The interval is a percentile bootstrap within both sides; fewer than 5 runs on one of them
    are "not enough runs".
    """
    listed = list(runs)
    verdicts = [judge(run.profile, gates) for run in listed]
    results = np.array([run.result for run in listed], dtype=np.float64)
    out = []
    for place, gate in enumerate(gates):
        found = np.array([verdict[place].decision for verdict in verdicts])
        go, stop = (results[found == decision] for decision in (GO, STOP))
        neither = int((found == NOT_EVALUABLE).sum())
        medians = [float(np.median(side)) if len(side) else None for side in (go, stop)]
        sizes, told = (len(go), len(stop), neither), _sorting(go, stop, seed)
        out.append(Outcome(gate, *sizes, medians[0], medians[1], *told))
    return out


def _sorting(go: np.ndarray, stop: np.ndarray, seed: int) -> tuple:
    """Share of ordered pairs, its interval, and the verdict."""
    if len(go) == 0 or len(stop) == 0:
        return None, None, None, "decides nothing: all on one side"
    share = float(sorts(go, stop))
    ends = interval(share, resampled(sorts, go, stop, seed=seed), len(go) + len(stop))
    if min(len(go), len(stop)) < SIDE:
        verdict = f"not enough runs ({min(len(go), len(stop))} of {SIDE} on one side)"
    elif ends.low <= 0.5 <= ends.high:
        verdict = "not distinguishable from a coin"
    else:
        verdict = "lets the better ones through" if ends.low > 0.5 else "refuses the better ones"
    return share, ends.low, ends.high, verdict


def _baselines(runs: list[Run], halves: list[Profile]) -> dict[str, np.ndarray]:
    """The baselines' values, one a run, NaN where not reported."""
    ends = [run.profile.scalars["train_loss"].last() for run in runs]
    first = [
        [half.numbers[key] for half in halves] for key in ("train_loss_final", "val_loss_best")
    ]
    return dict(zip(BASELINES, np.array([ends, *first], dtype=np.float64), strict=True))


def _summaries(halves: list[Profile]) -> dict[str, np.ndarray]:
    """Every numeric summary; those that count checkpoints say nothing and are left out."""
    out = {}
    for name in dict.fromkeys(name for half in halves for name in half.numbers):
        values = [half.numbers.get(name) for half in halves]
        numeric = np.array([v if isinstance(v, int | float) else np.nan for v in values], float)
        if name not in _NO_SUMMARY and np.isfinite(numeric).any():
            out[name] = numeric
    return out


_NO_SUMMARY = ("checkpoints", "last_step", "stability_n", "missing_losses", "train_loss_final")


def _gain(x: np.ndarray, base: np.ndarray, results: np.ndarray, seed: int):
    """|rho| of x minus |rho| of the baseline on the runs that have both: (value, low, high)."""
    keep = np.isfinite(x) & np.isfinite(base) & np.isfinite(results)
    x, base, results = x[keep], base[keep], results[keep]

    one, two = spearman(x, results), spearman(base, results)
    if one is None or two is None:
        return None

    def gain(x, base, results, axis=-1):
        return abs(ranked(x, results, axis)) - abs(ranked(base, results, axis))

    draws = resampled(gain, x, base, results, paired=True, seed=seed)
    found = interval(abs(one) - abs(two), draws, len(x))
    return found.value, found.low, found.high


def _verdict(correlation: Correlation, p_holm, gain, best: str | None) -> str:
    if correlation.rho is None:
        return correlation.reason
    if correlation.n < FEW:
        return f"not enough runs ({correlation.n} of {FEW})"
    if p_holm > 0.05:
        return "not distinguishable from chance"
    if gain is None:
        return "predicts; no baseline to compare with"
    if gain[1] > 0:
        return f"predicts, and more than {best}"
    return f"predicts, but less than {best}" if gain[2] < 0 else f"predicts, no more than {best}"


def table(rows: list[Row]) -> list[dict]:
    """The report as dicts of one shape, for `tables.markdown`."""
    out = []
    for row in rows:
        c = row.correlation
        numbers = {"rho": c.rho, "low": c.low, "high": c.high, "p": c.p, "p_holm": row.p_holm}
        gain = dict(zip(("gain", "gain_low", "gain_high"), row.gain or [None] * 3, strict=True))
        out.append({"summary": row.name, **numbers, "n": c.n, **gain, "verdict": row.verdict})
    return out
