"""Public learning curves as runs: LCDB (Mohr et al. 2022, MIT), error over training size.

The package is installed as ``lcdb`` but not imported: its import needs packages that it does not
declare. A curve's "steps" are training sizes and its "loss" is the validation error, so that a
share of the steps is a share of the largest size; the result is test accuracy at that size.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from sashimi.errors import BadInput
from sashimi.pab import Profile
from sashimi.pab.profile import Origin
from sashimi.pab.series import Series
from sashimi.studies.trajectory.runs import CUT, NAN, Collected, Ended

FILE = "database-accuracy.csv"
COLUMNS = ("openmlid", "learner", "size_train", "score_valid", "score_test")
POINTS = 8
"""Sizes that a curve needs at least."""


def lcdb() -> pd.DataFrame:
    """Mean validation and test accuracy of every data set, learner and training size.

    Raises BadInput where lcdb is not installed.
    """
    spec = importlib.util.find_spec("lcdb")
    if spec is None or not spec.submodule_search_locations:
        raise BadInput("lcdb is not installed: pip install 'sashimi[curves]'")
    path = Path(spec.submodule_search_locations[0]) / FILE
    rows = pd.read_csv(path, usecols=list(COLUMNS))
    return rows.groupby(["openmlid", "learner", "size_train"], sort=True).mean().reset_index()


def curves(means: pd.DataFrame, sets: int | None = None) -> Collected:
    """The curves of the first ``sets`` data sets (None: all) as runs, a data set a group.

    A curve that ends before its data set's largest size is cut short; one with a missing value, or
    with fewer than `POINTS` sizes, is left out by name as well.
    """
    numbers = sorted(means["openmlid"].unique())[:sets]
    found, left_out = [], {}
    for number, rows in means[means["openmlid"].isin(numbers)].groupby("openmlid"):
        largest = rows["size_train"].max()
        for learner, curve in rows.groupby("learner"):
            name = f"{number}/{learner}"
            if not np.isfinite(curve[["score_valid", "score_test"]].to_numpy()).all():
                left_out[name] = NAN
            elif curve["size_train"].max() < largest or len(curve) < POINTS:
                left_out[name] = CUT
            else:
                found.append(_run(name, f"lcdb {number}", curve))
    return Collected(tuple(found), left_out)


def drawn(sets: int, learners: int = 12, seed: int = 0) -> pd.DataFrame:
    """Made curves in `lcdb`'s form: power laws with a floor, a rate and noise of their own."""
    rng, rows = np.random.default_rng(seed), []
    sizes = np.round(16 * 2 ** (np.arange(14) / 2)).astype(int)
    for number in range(sets):
        for learner in range(learners):
            floor, rate = rng.uniform(0.05, 0.3), rng.uniform(0.2, 0.8)
            error = floor + 1.2 * sizes**-rate + 0.01 * rng.standard_normal(len(sizes))
            test = 1 - (floor + 1.2 * sizes**-rate)
            part = {"size_train": sizes, "score_valid": 1 - error, "score_test": test}
            rows.append(pd.DataFrame({"openmlid": number, "learner": f"l{learner}"} | part))
    return pd.concat(rows, ignore_index=True)


def _run(name: str, group: str, curve: pd.DataFrame) -> Ended:
    error = Series(curve["size_train"].to_numpy(), 1 - curve["score_valid"].to_numpy())
    origin = Origin("completed", None, None, 1, False, {}, "", 0.0, 0.0)
    empty = {key: {} for key in ("components", "tiers", "domains", "actions", "weights")}
    profile = Profile(origin, {"train_loss": error}, **empty).recompute()
    return Ended(name, group, group, profile, float(curve["score_test"].iloc[-1]))
