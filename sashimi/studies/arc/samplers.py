"""Samplers of inputs that look like those of the plan's eighteen tasks. Grids are (H, W) arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from sashimi.studies.arc.lookalikes import RULES, Grid, rings


def _noise(rng, h: int, w: int, low: int = 0, high: int = 10) -> Grid:
    return rng.integers(low, high, (h, w))


def _dots(rng, h: int, w: int, places: Grid, colours) -> Grid:
    out = np.zeros((h, w), dtype=np.int64)
    out[tuple(np.atleast_2d(places).T)] = colours
    return out


def _apart(rng, low: int, high: int, most: int = 3) -> np.ndarray:
    """One to ``most`` numbers from low to high, no two of them neighbours."""
    while True:
        drawn = np.sort(rng.choice(np.arange(low, high), rng.integers(1, most + 1), replace=False))
        if (np.diff(drawn) > 1).all():
            return drawn


def _shown_diagonals(rng, n: int) -> Grid:
    place = np.add.outer(np.arange(n), np.arange(n))
    shown = rng.permutation(3) + 3 * rng.integers(0, (2 * n - 4) // 3, 3)
    colours = np.zeros(3, dtype=np.int64)
    colours[shown % 3] = rng.permutation(np.arange(1, 10))[:3]
    return np.where(np.isin(place, shown), colours[place % 3], 0)


def _lines(rng, n: int) -> Grid:
    ground, line = rng.permutation(10)[:2]
    out = np.full((n, n), ground)
    out[_apart(rng, 1, n - 1)] = line
    out[:, _apart(rng, 1, n - 1)] = line
    return out


def _two_borders(rng, n: int) -> Grid:
    out = np.where(rng.random((n, n)) < 0.15, 3, 0)
    colours = [c for c in rng.permutation(np.arange(1, 10)) if c != 3]
    out[:, 0], out[:, -1] = colours[:2]
    out[0, 1:-1] *= rng.integers(0, 2)
    return out if rng.random() < 0.5 else out.T.copy()


def _framed(rng, n: int) -> Grid:
    out = np.zeros((n, n), dtype=np.int64)
    (top, left), (low, right) = rng.integers(0, 2, 2), n - 1 - rng.integers(0, 2, 2)
    colours = rng.permutation(np.arange(1, 10))[:4]
    for _ in range(4):
        r, c = rng.integers(top + 1, low), rng.integers(left + 1, right)
        if not out[r].any() and not out[:, c].any():
            out[r, c] = rng.choice(colours)
    out[top], out[low], out[:, left], out[:, right] = colours
    return out


def _stair(rng, n: int) -> Grid:
    out = np.zeros((n, n), dtype=np.int64)
    bar = rng.integers(1, n // 2 + 1)
    out[bar, : rng.integers(2, n - bar)] = 2
    return out


def _object(rng, n: int) -> Grid:
    h, w = rng.integers(2, n - 1, 2)
    r, c = rng.integers(0, n - h), rng.integers(0, n - w)
    out = np.zeros((n, n), dtype=np.int64)
    out[r : r + h, c : c + w] = rng.choice(rng.permutation(np.arange(1, 10))[:2], (h, w))
    return out


def _four_blocks(rng, n: int) -> Grid:
    usual, odd = (_noise(rng, 2, 2) for _ in range(2))
    blocks = [usual] * 4
    blocks[rng.integers(4)] = odd
    out = np.full((5, 5), rng.integers(10))
    for block, (r, c) in zip(blocks, ((0, 0), (0, 3), (3, 0), (3, 3)), strict=True):
        out[r : r + 2, c : c + 2] = block
    return out


def _bars(rng, n: int) -> Grid:
    out = np.zeros((n, n), dtype=np.int64)
    for r in range(0, n - 1, 4):
        c = rng.integers(0, n - 1)
        out[r, c : c + 2] = 2
    return out if rng.random() < 0.5 else out.T.copy()


def _centres(rng, n: int) -> Grid:
    out = np.zeros((n, n), dtype=np.int64)
    for r, c in ((1, 1), (n - 2, n - 2)):
        out[r - 1 : r + 2, c - 1 : c + 2] = rng.choice([0, rng.integers(1, 5)], (3, 3))
        out[r, c] = 5
    return out


def _gaps(rng, n: int) -> Grid:
    out = rng.integers(0, 2, (n, n)) * rng.choice([1, 3, 4])
    out[_apart(rng, 1, n - 1)] = 0
    out[:, _apart(rng, 1, n - 1)] = 0
    return out


def _edges(rng, n: int) -> Grid:
    out = np.zeros((n, n), dtype=np.int64)
    out[0, :-1] = 5 * rng.integers(0, 2, n - 1)
    out[1:, -1] = 5 * rng.integers(0, 2, n - 1)
    return out


SAMPLERS: Mapping[str, Callable] = MappingProxyType(
    {
        "05269061": _shown_diagonals,
        "1190e5a7": _lines,
        "137eaa0f": _centres,
        "2204b7a8": _two_borders,
        "2281f1f4": _edges,
        "5daaa586": _framed,
        "623ea044": lambda rng, n: _dots(rng, n, n, rng.integers(0, n, 2), rng.integers(1, 10)),
        "6d0aefbc": lambda rng, n: _noise(rng, n // 2, n // 2),
        "7468f01a": _object,
        "85c4e7cd": lambda rng, n: rng.permutation(10)[rings((n - n % 2,) * 2)],
        "88a62173": _four_blocks,
        "8be77c9e": lambda rng, n: _noise(rng, n // 2, n // 2),
        "9172f3a0": lambda rng, n: _noise(rng, n // 3, n // 3),
        "a65b410d": _stair,
        "a9f96cdd": lambda rng, n: _dots(rng, n // 2, n // 2, rng.integers(0, n // 2, 2), 2),
        "b27ca6d3": _bars,
        "c1d99e64": _gaps,
        "dbc1a6ce": lambda rng, n: np.where(rng.random((n, n)) < 3 / n**1.5, 1, 0),
    }
)
"""By task: an input drawn by a generator, for grids of up to n cells a side (n at least 7)."""


DRAWS = 1000
"""Inputs that are drawn for one example at most; a few are enough."""


def example(name: str, side: int, *seed: int) -> tuple[Grid, Grid]:
    """One look-alike of a task: its input and output, a function of the seed.

    A drawn structure in which the rule finds nothing to read, or nothing to change, is drawn again.
    Raises RuntimeError where `DRAWS` of them give no example.
    """
    rng, reason = np.random.default_rng(seed), "the rule changed nothing"
    for _ in range(DRAWS):
        drawn = SAMPLERS[name](rng, side)
        try:
            output = RULES[name](drawn)
        except (IndexError, ValueError) as error:
            reason = str(error)
            continue
        if output.shape != drawn.shape or (output != drawn).any():
            return drawn, output
    raise RuntimeError(f"{name}: {DRAWS} inputs of at most {side} cells a side gave none: {reason}")
