"""The formulas of a learning trajectory, exact and free of any framework.

Missing stays missing: where a quantity cannot be measured (None, NaN or infinite input, too few
points) the answer is NaN inside a series and None for a single number, never a placeholder.

Letters: T recorded checkpoints, P probe examples, D width of an embedding, W weights.
"""

import math

import numpy as np

from sashimi.errors import BadInput

EPSILON = 1e-8
WINDOW = 10


def floats(values) -> np.ndarray:
    """Any numbers, numpy scalars or None as float64; None and non-finite values become NaN."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def stability(prev, curr):
    """Relative change of the loss, ``|prev - curr| / (|prev| + 1e-8)``; 0 means no change.

    Source: Pal's process-aware benchmarking, with the absolute value below the line so that a
    negative loss is measured too. Scalars give a float, arrays of one shape give an array. NaN
    where either side is missing or not finite.
    """
    before, after = floats(prev), floats(curr)
    change = np.abs(before - after) / (np.abs(before) + EPSILON)
    return float(change) if change.ndim == 0 else change


def predictability(losses, window: int = WINDOW) -> float | None:
    """Population variance of the last `window` differences of the loss; 0 is a straight line.

    A difference that touches a missing point is left out, not bridged. None where fewer than two
    differences remain, or where they are too large to square. The unit is loss squared: see
    `log_predictability` for a scale-free one.
    """
    if window < 2:
        raise BadInput(f"window is {window}; a variance needs at least 2 differences")
    last = np.diff(floats(losses))[-window:]
    known = last[np.isfinite(last)]
    if len(known) < 2:
        return None
    with np.errstate(over="ignore"):
        variance = float(np.var(known))
    return variance if math.isfinite(variance) else None


def log_predictability(losses, window: int = WINDOW) -> float | None:
    """`predictability` of the natural log of the loss: unchanged when the loss is rescaled.

    Losses that are zero or negative have no logarithm and count as missing.
    """
    values = floats(losses)
    positive = np.where(values > 0, values, np.nan)
    return predictability(np.log(positive), window)


def rolling(measure, losses, window: int = WINDOW) -> np.ndarray:
    """`measure(losses[: t + 1], window)` for each t, NaN where it is None: (T,) -> (T,)."""
    values = floats(losses)
    out = [measure(values[max(0, t - window) : t + 1], window) for t in range(len(values))]
    return np.array([math.nan if value is None else value for value in out], dtype=np.float64)


def generalization_gap(train, val):
    """``val - train``: the same quantity on both sides, or the difference means nothing."""
    gap = floats(val) - floats(train)
    return float(gap) if gap.ndim == 0 else gap


def probe_mean(embeddings) -> np.ndarray:
    """Mean vector (D,) of the embeddings (P, D) of a fixed probe set; a vector is taken as is."""
    array = np.asarray(embeddings, dtype=np.float64)
    if array.ndim not in (1, 2) or array.shape[0] == 0:
        raise BadInput(f"embeddings have shape {array.shape}; give (probe examples, width)")
    return array if array.ndim == 1 else array.mean(axis=0)


def representation_evolution(prev, curr) -> float:
    """``1 - cos`` of the mean vectors of one fixed probe set before and after: 0 to 2.

    `prev` and `curr` are (P, D) embeddings or (D,) means. NaN where a mean vector is zero or not
    finite. Raises BadInput when the widths, or the numbers of probe examples, differ.
    """
    if np.ndim(prev) == np.ndim(curr) and np.shape(prev) != np.shape(curr):
        raise BadInput(f"probe sets differ: {np.shape(prev)} then {np.shape(curr)}; keep it fixed")
    before, after = probe_mean(prev), probe_mean(curr)
    if before.shape != after.shape:
        raise BadInput(f"widths differ: {before.shape} then {after.shape}")
    norms = float(np.linalg.norm(before) * np.linalg.norm(after))
    if not math.isfinite(norms) or norms == 0:
        return math.nan
    return 1.0 - min(1.0, max(-1.0, float(before @ after) / norms))


def crystallization(prev_trits, curr_trits) -> float:
    """Share of weights whose trit is unchanged; both are integer arrays of one shape.

    The trit is the quantised value in {-1, 0, +1}; the sign of a latent weight is another
    quantity. NaN for no weights.
    """
    before, after = np.asarray(prev_trits), np.asarray(curr_trits)
    for array in (before, after):
        if not np.issubdtype(array.dtype, np.integer):
            raise BadInput(f"trits have dtype {array.dtype}; give the quantised values as int8")
    if before.shape != after.shape:
        raise BadInput(f"weights changed shape: {before.shape} then {after.shape}")
    return float(np.count_nonzero(before == after) / before.size) if before.size else math.nan


def slope(steps, values, per: float = 1000.0) -> float | None:
    """Least-squares slope of `values` over `steps`, times `per` steps; missing points left out.

    None below two known points.
    """
    x, y = np.asarray(steps, dtype=np.float64), floats(values)
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 2:
        return None
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / (centred @ centred) * per)


def importance_consistency(steps, shares) -> float | None:
    """L: the unchanged share, averaged over the last fifth of the run's steps; None if unknown."""
    x, y = np.asarray(steps, dtype=np.float64), floats(shares)
    if len(x) == 0:
        return None
    late = y[(x >= x[0] + 0.8 * (x[-1] - x[0])) & np.isfinite(y)]
    return float(late.mean()) if len(late) else None


def mean(values) -> float | None:
    """Mean of the known values; None when there are none."""
    known = floats(values)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else None
