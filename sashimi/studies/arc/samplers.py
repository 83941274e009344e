"""Samplers of inputs that look like those of the plan's eighteen tasks. Grids are (H, W) arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sashimi.studies.arc.lookalikes import RULES, Grid, rings

DRAWS = 1000
"""Inputs that are drawn for one example at most; a few are enough."""


def _noise(rng, n: int) -> Grid:
    return rng.integers(0, 10, (n, n))


def _dot(n: int, place: np.ndarray, colour: int) -> Grid:
    out = np.zeros((n, n), int)
    out[tuple(place)] = colour
    return out


def _colours(rng) -> np.ndarray:
    """All but black, in random order."""
    return rng.permutation(np.arange(1, 10))


def _turned(rng, grid: Grid) -> Grid:
    """The grid, or as often its transpose."""
    return grid if rng.random() < 0.5 else grid.T.copy()


def _crossed(rng, grid: Grid, colour: int) -> Grid:
    """The grid with one to three full rows and columns of a colour inside, no two neighbours."""
    for lines in (grid, grid.T):
        apart = False
        while not apart:
            inside = np.arange(1, len(grid) - 1)
            drawn = np.sort(rng.choice(inside, rng.integers(1, 4), replace=False))
            apart = (np.diff(drawn) > 1).all()
        lines[drawn] = colour
    return grid


def _shown_diagonals(rng, n: int) -> Grid:
    place = np.indices((n, n)).sum(0)
    shown = rng.permutation(3) + 3 * rng.integers(0, (2 * n - 4) // 3, 3)
    colours = np.zeros(3, int)
    colours[shown % 3] = _colours(rng)[:3]
    return np.where(np.isin(place, shown), colours[place % 3], 0)


def _lines(rng, n: int) -> Grid:
    ground, line = rng.permutation(10)[:2]
    return _crossed(rng, np.full((n, n), ground), line)


def _two_borders(rng, n: int) -> Grid:
    out = np.where(rng.random((n, n)) < 0.15, 3, 0)
    out[:, 0], out[:, -1] = [c for c in _colours(rng) if c != 3][:2]
    out[0, 1:-1] *= rng.integers(0, 2)
    return _turned(rng, out)


def _framed(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    (top, left), (low, right) = rng.integers(0, 2, 2), n - 1 - rng.integers(0, 2, 2)
    colours = _colours(rng)[:4]
    for _ in range(4):
        r, c = rng.integers(top + 1, low), rng.integers(left + 1, right)
        if not out[r].any() and not out[:, c].any():
            out[r, c] = rng.choice(colours)
    out[top], out[low], out[:, left], out[:, right] = colours
    return out


def _stair(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    bar = rng.integers(1, n // 2 + 1)
    out[bar, : rng.integers(2, n - bar)] = 2
    return out


def _object(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    h, w = rng.integers(2, n - 1, 2)
    r, c = rng.integers(0, n - h), rng.integers(0, n - w)
    out[r : r + h, c : c + w] = rng.choice(_colours(rng)[:2], (h, w))
    return out


def _four_blocks(rng, n: int) -> Grid:
    usual, odd = _noise(rng, 2), _noise(rng, 2)
    odd_one = rng.integers(4)
    out = np.full((5, 5), rng.integers(10))
    for place, (r, c) in enumerate(((0, 0), (0, 3), (3, 0), (3, 3))):
        out[r : r + 2, c : c + 2] = odd if place == odd_one else usual
    return out


def _bars(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    for r in range(0, n - 1, 4):
        c = rng.integers(0, n - 1)
        out[r, c : c + 2] = 2
    return _turned(rng, out)


def _centres(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    for at in (1, n - 2):
        out[at - 1 : at + 2, at - 1 : at + 2] = rng.choice([0, rng.integers(1, 5)], (3, 3))
        out[at, at] = 5
    return out


def _gaps(rng, n: int) -> Grid:
    return _crossed(rng, rng.integers(0, 2, (n, n)) * rng.choice([1, 3, 4]), 0)


def _edges(rng, n: int) -> Grid:
    out = np.zeros((n, n), int)
    out[0, :-1], out[1:, -1] = 5 * rng.integers(0, 2, n - 1), 5 * rng.integers(0, 2, n - 1)
    return out


SAMPLERS: Mapping[str, Callable] = {
    "05269061": _shown_diagonals,
    "1190e5a7": _lines,
    "137eaa0f": _centres,
    "2204b7a8": _two_borders,
    "2281f1f4": _edges,
    "5daaa586": _framed,
    "623ea044": lambda rng, n: _dot(n, rng.integers(0, n, 2), rng.integers(1, 10)),
    "6d0aefbc": lambda rng, n: _noise(rng, n // 2),
    "7468f01a": _object,
    "85c4e7cd": lambda rng, n: rng.permutation(10)[rings((n - n % 2,) * 2)],
    "88a62173": _four_blocks,
    "8be77c9e": lambda rng, n: _noise(rng, n // 2),
    "9172f3a0": lambda rng, n: _noise(rng, n // 3),
    "a65b410d": _stair,
    "a9f96cdd": lambda rng, n: _dot(n // 2, rng.integers(0, n // 2, 2), 2),
    "b27ca6d3": _bars,
    "c1d99e64": _gaps,
    "dbc1a6ce": lambda rng, n: np.where(rng.random((n, n)) < 3 / n**1.5, 1, 0),
}
"""By task: an input drawn by a generator, for grids of up to n cells a side (n at least 7)."""


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
        if not np.array_equal(drawn, output):
            return drawn, output
    raise RuntimeError(f"{name}: {DRAWS} inputs of at most {side} cells a side gave none: {reason}")
