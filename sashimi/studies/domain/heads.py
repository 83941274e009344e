"""Domain heads beside each other: how each is fitted, and how a set of prompts judges one.

A head is a function from prompts to a score that is higher in the domain. The heads of `FITS` are
in the order of their simplicity; `ONE_CLASS` need no out-of-domain examples, `FLOOR` reads words
only and must be beaten.

Letters: N prompts, E encoder width.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from torch import Tensor

from sashimi import calibration, statistics
from sashimi.encode import Encoded, encode
from sashimi.flagship.model import domain
from sashimi.statistics import Interval, wilson

NEIGHBOURS = 5
RESAMPLES = 400
BINS = 15
MOST_FOR_SVM = 2500
"""Prompts of a side that the SVM learns from: its cost grows with the square."""
FLOOR = "TF-IDF"
ONE_CLASS = ("Mahalanobis", "k nearest neighbours")


@dataclass(frozen=True)
class Batch:
    """Prompts and their encodings."""

    prompts: list[str]
    encoded: Encoded

    @staticmethod
    def of(prompts: Sequence[str]) -> Batch:
        return Batch(list(prompts), encode(list(prompts)))

    def only(self, rows: Sequence[int]) -> Batch:
        """These prompts, in this order."""
        slices = [self.encoded.pieces(int(i)) for i in rows]
        sizes = torch.tensor([0, *(s.stop - s.start for s in slices)]).cumsum(0)
        none = [slice(0, 0)] if not slices else []
        encoded = Encoded(
            self.encoded.pooled[list(rows)],
            torch.cat([self.encoded.states[s] for s in (*slices, *none)]),
            torch.cat([self.encoded.offsets[s] for s in (*slices, *none)]),
            sizes,
        )
        return Batch([self.prompts[i] for i in rows], encoded)


Score = Callable[[Batch], np.ndarray]


def _vectors(batch: Batch) -> np.ndarray:
    return batch.encoded.pooled.numpy().astype(np.float64)  # (N, E)


def _both(inside: Batch, outside: Batch) -> tuple[np.ndarray, np.ndarray]:
    x = np.concatenate([_vectors(inside), _vectors(outside)])
    return x, np.r_[np.ones(len(inside.prompts)), np.zeros(len(outside.prompts))]


def linear_probe(inside: Batch, outside: Batch, seed: int) -> Score:
    """Logistic regression on the pooled vector."""
    probe = LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000, random_state=seed)
    probe.fit(*_both(inside, outside))
    return lambda batch: probe.decision_function(_vectors(batch))


def svm(inside: Batch, outside: Batch, seed: int) -> Score:
    """A support vector machine with a Gaussian kernel on the pooled vector."""
    rng = np.random.default_rng(seed)
    some = [s.only(rng.permutation(len(s.prompts))[:MOST_FOR_SVM]) for s in (inside, outside)]
    machine = SVC(C=10.0, class_weight="balanced").fit(*_both(*some))
    return lambda batch: machine.decision_function(_vectors(batch))


def two_layer(inside: Batch, outside: Batch, seed: int) -> Score:
    """A perceptron with one hidden layer on the pooled vector."""
    network = MLPClassifier((128,), alpha=1e-2, max_iter=60, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the plan
        network.fit(*_both(inside, outside))
    return lambda batch: _log_odds(network.predict_proba(_vectors(batch))[:, 1])


def word_pieces(inside: Batch, outside: Batch, seed: int, epochs: int = domain.EPOCHS) -> Score:
    """The deployed head: the pooled vector and the strongest evidence of any word piece."""
    head = domain.train_head(inside.encoded, outside.encoded, seed, epochs)
    return lambda batch: head.log_odds(batch.encoded).numpy().astype(np.float64)


def nearest(inside: Batch, outside: Batch, seed: int) -> Score:
    """Mean cosine to the nearest in-domain training prompts (Sun et al. 2022)."""
    known = _vectors(inside)

    def score(batch: Batch) -> np.ndarray:
        cosines = _vectors(batch) @ known.T
        return np.sort(cosines, axis=1)[:, -NEIGHBOURS:].mean(1)

    return score


def mahalanobis(inside: Batch, outside: Batch, seed: int) -> Score:
    """Less the distance to the in-domain mean in its own shrunk covariance (Lee et al. 2018)."""
    fitted = LedoitWolf().fit(_vectors(inside))
    return lambda batch: -np.sqrt(fitted.mahalanobis(_vectors(batch)))


def words(inside: Batch, outside: Batch, seed: int) -> Score:
    """Logistic regression on TF-IDF of words and pairs of words."""
    reader = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000, random_state=seed),
    )
    labels = np.r_[np.ones(len(inside.prompts)), np.zeros(len(outside.prompts))]
    reader.fit([*inside.prompts, *outside.prompts], labels)
    return lambda batch: reader.decision_function(batch.prompts)


FITS = {
    FLOOR: words,
    "Mahalanobis": mahalanobis,
    "k nearest neighbours": nearest,
    "linear probe": linear_probe,
    "SVM": svm,
    "two-layer MLP": two_layer,
    "word pieces": word_pieces,
}


def _log_odds(chance: np.ndarray) -> np.ndarray:
    chance = np.clip(chance, 1e-7, 1 - 1e-7)
    return np.log(chance / (1 - chance))


def threshold(inside: np.ndarray, outside: np.ndarray, precision: float) -> float:
    """As `sashimi.flagship.model.domain.threshold`, on scores of dev."""
    return domain.threshold(_tensor(inside), _tensor(outside), precision)


def accepting(outside: np.ndarray, share: float) -> float:
    """The lowest threshold that at most this share of the out-of-domain scores reaches."""
    ordered = np.sort(outside)[::-1]
    return float(np.nextafter(ordered[int(share * len(ordered))], np.inf))


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float64))


def judged(
    inside: np.ndarray,
    outside: np.ndarray,
    templates: Sequence[str],
    at: float,
    held: float,
    seed: int = 0,
) -> dict[str, Interval]:
    """What a head does on a set at a threshold, with 95% bootstrap intervals.

    In-domain prompts and out-of-domain *templates* are drawn anew, since sentences of one template
    stand or fall together. Precision, AUROC and average precision weigh the two sides the same.
    ``held`` is a second threshold, of which only the shares admitted are told.
    """
    rng = np.random.default_rng(seed)  # one after the other: the two sides are independent
    names, own = np.unique(list(templates), return_inverse=True)
    good, bad = np.ones((RESAMPLES + 1, len(inside))), np.ones((RESAMPLES + 1, len(outside)))
    for n, size, drawn in ((0, len(inside), good), (1, len(names), bad)):
        counts = statistics.weights(size, rng, RESAMPLES)
        drawn[1:] = counts[:, own] if n else counts
    good /= good.sum(1, keepdims=True)  # (resamples + 1, N), the first as it is
    bad /= bad.sum(1, keepdims=True)
    recall, wrong = good @ (inside >= at), bad @ (outside >= at)
    size = len(inside) + len(outside)
    found = {
        "precision": (recall / np.maximum(recall + wrong, 1e-12), size),
        "recall": (recall, len(inside)),
        "false_accepts": (wrong, len(outside)),
        **{key: (values, size) for key, values in ranked(inside, outside, good, bad).items()},
        "recall_at_1_percent": (good @ (inside >= held), len(inside)),
        "false_accepts_at_1_percent": (bad @ (outside >= held), len(outside)),
    }
    told = {
        key: statistics.interval(values[0], values[1:], n) for key, (values, n) in found.items()
    }
    if wrong[0] == 0:
        told |= _none_admitted(told["recall"], len(names), size, len(outside))
    return told


def _none_admitted(recall: Interval, templates: int, size: int, n: int) -> dict[str, Interval]:
    """Intervals where no false accept was seen, of which a bootstrap would make a certainty.

    Wilson's upper end for none of so many templates bounds the rate, and with it the precision.
    """
    high = wilson(0, templates).high
    value = 1.0 if recall.value else 0.0
    low = recall.value / (recall.value + high)
    return {
        "precision": Interval(value, low, value, size),
        "false_accepts": Interval(0.0, 0.0, high, n),
    }


def ranked(
    inside: np.ndarray, outside: np.ndarray, good: np.ndarray, bad: np.ndarray
) -> dict[str, np.ndarray]:
    """AUROC and average precision under each row of weights, whose sides sum to 1 each.

    ``good`` is (R, len(inside)), ``bad`` (R, len(outside)); the results are (R,). Ties count half.
    """
    values, place = np.unique(np.r_[inside, outside], return_inverse=True)
    masses = []
    for weights, places in ((good, place[: len(inside)]), (bad, place[len(inside) :])):
        mass = np.zeros((len(weights), len(values)))
        for column, k in enumerate(places):
            mass[:, k] += weights[:, column]
        masses.append(mass[:, ::-1])  # (R, distinct scores), the highest first
    true, false = (mass.cumsum(1) for mass in masses)
    area = (masses[0] * (1 - false + masses[1] / 2)).sum(1)
    return {
        "auroc": area,
        "average_precision": (masses[0] * true / np.maximum(true + false, 1e-12)).sum(1),
    }


def temperature(inside: np.ndarray, outside: np.ndarray) -> float:
    """The divisor of log-odds that makes dev likeliest, either side weighing a half (Guo 2017)."""
    odds = np.r_[inside, outside]
    labels = np.repeat([1, 0], [len(inside), len(outside)])
    logits = np.stack([np.zeros_like(odds), odds], axis=1)  # (n, 2)
    return calibration.temperature(logits, labels, _halves(inside, outside))[0]


def calibration_error(inside: np.ndarray, outside: np.ndarray) -> float:
    """Expected calibration error of log-odds over `BINS` equal bins, sides weighing the same."""
    chance = 1 / (1 + np.exp(-np.r_[inside, outside]))
    labels = np.repeat([1, 0], [len(inside), len(outside)])
    return calibration.calibration(chance, labels, BINS, _halves(inside, outside)).ece


def _halves(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """A weight for each prompt, so that either side weighs a half."""
    sizes = len(inside), len(outside)
    return np.concatenate([np.full(n, 0.5 / n) for n in sizes])


def coverage_risk(inside: np.ndarray, outside: np.ndarray, at: float) -> tuple[list, list]:
    """Share of prompts answered, the surest first, and the share of those that are wrong.

    A prompt is the surer the farther its score is from the threshold; sides weigh the same.
    """
    scores = np.r_[inside, outside] - at
    right = np.r_[inside >= at, outside < at]
    covered, risk = calibration.coverage_risk(np.abs(scores), right, _halves(inside, outside))
    return covered.tolist(), risk.tolist()


def microseconds(score: Score, batch: Batch, times: int = 3) -> float:
    """Microseconds a prompt that a head takes beside the encoder, the best of some tries."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        score(batch)
        taken.append(time.perf_counter() - begun)
    return 1e6 * min(taken) / max(1, len(batch.prompts))
