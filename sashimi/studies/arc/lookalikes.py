"""The rules of the plan's eighteen tasks, in our own reading.

A test applies each to all 74 pairs of the real tasks; `samplers` draws new inputs for them.
Grids are (H, W) arrays of colours 0 to 9.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

Grid = np.ndarray
COLOUR_FREE = ("1190e5a7", "6d0aefbc", "85c4e7cd", "88a62173", "8be77c9e", "9172f3a0")
"""Tasks whose rule commutes with every renaming of colours."""
BLACK_FIXED = ("05269061", "5daaa586", "623ea044", "7468f01a")
"""Tasks whose rule commutes with those that keep colour 0; the eight others name colours."""


def rings(shape: tuple[int, int]) -> Grid:
    """How far each cell is from the border: (H, W)."""
    i, j = np.indices(shape)
    return np.minimum(np.minimum(i, shape[0] - 1 - i), np.minimum(j, shape[1] - 1 - j))


def _diagonals(x: Grid) -> Grid:
    place = np.indices(x.shape).sum(0) % 3
    return np.array([x[place == k].max() for k in range(3)])[place]


def _cells_between_lines(x: Grid) -> Grid:
    rows = [r for r in x if (r == r[0]).all()]
    line = rows[0][0]
    columns = (x == line).all(0).sum()
    return np.full((len(rows) + 1, columns + 1), x[x != line][0])


def _overlay(x: Grid) -> Grid:
    padded = np.pad(np.where(x == 5, 0, x), 1)
    out = np.max([padded[r : r + 3, c : c + 3] for r, c in np.argwhere(x == 5)], axis=0)
    out[1, 1] = 5
    return out


def _nearer_border(x: Grid) -> Grid:
    if not (x[:, 0] == x[0, 0]).all() or x[0, 0] == 0:
        return _nearer_border(x.T).T
    left = np.arange(x.shape[1]) < x.shape[1] / 2
    return np.where(x == 3, np.where(left, x[0, 0], x[0, -1]), x)


def _crossings(x: Grid) -> Grid:
    out = x.copy()
    out[1:, :-1][np.ix_(x[1:, -1] == 5, x[0, :-1] == 5)] = 2
    return out


def _shoot(x: Grid) -> Grid:
    rows, columns = np.flatnonzero(x.all(1)), np.flatnonzero(x.all(0))
    x = x[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
    out = x.copy()
    h, w = x.shape
    for r, c in np.argwhere(x[1:-1, 1:-1]) + 1:
        for line, way in (
            (x[0, w // 2], np.s_[:r, c]),
            (x[-1, w // 2], np.s_[r:, c]),
            (x[h // 2, 0], np.s_[r, :c]),
            (x[h // 2, -1], np.s_[r, c:]),
        ):
            if line == x[r, c]:
                out[way] = line
    return out


def _cross(x: Grid) -> Grid:
    (r, c), *_ = np.argwhere(x)
    i, j = np.indices(x.shape)
    return np.where(abs(i - r) == abs(j - c), x[r, c], 0)


def _reversed_rings(x: Grid) -> Grid:
    ring = rings(x.shape)
    return np.diag(x)[ring.max() :: -1][ring]


def _odd_one(x: Grid) -> Grid:
    blocks = [x[r : r + 2, c : c + 2] for r in (0, 3) for c in (0, 3)]
    alike = [sum((a == b).all() for b in blocks) for a in blocks]
    return blocks[alike.index(1)]


def _stairs(x: Grid) -> Grid:
    bar = int(np.flatnonzero((x == 2).any(1))[0])
    below = np.arange(len(x))[:, None] - bar
    colour = np.array([2, 1, 3])[np.sign(below)]  # the last one is of rows above
    return np.where(np.arange(x.shape[1]) < (x[bar] == 2).sum() - below, colour, 0)


def _corners(x: Grid) -> Grid:
    out = np.zeros(np.add(x.shape, 2), dtype=x.dtype)
    r, c = np.argwhere(x == 2)[0]
    out[r : r + 3 : 2, c : c + 3 : 2] = [[3, 6], [8, 7]]
    return out[1:-1, 1:-1]


def _fenced(x: Grid) -> Grid:
    two = x == 2
    cross = ndimage.generate_binary_structure(2, 1).astype(int)
    paired = two & (ndimage.convolve(two.astype(int), cross, mode="constant") > 1)
    return np.where(ndimage.binary_dilation(paired, np.ones((3, 3))) & ~paired, 3, x)


def _between(one: np.ndarray) -> np.ndarray:
    """Whether a cell has a true one on both sides in its row, or is one."""
    before, after = (np.logical_or.accumulate(part, 1) for part in (one, one[:, ::-1]))
    return before & after[:, ::-1]


RULES: dict[str, Callable[[Grid], Grid]] = {
    "05269061": _diagonals,
    "1190e5a7": _cells_between_lines,
    "137eaa0f": _overlay,
    "2204b7a8": _nearer_border,
    "2281f1f4": _crossings,
    "5daaa586": _shoot,
    "623ea044": _cross,
    "6d0aefbc": lambda x: np.hstack([x, x[:, ::-1]]),
    "7468f01a": lambda x: x[ndimage.find_objects((x > 0).astype(int))[0]][:, ::-1],
    "85c4e7cd": _reversed_rings,
    "88a62173": _odd_one,
    "8be77c9e": lambda x: np.vstack([x, x[::-1]]),
    "9172f3a0": lambda x: np.kron(x, np.ones((3, 3), dtype=x.dtype)),
    "a65b410d": _stairs,
    "a9f96cdd": _corners,
    "b27ca6d3": _fenced,
    "c1d99e64": lambda x: np.where(np.logical_or.outer(~x.any(1), ~x.any(0)), 2, x),
    "dbc1a6ce": lambda x: np.where((_between(x == 1) | _between(x.T == 1).T) & (x == 0), 8, x),
}
"""By task, in the order of names."""
