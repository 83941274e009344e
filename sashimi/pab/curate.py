"""Sorting training examples by how a short probe run learned them.

The rules, in the order in which they are tried. L0 is the mean first loss of all examples; late is
the last third of the probe's steps; p = exp(-loss).
1. insufficient: fewer than `min_points` losses, or they cover less than half of the steps.
2. destabilizing: it swings, far up and far down again, beyond a robust band (median + k scaled
   median absolute deviations) of what the other examples do, and beyond a stated share. A swing
   is a share of the example's median loss, or of L0 where that is more; what the median example
   does at the same checkpoint is not held against it.
3. easy: within the first third its loss falls to `low` L0, or its p to `learned`; and late its p
   is `learned` or more.
4. hard-but-learnable: late its p is `learned` or more; or the interval of its slope after the
   first third lies below zero, and it is lower than it began.
5. insufficient: that interval is so wide that p might get to `learned` in as many steps again.
6. unlearnable: what remains is neither learned nor falling.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sashimi import ranks
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.pab.definitions import EPSILON
from sashimi.pab.dynamics import Trajectories, cartography

EASY, HARD, UNLEARNABLE = "easy", "hard-but-learnable", "unlearnable"
DESTABILIZING, INSUFFICIENT = "destabilizing", "insufficient"
CLASSES = (EASY, HARD, UNLEARNABLE, DESTABILIZING, INSUFFICIENT)


@dataclass(frozen=True)
class Rules:
    """Numbers of the rules. `learned` is for losses that are mean negative log-likelihoods."""

    min_points: int = 6
    low: float = 0.5  # share of L0
    learned: float = 0.6  # p that two contradicting copies of an example cannot both reach
    z: float = 1.96  # of the slope interval
    band: float = 5.0  # k of the robust band
    least_swing: float = 0.1  # a checkpoint


@dataclass(frozen=True)
class Sorted:
    """The class of one example, the rule that fired, and the numbers that it looked at.

    Losses in nats, slope per 1,000 steps; None where a number was not needed or not known.
    """

    kind: str
    rule: str
    points: int
    first: float | None
    late: float | None
    slope: float | None
    slope_low: float | None
    slope_high: float | None
    swing: float | None


@dataclass(frozen=True)
class Selection:
    """Ids after filtering, in the order of the report; every id is in exactly one of these."""

    kept: tuple[str, ...]
    flagged: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """The classes of all examples by id, with the rules and the band they were sorted by."""

    rules: Rules
    first_loss: float  # L0
    swing_band: float
    examples: dict[str, Sorted]
    map: dict[str, dict]  # cartography by id

    def __repr__(self) -> str:
        return f"Report({self.counts()}, coverage {self.coverage():.1%})"

    def counts(self) -> dict[str, int]:
        """How many examples each class has."""
        found = Counter(example.kind for example in self.examples.values())
        return {kind: found[kind] for kind in CLASSES}

    def coverage(self) -> float:
        """Share of examples with enough evidence for a class."""
        return 1 - self.counts()[INSUFFICIENT] / len(self.examples)

    def filter(
        self,
        keep: Sequence[str] = (),
        downsample: Sequence[str] = (),
        flag_for_review: Sequence[str] = (),
        remove: Sequence[str] = (),
        share: float = 0.25,
        seed: int = 0,
    ) -> Selection:
        """Sort ids by what is to be done with their class; a class that is not named is kept.

        Of each downsampled class, `share` is kept (rounded up, drawn by `seed`), the rest is
        removed. Flagged examples are not kept: somebody looks at them first.
        """
        named = [*keep, *downsample, *flag_for_review, *remove]
        odd = [k for k in named if k not in CLASSES] or [k for k in named if named.count(k) > 1]
        if odd:
            raise BadInput(f"class {odd[0]!r} is unknown or named twice; classes: {CLASSES}")
        if not 0 <= share <= 1:
            raise BadInput(f"share is {share}; give a number between 0 and 1")
        gone = {id for id, example in self.examples.items() if example.kind in remove}
        rng = np.random.default_rng(seed)
        for kind in downsample:
            ids = [id for id, example in self.examples.items() if example.kind == kind]
            surplus = len(ids) - int(np.ceil(share * len(ids)))
            gone |= {ids[i] for i in rng.permutation(len(ids))[:surplus]}
        left = [id for id in self.examples if id not in gone]
        flagged = [id for id in left if self.examples[id].kind in flag_for_review]
        kept = [id for id in left if self.examples[id].kind not in flag_for_review]
        removed = [id for id in self.examples if id in gone]
        return Selection(tuple(kept), tuple(flagged), tuple(removed))

    def as_dict(self) -> dict:
        return {
            "schema": 1,
            "rules": asdict(self.rules),
            "first_loss": self.first_loss,
            "swing_band": self.swing_band,
            "counts": self.counts(),
            "coverage": self.coverage(),
            "examples": {
                id: {**asdict(example), **self.map[id]} for id, example in self.examples.items()
            },
        }

    def save(self, path: str | Path) -> Path:
        """Write `difficulty_report.json` into a folder, or to a named file; all or nothing."""
        path = Path(path)
        path = path / "difficulty_report.json" if path.is_dir() else path
        text = json.dumps(self.as_dict(), allow_nan=False, indent=1, sort_keys=True)
        write_text(path, text + "\n")
        return path


def curate(trajectories: Trajectories, rules: Rules | None = None) -> Report:
    """Sort every example by the rules above. Raises BadInput without any finite loss."""
    rules = rules or Rules()
    loss = trajectories.loss
    firsts = [row[np.isfinite(row)][0] for row in loss if np.isfinite(row).any()]
    if not firsts:
        raise BadInput("no example has a finite loss; record the losses of a probe run first")
    first_loss = float(np.mean(firsts))
    swings = _swings(loss, first_loss)
    band = _band(swings, rules)
    columns = cartography(trajectories)
    examples, places = {}, {}
    for i, id in enumerate(trajectories.ids):
        examples[id] = _sort(loss[i], float(swings[i]), trajectories.steps, rules, first_loss, band)
        known = {name: float(c[i]) if np.isfinite(c[i]) else None for name, c in columns.items()}
        places[id] = known
    return Report(rules, first_loss, band, examples, places)


def _sort(loss, swing: float, steps, rules: Rules, first_loss: float, band: float) -> Sorted:
    """The first rule that fires for one example: losses (T,) at steps (T,)."""
    known = np.isfinite(loss)
    x, y, points = steps[known], loss[known], int(known.sum())
    span = float(steps[-1] - steps[0])
    if points < rules.min_points or x[-1] - x[0] < span / 2:
        first = float(y[0]) if points else None
        return Sorted(INSUFFICIENT, "too few losses", points, first, *[None] * 5)
    early, end = steps[0] + span / 3, steps[0] + 2 * span / 3
    late = float(np.median(y[x >= end])) if (x >= end).any() else float(y[-1])
    fit = ranks.slope(x[x > early], y[x > early], rules.z)
    learned = -float(np.log(rules.learned))
    if swing > band:
        found = (DESTABILIZING, "swings beyond the band")
    elif late <= learned:
        soon = min(y[x <= early], default=np.inf) <= max(rules.low * first_loss, learned)
        told = (EASY, "low within the first third, and learned")
        found = told if soon else (HARD, "learned late")
    elif fit is None:
        found = (INSUFFICIENT, "too few losses after the first third")
    elif fit.high < 0 and late < float(y[0]):
        found = (HARD, "still falling, and lower than it began")
    elif late + fit.low * (float(steps[-1]) - early) < learned:
        found = (INSUFFICIENT, "the slope's interval is too wide")
    else:
        found = (UNLEARNABLE, "neither learned nor falling")
    per = [1000 * v for v in (fit.value, fit.low, fit.high)] if fit else [None] * 3
    return Sorted(*found, points, float(y[0]), late, per[0], per[1], per[2], swing)


def _swings(loss: np.ndarray, first_loss: float) -> np.ndarray:
    """Mean distance a checkpoint that an example went up and came down again: (N, T) -> (N,).

    Twice the lesser of its total rise and total fall, over its steps, as a share of its median
    loss or of `first_loss`, whichever is more. A rise that the median example shares is not its
    own.
    """
    moves = np.diff(loss, axis=1)
    known = np.isfinite(moves)
    common = [np.median(m[k]) if k.any() else 0.0 for m, k in zip(moves.T, known.T, strict=True)]
    moves = np.where(known, moves, 0.0)
    rises = np.maximum(0, moves - np.maximum(0, common)).sum(axis=1)
    falls = np.maximum(0, -moves).sum(axis=1)
    swings = 2 * np.minimum(rises, falls) / np.maximum(1, known.sum(axis=1))
    own = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in loss]
    return swings / np.maximum(np.maximum(own, first_loss), EPSILON)


def _band(swings: np.ndarray, rules: Rules) -> float:
    """The largest swing that passes. 1.4826 makes the deviation that of a normal."""
    centre = float(np.median(swings))
    spread = 1.4826 * float(np.median(np.abs(swings - centre)))
    return max(centre + rules.band * spread, rules.least_swing)
