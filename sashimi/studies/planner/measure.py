"""What a choice is worth, whether its stated chance is kept, and when to abstain.

Letters: n rows, A = 126 actions, R redraws, G thresholds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import beta

from sashimi.calibration import Calibration, calibration
from sashimi.errors import BadInput
from sashimi.statistics import Interval, interval, weights
from sashimi.studies.planner.actions import UNION, VALID

TOLERANCE = 0.1
"""A violation: an answer that loses more than this share of the range of valid utilities."""


def calibration_errors(probs: np.ndarray, labels: np.ndarray, bins: int = 10) -> Calibration:
    """ECE and MCE of stated chances over equal widths, with bin counts.

    ``probs`` (n, K) with classes ``labels`` (n,): the largest chance against whether it is right;
    or chances (n,) against what came true (n,). A bin holds its lower edge; the last also holds 1
    (torchmetrics gives 1 a bin of its own). Raises BadInput for NaN and what is no probability.
    """
    stated, true = np.asarray(probs, dtype=float), np.asarray(labels)
    if len(stated) != len(true) or not len(true) or stated.ndim not in (1, 2):
        raise BadInput(f"probs {stated.shape} and labels {true.shape}: one row each, at least one")
    if stated.ndim == 2:
        true, stated = stated.argmax(1) == true, stated.max(1)
    if not ((stated >= 0) & (stated <= 1 + 1e-9)).all():
        raise BadInput("probs: NaN, or outside 0 to 1")
    return calibration(stated.clip(0, 1), true, bins)


def gap_closed(ours: np.ndarray, base: np.ndarray, oracle: np.ndarray, seed: int = 0) -> Interval:
    """(mean of ours - base) / (mean of oracle - base) over (n,) utilities, rows resampled together.

    NaN where there is no room between base and oracle.
    """
    n, gain, room = len(ours), np.asarray(ours) - base, np.asarray(oracle) - base
    if not room.mean() > 1e-12:
        return Interval(np.nan, np.nan, np.nan, n)
    drawn = weights(n, seed, 1000)
    return interval(gain.mean() / room.mean(), (drawn @ gain) / (drawn @ room), n)


def variety(chosen: np.ndarray, labels: np.ndarray, jobs: np.ndarray) -> dict[str, Any]:
    """Distinct actions that are chosen at least twice, beside what the oracle's labels use, and the
    entropy of choices in nats.
    """
    counts, oracle = (np.bincount(part, minlength=len(UNION)) for part in (chosen, labels))
    share = counts[counts > 0] / counts.sum()
    return {
        "chosen": int((counts > 1).sum()),
        "oracle": int((oracle > 1).sum()),
        "valid": int(VALID[np.unique(jobs)].any(0).sum()),
        "entropy": float(-(share * np.log(share)).sum()),
        "top": float(share.max()),
    }


def upper(errors: np.ndarray, n: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Clopper and Pearson's one-sided upper bound on a rate, elementwise; 1 if all are errors."""
    return np.where(errors >= n, 1.0, beta.ppf(level, errors + 1, np.maximum(n - errors, 1e-9)))


def redraws(
    confidence: np.ndarray,
    violated: np.ndarray,
    alpha: float = 0.05,
    delta: float = 0.05,
    size: int = 1000,
    rounds: int = 1000,
    grid: int = 40,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """How often two ways of choosing a threshold keep a violation rate of at most alpha.

    ``rounds`` times, calibration and test sets of ``size`` are drawn from (n,) confidences and
    violations, with replacement, so that the true rate of any threshold is known: that of all n.
    Thresholds are ``grid`` quantiles of confidence, from 40% of the rows to all of them, as few
    rows could never be certified. "certified" walks from the surest down while the `upper` bound at
    1 - delta is at most alpha (fixed sequence: one walk, one level); "tuned" takes the widest
    threshold whose rate on the calibration set is at most alpha. For each:
    ``kept`` (share of redraws whose true rate is at most alpha), ``kept on test``, ``coverage``.
    """
    rng = np.random.default_rng(seed)
    cuts = np.quantile(confidence, np.linspace(0, 0.6, grid))[::-1]  # surest first
    level = (np.asarray(confidence)[:, None] >= cuts).astype(np.float32)  # (n, G)
    bad = level * np.asarray(violated, dtype=np.float32)[:, None]
    true, answered = bad.mean(0) / level.mean(0), level.mean(0)
    share = np.full(len(level), 1 / len(level))
    drawn = [rng.multinomial(size, share, rounds).astype(np.float32) for _ in range(2)]
    (n, wrong), (n_test, wrong_test) = ((part @ level, part @ bad) for part in drawn)  # (R, G)
    safe = np.logical_and.accumulate(upper(wrong, n, 1 - delta) <= alpha, axis=1)
    fine = wrong <= alpha * n
    last = {
        "certified": safe.sum(1) - 1,
        "tuned": np.where(fine.any(1), grid - 1 - fine[:, ::-1].argmax(1), -1),
    }
    rows, told = np.arange(rounds), {}
    for name, place in last.items():
        none = place < 0  # abstaining always breaks nothing
        tested = wrong_test[rows, place] <= alpha * n_test[rows, place]
        told[name] = {
            "kept": float((none | (true[place] <= alpha)).mean()),
            "kept on test": float((none | tested).mean()),
            "coverage": float((~none * answered[place]).mean()),
        }
    return told
