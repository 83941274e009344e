"""What anything worth having must beat: floors on any vectors and labels.

Letters: N training examples, Q queries, E width of their vectors. Each floor names a *training
example* for every query, whose answer, whatever it is, is the floor's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import RidgeClassifier

from sashimi.retrieve import VOTERS, vote

CONSTANT, NEAREST, PROBE = "constant", "1-nearest neighbour", "linear probe"
VOTE = f"vote of {VOTERS} neighbours"
NAMES = (CONSTANT, NEAREST, VOTE, PROBE)


class Floors:
    """Four floors of a training set: unit vectors (N, E) float and a class for each of N examples.

    `CONSTANT` always answers with the first example of the most frequent class, `NEAREST` with the
    example of the largest cosine, `VOTE` with the nearest example of the class that the `VOTERS`
    nearest vote for, `PROBE` with the nearest example of the class that ridge regression on
    one-hot classes picks (the least-squares probe, in closed form however many classes there are).
    """

    def __init__(self, vectors: Float[np.ndarray, "n e"], classes: Sequence[Hashable]) -> None:
        if len(vectors) != len(classes) or not len(classes):
            raise ValueError(f"{len(vectors)} vectors of {len(classes)} classes")
        self.vectors, self.classes = vectors, list(classes)
        names = {c: i for i, c in enumerate(dict.fromkeys(self.classes))}
        self.numbers = np.array([names[c] for c in self.classes])  # (N,)
        self.constant = self.classes.index(Counter(self.classes).most_common(1)[0][0])
        self.probe = None
        if len(names) > 1:
            self.probe = RidgeClassifier(alpha=1.0).fit(vectors, self.numbers)

    def picks(
        self, queries: Float[np.ndarray, "q e"], similar: Float[np.ndarray, "q n"] | None = None
    ) -> dict[str, list[int]]:
        """By floor, the training example that answers each of the queries (Q, E).

        ``similar`` (Q, N) are the similarities that the vote weighs by, cosines unless given.
        """
        if not len(queries):
            return {name: [] for name in NAMES}
        cosines = queries @ self.vectors.T  # (Q, N)
        return {
            CONSTANT: [self.constant] * len(queries),
            NEAREST: cosines.argmax(1).tolist(),
            VOTE: vote(cosines if similar is None else similar, self.classes),
            PROBE: self._probed(queries, cosines),
        }

    def _probed(
        self, queries: Float[np.ndarray, "q e"], cosines: Float[np.ndarray, "q n"]
    ) -> list[int]:
        if self.probe is None:  # one class only
            return cosines.argmax(1).tolist()
        return [
            int(np.where(self.numbers == number, row, -np.inf).argmax())
            for number, row in zip(self.probe.predict(queries), cosines, strict=True)
        ]
