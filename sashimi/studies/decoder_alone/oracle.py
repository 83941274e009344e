"""Representations made from the target itself: what a decoder does when its input holds the answer.

An oracle's vector is the sum of one random direction a feature of the token sequence: which tokens
occur, which follow which, and which stand where. Together they determine the sequence; in a few
hundred numbers their directions overlap, and noise of a given length is added, so that a vector is
neither a key to look up nor a list to read off.

Letters: N sequences, E width of a vector.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

BEGIN = "<start>"
"""What the first token follows."""

Feature = tuple[str, ...]


def features(tokens: Sequence[str]) -> Counter[Feature]:
    """How often a sequence shows each token, each pair of neighbours, each token at its place."""
    found: Counter[Feature] = Counter(("token", token) for token in tokens)
    found.update(("pair", a, b) for a, b in zip((BEGIN, *tokens), tokens, strict=False))
    found.update(("place", str(place), token) for place, token in enumerate(tokens))
    return found


def direction(name: Sequence[str], width: int, seed: int) -> np.ndarray:
    """A Gaussian vector (E,) of about unit length, drawn from the seed and the name alone."""
    key = hashlib.sha256("\x00".join((str(seed), *name)).encode()).digest()[:8]
    drawn = np.random.default_rng(int.from_bytes(key, "big")).standard_normal(width)
    return drawn / width**0.5


def vectors(
    sequences: Sequence[Sequence[str]], names: Sequence[str], width: int, noise: float, seed: int
) -> Tensor:
    """Unit vectors (N, E) float32 of token sequences, whose ``names`` draw their noise.

    ``noise`` is the length of what is added to the unit vector of the features. A sequence has the
    same vector in whatever company it comes. Raises ValueError for an empty sequence.
    """
    columns: dict[Feature, int] = {}
    places, counts, rows = [], [], []
    for row, (tokens, name) in enumerate(zip(sequences, names, strict=True)):
        if not tokens:
            raise ValueError(f"{name}: an empty sequence has no direction")
        for feature, count in features(tokens).items():
            places.append(columns.setdefault(feature, len(columns)))
            counts.append(float(count))
            rows.append(row)
    shown = csr_array((counts, (rows, places)), shape=(len(sequences), len(columns)))
    directions = [direction(feature, width, seed) for feature in columns]
    unit = _unit(shown @ np.array(directions).reshape(-1, width))
    added = np.array([direction(("noise", name), width, seed) for name in names])
    noised = _unit(unit + noise * added.reshape(-1, width))
    return torch.from_numpy(noised.astype(np.float32))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
