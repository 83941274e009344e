"""Linear maps and normalised ternary ones, in numpy.

Letters: I inputs, O outputs, N rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sashimi.runtime.store import Packed

EPSILON = np.float32(1e-5)
"""In the norms of the network (PyTorch's own)."""


@dataclass(frozen=True)
class Dense:
    """An affine map: (…, I) to (…, O)."""

    weight: np.ndarray  # (I, O), contiguous
    bias: np.ndarray | np.float32  # (O,)

    @staticmethod
    def load(packed: Packed, name: str) -> Dense:
        """Of the arrays ``name``.weight (O, I) and ``name``.bias, which may lack."""
        bias = f"{name}.bias"
        known = packed.array(bias) if bias in packed.entries else np.float32(0)
        return Dense(np.ascontiguousarray(packed.array(f"{name}.weight").T), known)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1]) @ self.weight + self.bias
        return flat.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True)
class Normed:
    """A `sashimi.ternary.TernaryLinear`: layer norm, then an affine map.

    The norm's gain and shift are part of weight and bias, so that maps that read the same input
    become one product; so is the subtraction of the mean, since (x - mean x) W is x times W without
    its columns' means. What is left of the norm is one division a row, after the product.
    """

    weight: np.ndarray  # (I, O), contiguous
    bias: np.ndarray  # (O,)

    @staticmethod
    def load(packed: Packed, *names: str, scale: float = 1.0) -> Normed:
        """One map for the layers of these names side by side; the first's outputs ``scale``d."""
        weights, biases = [], []
        for name in names:
            weight = packed.array(f"{name}.weight").astype(np.float64)
            gain, shift = packed.array(f"{name}.norm.weight"), packed.array(f"{name}.norm.bias")
            weights.append(weight * gain)
            biases.append(weight @ shift + packed.array(f"{name}.bias"))
        weights[0], biases[0] = weights[0] * scale, biases[0] * scale
        stacked = np.concatenate(weights).T
        stacked = stacked - stacked.mean(0)
        return Normed(
            np.ascontiguousarray(stacked, np.float32), np.concatenate(biases).astype(np.float32)
        )

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(N, I) to (N, O)."""
        read = x @ self.weight
        read *= inverse_deviation(x)
        read += self.bias
        return read


def inverse_deviation(x: np.ndarray) -> np.ndarray | float:
    """(N, 1) of (N, I): one over the standard deviation of each row; of one row the number."""
    if len(x) == 1:  # most answers: a call of numpy's costs more than the sum
        row, count = x[0], x.shape[1]
        middle = float(np.add.reduce(row)) / count
        return 1 / math.sqrt(float(row.dot(row)) / count - middle * middle + EPSILON)
    size = np.float32(1 / x.shape[1])
    mean = np.add.reduce(x, 1) * size
    variance = np.einsum("ij,ij->i", x, x) * size - mean * mean
    return (1 / np.sqrt(variance + EPSILON))[:, None]


def standard(x: np.ndarray) -> np.ndarray:
    """(N, I) with mean 0 and variance 1 in each row."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.einsum("ij,ij->i", centred, centred)[:, None] * np.float32(1 / x.shape[-1])
    return centred / np.sqrt(variance + EPSILON)
