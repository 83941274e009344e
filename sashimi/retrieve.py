"""Which training prompts a prompt is most like: word statistics and the frozen encoder together.

Letters: N training prompts, Q queries, E encoder width.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

VOTERS = 10
"""Neighbours that vote."""


class Index:
    """Training prompts by TF-IDF of words and word pairs, and by their encoder vectors (N, E)."""

    def __init__(self, prompts: Sequence[str], vectors: np.ndarray) -> None:
        self.vectors = vectors
        self.words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        self.rows = self.words.fit_transform(prompts)

    def similarity(self, prompts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """(Q, N) float32 from Q prompts and their unit vectors (Q, E): the mean of two cosines."""
        shared = (self.words.transform(prompts) @ self.rows.T).toarray()
        return (shared + vectors @ self.vectors.T) / 2


def vote(similar: np.ndarray, classes: Sequence[Hashable], voters: int = VOTERS) -> list[int]:
    """Per query (Q, N) the nearest example of the class that its nearest neighbours vote for.

    Each of the ``voters`` most similar examples votes with its similarity; the index returned is
    that of the most similar example of the winning class.
    """
    chosen = []
    for row in similar:
        near = np.argsort(-row, kind="stable")[:voters]
        votes: dict[Hashable, float] = defaultdict(float)
        for index in near:
            votes[classes[index]] += float(row[index])
        best = max(votes, key=votes.__getitem__)
        chosen.append(next(int(i) for i in near if classes[i] == best))
    return chosen
