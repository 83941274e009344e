"""A world to learn from: issues with hidden properties, and what every valid action is worth there.

Nothing is learned or encoded here. An issue belongs to one of 24 areas (code) or 12 worlds
(fab-world), which have a hidden hardness that drifts by the month, a typical time, tools that suit
them and dynamics; size and risk are noisy views. The expected utility of all valid actions is
exact: the same `DRAWS` random numbers for all of them, and for every issue.

Letters: N dispatches, A = 126 actions, M draws, T = 5 tools, G = 36 places (areas and worlds).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from sashimi.files import digest
from sashimi.studies.planner.actions import CLASSES, HEADS, PLANNED, VALID

AREAS, WORLDS, DAYS, BLOCK, WINDOW, DRAWS = 24, 12, 360, 30, 2000, 256
TIMEOUTS = np.array([25, 37, 50, 75, 90], dtype=np.float32)
"""Minutes after which a tool gives up by itself: what minutes NA means."""
RATES = np.array([0.04, 0.06, 0.05, 0.10, 0.08], dtype=np.float32)
"""USD a minute of a tool."""
VALUE, RISK_WEIGHT = np.array([2.4, 1.6, 1.0, 0.6]), np.array([0.8, 1.0, 1.3, 1.7])
WAIT, MONEY = np.array([0.15, 0.25, 0.4, 0.7]) / 60, np.array([0.09, 0.05, 0.03, 0.01])
"""What a minute costs by queue, and a dollar by budget, in units of utility."""
TRAP, BALANCED, CHAOS = 0, 1, 2
PLACE = np.full((2, 4, 6, 5), -1)
PLACE[tuple(CLASSES.T)] = np.arange(len(CLASSES))
"""The number of an action by its four classes."""
CONTROLLER = np.array([3, 2, 1])
"""Candidates that the controller picks, by dynamics: what candidates NA means."""
NA_ITERATIONS = 4


@dataclass(frozen=True)
class Settings:
    """What a world is drawn from; its digest stands in every result."""

    seed: int = 0
    issues: int = 18_000
    noise: float = 0.1
    """Standard deviation of what nothing visible tells of hardness (logits) and log-time."""
    signal: bool = True
    """False: what is visible is that of another issue of the same job."""
    epsilon: float = 0.01
    """Labels are the cheapest action within this share of the range of utilities."""
    explore: float = 0.1
    """Share of dispatches whose action the logging policy draws uniformly."""
    drift: float = 0.04
    """Standard deviation of a place's monthly step of hardness."""


@dataclass(frozen=True)
class World:
    """N dispatches in order of time; columns of `seen`, `hidden` and `run` are (N,) arrays."""

    settings: Settings
    seen: dict[str, np.ndarray]
    """What an input may tell: job, place, size, risk, priority, attempts, hint, queue, …"""
    hidden: dict[str, np.ndarray]
    """The latents."""
    run: dict[str, np.ndarray]
    """What the logging policy did, with its propensity, and how that ended."""
    outcome: np.ndarray
    """Expected pass, minutes, USD of every action: (3, N, A) float32, NaN where not valid."""
    prices: np.ndarray
    """Value of a pass, cost of a minute, cost of a dollar: (N, 3)."""
    past: np.ndarray
    """Up to 16 similar finished runs, newest first: (N, 16) dispatches, -1 for none."""
    split: np.ndarray
    """0 train, 1 validation, 2 test, -1 purged: (N,), by time, grouped by issue."""

    @property
    def utility(self) -> np.ndarray:
        """Expected utility of every action: (N, A), NaN where not valid."""
        return utility(self.outcome, self.prices)

    @property
    def labels(self) -> np.ndarray:
        """The cheapest action within epsilon of the best: (N,) places in `UNION`."""
        return labels(self.utility, self.outcome, self.prices, self.settings.epsilon)


