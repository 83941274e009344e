"""What a policy has to beat: rules, constants, a tuned lookup, logistic, boosting, neighbours.

Each gives the place in `UNION` that it chooses for every row asked, (n,). Learned ones see train;
what is tuned is tuned on validation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from sashimi.studies.planner.actions import NUMBER, PLANNED, VALID, best
from sashimi.studies.planner.data import Data
from sashimi.studies.planner.heuristics import KernelHeuristic, SeedHeuristic
from sashimi.studies.planner.layout import RISKS, SIZES

LOOKUP = "tuned lookup"
SHRINK, NEIGHBOURS = (0, 5, 20, 80), (10, 30, 100)
COMPONENTS, TREES, COLUMNS, LATEST = 6, 60, 120, 5000


def rule(heuristic: SeedHeuristic | KernelHeuristic) -> Callable[[Data, np.ndarray], np.ndarray]:
    """A heuristic as a selector; it is told no dynamics, as an input has none."""
    table = np.array([
        [[NUMBER[heuristic.predict({"issue": {"dk_risk": risk, "dk_size": size, "tags": tags}})]
          for size in SIZES] for risk in RISKS]
        for tags in ([], ["asset:world"])
    ])  # fmt: skip

    def choose(told: Data, rows: np.ndarray) -> np.ndarray:
        seen = {key: value[rows] for key, value in told.world.seen.items()}
        return table[seen["job"], seen["risk"], seen["size"]]

    return choose


def majority(told: Data, rows: np.ndarray) -> np.ndarray:
    """Each job's most frequent label."""
    train = told.rows(0)
    counts = [np.bincount(told.labels[train[told.jobs[train] == job]]) for job in range(2)]
    return np.array([count.argmax() for count in counts])[told.jobs[rows]]


def single_best(told: Data, rows: np.ndarray) -> np.ndarray:
    """Each job's one action of the largest mean utility."""
    return best(_cell_means(told, np.zeros_like(told.jobs), 0)[rows], told.jobs[rows])


def lookup(told: Data, rows: np.ndarray) -> np.ndarray:
    """The best action by job, risk and size: means shrunk towards the job's by what is best on
    validation.
    """
    cell = told.world.seen["risk"] * 5 + told.world.seen["size"]
    tables = [_cell_means(told, cell, shrink) for shrink in SHRINK]
    return _tuned(told, tables)[rows]


def _cell_means(told: Data, cell: np.ndarray, shrink: float) -> np.ndarray:
    """Mean training utility of every action in a dispatch's cell, shrunk to the job's: (N, A)."""
    values, train, table = np.nan_to_num(told.utility), told.rows(0), np.zeros(told.utility.shape)
    for job in range(2):
        overall = values[train[told.jobs[train] == job]].mean(0)
        for one in np.unique(cell):
            here = train[(told.jobs[train] == job) & (cell[train] == one)]
            mean = (values[here].sum(0) + shrink * overall) / max(1e-9, len(here) + shrink)
            table[(told.jobs == job) & (cell == one)] = mean if len(here) + shrink else overall
    return table


def _tuned(told: Data, tables: list[np.ndarray]) -> np.ndarray:
    """The choices (N,) of the table that is worth most on validation."""
    val = told.rows(1)
    chosen = [best(table, told.jobs) for table in tables]
    worth = [told.utility[val, choice[val]].mean() for choice in chosen]
    return chosen[int(np.argmax(worth))]


def logistic(told: Data, rows: np.ndarray) -> np.ndarray:
    """Multinomial logistic regression on the labels of the latest `LATEST` training dispatches,
    decoded over valid actions.
    """
    train = told.rows(0)[-LATEST:]
    x, scores = csr_matrix(told.x, dtype=np.float32), np.full((len(rows), VALID.shape[1]), -1e9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early, and tuned by nothing
        fitted = LogisticRegression(C=0.3, max_iter=25).fit(x[train], told.labels[train])
    scores[:, fitted.classes_] = fitted.decision_function(x[rows])
    return best(scores, told.jobs[rows])


def boosting(told: Data, rows: np.ndarray) -> np.ndarray:
    """Gradient boosting of the first principal components of a job's utilities, on the columns
    that vary most.
    """
    train, chosen = told.rows(0), np.zeros(len(rows), dtype=int)
    columns = np.argsort(-told.x[train].std(0), kind="stable")[:COLUMNS]
    for job in range(2):
        here, asked = train[told.jobs[train] == job], np.flatnonzero(told.jobs[rows] == job)
        values, actions = told.utility[here][:, VALID[job]], np.flatnonzero(VALID[job])
        pca = PCA(min(COMPONENTS, len(here) - 1), random_state=0).fit(values)
        parts = [
            HistGradientBoostingRegressor(max_iter=TREES, random_state=0)
            .fit(told.x[here][:, columns], part)
            .predict(told.x[rows[asked]][:, columns])
            for part in pca.transform(values).T
        ]
        chosen[asked] = actions[pca.inverse_transform(np.stack(parts, 1)).argmax(1)]
    return chosen


def neighbours(told: Data, rows: np.ndarray) -> np.ndarray:
    """Mean utility of the nearest training dispatches of the same job, their number tuned."""
    train, asked = told.rows(0), np.concatenate([told.rows(1), rows])
    tables = [np.zeros(told.utility.shape) for _ in NEIGHBOURS]
    for job in range(len(PLANNED)):
        here, want = train[told.jobs[train] == job], asked[told.jobs[asked] == job]
        most = min(len(here), max(NEIGHBOURS))
        x = told.x.astype(np.float32)
        near = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(x[here])
        order = near.kneighbors(x[want], return_distance=False)
        values = np.nan_to_num(told.utility[here])
        for table, k in zip(tables, NEIGHBOURS, strict=True):
            table[want] = values[order[:, :k]].mean(1)
    return _tuned(told, tables)[rows]


ALL: dict[str, Callable[[Data, np.ndarray], np.ndarray]] = {
    "plan's rule": rule(SeedHeuristic()),
    "kernel's rule": rule(KernelHeuristic()),
    "majority": majority,
    "single best": single_best,
    LOOKUP: lookup,
    "logistic": logistic,
    "boosting": boosting,
    "tuned neighbours": neighbours,
}
