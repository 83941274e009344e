"""What gives a negative away: detectors that never see the prompt, and whether masks reach it.

If the number of tokens, or which actions occur, told negatives from positives, a model could learn
that instead of reading. Each detector is a logistic regression trained on training triples; its
AUROC on the evaluation splits is 0.5 where it knows nothing.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from sashimi.flagship.negatives.known import adjacent, outline
from sashimi.flagship.negatives.triple import Triple
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.tiers import TypedIR
from sashimi.statistics import Interval, interval, resampled, wilson

MOST = 6000
"""Training triples that a detector is fitted on, drawn with a seed."""
ASKED = 1000
"""Programs that are tried against the masks."""
RESAMPLES = 200
Features = Callable[[TypedIR], dict[str, float]]


def length(ir: TypedIR) -> dict[str, float]:
    """How many tokens of Tiers 1 and 2 there are."""
    return {"tokens": float(len(ir.merged()))}


def actions(ir: TypedIR) -> dict[str, float]:
    """How often each action and block occurs."""
    return dict(Counter(outline(ir.structure)))


def pairs(ir: TypedIR) -> dict[str, float]:
    """How often each action or block stands right after another."""
    return dict(Counter(f"{a} > {b}" for a, b in adjacent(ir.structure)))


DETECTORS: dict[str, Features] = {"length": length, "actions": actions, "pairs of actions": pairs}
"""From the most trivial to the least."""


def auroc(train: Sequence[Triple], held_out: Sequence[Triple], features: Features) -> Interval:
    """A detector's AUROC on held-out triples, with a 95% bootstrap interval over examples.

    Every triple counts once on each side. NaN throughout where either set is empty.
    """
    if not train or not held_out:
        return Interval(float("nan"), float("nan"), float("nan"), len(held_out))
    return by_kind(train, held_out, features, lambda triple: "all")["all"]


def by_kind(
    train: Sequence[Triple],
    held_out: Sequence[Triple],
    features: Features,
    kind_of: Callable[[Triple], str],
) -> dict[str, Interval]:
    """The AUROC of one detector, fitted on all kinds, on the held-out triples of each kind."""
    right, wrong = _scores(train, held_out, features)
    rows: dict[str, list[int]] = defaultdict(list)
    for row, triple in enumerate(held_out):
        rows[kind_of(triple)].append(row)
    found = {}
    for kind, own in rows.items():
        low, high = _ends([held_out[row].id for row in own], right[own], wrong[own])
        found[kind] = Interval(_area(right[own], wrong[own]), low, high, len(own))
    return found


def _scores(
    train: Sequence[Triple], held_out: Sequence[Triple], features: Features
) -> tuple[np.ndarray, np.ndarray]:
    """What a detector fitted on ``train`` says of the held-out programs (n,) and negatives (n,)."""
    chosen = random.Random(0).sample(list(train), min(MOST, len(train)))
    detector = make_pipeline(
        DictVectorizer(), MaxAbsScaler(), LogisticRegression(C=1.0, max_iter=1000, tol=1e-8)
    )
    detector.fit(_both(chosen, features), [0] * len(chosen) + [1] * len(chosen))
    scores = detector.decision_function(_both(held_out, features))  # (2 n,)
    return scores[: len(held_out)], scores[len(held_out) :]


def reachable(vocabulary: Vocabulary, ir: TypedIR, limit: int) -> bool:
    """Whether the masks let a decoder with this vocabulary write these tokens, at most ``limit``.

    Only such a program has a likelihood under the masks at all.
    """
    ids = vocabulary.encode(ir.merged())
    if ids is None or len(ids) > limit:
        return False
    legality = Legality(vocabulary, limit)
    for token in ids:
        if not legality.mask()[token]:
            return False
        legality.advance(token)
    return True


def share_reachable(programs: Sequence[TypedIR], vocabulary: Vocabulary, limit: int) -> Interval:
    """The share of programs that are `reachable`, on a sample of `ASKED`."""
    chosen = random.Random(0).sample(list(programs), min(ASKED, len(programs)))
    return wilson(sum(reachable(vocabulary, ir, limit) for ir in chosen), len(chosen))


def _both(triples: Sequence[Triple], features: Features) -> list[dict[str, float]]:
    positives = [features(t.positive) for t in triples]
    return positives + [features(t.negative) for t in triples]


def _area(right: np.ndarray, wrong: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(right), len(wrong)])
    return float(roc_auc_score(truth, np.concatenate([right, wrong])))


def _ends(ids: list[str], right: np.ndarray, wrong: np.ndarray) -> tuple[float, float]:
    """A percentile interval over examples: an example's triples are drawn together."""
    _, example = np.unique(ids, return_inverse=True)
    members = [np.flatnonzero(example == i) for i in range(example.max() + 1)]

    def area(drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        picked = [np.concatenate([members[i] for i in row]) for row in np.atleast_2d(drawn)]
        return np.array([_area(right[rows], wrong[rows]) for rows in picked])

    draws = resampled(area, np.arange(len(members)), resamples=RESAMPLES)
    ends = interval(0.0, draws, len(members))
    return ends.low, ends.high
