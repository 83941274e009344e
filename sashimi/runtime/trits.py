"""Trits as bytes: five to a byte, 3^5 = 243 of the 256 values, 1.6 bits a trit.

The information of a trit is log2 3 = 1.585 bits, so 1.6 is within 1% of what is possible; two bits
a trit, four to a byte, would be a quarter larger and as simple.

Letters: N trits.
"""

from __future__ import annotations

import numpy as np

EACH = 5
"""Trits of a byte."""
VALUES = 3**EACH
_POWERS = 3 ** np.arange(EACH, dtype=np.int64)
TABLE = (np.arange(VALUES)[:, None] // _POWERS % 3 - 1).astype(np.int8)
"""(243, 5) int8: the trits of a byte, the first one its lowest digit."""


def packed_size(count: int) -> int:
    """Bytes that ``count`` trits take."""
    return -(-count // EACH)


def pack(trits: np.ndarray) -> np.ndarray:
    """(ceil(N / 5),) uint8 of an array of any shape with N entries in {-1, 0, +1}, row by row.

    What the last byte has room for beyond N is 0. Raises ValueError for any other entry.
    """
    flat = np.asarray(trits).reshape(-1)
    if flat.size and not np.isin(flat, (-1, 0, 1)).all():
        raise ValueError("only -1, 0 and +1 are trits")
    digits = np.ones(packed_size(flat.size) * EACH, dtype=np.int64)
    digits[: flat.size] += flat.astype(np.int64)
    return (digits.reshape(-1, EACH) @ _POWERS).astype(np.uint8)


def unpack(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The trits of ``shape``, int8, that `pack` made ``packed`` (uint8) of.

    Raises ValueError where there are more or fewer bytes than ``shape`` takes, or a byte above 242.
    """
    count = int(np.prod(shape, dtype=np.int64))
    if packed.shape != (packed_size(count),):
        raise ValueError(f"{packed_size(count)} bytes hold trits of {shape}, not {packed.size}")
    if packed.size and int(packed.max()) >= VALUES:
        raise ValueError(f"byte {int(packed.max())} is no five trits: they end at {VALUES - 1}")
    return TABLE[packed].reshape(-1)[:count].reshape(shape)
