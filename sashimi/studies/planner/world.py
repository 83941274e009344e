"""A world to learn from: issues with hidden properties, and how runs of them have ended.

Nothing is learned or encoded here. An issue belongs to one of 24 areas (code) or 12 worlds
(fab-world), which have a hidden hardness that drifts by the month, a typical time, tools that suit
them and dynamics; size and risk are noisy views.

Letters: N dispatches, A = 126 actions, T = 5 tools, G = 36 places (areas and worlds).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from sashimi.files import digest
from sashimi.studies.planner.actions import VALID
from sashimi.studies.planner.outcomes import (
    TIMEOUTS,
    attempts,
    expected,
    labels,
    prices_of,
    utility,
)

AREAS, WORLDS, DAYS, BLOCK, WINDOW = 24, 12, 360, 30, 2000


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


def make(settings: Settings, logging: np.ndarray) -> World:
    """The world of the settings. ``logging`` (2, 4, 5, 3): the action (place in `UNION`) that the
    logging policy takes by job, risk, size and dynamics.
    """
    rng = np.random.default_rng([settings.seed, 40])
    places = _places(rng, settings)
    rounds, seen = [], _arrivals(rng, settings.issues)
    while len(seen["time"]):
        hidden = _latents(rng, places, seen, settings.noise)
        run = _run(rng, logging, seen, hidden, settings.explore)
        rounds.append((seen, hidden, run))
        again = (run["passed"] < 0.5) & (seen["attempts"] < 3)
        again &= rng.random(len(again)) < 0.6
        wait = run["minutes"] / 1440 + rng.exponential(0.5, len(again))
        seen = {key: value[again] for key, value in seen.items()}
        seen |= {"time": seen["time"] + wait[again], "attempts": seen["attempts"] + 1}
    order = np.argsort(np.concatenate([seen["time"] for seen, *_ in rounds]), kind="stable")
    seen, hidden, run = (
        {key: np.concatenate([one[key] for one in part])[order] for key in part[0]}
        for part in zip(*rounds, strict=True)
    )
    outcome, prices = expected(seen, hidden), prices_of(seen)
    if not settings.signal:  # what is visible tells nothing
        moved = dealt(rng, seen["job"])
        fixed = {key: seen[key] for key in ("issue", "time", "job")}
        seen = {key: value[moved] for key, value in seen.items()} | fixed
    return World(settings, seen, hidden, run, outcome, prices, similar(seen, run), _split(seen))


def dealt(rng, jobs: np.ndarray, some: np.ndarray | bool = True) -> np.ndarray:
    """Places (N,) that deal the dispatches of each job out anew, ``some`` of them alone."""
    order = np.arange(len(jobs))
    for job in range(2):
        rows = np.flatnonzero((jobs == job) & some)
        order[rows] = rng.permutation(rows)
    return order


def fingerprint(world: World) -> str:
    """Changes with the settings or with any number of the world."""
    columns = [
        value
        for group in (world.seen, world.run)
        for _, value in sorted(group.items(), key=lambda one: (*_rank(one[1]), one[0]))
    ]
    parts = [world.outcome, world.prices, world.past, *columns]
    return digest([asdict(world.settings), [float(np.nansum(p, dtype=float)) for p in parts]])


def _rank(column: np.ndarray) -> tuple[bool, int]:
    """Integers first, then wide numbers: the order in which a cached world comes back."""
    return column.dtype.kind == "f", -column.dtype.itemsize


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


def _arrivals(rng, n: int) -> dict[str, np.ndarray]:
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


def _latents(rng, places, seen, spread: float) -> dict[str, np.ndarray]:
    """Hardness and log-minutes of an attempt, and the tools of the routed and the best three."""
    n, place = len(seen["place"]), seen["place"]
    month = (seen["time"] / BLOCK).astype(int).clip(0, places["hardness"].shape[1] - 1)
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


def _run(rng, logging, seen, hidden, explore: float) -> dict[str, np.ndarray]:
    """Actions of the epsilon-greedy logging policy with their propensities, each run once with
    random numbers of its own.
    """
    greedy = logging[seen["job"], seen["risk"], seen["size"], hidden["dynamics"]]
    valid, rows = VALID[seen["job"]], np.arange(len(greedy))
    scores = np.where(valid, rng.random(valid.shape), -1)
    action = np.where(rng.random(len(rows)) < explore, scores.argmax(1), greedy)
    draws = rng.standard_normal((9, len(rows), 1), dtype=np.float32)
    passed, minutes, usd = expected(seen, hidden, draws, chunk=4096)[:, rows, action]
    return {
        "passed": passed, "minutes": minutes, "usd": usd,
        "margin": attempts(hidden, draws, rows)[0][1:4, :, 0].max(0), "action": action,
        "propensity": explore / valid.sum(1) + (1 - explore) * (action == greedy),
    }  # fmt: skip


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
            row, old = rows[i], rows[max(0, i - WINDOW) : i]
            bucket = np.searchsorted([1, 7, 30], start[row] - start[old], side="right")
            topics = (seen["noise_tags"][old][:, :, None] == seen["noise_tags"][row]).any(2).sum(1)
            total = 2 * (seen["place"][old] == seen["place"][row]) + topics + job
            score = 0.6 * total / (2 * (4 + job) - total) + 0.1 / (1 + bucket)
            score[end[old] > start[row]] = -1
            top = np.lexsort((-old, -score))[:most]
            top = np.sort(old[top[score[top] >= 0]])[::-1]
            past[row, : len(top)] = top
    return past


def _split(seen) -> np.ndarray:
    """0.8 / 0.1 / 0.1 by time; an issue belongs where it first came, later dispatches are purged
    where they fall into another part.
    """
    cuts = np.quantile(seen["time"], [0.8, 0.9])
    part = np.searchsorted(cuts, seen["time"], side="right")
    first = np.full(seen["issue"].max() + 1, 2)
    np.minimum.at(first, seen["issue"], part)
    return np.where(part == first[seen["issue"]], part, -1)
