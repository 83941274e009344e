"""A prompt's neighbours, reranked: which of their skeletons is the prompt's own?

Two boosted models (Friedman 2001, "Greedy Function Approximation") read how alike a prompt and the
examples of a candidate skeleton are in several ways, and how well its actions agree with those that
a ridge over the same kernels expects: one tells how likely the skeleton is the right one, the other
its action F1. They learn from prompts whose neighbours were found without their own group, as the
questions' will be (stacking, Wolpert 1992).

Letters: N examples that are known, Q questions, K candidate skeletons, A actions, F features.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge

from sashimi.flagship.data.example import Example
from sashimi.metrics import overlap
from sashimi.program import tiers
from sashimi.program.tree import actions
from sashimi.retrieve import Index

SHARP, WIDE = 0.05, 0.15
"""Temperatures of two softmaxes over the examples' similarities."""
HALF = 0.5
"""What expected action F1 weighs beside the chance of the right skeleton."""
EXPECTED = 12
"""Of the expected actions, those that a candidate is compared with."""
LEAST, MOST = 1e-3, 1 - 1e-3
"""An action's chance is cut there."""


@dataclass(frozen=True)
class Known:
    """An example's prompt, unit vector (E,), skeleton and actions, comments set aside."""

    prompt: str
    vector: np.ndarray
    skeleton: tuple[str, ...]
    actions: tuple[str, ...]

    @staticmethod
    def of(example: Example, vector: np.ndarray) -> Known:
        """Of an example whose prompt has this vector."""
        program = tiers.without_comments(example.program)
        names = tuple(action.name for action in actions(program))
        return Known(example.prompt, vector, tiers.skeleton(program), names)


class Neighbours:
    """Examples as what a question is compared with, in four ways."""

    def __init__(self, known: Sequence[Known]) -> None:
        self.known = list(known)
        self.index = Index([k.prompt for k in known], np.stack([k.vector for k in known]))
        self.letters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32
        )
        self.spelt = self.letters.fit_transform([k.prompt for k in known])
        self.names = sorted({name for k in known for name in k.actions})
        self.places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, one in enumerate(known):
            self.places[one.skeleton].append(place)
        self.ridge = KernelRidge(alpha=1.0, kernel="precomputed").fit(
            sum(self._alike(known)), self._standing()
        )

    def _standing(self) -> np.ndarray:
        """(N, A + 1): whether each action stands in an example, and the logarithm of how many."""
        ids = {name: place for place, name in enumerate(self.names)}
        found = np.zeros((len(self.known), len(ids) + 1))
        for row, one in zip(found, self.known, strict=True):
            row[[ids[name] for name in one.actions]] = 1
            row[-1] = np.log1p(len(one.actions))
        self.mean = found.mean(0)
        return found - self.mean

    def _alike(self, asked: Sequence[Known]) -> list[np.ndarray]:
        """Similarities (Q, N) by words, by letters, and by vectors."""
        prompts, vectors = [k.prompt for k in asked], np.stack([k.vector for k in asked])
        words = (self.index.words.transform(prompts) @ self.index.rows.T).toarray()
        letters = (self.letters.transform(prompts) @ self.spelt.T).toarray()
        return [words, letters, vectors @ self.index.vectors.T]

    def questions(self, asked: Sequence[Known], near: int) -> list[Question]:
        """Each question with its candidates: the skeletons of its ``near`` nearest examples."""
        alike = self._alike(asked)
        expected = self.ridge.predict(sum(alike)) + self.mean  # (Q, A + 1)
        views = np.stack([*alike, (alike[0] + alike[2]) / 2], 1)  # (Q, 4, N)
        return [
            self._question(one, view, row, near)
            for one, view, row in zip(asked, views, expected, strict=True)
        ]

    def _question(self, one: Known, view: np.ndarray, expected: np.ndarray, near: int) -> Question:
        order = np.argsort(-view[-1], kind="stable")[:near]
        found = list(dict.fromkeys(self.known[place].skeleton for place in order))
        chances = expected[:-1].clip(LEAST, MOST)
        seen = _seen(view, [self.places[skeleton] for skeleton in found])
        agreed = [self._agreement(skeleton, chances, expected[-1]) for skeleton in found]
        features = np.concatenate([seen, np.array(agreed)], 1)
        features = np.concatenate([features, features - features.max(0)], 1)
        nearest = [max(self.places[s], key=view[-1].__getitem__) for s in found]
        return Question(one, found, nearest, features)

    def _agreement(
        self, skeleton: tuple[str, ...], chances: np.ndarray, size: float
    ) -> list[float]:
        """How a candidate's actions agree with those expected, whose chances are (A,)."""
        first = self.known[self.places[skeleton][0]]
        ids = np.unique(np.searchsorted(self.names, first.actions)) if first.actions else []
        inside = chances[ids] if len(ids) else np.zeros(1)
        likeliest = np.argsort(-chances, kind="stable")[:EXPECTED]
        outside = chances[np.setdiff1d(likeliest, ids)]
        odds = np.log(inside / (1 - inside)) if len(ids) else np.zeros(1)
        shared = 2 * inside.sum() / (len(ids) + chances[likeliest].sum())
        number = np.log1p(len(first.actions))
        return [
            *(np.log1p(-chances).sum() + odds.sum(), inside.min(), inside.mean(), inside.sum()),
            *(outside.max(initial=0), shared, number, abs(number - size), size),
            *(
                len(self.places[skeleton]),
                len(skeleton),
                len(ids),
                len(skeleton) - len(first.actions),
            ),
        ]


