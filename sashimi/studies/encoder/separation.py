"""How well vectors keep prompts of one program together and those of others apart.

The plan judges an encoder by a ratio: mean cosine within a program's prompts over mean cosine
between programs. Beside it stand measures that a shift or a sparse encoder cannot buy: how often a
pair of one program is nearer than a pair of two, and what the nearest prompt shares.

Letters: N prompts, C classes (programs, skeletons, main actions or domains), E width, R resamples.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import silhouette_samples

from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.judge.score import body_text
from sashimi.flagship.model.frame import Labels
from sashimi.program import tiers
from sashimi.statistics import Interval, bootstrap, interval, weights

LEVELS = ("program", "skeleton", "main action", "domain")
PAIRS = 20_000
"""Pairs of two classes that those of one class are compared with."""


@dataclass(frozen=True)
class Labelled:
    """Prompts with the class they have at each of `LEVELS`."""

    examples: tuple[Example, ...]
    classes: dict[str, np.ndarray]  # level to (N,) int, numbered from 0 without gaps
    actions: tuple[str, ...]  # each prompt's main action

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def prompts(self) -> list[str]:
        return [example.prompt for example in self.examples]


def label(examples: Sequence[Example]) -> Labelled:
    """The classes of examples; a main action is the program's rarest one in these examples."""
    bare = [tiers.without_comments(e.program) for e in examples]
    known = Labels.of([e.domain for e in examples], [e.program for e in examples])
    names = {
        "program": [body_text(program) for program in bare],
        "skeleton": [tiers.skeleton(program) for program in bare],
        "main action": [known.primary(e.program) for e in examples],
        "domain": [e.domain for e in examples],
    }
    return Labelled(
        tuple(examples),
        {level: numbered(found) for level, found in names.items()},
        tuple(names["main action"]),
    )


def sample(corpus: Corpus, programs: int, seed: int) -> list[Example]:
    """All training prompts of some programs, and every prompt of the evaluation splits.

    Programs with several prompts come first, in an order drawn by ``seed``: only they say anything
    about prompts of one program.
    """
    groups: dict[str, list[Example]] = {}
    for example in corpus.train:
        groups.setdefault(body_text(tiers.without_comments(example.program)), []).append(example)
    drawn = random.Random(seed).sample(sorted(groups), len(groups))
    chosen = sorted(drawn, key=lambda text: len(groups[text]) < 2)[:programs]
    training = [example for text in chosen for example in groups[text]]
    return [*training, *corpus.dev, *corpus.test, *corpus.test_unseen]


def numbered(names: Sequence) -> np.ndarray:
    """(N,) int: equal names get equal numbers, in the order of first appearance."""
    ids = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([ids[name] for name in names], dtype=int)


def pairs(classes: np.ndarray) -> list[tuple[int, int]]:
    """Rows of one class each: a class's first and second row, its second and third."""
    groups: dict[int, list[int]] = {}
    for row, name in enumerate(classes.tolist()):
        groups.setdefault(name, []).append(row)
    return [pair for group in groups.values() for pair in itertools.pairwise(group)]


def encoders(prompts: Sequence[str], ours: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The encoder's unit vectors (N, E) beside those of encoders that understand nothing."""
    words = TfidfVectorizer(token_pattern=r"\S+").fit_transform(prompts)  # (N, words), unit rows
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((words.shape[1], ours.shape[1]), dtype=np.float32)
    return {
        "MiniLM": ours,
        "MiniLM, mean removed": unit(ours - ours.mean(0)),
        "bag of words": words.astype(np.float32).toarray(),
        "random projection": unit(words.astype(np.float32) @ directions),
    }


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; a row of zeros stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def ratio(vectors: np.ndarray, classes: np.ndarray, seed: int = 0) -> dict[str, Interval]:
    """Mean cosine ``within`` classes, ``between`` them, and their ``ratio``, over all pairs.

    Classes of two prompts and more weigh the same within; intervals come from resampling classes.
    Sums of unit vectors give the pairs without forming them: the pairs of a class with sum s and n
    members have the summed cosine (|s|² - n) / 2. NaN where no class has two prompts.
    """
    sizes = np.bincount(classes).astype(float)  # (C,)
    every = np.arange(len(classes))
    members = sparse.csr_array((np.ones(len(classes)), (classes, every)))  # (C, N)
    sums = members @ vectors.astype(np.float64)  # (C, E)
    squares = (sums**2).sum(1)
    several = sizes > 1
    within = np.zeros(len(sizes))
    within[several] = (squares - sizes)[several] / (sizes * (sizes - 1))[several]
    drawn = np.vstack([np.ones((1, len(sizes))), weights(len(sizes), seed)])
    inside = _divide(drawn @ (within * several), drawn @ several)
    outside = _divide(
        ((drawn @ sums) ** 2).sum(1) - drawn**2 @ squares,
        (drawn @ sizes) ** 2 - drawn**2 @ sizes**2,
    )
    measured = {"within": inside, "between": outside, "ratio": _divide(inside, outside)}
    return {name: _interval(values, int(several.sum())) for name, values in measured.items()}


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)


