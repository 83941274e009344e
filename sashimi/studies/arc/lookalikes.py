"""The rules of the plan's eighteen tasks, in our own reading.

A test applies each to all 74 pairs of the real tasks; `samplers` draws new inputs for them.
Grids are (H, W) arrays of colours 0 to 9.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Grid = np.ndarray
RULES: dict[str, Callable[[Grid], Grid]] = {}
COLOUR_FREE = ("1190e5a7", "6d0aefbc", "85c4e7cd", "88a62173", "8be77c9e", "9172f3a0")
"""Tasks whose rule commutes with every renaming of colours."""
BLACK_FIXED = ("05269061", "5daaa586", "623ea044", "7468f01a")
"""Tasks whose rule commutes with those that keep colour 0; the eight others name colours."""


def _rule(name: str) -> Callable:
    return lambda function: RULES.setdefault(name, function)


@_rule("05269061")
def _diagonals(x: Grid) -> Grid:
    place = np.add.outer(np.arange(x.shape[0]), np.arange(x.shape[1])) % 3
    return np.array([x[(place == k)].max() for k in range(3)])[place]


@_rule("1190e5a7")
def _cells_between_lines(x: Grid) -> Grid:
    rows = [r for r in x if (r == r[0]).all()]
    line = rows[0][0]
    columns = [c for c in x.T if (c == line).all()]
    return np.full((len(rows) + 1, len(columns) + 1), x[x != line][0])


@_rule("137eaa0f")
def _overlay(x: Grid) -> Grid:
    padded = np.pad(x, 1)
    near = [padded[r : r + 3, c : c + 3] for r, c in np.argwhere(x == 5)]
    out = np.max([np.where(n == 5, 0, n) for n in near], axis=0)
    out[1, 1] = 5
    return out


@_rule("2204b7a8")
def _nearer_border(x: Grid) -> Grid:
    if not (x[:, 0] == x[0, 0]).all() or x[0, 0] == 0:
        return _nearer_border(x.T).T
    left = np.arange(x.shape[1]) < x.shape[1] / 2
    return np.where(x == 3, np.where(left, x[0, 0], x[0, -1]), x)


@_rule("2281f1f4")
def _crossings(x: Grid) -> Grid:
    out = x.copy()
    out[1:, :-1][np.ix_(x[1:, -1] == 5, x[0, :-1] == 5)] = 2
    return out


@_rule("5daaa586")
def _shoot(x: Grid) -> Grid:
    rows = [r for r in range(len(x)) if (x[r] != 0).all()]
    columns = [c for c in range(x.shape[1]) if (x[:, c] != 0).all()]
    x = x[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
    out = x.copy()
    h, w = x.shape
    for r, c in np.argwhere(x[1:-1, 1:-1]) + 1:
        colour = x[r, c]
        if colour == x[0, w // 2]:
            out[:r, c] = colour
        if colour == x[-1, w // 2]:
            out[r:, c] = colour
        if colour == x[h // 2, 0]:
            out[r, :c] = colour
        if colour == x[h // 2, -1]:
            out[r, c:] = colour
    return out


@_rule("623ea044")
def _cross(x: Grid) -> Grid:
    (r, c), *_ = np.argwhere(x)
    i, j = np.indices(x.shape)
    return np.where(abs(i - r) == abs(j - c), x[r, c], 0)


@_rule("6d0aefbc")
def _mirror_beside(x: Grid) -> Grid:
    return np.hstack([x, x[:, ::-1]])


@_rule("7468f01a")
def _cropped_mirror(x: Grid) -> Grid:
    rows, columns = np.flatnonzero(x.any(1)), np.flatnonzero(x.any(0))
    return x[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][:, ::-1]


def rings(shape: tuple[int, int]) -> Grid:
    """How far each cell is from the border: (H, W)."""
    i, j = np.indices(shape)
    return np.minimum(np.minimum(i, shape[0] - 1 - i), np.minimum(j, shape[1] - 1 - j))


@_rule("85c4e7cd")
def _reversedrings(x: Grid) -> Grid:
    ring = rings(x.shape)
    colours = np.array([x[k, k] for k in range(ring.max() + 1)])
    return colours[::-1][ring]


@_rule("88a62173")
def _odd_one(x: Grid) -> Grid:
    blocks = [x[r : r + 2, c : c + 2] for r in (0, 3) for c in (0, 3)]
    alike = [sum((a == b).all() for b in blocks) for a in blocks]
    return blocks[alike.index(1)]


@_rule("8be77c9e")
def _mirror_below(x: Grid) -> Grid:
    return np.vstack([x, x[::-1]])


@_rule("9172f3a0")
def _enlarged(x: Grid) -> Grid:
    return np.kron(x, np.ones((3, 3), dtype=x.dtype))


@_rule("a65b410d")
def _stairs(x: Grid) -> Grid:
    bar = int(np.flatnonzero((x == 2).any(1))[0])
    length = (x[bar] == 2).sum() + bar - np.arange(len(x))
    colour = np.sign(np.arange(len(x)) - bar)  # -1 above, 1 below
    colour = np.array([2, 1, 3])[colour]
    return np.where(np.arange(x.shape[1]) < length[:, None], colour[:, None], 0)


@_rule("a9f96cdd")
def _corners(x: Grid) -> Grid:
    out = np.zeros_like(x)
    r, c = np.argwhere(x == 2)[0]
    for i, j, colour in ((-1, -1, 3), (-1, 1, 6), (1, -1, 8), (1, 1, 7)):
        if 0 <= r + i < x.shape[0] and 0 <= c + j < x.shape[1]:
            out[r + i, c + j] = colour
    return out


def _neighbours(x: Grid) -> list[Grid]:
    padded = np.pad(x, 1)
    h, w = x.shape
    return [padded[1 + i : 1 + i + h, 1 + j : 1 + j + w] for i in (-1, 0, 1) for j in (-1, 0, 1)]


@_rule("b27ca6d3")
def _fenced(x: Grid) -> Grid:
    two = (x == 2).astype(int)
    up, left, _, right, down = (_neighbours(two)[k] for k in (1, 3, 4, 5, 7))
    paired = two * (up + left + right + down > 0)
    return np.where((sum(_neighbours(paired)) > 0) & (paired == 0), 3, x)


@_rule("c1d99e64")
def _empty_lines(x: Grid) -> Grid:
    empty = np.logical_or.outer(~x.any(1), ~x.any(0))
    return np.where(empty, 2, x)


@_rule("dbc1a6ce")
def _joined(x: Grid) -> Grid:
    one = (x == 1).astype(int)

    def between(y: Grid) -> Grid:
        return (np.maximum.accumulate(y, 1) > 0) & (
            np.maximum.accumulate(y[:, ::-1], 1)[:, ::-1] > 0
        )

    return np.where((between(one) | between(one.T).T) & (x == 0), 8, x)
