"""The floors that every model stands beside: constant, nearest neighbour, a vote, linear probe.

Each answers with a whole training program, so each is well-formed; what it is worth shows in the
scores of being right. They read the same frozen vectors as the network.

Letters: N training prompts, Q queries, E encoder width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import RidgeClassifier

from sashimi.flagship.retrieve import VOTERS, Index, vote
from sashimi.program import tiers
from sashimi.program.tree import Program

VOTE = f"vote of {VOTERS} neighbours"
NAMES = ("constant", "1-nearest neighbour", VOTE, "linear probe")


def answers(
    train: np.ndarray,
    programs: Sequence[Program],
    queries: np.ndarray,
    known: Sequence[str],
    asked: Sequence[str],
) -> dict[str, list[Program]]:
    """Each floor's program for every query.

    Unit vectors ``train`` (N, E) of the prompts ``known``, ``queries`` (Q, E) of the prompts
    ``asked``. The vote counts skeletons among neighbours by words and vectors together; all others
    read vectors alone.
    """
    skeletons = [tiers.skeleton(tiers.without_comments(p)) for p in programs]
    similar = queries @ train.T  # (Q, N)
    both = Index(known, train).similarity(asked, queries) if len(queries) else similar
    nearest = similar.argmax(1) if len(queries) else np.zeros(0, dtype=int)
    return {
        "constant": [programs[_most_common(skeletons)]] * len(queries),
        "1-nearest neighbour": [programs[i] for i in nearest],
        VOTE: [programs[i] for i in vote(both, skeletons)],
        "linear probe": [programs[i] for i in _probe(train, skeletons, queries, similar)],
    }


def _most_common(skeletons: Sequence[tuple[str, ...]]) -> int:
    """The first training program of the most frequent skeleton."""
    return skeletons.index(Counter(skeletons).most_common(1)[0][0])


def _probe(train, skeletons, queries: np.ndarray, similar: np.ndarray) -> list[int]:
    """A linear classifier picks the skeleton; the nearest prompt that has it lends its values.

    Ridge regression on one-hot skeletons: the least-squares probe, in closed form however many
    classes there are.
    """
    names = {s: i for i, s in enumerate(dict.fromkeys(skeletons))}
    classes = np.array([names[s] for s in skeletons])
    if len(names) < 2 or not len(queries):
        return similar.argmax(1).tolist() if len(queries) else []
    predicted = RidgeClassifier(alpha=1.0).fit(train, classes).predict(queries)
    return [
        int(np.where(classes == c, row, -np.inf).argmax())
        for c, row in zip(predicted, similar, strict=True)
    ]