def _seen(view: np.ndarray, places: Sequence[Sequence[int]]) -> np.ndarray:
    """(K, 4 views of 4 features): a candidate's best similarity, how far that is from the best of
    all, and its share of two softmaxes over the examples.
    """
    columns = []
    for alike in view:
        best = np.array([alike[own].max() for own in places])
        columns += [best, alike.max() - best]
        for temperature in (SHARP, WIDE):
            weights = np.exp((alike - alike.max()) / temperature)
            columns.append(np.array([weights[own].sum() for own in places]) / weights.sum())
    return np.stack(columns, 1)


@dataclass(frozen=True)
class Question:
    """A prompt with its candidates: skeletons, the place of the nearest example that has each, and
    features (K, F).
    """

    asked: Known
    skeletons: list[tuple[str, ...]]
    nearest: list[int]
    features: np.ndarray


class Reranker:
    """Learned from questions whose answers are known; tells each candidate's worth."""

    def __init__(self, trees: int, seed: int) -> None:
        common = {"max_iter": trees, "learning_rate": 0.05, "max_leaf_nodes": 12}
        common |= {"min_samples_leaf": 30, "max_features": 0.4, "random_state": seed}
        self.right = HistGradientBoostingClassifier(**common)
        self.shared = HistGradientBoostingRegressor(**common)

    def fit(self, questions: Sequence[Question]) -> Reranker:
        """Learns from questions (each K, F)."""
        features = np.concatenate([q.features for q in questions])
        pairs = [(q.asked, skeleton) for q in questions for skeleton in q.skeletons]
        self.right.fit(features, [asked.skeleton == skeleton for asked, skeleton in pairs])
        self.shared.fit(features, [_f1(asked.actions, skeleton) for asked, skeleton in pairs])
        return self

    def worth(self, question: Question) -> np.ndarray:
        """(K,): the chance that a candidate is right, and half of its expected action F1."""
        chance = self.right.predict_proba(question.features)[:, 1]
        return chance + HALF * self.shared.predict(question.features)

    def pick(self, question: Question) -> int:
        """The place of the example that answers: the nearest of the best candidate."""
        return question.nearest[int(self.worth(question).argmax())]


def _f1(wanted: Sequence[str], skeleton: Sequence[str]) -> float:
    have = [t.removeprefix("ACTION ") for t in skeleton if t.startswith("ACTION ")]
    return overlap(list(wanted), have).f1