def utility(outcome: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Value times pass, less minutes and dollars at their prices: (3, N, A), (N, 3) to (N, A)."""
    value, wait, money = prices.T[:, :, None]
    return value * outcome[0] - wait * outcome[1] - money * outcome[2]


def labels(values: np.ndarray, outcome: np.ndarray, prices: np.ndarray, epsilon: float):
    """Of the actions within epsilon of the range below the best one, the one that spends least."""
    top, low = np.nanmax(values, 1, keepdims=True), np.nanmin(values, 1, keepdims=True)
    spent = prices[:, 1:2] * outcome[1] + prices[:, 2:] * outcome[2]
    return np.where(values >= top - epsilon * (top - low), spent, np.inf).argmin(1)


def make(settings: Settings, logging: np.ndarray) -> World:
    """The world of the settings. ``logging`` (2, 4, 5, 3): the action (place in `UNION`) that the
    logging policy takes by job, risk, size and dynamics.
    """
    rng = np.random.default_rng([settings.seed, 40])
    places = _places(rng, settings)
    rounds, seen = [], _arrivals(rng, settings)
    while len(seen["time"]):
        hidden = _latents(rng, places, seen, settings)
        chosen, chance = _logged(rng, logging, seen, hidden, settings.explore)
        run = _executed(rng, seen, hidden, chosen) | {"action": chosen, "propensity": chance}
        rounds.append((seen, hidden, run))
        again = (run["passed"] < 0.5) & (seen["attempts"] < 3) & (rng.random(len(chosen)) < 0.6)
        wait = run["minutes"] / 1440 + rng.exponential(0.5, len(chosen))
        seen = {key: value[again] for key, value in seen.items()}
        seen |= {"time": seen["time"] + wait[again], "attempts": seen["attempts"] + 1}
    order = np.argsort(np.concatenate([seen["time"] for seen, *_ in rounds]), kind="stable")
    seen, hidden, run = (
        {key: np.concatenate([one[part][key] for one in rounds])[order] for key in rounds[0][part]}
        for part in range(3)
    )
    outcome, prices = expected(seen, hidden), _prices(seen)
    if not settings.signal:
        seen = _shuffled(rng, seen)
    return World(
        settings, seen, hidden, run, outcome, prices, similar(seen, run), _split(seen)
    )  # fmt: skip


def fingerprint(world: World) -> str:
    """Changes with the settings or with any number of the world."""
    parts = [world.outcome, world.prices, world.past, *world.seen.values(), *world.run.values()]
    sums = [float(np.nansum(part, dtype=float)) for part in parts]
    return digest([asdict(world.settings), sums])


def _places(rng, settings: Settings) -> dict[str, np.ndarray]:
    g, months = AREAS + WORLDS, DAYS // BLOCK + 2
    return {
        "hardness": rng.normal(0, 1.2, g)[:, None]
        + rng.normal(0, settings.drift, (g, months)).cumsum(1),
        "time": rng.normal(0, 0.7, g),
        "affinity": rng.normal(0, 0.6, (g, len(TIMEOUTS))).astype(np.float32),
        "default": rng.integers(0, len(TIMEOUTS), g),
        "dynamics": rng.choice(3, g, p=[0.3, 0.4, 0.3]),
    }


def _arrivals(rng, settings: Settings) -> dict[str, np.ndarray]:
    n = settings.issues
    job = (rng.random(n) < 0.4).astype(int)
    hint = np.where(rng.random(n) < 0.5, -1, rng.integers(0, len(TIMEOUTS), n))
    return {
        "issue": np.arange(n),
        "time": np.sort(rng.uniform(0, DAYS, n)),
        "job": job,
        "place": np.where(job == 1, AREAS + rng.integers(0, WORLDS, n), rng.integers(0, AREAS, n)),
        "size": rng.choice(5, n, p=[0.15, 0.25, 0.3, 0.2, 0.1]),
        "risk": rng.choice(4, n, p=[0.3, 0.4, 0.2, 0.1]),
        "priority": rng.choice(4, n, p=[0.1, 0.3, 0.4, 0.2]),
        "attempts": np.zeros(n, dtype=int),
        "hint": hint,
        "queue": rng.integers(0, 4, n),
        "budget": rng.integers(0, 4, n),
        "active": rng.integers(0, 4, n),
        "noise_tags": rng.integers(0, 40, (n, 2)),
    }


def _latents(rng, places, seen, settings: Settings) -> dict[str, np.ndarray]:
    """Hardness and log-minutes of an attempt, and the tools of the routed and the best three."""
    n, place = len(seen["place"]), seen["place"]
    month = (seen["time"] / BLOCK).astype(int).clip(0, places["hardness"].shape[1] - 1)
    spread = settings.noise
    affinity = places["affinity"][place] + rng.normal(0, spread / 2, (n, len(TIMEOUTS)))
    routed = np.where(seen["hint"] < 0, places["default"][place], seen["hint"])
    tools = np.concatenate([routed[:, None], np.argsort(-affinity, axis=1)[:, :3]], axis=1)
    return {
        "hardness": places["hardness"][place, month] + 0.35 * (seen["size"] - 2)
        + 0.25 * (seen["risk"] - 1) + 0.35 * seen["attempts"] + rng.normal(0, spread, n),
        "log_minutes": np.log(14.0) + places["time"][place] + 0.5 * (seen["size"] - 2)
        + rng.normal(0, spread, n),
        "tools": tools,
        "ability": 0.5 + np.take_along_axis(affinity, tools, 1),
        "dynamics": places["dynamics"][place],
    }  # fmt: skip


def attempts(hidden, draws: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins and minutes of an iteration in 7 lanes: (7, n, M) float32. Lanes: the routed tool,
    the best three, and the best three at the temperature that the controller sets.

    Success is a Gaussian copula: a common factor and one of its own, correlated by the dynamics.
    ``draws`` (9, n or 1, M) are standard normal: the common one, 4 errors, 4 times.
    """
    shared = np.array([0.1, 0.4, 0.9], dtype=np.float32)[hidden["dynamics"][keep]][:, None]
    trapped = np.float32(0.45) * (hidden["dynamics"][keep] == TRAP)[:, None]
    ease = (hidden["ability"][keep].T - hidden["hardness"][keep]).astype(np.float32)  # (4, n)
    noise = np.sqrt(shared) * draws[:1] + np.sqrt(1 - shared) * draws[1:5]  # (4, n, M)
    margin = ease[:, :, None] - trapped + noise
    minutes = np.exp(hidden["log_minutes"][keep].astype(np.float32))[:, None]
    pace = minutes * np.exp(np.float32(0.4) * draws[5:])
    pace = np.broadcast_to(pace, margin.shape)
    return np.concatenate([margin, margin[1:] + 0.5 * trapped]), np.concatenate([pace, pace[1:]])


def _code(margin, pace, cap) -> tuple[np.ndarray, np.ndarray]:
    """Pass (0 or 1) and minutes: one attempt; what will not pass gives up at 1.6 times its time."""
    used = np.where(margin > 0, pace, np.float32(1.6) * pace)
    return ((margin > 0) & (used <= cap)).astype(np.float32), np.minimum(used, cap)


def _world(needed, pace, cap, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Pass (0 or 1) and minutes of up to ``limit`` iterations, of which ``needed`` would do."""
    used = np.minimum(needed, np.float32(limit)) * pace
    return ((needed <= limit) & (used <= cap)).astype(np.float32), np.minimum(used, cap)


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


def _actions(job: int, margin, pace, hidden, keep) -> Iterator[tuple[int, tuple]]:
    """Every valid action with its (pass, minutes, USD): means over the draws, (n,) each.

    An iteration of fab-world improves: margin + gain * log(i), by more for serial hand-off, which
    sees what came before.
    """
    tools = hidden["tools"][keep].T
    tools = np.concatenate([tools, tools[1:]])  # (7, n)
    if job:
        margin, pace, tools = margin[:4], pace[:4] / 2, tools[:4]
        gain = np.array([0.9, 0.5, 0.5, 0.5], dtype=np.float32)[:, None, None]
        margin = np.ceil(np.exp((-margin / gain).clip(0, 5)))
    count = CONTROLLER[hidden["dynamics"][keep]]
    for m, i in product(range(6), range(5) if job else (4,)):
        minutes = HEADS["minutes"][m]
        cap = np.float32(minutes) if minutes else TIMEOUTS[tools][:, :, None]
        limit = HEADS["iterations"][i] or NA_ITERATIONS
        lanes = _world(margin, pace, cap, limit) if job else _code(margin, pace, cap)
        wall = lanes[1].mean(-1)  # (lanes, n)
        usd = wall * RATES[tools]
        yield PLACE[0, 0, m, i], (lanes[0][0].mean(-1), wall[0], usd[0])
        votes = list(_votes(*lanes, usd, 1))
        yield from ((PLACE[1, k, m, i], vote) for k, vote in enumerate(votes))
        if not job:
            votes = list(_votes(*lanes, usd, 4))
            chosen = tuple(np.choose(count - 1, part) for part in zip(*votes, strict=True))
            yield PLACE[1, 3, m, i], chosen


def _votes(passed, minutes, usd, first: int) -> Iterator[tuple[np.ndarray, ...]]:
    """1, 2 and 3 candidates: any passes; the slowest is waited for, and two minutes of voting."""
    any_passed, slowest, paid = passed[first], minutes[first], usd[first]
    yield any_passed.mean(-1), slowest.mean(-1) + 2, paid
    for lane in (first + 1, first + 2):
        any_passed = np.maximum(any_passed, passed[lane])
        slowest = np.maximum(slowest, minutes[lane])
        paid = paid + usd[lane]
        yield any_passed.mean(-1), slowest.mean(-1) + 2, paid


def _prices(seen) -> np.ndarray:
    value = VALUE[seen["priority"]] * RISK_WEIGHT[seen["risk"]]
    return np.stack([value, WAIT[seen["queue"]], MONEY[seen["budget"]]], 1).astype(np.float32)


def _logged(rng, logging, seen, hidden, explore: float) -> tuple[np.ndarray, np.ndarray]:
    """Actions of the epsilon-greedy logging policy and their propensities."""
    greedy = logging[seen["job"], seen["risk"], seen["size"], hidden["dynamics"]]
    valid = VALID[seen["job"]]
    scores = np.where(valid, rng.random(valid.shape), -1)
    chosen = np.where(rng.random(len(greedy)) < explore, scores.argmax(1), greedy)
    return chosen, explore / valid.sum(1) + (1 - explore) * (chosen == greedy)


def _executed(rng, seen, hidden, chosen) -> dict[str, np.ndarray]:
    """One run of the chosen action, with random numbers of its own."""
    rows = np.arange(len(chosen))
    draws = rng.standard_normal((9, len(rows), 1), dtype=np.float32)
    parts = expected(seen, hidden, draws, chunk=4096)[:, rows, chosen]
    margin = attempts(hidden, draws, rows)[0][1:4, :, 0].max(0)
    return dict(zip(("passed", "minutes", "usd"), parts, strict=True)) | {"margin": margin}


def similar(seen, run, most: int = 16) -> np.ndarray:
    """The most similar finished runs of the same job among the last `WINDOW`: (N, most), newest
    first. Similarity: 0.6 Jaccard of tags + 0.1 / (1 + recency bucket); ties to the newer.

    A run is finished if start + duration <= the dispatch; failures are unknown when asking, so
    that the third term of the source's similarity (0.3 Jaccard of fail codes) is always 0.
    """
    past = np.full((len(seen["time"]), most), -1)
    start, end = seen["time"], seen["time"] + run["minutes"] / 1440
    for job in range(2):
        rows = np.flatnonzero(seen["job"] == job)
        for i in range(1, len(rows)):
            old = rows[max(0, i - WINDOW) : i]
            row, age = rows[i], start[rows[i]] - start[old]
            bucket = np.searchsorted([1, 7, 30], age, side="right")
            same = 2 * (seen["place"][old] == seen["place"][row]) + (
                (seen["noise_tags"][old][:, :, None] == seen["noise_tags"][row]).any(2).sum(1)
            )
            total = same + job  # fab-world's own tag is shared by all of that job
            score = 0.6 * total / (2 * (4 + job) - total) + 0.1 / (1 + bucket)
            score[end[old] > start[row]] = -1
            top = np.lexsort((-old, -score))[:most]
            top = np.sort(old[top[score[top] >= 0]])[::-1]
            past[row, : len(top)] = top
    return past


def _shuffled(rng, seen) -> dict[str, np.ndarray]:
    """What is visible, moved to other dispatches of the same job, so that it tells nothing."""
    moved = np.arange(len(seen["job"]))
    for job in range(len(PLANNED)):
        rows = np.flatnonzero(seen["job"] == job)
        moved[rows] = rng.permutation(rows)
    return {
        key: value if key in ("issue", "time", "job") else value[moved]
        for key, value in seen.items()
    }


def _split(seen) -> np.ndarray:
    """0.8 / 0.1 / 0.1 by time; an issue belongs where it first came, later dispatches are purged
    where they fall into another part.
    """
    cuts = np.quantile(seen["time"], [0.8, 0.9])
    part = np.searchsorted(cuts, seen["time"], side="right")
    first = np.full(seen["issue"].max() + 1, 2)
    np.minimum.at(first, seen["issue"], part)
    return np.where(part == first[seen["issue"]], part, -1)
