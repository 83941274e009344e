"""How tiers, domains and actions progress: when a share was reached, kept, lost and regained.

"Reached" is sustained: the threshold must hold for k consecutive checkpoints, so one lucky
checkpoint reaches nothing. A missing value breaks a run of checkpoints. "Unstable" is lost after
reached, or three and more turns; as a share of few trials turns by chance, the turns beyond noise
are counted beside all turns.
"""

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.definitions import floats
from sashimi.pab.series import Counts
from sashimi.statistics import fall, wilson


def sustained_crossing(steps, values, threshold: float, sustained: int = 3) -> int | None:
    """First step of the first run of `sustained` consecutive checkpoints at or above `threshold`.

    None when that never happens.
    """
    found = events(steps, values, threshold, sustained)
    return found[0][0] if found else None


def events(steps, values, threshold: float, sustained: int = 3) -> list[tuple[int, str]]:
    """(step, "learned" | "lost" | "regained") in order, each sustained like a crossing.

    The step is that of the first checkpoint of the run that settled it.
    """
    if sustained < 1:
        raise BadInput(f"sustained is {sustained}; it counts checkpoints, at least 1")
    steps, array = np.asarray(steps), floats(values)
    if len(steps) != len(array):
        raise BadInput(f"{len(steps)} steps but {len(array)} values")
    found: list[tuple[int, str]] = []
    holds, length = False, 0
    for i, value in enumerate(array.tolist()):
        contrary = value < threshold if holds else value >= threshold  # False for NaN
        length = length + 1 if contrary else 0
        if length == sustained:
            name = "lost" if holds else ("regained" if found else "learned")
            found.append((int(steps[i - sustained + 1]), name))
            holds, length = not holds, 0
    return found


def reversals(values) -> int:
    """How often the direction of the known values turns; steps of no change do not count."""
    known = floats(values)
    moves = np.sign(np.diff(known[np.isfinite(known)]))
    moves = moves[moves != 0]
    return int(np.count_nonzero(moves[1:] != moves[:-1]))


def reversals_beyond_noise(counts: Counts, z: float = 1.96) -> int:
    """How often the direction turns by more than chance.

    A move counts once the share has left its last extreme by more than the interval of the
    difference of two proportions (Newcombe) allows; any noisy series turns more often than that.
    """
    tried = counts.where(counts.total > 0)
    points = list(zip(tried.correct.tolist(), tried.total.tolist(), strict=True))
    turns, direction = 0, 0
    high = low = points[0] if points else (0, 1)
    for point in points[1:]:
        fell = direction >= 0 and fall(high, point, z).low > 0
        rose = direction <= 0 and fall(low, point, z).high < 0
        if fell or rose:
            turns += direction != 0
            direction = -1 if fell else 1
            high = low = point
        high = max(high, point, key=lambda p: p[0] / p[1])
        low = min(low, point, key=lambda p: p[0] / p[1])
    return turns


def phase(reached: int | None, last_step: int) -> str:
    """Which third of the run, up to `last_step`, a step lies in; or "never"."""
    if reached is None:
        return "never"
    place = reached / max(1, last_step)
    return "early" if place <= 1 / 3 else ("middle" if place <= 2 / 3 else "late")


def trace(counts: Counts, threshold: float, last_step: int, parameters) -> dict:
    """Everything about the progress of one tier, domain or action, ready for JSON."""
    share, k = counts.share, parameters.sustained
    found = events(counts.steps, share, threshold, k)
    reached = found[0][0] if found else None
    turns, real = reversals(share), reversals_beyond_noise(counts, parameters.z)
    lost = any(name == "lost" for _, name in found)
    tried = counts.where(counts.total > 0)
    out = {
        "threshold": threshold,
        "checkpoints": len(tried),
        "reached": reached,
        "phase": phase(reached, last_step) if len(tried) >= k else "unknown",
        "unstable": lost or turns >= parameters.reversals,
        "unstable_beyond_noise": lost or real >= parameters.reversals,
        "reversals": turns,
        "reversals_beyond_noise": real,
        "events": [list(event) for event in found],
        "final": None,
        "best": None,
    }
    if len(tried) == 0:
        return out
    best, n = int(np.argmax(tried.share)), int(tried.total[-1])
    final = wilson(int(tried.correct[-1]), n, parameters.z)
    return out | {
        "final": final.value,
        "final_low": final.low,
        "final_high": final.high,
        "final_n": n,
        "best": float(tried.share[best]),
        "best_step": int(tried.steps[best]),
    }


def progression(profile) -> dict[str, dict]:
    """`trace` of every counted series, by group and name."""
    parameters, last = profile.parameters, profile.last_step()
    return {
        group: {
            name: trace(counts, parameters.threshold(group, name), last, parameters)
            for name, counts in profile.group(group).items()
        }
        for group in profile.groups()
    }


def band(counts: Counts, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's limits at each checkpoint, 0 and 1 where nothing was tried: two (T,) arrays."""
    pairs = zip(counts.correct.tolist(), counts.total.tolist(), strict=True)
    limits = [wilson(correct, total, z) for correct, total in pairs]
    ends = np.array([(one.low, one.high) if one.n else (0.0, 1.0) for one in limits])
    return ends.reshape(-1, 2)[:, 0], ends.reshape(-1, 2)[:, 1]


def regressions(profile, late: float = 0.2, smooth: int = 1) -> list[dict] | None:
    """Domains that in the last `late` of the steps fall below their best before that.

    A fall counts when the interval of the difference of two proportions (Newcombe) excludes
    zero. With `smooth` > 1, both sides are means of so many consecutive checkpoints, at the size
    of one (they share their examples): a best of many noisy points is too high otherwise.
    None when no domain has points on both sides.
    """
    cut, out, judged = (1 - late) * profile.last_step(), [], 0
    for name, counts in profile.domains.items():
        points = [p for p in _windows(counts, smooth) if p[2][1]]
        before = [(end, pair) for _, end, pair in points if end <= cut]
        after = [(end, pair) for start, end, pair in points if start > cut]
        if not before or not after:
            continue
        judged += 1
        since, best = max(before, key=lambda point: point[1][0] / point[1][1])
        falls = [(fall(best, pair, profile.parameters.z), end) for end, pair in after]
        worst, at = max(falls, key=lambda found: found[0].low)
        if worst.low > 0:
            told = {"from": since, "at": at, "fall": worst.value, "least": worst.low}
            out.append({"domain": name, **told})
    return sorted(out, key=lambda found: -found["fall"]) if judged else None


def _windows(counts: Counts, size: int) -> list[tuple[int, int, tuple[int, int]]]:
    """(first step, last step, (correct, total)) of `size` consecutive checkpoints each: their
    means, as whole counts of one checkpoint's size."""
    out = []
    for i in range(len(counts) - size + 1):
        steps, correct, total = (array[i : i + size] for array in vars(counts).values())
        pair = (round(correct.sum() / size), round(total.sum() / size))
        out.append((int(steps[0]), int(steps[-1]), pair))
    return out
