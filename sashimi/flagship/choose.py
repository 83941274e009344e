"""Choosing among candidates: the decoder's beams, and the programs of the most similar prompts.

The answer is the candidate that agrees best with all of them, each weighed by how likely it is:
minimum Bayes risk (Kumar & Byrne 2004; Eikema & Aziz 2022, "Sampling-Based Approximations to
Minimum Bayes Risk Decoding"). Two programs agree by half in the F1 of their actions and by half in
having one skeleton. A beam weighs what the decoder says of it among the beams, a neighbour what its
similarity says of it among the neighbours; what the two sides weigh, and how sharply similarity
falls, is chosen on dev. The expected agreement of the answer is its confidence.

Letters: C candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from sashimi.metrics import overlap
from sashimi.program.tokens import in_parameters

POOL = 30
"""Neighbours that are candidates and witnesses."""
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
TEMPERATURES = (0.03, 0.06, 0.12)
COMMENT = "ACTION comment"


@dataclass(frozen=True)
class Choice:
    """What candidates weigh."""

    own: float
    """Share of the evidence that is the decoder's beams; the rest is the neighbours'."""
    temperature: float
    """Of the softmax over neighbours' similarities."""


@dataclass(frozen=True)
class Form:
    """What two programs are compared by, comments aside."""

    skeleton: tuple[str, ...]
    actions: tuple[str, ...]

    @staticmethod
    def of(tokens: Sequence[str]) -> Form:
        """The form of merged tokens of Tiers 1 and 2."""
        inside = in_parameters(tokens)
        first = [t for t, within in zip(tokens, inside, strict=True) if not within]
        skeleton = tuple(t for t in first if t != COMMENT)
        return Form(skeleton, tuple(sorted(t for t in skeleton if t.startswith("ACTION "))))


@dataclass(frozen=True)
class Candidates:
    """The candidates of one prompt: beams first, then neighbours, each side the best first."""

    beams: Sequence[Form]
    likelihoods: Sequence[float]  # of the beams, in nats
    neighbours: Sequence[Form]
    similarities: Sequence[float]  # of the neighbours


def agreement(a: Form, b: Form) -> float:
    """Half the F1 of two programs' actions, and a half for equal skeletons."""
    return (overlap(a.actions, b.actions).f1 + (a.skeleton == b.skeleton)) / 2


def weights(found: Candidates, choice: Choice) -> np.ndarray:
    """(C,) what each candidate weighs as a witness; they add up to 1."""
    own = choice.own if found.neighbours else 1.0
    own = own if found.beams else 0.0
    beams = own * _softmax(np.asarray(found.likelihoods, dtype=float))
    near = np.asarray(found.similarities, dtype=float) / choice.temperature
    return np.concatenate([beams, (1 - own) * _softmax(near)])


def ranked(found: Candidates, choice: Choice) -> list[tuple[int, float]]:
    """The candidates with their expected agreements, the best first; ties keep their order."""
    expected = _matrix(found) @ weights(found, choice)
    return [(int(i), float(expected[i])) for i in np.argsort(-expected, kind="stable")]


def tuned(found: Sequence[Candidates], truth: Sequence[Form]) -> Choice:
    """The choice of the grid whose answers agree best with the right programs.

    Of equal ones the first of the grid, which trusts the decoder most.
    """
    matrices = [_matrix(one) for one in found]
    forms = [[*one.beams, *one.neighbours] for one in found]
    worth = [[agreement(f, t) for f in own] for own, t in zip(forms, truth, strict=True)]

    def mean(choice: Choice) -> float:
        picks = [(m @ weights(c, choice)).argmax() for m, c in zip(matrices, found, strict=True)]
        return float(np.mean([row[i] for row, i in zip(worth, picks, strict=True)]))

    grid = [Choice(own, temperature) for own, temperature in product(SHARES, TEMPERATURES)]
    return max(grid, key=mean) if found else grid[0]


def coverage_risk(confidence: Sequence[float], right: Sequence[float]) -> dict:
    """What is wrong among the most confident: by tenths of coverage, and the area below.

    El-Yaniv & Wiener 2010; ``random`` is the risk without any order, ``best`` the area of a
    confidence that puts everything right first.
    """
    order = np.argsort(-np.asarray(confidence), kind="stable")
    wrong = 1 - np.asarray(right, dtype=float)
    risk = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    ideal = np.cumsum(np.sort(wrong)) / np.arange(1, len(wrong) + 1)
    tenths = [max(0, round(len(wrong) * k / 10) - 1) for k in range(1, 11)]
    return {
        "coverage": [k / 10 for k in range(1, 11)],
        "risk": [float(risk[i]) for i in tenths] if len(risk) else [],
        "area": float(risk.mean()) if len(risk) else float("nan"),
        "best": float(ideal.mean()) if len(risk) else float("nan"),
        "random": float(wrong.mean()) if len(risk) else float("nan"),
    }


def _matrix(found: Candidates) -> np.ndarray:
    """(C, C) how well each two candidates agree; equal forms are compared once."""
    forms = [*found.beams, *found.neighbours]
    distinct = {form: i for i, form in enumerate(dict.fromkeys(forms))}
    table = np.array([[agreement(a, b) for b in distinct] for a in distinct])
    at = [distinct[form] for form in forms]
    return table[np.ix_(at, at)]


def _softmax(values: np.ndarray) -> np.ndarray:
    if not len(values):
        return values
    raised = np.exp(values - values.max())
    return raised / raised.sum()
