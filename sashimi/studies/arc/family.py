"""The five-rule family and its compositions: grids whose rule is named, or only shown by two pairs.

Everything is drawn a batch at a time and is a function of seeds alone. All grids of a batch have
one shape, so that nothing is padded. Letters: B examples, P context pairs, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sashimi.studies.arc.batches import PAD, Batch, batch_of

PAIRS = 2
SEEN_COLOURS, OTHER_COLOURS = (0, 5), (5, 10)
SPLITS = {"test": (0,), "dev": (1,), "train": tuple(range(2, 10))}
"""Residues of the query's digest, colours renamed: no query of one split is one of another."""


Rule = Callable[[np.ndarray], np.ndarray]
FAMILY: Mapping[str, Rule] = {
    "flip left-right": lambda x: np.flip(x, -1),
    "flip up-down": lambda x: np.flip(x, -2),
    "rotate by 180": lambda x: np.flip(x, (-2, -1)),
    "roll down": lambda x: np.roll(x, 1, -2),
    "roll right": lambda x: np.roll(x, 1, -1),
}
"""Each a function of grids (..., H, W); by a batch's task number, from 1."""


def _then(first: str, second: str) -> Rule:
    return lambda x: FAMILY[second](FAMILY[first](x))


TAUGHT: Mapping[str, Rule] = {
    "flip left-right, roll right": _then("flip left-right", "roll right"),
    "flip up-down, roll down": _then("flip up-down", "roll down"),
    "roll down twice": _then("roll down", "roll down"),
    "roll right twice": _then("roll right", "roll right"),
    "flip left-right, roll down": _then("flip left-right", "roll down"),
}
"""Compositions that context batches are trained on as well, to learn that rules can be composed."""
COMPOSED: Mapping[str, Rule] = {
    "flip up-down, roll right": _then("flip up-down", "roll right"),
    "roll down, roll right": _then("roll down", "roll right"),
}
"""Two trained rules that are never trained together."""
EVERY: Mapping[str, Rule] = {**FAMILY, **TAUGHT, **COMPOSED}


@dataclass(frozen=True)
class Asked:
    """What a batch holds beside its seed."""

    size: int
    """Examples."""
    rules: tuple[str, ...] = tuple(FAMILY)
    named: float = 1.0
    """Share of examples whose rule is named by its task number; the others have number 0."""
    split: str = "train"
    colours: tuple[int, int] = SEEN_COLOURS
    sides: tuple[int, int] = (3, 5)
    """Fewest and most rows, and columns."""
    context: str = "shown"
    """"shown", or a control: "blank", "shuffled" (another example's pairs), "wrong" (pairs of
    another rule)."""


def draw(asked: Asked, *seed: int) -> tuple[Batch, np.ndarray]:
    """A batch, and the place of each example's rule in ``asked.rules`` (B,)."""
    rng = np.random.default_rng(seed)
    low, high = asked.sides
    shape = tuple(rng.integers(low, high + 1, 2))
    rules = rng.integers(0, len(asked.rules), asked.size)
    grids, outputs = _examples(rng, asked, rules, shape)
    context = _context(rng, asked, rules, grids[:, 1:], outputs[:, 1:])
    number = np.array([list(EVERY).index(rule) + 1 for rule in asked.rules])[rules]
    named = (number <= len(FAMILY)) & (rng.random(asked.size) < asked.named)
    return batch_of(grids[:, 0], outputs[:, 0], np.where(named, number, 0), *context), rules


def _examples(rng, asked: Asked, rules: np.ndarray, shape: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Grids and outputs (B, 1 + P, H, W): the query, then pairs that leave one answer possible."""
    grids = np.empty((asked.size, 1 + PAIRS, *shape), dtype=np.int64)
    outputs = np.empty_like(grids)
    places = np.array([list(EVERY).index(name) for name in asked.rules])[rules]
    todo = np.arange(asked.size)
    while len(todo):
        fresh = _coloured(rng, asked.colours, (len(todo), 1 + PAIRS, *shape))
        made = np.stack([rule(fresh) for rule in EVERY.values()], axis=1)  # (n, R, 1 + P, H, W)
        right = made[np.arange(len(todo)), places[todo]]
        agrees = (made == right[:, None]).all((3, 4))  # (n, R, 1 + P)
        good = (agrees[..., 0] | ~agrees[..., 1:].all(2)).all(1)
        good &= np.isin(digests(fresh[:, 0]) % 10, SPLITS[asked.split])
        good &= ~(fresh[:, 1:] == fresh[:, :1]).all((2, 3)).any(1)  # no pair shows the query
        grids[todo[good]], outputs[todo[good]] = fresh[good], right[good]
        todo = todo[~good]
    return grids, outputs


def _coloured(rng, colours: tuple[int, int], shape: tuple) -> np.ndarray:
    """Grids (B, 1 + P, H, W), each example in two or more colours of the range."""
    low, high = colours
    palette = rng.permuted(np.tile(np.arange(low, high), (shape[0], 1)), axis=1)
    number = rng.integers(2, high - low + 1, (shape[0], 1, 1, 1))
    picked = rng.integers(0, number, shape)
    return np.take_along_axis(palette, picked.reshape(shape[0], -1), axis=1).reshape(shape)


def _context(rng, asked: Asked, rules, given, outputs) -> tuple[np.ndarray, np.ndarray]:
    """The context pairs (B, P, H, W) as asked for: shown, blank, of others, of another rule."""
    if asked.context == "blank":
        return np.full_like(given, PAD), np.full_like(outputs, PAD)
    if asked.context == "shuffled":
        return np.roll(given, 1, axis=0), np.roll(outputs, 1, axis=0)
    if asked.context == "wrong":
        other = (rules + rng.integers(1, len(asked.rules), asked.size)) % len(asked.rules)
        given, outputs = (part[:, 1:] for part in _examples(rng, asked, other, given.shape[2:]))
    return given, outputs


def digests(grids: np.ndarray) -> np.ndarray:
    """A number for each grid (B, H, W), the same for every renaming of its colours (B,)."""
    flat = grids.reshape(len(grids), -1)
    first = (flat[:, :, None] == flat[:, None, :]).argmax(2)  # where each cell's colour was first
    rng = np.random.default_rng([flat.shape[1], grids.shape[1]])
    return (first * rng.integers(1, 2**31, flat.shape[1])).sum(1) % 2_147_483_647
