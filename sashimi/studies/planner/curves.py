"""Real data: choose a learner and a training size for a data set (LCDB), and read ASlib scenarios.

LCDB (Mohr et al. 2022, MIT) is installed as ``lcdb`` but not imported: its import needs packages
that it does not declare. Letters: D data sets, A actions (learner, anchor), F features.
"""

from __future__ import annotations

import importlib.util
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor

from sashimi.errors import BadInput
from sashimi.files import digest
from sashimi.statistics import Interval
from sashimi.studies.planner.measure import gap_closed

PROBE, CHEAP = 64, 0.01
"""Training size at which learners may be probed before a choice, and paid for: those that take at
most so many seconds there on half of the data sets."""
NEAREST, COMPONENTS = 10, 20
NUMERIC = ("numeric", "real", "integer")
"""Types of ARFF that are numbers."""


@dataclass(frozen=True)
class Curves:
    """Mean test accuracy and seconds of every action on every data set.

    An action trains on at most so many examples: beyond what a data set has it is its largest.
    """

    sets: np.ndarray
    actions: list[tuple[str, int]]
    accuracy: np.ndarray
    """(D, A), NaN where the learner does not run: there it is not offered."""
    seconds: np.ndarray
    meta: np.ndarray
    """Meta-features: (D, F), missing as the median."""
    probes: np.ndarray
    """Accuracy of every learner at `PROBE` examples: (D, learners), missing as the median."""
    probe_seconds: np.ndarray
    """What each probe takes: (D, learners), NaN where the learner does not run."""

    @property
    def digest(self) -> str:
        """Changes with any number."""
        return digest(
            [float(np.nansum(part)) for part in vars(self).values() if hasattr(part, "sum")]
        )

    def utility(self, price: float) -> np.ndarray:
        """Accuracy less the price of a tenfold time: (D, A), NaN where an action is not offered."""
        return self.accuracy - price * np.log10(1 + self.seconds)


def lcdb(sets: int | None = None) -> Curves:
    """The data sets with meta-features, by number. Raises BadInput where lcdb is not installed."""
    spec = importlib.util.find_spec("lcdb")
    if spec is None or not spec.submodule_search_locations:
        raise BadInput("lcdb is not installed: pip install 'sashimi[curves]'")
    folder = Path(spec.submodule_search_locations[0])
    meta = pd.read_csv(folder / "datasets.csv", index_col="openmlid").drop(columns="Name")
    meta = meta[meta.notna().mean(axis=1) > 0.3].sort_index()
    columns = ["openmlid", "learner", "size_train", "traintime", "score_test"]
    runs = pd.read_csv(folder / "database-accuracy.csv", usecols=columns)
    numbers = sorted(set(meta.index) & set(runs["openmlid"]))[:sets]
    runs = runs[runs["openmlid"].isin(numbers)]
    size = np.log2(runs["size_train"] / 16) * 2
    runs = runs.assign(anchor=size.round().astype(int), exact=(size - size.round()).abs() < 0.05)
    mean = runs.groupby(["openmlid", "learner", "anchor"])[["score_test", "traintime"]].mean()
    tables = [
        mean[name].unstack(["learner", "anchor"]).reindex(numbers).sort_index(axis=1)
        for name in ("score_test", "traintime")
    ]
    at = round(2 * np.log2(PROBE / 16))
    probed = [table.xs(at, axis=1, level="anchor") for table in tables]
    largest = [table.T.groupby(level="learner").ffill().T for table in tables]
    return Curves(
        np.array(numbers),
        [(learner, round(16 * 2 ** (anchor / 2))) for learner, anchor in tables[0].columns],
        *(table.to_numpy() for table in largest),
        _filled(meta.loc[numbers].select_dtypes("number")),
        _filled(probed[0]),
        probed[1].to_numpy(),
    )


def drawn(sets: int, seed: int = 0, learners: int = 4) -> Curves:
    """Curves that saturate at a level of their own, which a meta-feature tells with noise."""
    rng = np.random.default_rng(seed)
    anchors, level = np.arange(4, 11), rng.uniform(0.6, 0.95, (sets, learners))
    size = np.round(16 * 2 ** (anchors / 2))
    accuracy = level[:, :, None] - 1.5 / np.sqrt(size)
    seconds = np.broadcast_to(size**1.5 / 1e6 * (1 + np.arange(learners))[:, None], accuracy.shape)
    return Curves(
        np.arange(sets),
        [(f"learner {i}", int(n)) for i in range(learners) for n in size],
        accuracy.reshape(sets, -1),
        seconds.reshape(sets, -1),
        level + rng.normal(0, 0.1, level.shape),
        accuracy[:, :, 0],
        seconds[:, :, 0],
    )


def _filled(table: pd.DataFrame) -> np.ndarray:
    """Numbers without gaps, large ones compressed: sign(x) log(1 + |x|)."""
    values = table.fillna(table.median()).fillna(0.0).to_numpy(dtype=float)
    return np.sign(values) * np.log1p(np.abs(values))


