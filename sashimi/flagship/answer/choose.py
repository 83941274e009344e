"""Choosing among candidates: the decoder's beams, and the programs of the most similar prompts.

The answer is the candidate that agrees best with all of them, each weighed by how likely it is:
minimum Bayes risk (Kumar & Byrne 2004; Eikema & Aziz 2022, "Sampling-Based Approximations to
Minimum Bayes Risk Decoding"). Two programs agree by half in the F1 of their actions and by half in
having one skeleton. A beam weighs what the decoder says of it among the beams, a neighbour what its
similarity says of it among the neighbours. Where there is a plan, programs put together from it are
candidates too, and the F1 that it expects of any candidate's actions counts beside the agreement.
What each side weighs, and how sharply similarity falls, is chosen on dev. The expected worth of the
answer is its confidence.

Letters: C candidates, W witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from sashimi import calibration
from sashimi.program.ir.tokens import in_parameters

POOL = 30
"""Neighbours that are candidates and witnesses."""
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
TEMPERATURES = (0.03, 0.06, 0.12)
PLANS = (0.0, 0.25, 0.5, 0.75)
COMMENT = "ACTION comment"


@dataclass(frozen=True)
class Choice:
    """What candidates weigh."""

    own: float
    """Share of the evidence that is the decoder's beams; the rest is the neighbours'."""
    temperature: float
    """Of the softmax over neighbours' similarities."""
    plan: float = 0.0
    """Share of a candidate's worth that is what the plan expects of it; the rest is agreement."""


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
    """The candidates of one prompt: beams, neighbours, and what a plan put together, in that order.

    Beams and neighbours, each the best first, are the witnesses.
    """

    beams: Sequence[Form]
    likelihoods: Sequence[float]  # of the beams, in nats
    neighbours: Sequence[Form]
    similarities: Sequence[float]  # of the neighbours
    composed: Sequence[Form] = ()
    planned: Sequence[float] = ()  # of each candidate, what a plan expects its F1 to be

    @property
    def forms(self) -> list[Form]:
        """(C,) all of them."""
        return [*self.beams, *self.neighbours, *self.composed]

    def without(self, skeleton: tuple[str, ...]) -> Candidates:
        """These candidates less the witnesses that have this skeleton."""
        beams = [i for i, form in enumerate(self.beams) if form.skeleton != skeleton]
        near = [i for i, form in enumerate(self.neighbours) if form.skeleton != skeleton]
        sides = len(self.beams), len(self.beams) + len(self.neighbours)
        kept = [*beams, *(sides[0] + i for i in near), *range(sides[1], len(self.forms))]
        return Candidates(
            [self.beams[i] for i in beams],
            [self.likelihoods[i] for i in beams],
            [self.neighbours[i] for i in near],
            [self.similarities[i] for i in near],
            self.composed,
            [self.planned[i] for i in kept] if len(self.planned) else (),
        )

    def worth(self, agreements: np.ndarray, choice: Choice) -> np.ndarray:
        """(C,) what each is expected to be worth; ``agreements`` (C, W) are those of `_matrix`."""
        expected = agreements @ weights(self, choice)
        if not len(self.planned):
            return expected
        return (1 - choice.plan) * expected + choice.plan * np.asarray(self.planned)


def agreements(rows: Sequence[Form], columns: Sequence[Form]) -> np.ndarray:
    """(R, C) half the F1 of two programs' actions, and a half for equal skeletons.

    `sashimi.metrics.overlap` of every pair at once, with the same roundings.
    """
    names = {name: i for i, name in enumerate({a for f in (*rows, *columns) for a in f.actions})}
    skeletons = {one: i for i, one in enumerate({f.skeleton for f in (*rows, *columns)})}

    def counted(forms: Sequence[Form]) -> tuple[np.ndarray, np.ndarray]:
        table = np.zeros((len(forms), len(names)))
        for row, form in zip(table, forms, strict=True):
            for action in form.actions:
                row[names[action]] += 1
        return table, np.array([skeletons[form.skeleton] for form in forms], int)

    (want, asked), (have, made) = counted(rows), counted(columns)
    shared = np.array([np.minimum(row, have).sum(1) for row in want]).reshape(len(want), len(have))
    wanted, had = want.sum(1)[:, None], have.sum(1)[None]
    precision, recall = shared / np.maximum(had, 1), shared / np.maximum(wanted, 1)
    f1 = 2 * precision * recall / np.where(shared > 0, precision + recall, 1)
    f1 += (wanted == 0) & (had == 0)  # two empty ones agree
    return (f1 + (asked[:, None] == made)) / 2


