"""Counting unchanged trits between checkpoints, with one int8 copy of the weights."""

from collections.abc import Iterable, Mapping

import numpy as np

from sashimi.errors import BadInput


class TritStream:
    """Remembers the last int8 array of each name and counts what changed since."""

    def __init__(self):
        self._last: dict[str, np.ndarray] = {}

    def update(self, arrays: Iterable[tuple[str, np.ndarray]]) -> tuple[int | None, int]:
        """Compare (name, int8 array of any shape) with the last ones, then remember these.

        Returns how many of them kept their value, None at the first sight of the weights, and how
        many there are. The arrays may come from a generator: only one need exist at a time. Raises
        BadInput when a dtype is not int8, or names or sizes differ from the checkpoint before.
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
            last = self._last.setdefault(name, flat.copy()) if first else self._last.get(name)
            if last is None or last.size != flat.size:
                was = "absent" if last is None else last.size
                raise BadInput(
                    f"trits {name!r} have {flat.size} values, before {was}; keep the set fixed"
                )
            unchanged += int(np.count_nonzero(last == flat))
            last[:] = flat
        if seen != set(self._last):
            raise BadInput(f"trits missing since the last checkpoint: {set(self._last) - seen}")
        return None if first else unchanged, total

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the remembered arrays, for a checkpoint."""
        return {name: array.copy() for name, array in self._last.items()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take up the arrays of `state`; an empty one forgets everything."""
        self._last = {name: _flat_int8(name, array).copy() for name, array in state.items()}


def _flat_int8(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype != np.int8:
        raise BadInput(f"trits {name!r} have dtype {array.dtype}; give int8 in -1, 0, 1")
    return array.reshape(-1)