def _interval(values: np.ndarray, n: int) -> Interval:
    """The first value, as it is, with the ends of the resampled ones after it."""
    return interval(values[0] if n else np.nan, values[1:], n)


def nearer(vectors: np.ndarray, classes: np.ndarray, seed: int = 0) -> Interval:
    """How often a pair of one class is nearer than a pair of two: the area under the ROC curve.

    0.5 is chance. Pairs of two classes are drawn by ``seed``; the interval is over classes.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, len(classes), (2, PAIRS))
    apart = classes[a] != classes[b]
    far = np.sort((vectors[a[apart]] * vectors[b[apart]]).sum(1))
    shares = []
    order = np.argsort(classes, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(classes))[:-1]):
        if len(members) > 1 and len(far):
            upper = np.triu_indices(len(members), 1)
            near = (vectors[members] @ vectors[members].T)[upper]
            ranks = (np.searchsorted(far, near) + np.searchsorted(far, near, side="right")) / 2
            shares.append(float(ranks.mean()) / len(far))
    return bootstrap(shares, seed)


def retrieval(
    vectors: np.ndarray, classes: Mapping[str, np.ndarray], block: int = 512
) -> dict[str, np.ndarray]:
    """What each prompt's nearest other prompt shares with it, 0 or 1: (N,) a level.

    ``program``: the nearest of all others, NaN where no other prompt has the same program. The
    other levels: the nearest prompt of *another* program, since a copy shares everything.
    """
    programs, n = classes["program"], len(vectors)
    shared = {level: np.full(n, np.nan) for level in classes}
    alone = np.bincount(programs)[programs] < 2
    for at in range(0, n, block):
        rows = np.arange(at, min(at + block, n))
        cosine = vectors[rows] @ vectors.T  # (block, N)
        cosine[np.arange(len(rows)), rows] = -np.inf
        nearest = cosine.argmax(1)
        shared["program"][rows] = programs[nearest] == programs[rows]
        cosine[programs[rows][:, None] == programs[None, :]] = -np.inf
        nearest = cosine.argmax(1)
        for level in set(classes) - {"program"}:
            shared[level][rows] = classes[level][nearest] == classes[level][rows]
    shared["program"][alone] = np.nan
    return shared


def by_program(values: np.ndarray, programs: np.ndarray) -> np.ndarray:
    """Means per program, programs without a value left out: what an interval is made over."""
    known = ~np.isnan(values)
    counts = np.bincount(programs[known], minlength=programs.max() + 1)
    sums = np.bincount(programs[known], weights=values[known], minlength=programs.max() + 1)
    return sums[counts > 0] / counts[counts > 0]


def measure(vectors: np.ndarray, classes: Mapping[str, np.ndarray], seed: int) -> dict:
    """Everything about one encoder: level to metric to `Interval`, for the levels given."""
    shared = retrieval(vectors, classes)
    found = {}
    for level in classes:
        found[level] = ratio(vectors, classes[level], seed) | {
            "nearer_than_strangers": nearer(vectors, classes[level], seed),
            "nearest_shares": bootstrap(by_program(shared[level], classes["program"]), seed),
        }
    return found


def silhouettes(
    vectors: np.ndarray, domains: Sequence[str], most: int, seed: int
) -> dict[str, Interval]:
    """Cosine silhouette (Rousseeuw 1987) of each domain's prompts, and of ``all``, in [-1, 1].

    At most ``most`` prompts, drawn by ``seed``: all pairs are needed.
    """
    chosen = np.random.default_rng(seed).permutation(len(vectors))[:most]
    names = np.array(domains)[chosen]
    if not 1 < len(set(names)) < len(names):
        return {}
    values = silhouette_samples(vectors[chosen], names, metric="cosine")
    each = {name: bootstrap(values[names == name], seed) for name in sorted(set(names))}
    return each | {"all": bootstrap(values, seed)}
