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


class Floors:
    """The floors of a training set: unit vectors (N, E) of its prompts, and its programs."""

    def __init__(
        self, prompts: Sequence[str], vectors: np.ndarray, programs: Sequence[Program]
    ) -> None:
        self.vectors, self.programs = vectors, programs
        self.skeletons = [tiers.skeleton(tiers.without_comments(p)) for p in programs]
        names = {s: i for i, s in enumerate(dict.fromkeys(self.skeletons))}
        self.classes = np.array([names[s] for s in self.skeletons])
        # ridge regression on one-hot skeletons: the least-squares probe, in closed form however
        # many classes there are
        self.probe = RidgeClassifier(alpha=1.0)
        if len(names) > 1:
            self.probe.fit(vectors, self.classes)
        self.index = Index(prompts, vectors)

    def answers(self, asked: Sequence[str], queries: np.ndarray) -> dict[str, list[Program]]:
        """Each floor's program for every prompt asked, whose unit vectors are ``queries`` (Q, E).

        The vote counts skeletons among neighbours by words and vectors together; all others read
        vectors alone.
        """
        if not len(asked):
            return {name: [] for name in NAMES}
        similar = queries @ self.vectors.T  # (Q, N)
        common = self.skeletons.index(Counter(self.skeletons).most_common(1)[0][0])
        found = {
            "constant": [common] * len(asked),
            "1-nearest neighbour": similar.argmax(1),
            VOTE: vote(self.index.similarity(asked, queries), self.skeletons),
            "linear probe": self._probed(queries, similar),
        }
        return {name: [self.programs[i] for i in found[name]] for name in NAMES}

    def _probed(self, queries: np.ndarray, similar: np.ndarray) -> list[int]:
        """The probe picks the skeleton; the nearest prompt that has it lends its values."""
        if not hasattr(self.probe, "classes_"):  # one skeleton only
            return similar.argmax(1).tolist()
        return [
            int(np.where(self.classes == c, row, -np.inf).argmax())
            for c, row in zip(self.probe.predict(queries), similar, strict=True)
        ]
