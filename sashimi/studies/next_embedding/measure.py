"""Scores of predictions row by row, their means over documents, and predictors side by side.

Letters: R windows, D width, K samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sashimi.statistics import Interval, interval, weights
from sashimi.studies.next_embedding.panel import PANEL, Predict
from sashimi.studies.next_embedding.rows import Windows

Rows = dict[str, np.ndarray]


def units(x: np.ndarray) -> np.ndarray:
    """Vectors (…, D) at unit length; a zero vector gives NaN, which is shown."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return x / np.linalg.norm(x, axis=-1, keepdims=True)


def scored(
    prediction: np.ndarray, rows: Windows, mean: np.ndarray, query: np.ndarray | None = None
) -> Rows:
    """Scores (R,) by metric for predictions (R, D): the raw cosine; the cosine once ``mean`` (D,),
    that of the training targets, is taken from both sides; and retrieval by `ranks`, of ``query``
    (R, D) where a model has one, else of the prediction.
    """
    unit, target = units(prediction), rows.targets
    rank = ranks(unit if query is None else query, rows)
    known = ~np.isnan(rank)
    return {
        "cosine": (unit * target).sum(-1),
        "centred_cosine": (units(unit - mean) * units(target - mean)).sum(-1),
        "recall_at_1": np.where(known, rank < 1, np.nan),
        "recall_at_5": np.where(known, rank < 5, np.nan),
        "reciprocal_rank": 1 / (1 + rank),
    }


def ranks(query: np.ndarray, rows: Windows) -> np.ndarray:
    """How many other chunks of the document are at least as near as the target: (R,) float.

    By cosine with ``query`` (R, D), among all chunks of the target's document but those of the
    context. NaN for a query that is not finite.
    """
    rank = np.empty(len(rows))
    for document in np.unique(rows.document):
        own = np.flatnonzero(rows.document == document)
        start, end = rows.starts[document : document + 2]
        near = query[own] @ rows.vectors[start:end].T  # (r, n)
        line, places = np.arange(len(own)), rows.places[own] - start
        target = near[line, places[:, -1]].copy()
        near[line[:, None], places] = -np.inf
        rank[own] = np.where(np.isnan(target), np.nan, (near >= target[:, None]).sum(1))
    return rank


def energy(samples: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Energy scores (Gneiting & Raftery 2007, section 4.3), low is good: (R,).

    E|X - y| - E|X - X'| / 2 for samples (R, K, D) and targets (R, D). The second mean is over
    pairs of *different* samples, which makes it unbiased; one sample is a point, whose score is
    its distance.
    """
    k = samples.shape[1]
    near = np.linalg.norm(samples - target[:, None], axis=-1).mean(-1)
    one, two = np.triu_indices(k, 1)
    if not len(one):
        return near
    apart = [np.linalg.norm(s[one] - s[two], axis=-1).mean() for s in samples]
    return near - np.array(apart) / 2


def mean(values: np.ndarray, group: np.ndarray, seed: int = 0) -> Interval:
    """The mean of values (R,) over all rows, with a bootstrap over groups of documents.

    ``group`` (R,) says where each row belongs. Whole groups are drawn, since rows of a document
    overlap; n is the number of groups. Give differences of two models for a paired interval.
    """
    names, at = np.unique(group, return_inverse=True)
    sums, counts = np.bincount(at, weights=values), np.bincount(at)
    drawn = weights(len(names), seed)
    draws = (drawn @ sums) / (drawn @ counts) if len(names) > 1 else np.full(1, np.nan)
    return interval(float(sums.sum() / counts.sum()), draws, len(names))


@dataclass(frozen=True)
class Ground:
    """Where predictors are judged: all windows of a split, and the group of each row."""

    rows: Windows
    group: np.ndarray
    mean: np.ndarray
    """(D,) of the training targets, for centred cosines."""

    def scores(self, predict: Predict, query: Predict | None = None) -> Rows:
        """Scores (R,) by metric of a predictor, with its retrieval head where it has one."""
        x = self.rows.contexts
        return scored(predict(x), self.rows, self.mean, query(x) if query else None)

    def summary(self, scores: Rows) -> dict[str, Interval]:
        """Means with intervals over groups."""
        return {key: mean(values, self.group) for key, values in scores.items()}

    def gain(self, ours: Rows, theirs: Rows) -> dict[str, Interval]:
        """Paired differences with intervals over groups."""
        return {key: mean(ours[key] - theirs[key], self.group) for key in ours}


def floors(rows: Windows) -> dict[str, Predict]:
    """The panel, fitted on training rows."""
    return {name: floor.fit(rows.contexts, rows.targets).predict for name, floor in PANEL.items()}


def best(scores: Mapping[str, Rows]) -> str:
    """The member of the panel with the highest cosine on these rows."""
    return max(PANEL, key=lambda name: scores[name]["cosine"].mean())