def weights(found: Candidates, choice: Choice) -> np.ndarray:
    """(W,) what each witness weighs; they add up to 1."""
    own = choice.own if found.neighbours else 1.0
    own = own if found.beams else 0.0
    beams = own * _softmax(np.asarray(found.likelihoods, dtype=float))
    near = np.asarray(found.similarities, dtype=float) / choice.temperature
    return np.concatenate([beams, (1 - own) * _softmax(near)])


def ranked(found: Candidates, choice: Choice) -> list[tuple[int, float]]:
    """The candidates with what they are expected to be worth, the best first; ties keep order."""
    expected = found.worth(_matrix(found), choice)
    return [(int(i), float(expected[i])) for i in np.argsort(-expected, kind="stable")]


def tuned(found: Sequence[Candidates], truth: Sequence[Form]) -> Choice | None:
    """The choice of the grid whose answers agree best with the right programs.

    Every prompt counts twice: as it is, and without the witnesses that have the right skeleton, as
    if that had never been seen. Of equal choices the first of the grid, which trusts the decoder
    most. None where the likeliest beams, as they are, agree better than what was chosen.
    """
    asked = len(found)
    unseen = [(one.without(t.skeleton), t) for one, t in zip(found, truth, strict=True)]
    pairs = [*zip(found, truth, strict=True), *((one, t) for one, t in unseen if one.forms)]
    found, truth = [one for one, _ in pairs], [t for _, t in pairs]
    matrices = [_matrix(one) for one in found]
    right = [agreements(one.forms, [t])[:, 0] for one, t in zip(found, truth, strict=True)]

    def worth(choice: Choice) -> list[float]:
        picks = [c.worth(m, choice).argmax() for m, c in zip(matrices, found, strict=True)]
        return [row[i] for row, i in zip(right, picks, strict=True)]

    plans = PLANS if any(len(one.planned) for one in found) else PLANS[:1]
    grid = [Choice(*knobs) for knobs in product(SHARES, TEMPERATURES, plans)]
    if not found:
        return grid[0]
    best = max(grid, key=lambda choice: sum(worth(choice)))
    alone = sum(row[0] for row, one in zip(right[:asked], found, strict=False) if one.beams)
    return None if alone > sum(worth(best)[:asked]) else best


def coverage_risk(confidence: Sequence[float], right: Sequence[float]) -> dict:
    """What is wrong among the most confident: by tenths of coverage, and the area below.

    El-Yaniv & Wiener 2010; ``random`` is the risk without any order, ``best`` the area of a
    confidence that puts everything right first.
    """
    wrong = 1 - np.asarray(right, dtype=float)
    _, risk = calibration.coverage_risk(confidence, right)
    _, ideal = calibration.coverage_risk(right, right)
    tenths = [max(0, round(len(wrong) * k / 10) - 1) for k in range(1, 11)]
    return {
        "coverage": [k / 10 for k in range(1, 11)],
        "risk": [float(risk[i]) for i in tenths] if len(risk) else [],
        "area": calibration.area(risk),
        "best": calibration.area(ideal),
        "random": float(wrong.mean()) if len(risk) else float("nan"),
    }


def _matrix(found: Candidates) -> np.ndarray:
    """(C, W) how well each candidate agrees with each witness; equal forms are compared once."""
    candidates, witnesses = found.forms, [*found.beams, *found.neighbours]
    rows, columns = (
        {f: i for i, f in enumerate(dict.fromkeys(o))} for o in (candidates, witnesses)
    )
    table = agreements(list(rows), list(columns))
    return table[np.ix_([rows[f] for f in candidates], [columns[f] for f in witnesses])]


def _softmax(values: np.ndarray) -> np.ndarray:
    if not len(values):
        return values
    raised = np.exp(values - values.max())
    return raised / raised.sum()
