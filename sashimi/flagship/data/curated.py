"""A stream whose structures are weighed: some come more often than drawn, some less, some never.

A weight is of a skeleton; one that has none weighs 1. Letters: N examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.stream import Source
from sashimi.program.tree import Program


def structure(program: Program) -> str:
    """The skeleton of a program, without comments, as a file of weights names it."""
    return " ".join(leaks.skeleton_key(program))


def read(path: str) -> dict[str, float]:
    """The weights of a file, a path below the checkout or an absolute one: skeleton to weight.

    Raises BadInput for one that is not there or does not hold weights of 0 and more.
    """
    file = root() / path
    try:
        weights = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "notebook 60 makes them"
        raise BadInput(f"cannot read the weights {file}: {error.strerror}; {remedy}") from None
    except ValueError as error:
        raise BadInput(f"{file}: not JSON ({error})") from None
    known = isinstance(weights, dict) and all(
        isinstance(w, int | float) and 0 <= w < np.inf for w in weights.values()
    )
    if not known:
        raise BadInput(f"{file}: expected skeletons and weights of 0 and more")
    return weights


def weigh(examples: Sequence[Example], weights: Mapping[str, float]) -> np.ndarray:
    """The weight of each example's structure: (N,)."""
    return np.array([weights.get(structure(e.program), 1.0) for e in examples], dtype=float)


def drawn(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """N places in the order of the N weights, each as often as its weight over their mean asks,
    rounded up or down (systematic resampling, Kitagawa 1996): equal weights give every place once.

    Raises BadInput where all weights are 0.
    """
    n, total = len(weights), weights.sum()
    if not total > 0:
        raise BadInput("all weights are 0: nothing is left to draw")
    ends = np.cumsum(weights) * (n / total)
    places = np.searchsorted(ends, rng.random() + np.arange(n), side="right")
    return np.minimum(places, np.flatnonzero(weights)[-1])


@dataclass(frozen=True)
class Curated:
    """The chunks of a source with its examples drawn by weight; it can be pickled."""

    source: Source
    weights: Mapping[str, float]

    def __call__(self, number: int) -> list[Example]:
        """As many examples as the source's chunk has, a function of the number alone."""
        examples = self.source(number)
        places = drawn(weigh(examples, self.weights), np.random.default_rng(number))
        return [examples[place] for place in places]
