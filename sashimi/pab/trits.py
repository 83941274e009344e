"""Counting unchanged trits between checkpoints in constant memory.

One int8 copy of the weights is kept (1 byte a weight) and overwritten in place; the comparison
works in blocks that fit a cache, so nothing else grows with the number of weights or checkpoints.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput

BLOCK = 1 << 16


@dataclass(frozen=True)
class Unchanged:
    """Of `total` weights, `unchanged` kept their value; None at the first sight of the weights."""

    unchanged: int | None
    total: int


class TritStream:
    """Remembers the last int8 array of each name and counts what changed since."""

    def __init__(self):
        self._last: dict[str, np.ndarray] = {}

    def update(self, arrays: Iterable[tuple[str, np.ndarray]]) -> Unchanged:
        """Compare (name, int8 array of any shape) with the last ones, then remember these.

        The arrays may come from a generator: only one need exist at a time. Raises BadInput when
        a dtype is not int8, or names or sizes differ from the checkpoint before.
        """
        first = not self._last
        seen: set[str] = set()
        unchanged = total = 0
        for name, array in arrays:
            flat = _flat_int8(name, array)
            if name in seen:
                raise BadInput(f"trits {name!r} were given twice")
            seen.add(name)
            total += flat.size
            if first:
                self._last[name] = flat.copy()
            else:
                unchanged += _compare_and_keep(self._kept(name, flat.size), flat)
        if seen != set(self._last):
            raise BadInput(f"trits missing since the last checkpoint: {set(self._last) - seen}")
        return Unchanged(None if first else unchanged, total)

    def _kept(self, name: str, size: int) -> np.ndarray:
        last = self._last.get(name)
        if last is None or last.size != size:
            was = "absent" if last is None else last.size
            raise BadInput(f"trits {name!r} have {size} values, before {was}; keep the set fixed")
        return last

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the remembered arrays, for a checkpoint."""
        return {name: array.copy() for name, array in self._last.items()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take up the arrays of `state`; an empty one forgets everything."""
        self._last = {name: _flat_int8(name, array).copy() for name, array in state.items()}


def _flat_int8(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype != np.int8:
        raise BadInput(f"trits {name!r} have dtype {array.dtype}; give int8 in -1, 0, 1")
    return array.reshape(-1)


def _compare_and_keep(last: np.ndarray, flat: np.ndarray) -> int:
    """Number of equal entries of two (W,) int8 arrays; `last` becomes a copy of `flat`."""
    same = 0
    for start in range(0, flat.size, BLOCK):
        old, new = last[start : start + BLOCK], flat[start : start + BLOCK]
        same += int(np.count_nonzero(old == new))
        old[:] = new
    return same
