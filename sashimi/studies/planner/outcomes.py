"""What every valid action is worth in a world: expected pass, minutes and dollars, and utility.

All actions and all issues share the same `DRAWS` random numbers, so that a difference between two
actions is not the noise of two samples.

Letters: N dispatches, A = 126 actions, M draws, T = 5 tools; n rows of a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, product

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from sashimi.studies.planner.actions import CLASSES, HEADS

DRAWS = 256
TIMEOUTS = np.array([25, 37, 50, 75, 90], dtype=np.float32)
"""Minutes after which a tool gives up by itself: what minutes NA means."""
RATES = np.array([0.04, 0.06, 0.05, 0.10, 0.08], dtype=np.float32)
"""USD a minute of a tool."""
VALUE, RISK_WEIGHT = np.array([2.4, 1.6, 1.0, 0.6]), np.array([0.8, 1.0, 1.3, 1.7])
WAIT, MONEY = np.array([0.15, 0.25, 0.4, 0.7]) / 60, np.array([0.09, 0.05, 0.03, 0.01])
"""What a minute costs by queue, and a dollar by budget, in units of utility."""
PLACE = np.full((2, 4, 6, 5), -1)
PLACE[tuple(CLASSES.T)] = np.arange(len(CLASSES))
"""The number of an action by its four classes."""
SHARED = np.array([0.1, 0.4, 0.9], dtype=np.float32)
"""Correlation of attempts, by dynamics: 0 a trap, 1 balanced, 2 chaos."""
CONTROLLER = np.array([3, 2, 1])
"""Candidates that the controller picks, by dynamics: what candidates NA means."""
NA_ITERATIONS = 4


def utility(outcome: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Value times pass, less minutes and dollars at their prices: (3, N, A), (N, 3) to (N, A)."""
    value, wait, money = prices.T[:, :, None]
    return value * outcome[0] - wait * outcome[1] - money * outcome[2]


def labels(values: np.ndarray, outcome: np.ndarray, prices: np.ndarray, epsilon: float):
    """Of the actions within epsilon of the range below the best one, the one that spends least."""
    top, low = np.nanmax(values, 1, keepdims=True), np.nanmin(values, 1, keepdims=True)
    spent = prices[:, 1:2] * outcome[1] + prices[:, 2:] * outcome[2]
    return np.where(values >= top - epsilon * (top - low), spent, np.inf).argmin(1)


def prices_of(seen) -> np.ndarray:
    """What a pass is worth, and a minute and a dollar cost, in units of utility: (N, 3) float32."""
    value = VALUE[seen["priority"]] * RISK_WEIGHT[seen["risk"]]
    return np.stack([value, WAIT[seen["queue"]], MONEY[seen["budget"]]], 1).astype(np.float32)


def attempts(hidden, draws: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins and minutes of an iteration in 7 lanes: (7, n, M) float32. Lanes: the routed tool,
    the best three, and the best three at the temperature that the controller sets.

    Success is a Gaussian copula: a common factor and one of its own, correlated by the dynamics.
    ``draws`` (9, n or 1, M) are standard normal: the common one, 4 errors, 4 times.
    """
    shared = SHARED[hidden["dynamics"][keep]][:, None]
    trapped = np.float32(0.45) * (hidden["dynamics"][keep] == 0)[:, None]
    ease = (hidden["ability"][keep].T - hidden["hardness"][keep]).astype(np.float32)  # (4, n)
    noise = np.sqrt(shared) * draws[:1] + np.sqrt(1 - shared) * draws[1:5]  # (4, n, M)
    margin = ease[:, :, None] - trapped + noise
    minutes = np.exp(hidden["log_minutes"][keep].astype(np.float32))[:, None]
    pace = np.broadcast_to(minutes * np.exp(np.float32(0.4) * draws[5:]), margin.shape)
    return np.concatenate([margin, margin[1:] + 0.5 * trapped]), np.concatenate([pace, pace[1:]])


def expected(seen, hidden, draws: np.ndarray | None = None, chunk: int = 32) -> np.ndarray:
    """Expected pass, minutes and USD: (3, N, A) float32, NaN where an action is not valid.

    Means over the common draws, or over ``draws`` (9, N, M) of each dispatch's own.
    """
    common = draws is None
    if common:
        points = qmc.Sobol(9, seed=0).random(DRAWS)
        draws = ndtri(points.clip(1e-6, 1 - 1e-6)).T.astype(np.float32)[:, None]
    table = np.full((3, len(seen["job"]), len(CLASSES)), np.nan, dtype=np.float32)
    for job in range(2):
        rows = np.flatnonzero(seen["job"] == job)
        for keep in (rows[i : i + chunk] for i in range(0, len(rows), chunk)):
            margin, pace = attempts(hidden, draws if common else draws[:, keep], keep)
            for number, parts in _actions(job, margin, pace, hidden, keep):
                table[:, keep, number] = parts
    return table


def _actions(job: int, margin, pace, hidden, keep) -> Iterator[tuple[int, np.ndarray]]:
    """Every valid action with its pass, minutes, USD: means over the draws, (3, n).

    What will not pass gives up at 1.6 times its time. An iteration of fab-world improves: margin +
    gain * log(i), by more for serial hand-off, which sees what came before.
    """
    tools = hidden["tools"][keep].T
    tools = np.concatenate([tools, tools[1:]])  # (7, n)
    if job:
        margin, pace, tools = margin[:4], pace[:4] / 2, tools[:4]
        gain = np.array([0.9, 0.5, 0.5, 0.5], dtype=np.float32)[:, None, None]
        needed = np.ceil(np.exp((-margin / gain).clip(0, 5)))
    else:
        solved = margin > 0
        used = np.where(solved, pace, np.float32(1.6) * pace)
    picked, rows = CONTROLLER[hidden["dynamics"][keep]] - 1, np.arange(len(keep))
    for m, i in product(range(6), range(5) if job else (4,)):
        minutes = HEADS["minutes"][m]
        cap = np.float32(minutes) if minutes else TIMEOUTS[tools][:, :, None]
        if job:
            limit = HEADS["iterations"][i] or NA_ITERATIONS
            solved, used = needed <= limit, np.minimum(needed, np.float32(limit)) * pace
        passed = (solved & (used <= cap)).astype(np.float32)
        lasted = np.minimum(used, cap)  # (lanes, n, M)
        wall = lasted.mean(-1)  # (lanes, n)
        usd = wall * RATES[tools]
        yield PLACE[0, 0, m, i], np.stack([passed[0].mean(-1), wall[0], usd[0]])
        votes = _votes(passed[1:4], lasted[1:4], usd[1:4])
        yield from ((PLACE[1, k, m, i], votes[:, k]) for k in range(3))
        if not job:
            votes = _votes(passed[4:], lasted[4:], usd[4:])
            yield PLACE[1, 3, m, i], votes[:, picked, rows]


def _votes(passed, minutes, usd) -> np.ndarray:
    """1, 2 and 3 candidates: any passes; the slowest is waited for, and two minutes of voting:
    (3, 3, n) from lanes (3, n, M) and their USD (3, n).
    """
    any_passed, slowest = (
        np.stack([part.mean(-1) for part in accumulate(lanes, np.maximum)])
        for lanes in (passed, minutes)
    )
    return np.stack([any_passed, slowest + 2, usd.cumsum(0)])
