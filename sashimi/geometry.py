"""The shape of a set of vectors: how many directions it uses, and what it is alike to.

Letters: N vectors, D and E widths.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

LEAST = 4
"""Rows that the unbiased estimate needs."""


def effective_rank(z: Num[np.ndarray, "n d"]) -> float:
    """exp of the entropy of the normalised singular values (Roy & Vetterli 2007, eq. 3) of ``z``
    (N, D) less its mean: between 1 and min(N - 1, D), NaN where all rows are the same."""
    sizes = _singular(z)
    if not sizes.sum() > 0:
        return float("nan")
    shares = sizes[sizes > 0] / sizes.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def participation(z: Num[np.ndarray, "n d"]) -> float:
    """(Σλ)² / Σλ² of the eigenvalues of the covariance of ``z`` (N, D): the dimensions that carry
    the variance, fewer than `effective_rank` as large ones count more."""
    variances = _singular(z) ** 2
    total = float((variances**2).sum())
    return float(variances.sum()) ** 2 / total if total > 0 else float("nan")


def _singular(z: Num[np.ndarray, "n d"]) -> Float[np.ndarray, " m"]:
    z = np.asarray(z, dtype=np.float64)
    return np.linalg.svd(z - z.mean(0), compute_uv=False)


def cka(x: Num[np.ndarray, "n d"], y: Num[np.ndarray, "m e"], debiased: bool = True) -> float:
    """Linear centered kernel alignment (Kornblith et al. 2019) of ``x`` (N, D) and ``y`` (N, E).

    1 where one is the other turned, mirrored, shifted or scaled as a whole. The plain estimate is
    far above 0 for unrelated matrices unless N is much larger than D and E; ``debiased`` takes the
    unbiased estimate of HSIC (Song et al. 2012, eq. 4, as in Nguyen et al. 2021, eq. 3), around 0
    for them and possibly below. NaN where a matrix has no variance. Raises ValueError where rows
    differ in number or the unbiased estimate has fewer than 4.
    """
    if len(x) != len(y) or (debiased and len(x) < LEAST):
        raise ValueError(f"{len(x)} and {len(y)} rows are no pairs to compare")
    grams = []
    for side in (x, y):
        centred = np.asarray(side, dtype=np.float64)
        centred = centred - centred.mean(0)
        grams.append(centred @ centred.T)
    of = _unbiased if debiased else _biased
    norm = of(grams[0], grams[0]) * of(grams[1], grams[1])
    return float(of(*grams) / np.sqrt(norm)) if norm > 0 else float("nan")


def _biased(k: Float[np.ndarray, "n n"], other: Float[np.ndarray, "n n"]) -> float:
    """HSIC, but for a factor, of two centred Gram matrices (N, N)."""
    return float((k * other).sum())


def _unbiased(k: Float[np.ndarray, "n n"], other: Float[np.ndarray, "n n"]) -> float:
    """HSIC of two Gram matrices (N, N), unbiased: their diagonals do not count."""
    n = len(k)
    k, other = (m - np.diag(np.diag(m)) for m in (k, other))
    rows, others = k.sum(0), other.sum(0)
    whole = rows.sum() * others.sum() / ((n - 1) * (n - 2))
    return float((k * other).sum() + whole - 2 * (rows @ others) / (n - 2)) / (n * (n - 3))