def leave_one_out(curves: Curves, price: float, seed: int = 0, trees: int = 40) -> dict:
    """Utilities (D,) of every way to choose, each data set left out of all that is fitted.

    "single best" is the base. "nearest sets" and "forest" see meta-features, "… probed" pay for the
    cheap probes and see them too. Also "oracle". What is not offered is never chosen, also not by
    the single best, which is then the best of the others. None is tuned on what is left out.
    """
    worth = curves.utility(price)
    offered = ~np.isnan(worth)
    told = {name: np.zeros(len(worth)) for name in ("single best", *_WAYS)}
    for one in range(len(worth)):
        rest = np.arange(len(worth)) != one
        cheap = np.nanmedian(curves.probe_seconds[rest], axis=0) <= CHEAP
        both = np.concatenate([curves.meta, curves.probes[:, cheap]], axis=1)
        paid = price * np.log10(1 + np.nansum(curves.probe_seconds[one, cheap]))
        known = complete(worth[rest])
        first = np.where(offered[one], known.mean(0), -np.inf).argmax()
        told["single best"][one] = worth[one, first]
        for name, (probed, way) in _WAYS.items():
            x = both if probed else curves.meta
            guess = way(x[rest], known, x[one], seed, trees)
            chosen = np.where(offered[one], guess, -np.inf).argmax()
            told[name][one] = worth[one, chosen] - paid * probed
    return told | {"oracle": np.nanmax(worth, axis=1)}


def complete(worth: np.ndarray) -> np.ndarray:
    """What actions are worth (D, A), where one is not offered as by the data set's mean and by how
    far the action is from that mean elsewhere."""
    mean = np.nanmean(worth, axis=1, keepdims=True)
    return np.where(np.isnan(worth), mean + np.nanmean(worth - mean, axis=0), worth)


def _neighbours(x, worth, asked, seed: int, trees: int) -> np.ndarray:
    """What actions are worth (A,) on the nearest of the sets x (D, F), with scaled features."""
    mean, spread = x.mean(0), x.std(0) + 1e-9
    far = ((asked - mean) / spread - (x - mean) / spread) ** 2
    return worth[np.argsort(far.sum(-1))[:NEAREST]].mean(0)


def _forest(x, worth, asked, seed: int, trees: int) -> np.ndarray:
    """Extremely randomised trees on the first principal components of what actions are worth."""
    pca = PCA(min(COMPONENTS, len(worth) - 1, worth.shape[1]), random_state=seed)
    parts = pca.fit_transform(worth - worth.mean(1, keepdims=True))
    forest = ExtraTreesRegressor(trees, min_samples_leaf=2, random_state=seed).fit(x, parts)
    return pca.inverse_transform(forest.predict(asked[None]).reshape(1, -1))


_WAYS = {
    "nearest sets": (False, _neighbours),
    "forest": (False, _forest),
    "nearest sets, probed": (True, _neighbours),
    "forest, probed": (True, _forest),
}


def closed(told: dict[str, np.ndarray]) -> dict[str, Interval]:
    """By way, the share of the gap from the single best to the oracle that it closes."""
    base, oracle = told["single best"], told["oracle"]
    return {name: gap_closed(told[name], base, oracle) for name in _WAYS}


@dataclass(frozen=True)
class Scenario:
    """An ASlib scenario: features (n, F), run times (n, A) with time-outs at 10 times the cutoff,
    folds (n,), in order of instance.
    """

    features: pd.DataFrame
    times: pd.DataFrame
    folds: pd.Series
    cutoff: float
    maximize: bool

    def npar10(self, chosen: np.ndarray, rows: np.ndarray) -> float:
        """(PAR10 of the choices - virtual best) / (single best - virtual best) over rows; NaN where
        there is no room. 0 is the virtual best, 1 the single best of these rows.
        """
        times = self.times.to_numpy()[rows]
        ours = times[np.arange(len(rows)), chosen].mean()
        virtual, single = times.min(1).mean(), times.mean(0).min()
        return float((ours - virtual) / (single - virtual)) if single > virtual else float("nan")


def scenario(folder: str | Path) -> Scenario:
    """Read description.txt, algorithm_runs.arff, feature_values.arff and cv.arff.

    Runs whose status is not ok, and those over the cutoff, count 10 times the cutoff; repetitions
    are averaged before. Raises BadInput naming the file that is missing or damaged.
    """
    folder = Path(folder)
    try:
        about = yaml.safe_load((folder / "description.txt").read_text(encoding="utf-8"))
        measure, cutoff = about["performance_measures"][0], float(about["algorithm_cutoff_time"])
        runs, values, cv = (
            arff(folder / f"{name}.arff") for name in ("algorithm_runs", "feature_values", "cv")
        )
        runs.loc[runs["runstatus"] != "ok", measure] = cutoff + 1
        mean = runs.groupby(["instance_id", "algorithm"])[measure].mean().unstack()
        features = values.drop(columns="repetition", errors="ignore").groupby("instance_id").mean()
        folds = cv.set_index("instance_id")["fold"].astype(int).sort_index()
        maximize = bool(np.ravel(about["maximize"])[0])
    except OSError as error:
        raise BadInput(f"cannot read {error.filename}: {error.strerror}") from error
    except (KeyError, IndexError, TypeError, yaml.YAMLError) as error:
        raise BadInput(f"{folder}: not an ASlib scenario ({error!r})") from error
    return Scenario(features, mean.where(mean <= cutoff, 10 * cutoff), folds, cutoff, maximize)


def arff(path: Path) -> pd.DataFrame:
    """The table of an ARFF file: numbers as float, ``?`` as missing. BadInput without a table."""
    head, *rows = re.split(r"(?im)^@data\s*$", path.read_text(encoding="utf-8"))
    if not rows:
        raise BadInput(f"{path}: no @data line")
    found = re.findall(r"""(?im)^@attribute\s+(['"]?)(.+?)\1\s+(\S.*)$""", head)
    numeric = {name for _, name, kind in found if kind.strip().lower() in NUMERIC}
    return pd.read_csv(
        io.StringIO(rows[0]), names=[name for _, name, _ in found], comment="%", na_values="?",
        keep_default_na=False, quotechar="'", skipinitialspace=True,
        dtype={name: float if name in numeric else str for _, name, _ in found},
    )  # fmt: skip
