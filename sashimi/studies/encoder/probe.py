"""A linear probe of a prompt's actions: what vectors are worth downstream, without a network.

Letters: N training prompts, Q queries, E width, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sashimi.metrics import overlap

RIDGE = 1.0
CUTS = np.arange(0.05, 0.95, 0.05)
"""Thresholds that are tried."""


def multi_hot(actions: Sequence[Sequence[str]], names: Sequence[str]) -> np.ndarray:
    """(N, A) of 0 and 1: which of ``names`` each program uses."""
    columns = {name: column for column, name in enumerate(names)}
    found = np.zeros((len(actions), len(names)))
    for row, used in enumerate(actions):
        found[row, [columns[name] for name in used if name in columns]] = 1
    return found


def action_f1(
    train: np.ndarray,
    actions: Sequence[Sequence[str]],
    queries: np.ndarray,
    expected: Sequence[Sequence[str]],
) -> list[float]:
    """F1 of the *set* of actions predicted for each query, by ridge regression on 0/1 targets.

    The one threshold is the best on every fifth training prompt, with weights from the others; the
    weights are then fitted on all. Raises ValueError for fewer than 10 training prompts.
    """
    if len(train) < 10:
        raise ValueError(f"a probe needs 10 training prompts, there are {len(train)}")
    names = sorted({name for used in actions for name in used})
    targets = multi_hot(actions, names)
    held = np.arange(len(train)) % 5 == 0
    scores = _ridge(train[~held], targets[~held], train[held])
    wanted = [set(used) for used, h in zip(actions, held, strict=True) if h]
    cut = max(CUTS, key=lambda c: np.mean(_f1(scores, names, wanted, c)))
    return _f1(_ridge(train, targets, queries), names, [set(used) for used in expected], cut)


def _ridge(x: np.ndarray, y: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Least squares with a penalty, intercept free: (Q, A)."""
    x = x.astype(np.float64)
    mean, level = x.mean(0), y.mean(0)
    gram = (x - mean).T @ (x - mean) + RIDGE * np.eye(x.shape[1])
    return (queries - mean) @ np.linalg.solve(gram, (x - mean).T @ (y - level)) + level


def _f1(scores: np.ndarray, names: Sequence[str], wanted: Sequence[set], cut: float) -> list[float]:
    """The likeliest action is always predicted, others from ``cut`` on."""
    found = []
    for row, want in zip(scores, wanted, strict=True):
        predicted = {names[i] for i in np.flatnonzero(row >= cut)} | {names[int(row.argmax())]}
        found.append(overlap(want, predicted).f1)
    return found
