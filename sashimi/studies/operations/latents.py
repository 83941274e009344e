"""Where a network puts the operations: two latent spaces beside each other and beside the trits.

Letters: B operations, D latent numbers, K = 19,683.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sashimi.metrics import plain
from sashimi.studies.operations import dual, space
from sashimi.studies.operations.dual import DualVAE

QUERIES = 500
"""Operations whose nearest are looked at."""


def latents(seen: dual.Seen, seed: int) -> dict[str, Any]:
    """How the two latent spaces lie to each other and to the space of operations."""
    a, b = (m.double().numpy() for m in (seen.mean_a, seen.mean_b))
    order = np.random.default_rng(seed).permutation(len(a))
    queries = order[:QUERIES]
    found: dict[str, Any] = {
        "coupling, as planned": plain(_pearson(a, b)),
        "CKA": cka(a, b),
        "CKA of permuted pairs": cka(a, b[order]),
        "Procrustes R2": procrustes(a, b),
        "Procrustes R2 of permuted pairs": procrustes(a, b[order]),
    }
    for net, mean, logvar in (("A", seen.mean_a, seen.logvar_a), ("B", seen.mean_b, seen.logvar_b)):
        variances = np.linalg.eigvalsh(np.cov(mean.double().numpy().T))
        ratio = float(variances.sum() ** 2 / (variances**2).sum())
        found[net] = {
            "rate, nats": float(dual.rate(mean, logvar)),
            "nats needed": math.log(space.K),
            "norm of the mean": float(mean.norm(dim=1).mean()),
            "participation ratio": ratio,
            "dimensional efficiency, as planned": ratio / mean.shape[1],
            "active units": int((mean.var(0) > 0.01).sum()),
            "precision at 18": space.precision_at_18(mean.numpy(), queries),
        }
    return found


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over dimensions of the correlation of A's and B's: it depends on the axes. NaN where a
    dimension is constant."""
    with np.errstate(invalid="ignore", divide="ignore"):
        each = [np.corrcoef(a[:, d], b[:, d])[0, 1] for d in range(a.shape[1])]
    return float(np.mean(each))


def cka(a: np.ndarray, b: np.ndarray) -> float:
    """Linear centred kernel alignment (Kornblith et al. 2019, eq. 5), 0 to 1, from (B, D)."""
    a, b = a - a.mean(0), b - b.mean(0)
    own = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / own)


def procrustes(a: np.ndarray, b: np.ndarray) -> float:
    """Share of b's variance that a turned, scaled a explains (Schönemann 1966), 0 to 1."""
    a, b = a - a.mean(0), b - b.mean(0)
    nuclear = np.linalg.svd(a.T @ b, compute_uv=False).sum()
    return float(nuclear**2 / ((a**2).sum() * (b**2).sum()))


def structure(codes: np.ndarray) -> np.ndarray:
    """Mutual information in bits between each number of a code (K, D), cut into thirds by rank,
    and each trit: (D, 9), at most log2 3. Numbers of three values are taken as they are.
    """
    trits = space.every().astype(np.int64) + 1
    found = np.zeros((codes.shape[1], space.TRITS))
    for d, column in enumerate(codes.T):
        values = np.unique(column)
        edges = np.quantile(column, [1 / 3, 2 / 3]) if len(values) > 3 else values[1:] - 1e-6
        digit = np.digitize(column, edges)
        for k in range(space.TRITS):
            joint = np.bincount(3 * digit + trits[:, k], minlength=9).reshape(3, 3) / len(codes)
            apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                found[d, k] = np.nansum(joint * np.log2(joint / apart))
    return found


@torch.no_grad()
def map_of(model: DualVAE, x: Tensor) -> dict[str, Any]:
    """The means of 729 operations, every 27th, in their two principal components: for a picture."""
    seen, every_27th = model(x), slice(0, None, 27)
    found: dict[str, Any] = {"label": "sum of the trits", "key": x[every_27th].sum(1).tolist()}
    for net, mean in (("A", seen.mean_a), ("B", seen.mean_b)):
        centred = mean - mean.mean(0)
        axes = torch.linalg.svd(centred, full_matrices=False)[2][:2]  # (2, D)
        axes = axes * axes.sum(1, keepdim=True).sign()  # either sign is right: one is chosen
        found[net] = [[round(v, 3) for v in row] for row in (centred @ axes.T)[every_27th].tolist()]
    return found
