"""The space of two-input ternary operations, and what may be said of it without a network.

An operation is its truth table of nine trits. Letters: K = 19,683 operations, N draws, D numbers a
code.
"""

from __future__ import annotations

import math
import operator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import hypergeom

from sashimi.errors import BadInput
from sashimi.metrics import plain

TRITS = 9
K = 3**TRITS
NEIGHBOURS = 2 * TRITS
"""Operations that differ from one in a single trit."""
POWERS = 3 ** np.arange(TRITS)
TERCILE = 0.4307272992954576
"""Cuts N(0, 1) into three equal parts, at plus and minus this."""


def every() -> np.ndarray:
    """All operations: (19683, 9) int8; row i, position k holds (i // 3^k) mod 3 − 1.

    So position 0 is f(−1, −1) and is the lowest digit, position 8 is f(1, 1).
    """
    return (np.arange(K)[:, None] // POWERS % 3 - 1).astype(np.int8)


def rows(draws: Any) -> np.ndarray:
    """The rows of `every` that these operations are: (N,) int64 from (N, 9) trits.

    Raises BadInput for another shape, no draws, and anything that is not −1, 0 or 1.
    """
    array = _array(draws, "draws")
    if array.ndim != 2 or array.shape[1] != TRITS or not len(array):
        raise BadInput(f"draws have the shape {array.shape}; give (N, 9) with N of at least 1")
    wrong = np.argwhere(~np.isin(array, (-1, 0, 1)))
    if len(wrong):
        row, place = wrong[0]
        raise BadInput(
            f"draw {row}, position {place} is {array[row, place]}; trits are -1, 0 and 1"
        )
    return ((array.astype(np.int64) + 1) * POWERS).sum(1)


def ceiling(n: int) -> float:
    """The share of the K operations that n independent, uniform draws are expected to find.

    1 − (1 − 1/K)^n, the classical occupancy problem (Feller 1968, vol. 1, IV.2); 0 for no draws.
    Raises BadInput unless n is a whole number of at least 0.
    """
    try:
        whole = int(n) if isinstance(n, float) and n.is_integer() else operator.index(n)
    except TypeError:
        whole = -1
    if whole < 0 or isinstance(n, bool):
        raise BadInput(f"n is {n!r}; give a whole number of draws of at least 0")
    return -math.expm1(whole * math.log1p(-1 / K))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the K operations some draws hold: ``unique`` of ``n`` draws."""

    unique: int
    n: int

    @property
    def share(self) -> float:
        """Of all operations, 0 to 1."""
        return self.unique / K

    @property
    def of_ceiling(self) -> float:
        """``share`` over what uniform draws of the same number are expected to find.

        About 1 for uniform draws; above it for draws that avoid repetitions.
        """
        return self.share / ceiling(self.n)


def coverage(draws: Any) -> Coverage:
    """What (N, 9) trits of any numeric dtype cover; raises BadInput as `rows` does."""
    known = rows(draws)
    return Coverage(len(np.unique(known)), len(known))


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Two networks over all operations: n10 are those that A has right and B wrong."""

    n11: int
    n10: int
    n01: int
    n00: int

    @property
    def disagreement(self) -> float:
        """Share of operations that exactly one of the two has right (Skalak 1996)."""
        return (self.n10 + self.n01) / K

    @property
    def yule_q(self) -> float:
        """Yule's Q (Yule 1900), −1 to 1; 0 for independent errors, NaN where it is 0 / 0."""
        same, other = self.n11 * self.n00, self.n10 * self.n01
        return (same - other) / (same + other) if same + other else math.nan

    def q_interval(self, z: float = 1.959964) -> tuple[float, float]:
        """Wald's 95% interval of the log odds ratio, half an operation added to each cell
        (Haldane 1956), as Q = tanh(log odds ratio / 2).
        """
        cells = np.array([self.n11, self.n00, self.n10, self.n01]) + 0.5
        centre = float(np.log(cells) @ [1, 1, -1, -1])
        half = z * math.sqrt(float((1 / cells).sum()))
        return math.tanh((centre - half) / 2), math.tanh((centre + half) / 2)

    def null(self) -> dict[str, float]:
        """Both wrong (n00), if B's errors lay anywhere: the mean and 95% of all permutations.

        Those are hypergeometric, so none is drawn; ``p`` is that of so few or so many, two-sided.
        """
        wrong_a, wrong_b = self.n01 + self.n00, self.n10 + self.n00
        if not (wrong_a and wrong_b):  # nothing can coincide
            return {"mean": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
        law = hypergeom(K, wrong_a, wrong_b)
        tail = min(law.cdf(self.n00), law.sf(self.n00 - 1))
        low, high = law.ppf([0.025, 0.975])
        return {"mean": law.mean(), "low": low, "high": high, "p": min(1.0, 2 * float(tail))}

    def balance(self, least: int = 30) -> float:
        """The plan's "complementarity" for exact errors: min / max of n10 and n01.

        NaN below ``least`` operations that only one has right: of one error each it would say 1.
        """
        one, other = sorted((self.n10, self.n01))
        return one / other if one + other >= least else math.nan

    def as_json(self) -> dict[str, Any]:
        """Everything that the table says; Yule's Q is None where it is 0 / 0."""
        low, high = self.q_interval()
        return asdict(self) | {
            "disagreement": self.disagreement,
            "yule_q": plain(self.yule_q),
            "yule_q 95%": [low, high],
            "permutation null of n00": self.null(),
        }


def error_table(right_a: Any, right_b: Any) -> ErrorTable:
    """The 2×2 table of two networks from who has what right: (19683,) bool each, in row order.

    Raises BadInput for another shape or dtype.
    """
    pair = []
    for name, given in (("right_a", right_a), ("right_b", right_b)):
        array = _array(given, name)
        if array.shape != (K,) or array.dtype != bool:
            raise BadInput(f"{name} is {array.dtype} of the shape {array.shape}; give ({K},) bool")
        pair.append(array)
    a, b = pair
    cells = (a & b, a & ~b, ~a & b, ~a & ~b)
    return ErrorTable(*(int(cell.sum()) for cell in cells))


def precision_at_18(codes: Any, queries: Any = None) -> float:
    """Of the 18 nearest codes of an operation, the share that differs from it in one trit: 0 to 1.

    Euclidean, over (19683, D) numbers in row order, the operation itself excluded, ties to the
    lower row (precision at k, Manning et al. 2008, §8.4). The mean over all operations, or over
    the rows ``queries``. Raises BadInput for another shape and for numbers that are not finite.
    """
    array = _array(codes, "codes")
    if array.ndim != 2 or len(array) != K or not array.shape[1] or array.dtype.kind not in "biuf":
        raise BadInput(f"codes are {array.dtype} of the shape {array.shape}; give ({K}, D) numbers")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise BadInput(f"codes of row {np.argwhere(~np.isfinite(array))[0][0]} are not finite")
    chosen = np.arange(K) if queries is None else np.asarray(queries)
    beside = neighbours()
    hits = [
        _hits(array, part, beside[part]) for part in np.array_split(chosen, len(chosen) // 256 + 1)
    ]
    return float(sum(hits) / (NEIGHBOURS * len(chosen)))


def _hits(codes: np.ndarray, queries: np.ndarray, beside: np.ndarray) -> int:
    """How many of ``beside`` (Q, 18) are among the 18 nearest of these rows (Q,)."""
    apart = cdist(codes[queries], codes, "sqeuclidean")  # (Q, K)
    apart[np.arange(len(queries)), queries] = np.inf
    last = np.partition(apart, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1 : NEIGHBOURS]  # (Q, 1)
    nearer, level = apart < last, apart == last
    free = NEIGHBOURS - nearer.sum(1, keepdims=True)
    taken = nearer | (level & (level.cumsum(1) <= free))
    return int(np.take_along_axis(taken, beside, 1).sum())


def neighbours() -> np.ndarray:
    """The operations at one trit from each: (19683, 18) rows."""
    digits = every().astype(np.int64) + 1
    other = (digits[:, :, None] + np.array([1, 2])) % 3  # (K, 9, 2)
    change = (other - digits[:, :, None]) * POWERS[:, None]
    return (np.arange(K)[:, None, None] + change).reshape(K, NEIGHBOURS)


def boxes(rng: np.random.Generator) -> np.ndarray:
    """Stratified draws of U[−1, 1]^9: one in each of its 3^9 boxes of side 2/3, (19683, 9) float32.

    Row i lies in the box whose middle is 2/3 of row i of `every` (stratified sampling, Cochran
    1977, ch. 5).
    """
    return (2 / 3 * every() + rng.uniform(-1 / 3, 1 / 3, (K, TRITS))).astype(np.float32)


def cut(z: np.ndarray) -> np.ndarray:
    """The control without parameters: nine N(0, 1) numbers (N, 9) to trits by equal thirds."""
    return np.sign(z) * (np.abs(z) > TERCILE)


def _array(given: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"{name} is no array ({error}); give numbers of one shape") from error
    if array.dtype == object or array.dtype.kind in "USV":
        raise BadInput(f"{name} holds {array.dtype}; give numbers of one shape")
    return array
