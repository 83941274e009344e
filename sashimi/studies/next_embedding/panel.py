"""What anything that learns must beat: the panel of floors, in closed form.

``PANEL[name].fit(x, y).predict(x)`` with contexts x (R, C, D) and targets y (R, D), both float;
predictions (R, D) are not normalised: only their direction counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput

RECENCY = (0.10, 0.12, 0.16, 0.24, 0.38)
RIDGE = 30.0
"""Penalty of the ridge, in units of the summed squares of centred vectors of unit length."""
SHRUNK = 2.0
"""Penalty of a component's scalars that differ from the common ones."""
SCALARS = "mean + scalars"
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """A floor that has seen its training rows."""

    predict: Predict


@dataclass(frozen=True)
class Floor:
    """A way to predict the next vector, without gradients and without a seed."""

    learn: Callable[[np.ndarray, np.ndarray], Predict]

    def fit(self, x: np.ndarray, y: np.ndarray) -> Fitted:
        """Raises BadInput for shapes that do not belong together, and values not finite."""
        if x.ndim != 3 or y.shape != (len(x), x.shape[2]) or not len(x):
            raise BadInput(f"contexts {x.shape} and targets {y.shape}: give (R, C, D) and (R, D)")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise BadInput("vectors that are not finite: encode the texts again")
        return Fitted(self.learn(x, y))


def mixed(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The sum of weights (C,) times chunks (R, C, D): (R, D)."""
    return np.einsum("c,rcd->rd", weights, x)


def scalars(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean m (D,) of the targets and s (C,), the least squares of y - m on x_t - m over all
    rows and dimensions: C normal equations.
    """
    mean = y.mean(0, dtype=np.float64)
    flat = np.moveaxis(x - mean, 1, 0).reshape(x.shape[1], -1)  # (C, R D)
    return mean, np.linalg.lstsq(flat @ flat.T, flat @ (y - mean).reshape(-1), rcond=None)[0]


def ridge(x: np.ndarray, y: np.ndarray, penalty: float, centre: np.ndarray) -> np.ndarray:
    """Weights (C D, width of y) from contexts less ``centre`` to y (Hoerl & Kennard 1970)."""
    a = (x - centre).reshape(len(x), -1).astype(np.float64)
    return np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ y)


def components(
    x: np.ndarray, y: np.ndarray, penalty: float = SHRUNK
) -> tuple[np.ndarray, np.ndarray]:
    """The mean m (D,) and weights (C D, D) of y - m on x_t - m: C scalars for each principal
    component of the targets, shrunk towards the C common ones. What a text is about goes on for
    longer along some components than along others. An infinite ``penalty`` gives `scalars`.
    """
    mean, common = scalars(x, y)
    axes = np.linalg.eigh(np.cov(y, rowvar=False))[1]  # (D, D), a component a column
    z = np.moveaxis((x - mean) @ axes, 0, 2).swapaxes(0, 1)  # (D, C, R)
    left = ((y - mean) @ axes).T - np.tensordot(common, z, (0, 1))  # (D, R)
    own = np.zeros((len(mean), x.shape[1]))
    if np.isfinite(penalty):
        gram = z @ z.swapaxes(1, 2) + penalty * np.eye(x.shape[1])
        own = np.linalg.solve(gram, z @ left[:, :, None])[..., 0]
    blocks = [(axes * (common[t] + own[:, t])) @ axes.T for t in range(x.shape[1])]
    return mean, np.concatenate(blocks)


def _recency(x: np.ndarray, y: np.ndarray) -> Predict:
    weights = np.array((RECENCY[0],) * max(0, x.shape[1] - 5) + RECENCY)[-x.shape[1] :]
    return lambda x: mixed(weights, x)


def _scalars(x: np.ndarray, y: np.ndarray) -> Predict:
    mean, weights = scalars(x, y)
    return lambda x: mean + mixed(weights, x - mean)


def _ridge(x: np.ndarray, y: np.ndarray) -> Predict:
    mean, centre = y.mean(0, dtype=np.float64), x.mean(0, dtype=np.float64)
    weights = ridge(x, y - mean, RIDGE, centre)
    return lambda x: (x - centre).reshape(len(x), -1) @ weights + mean


PANEL: dict[str, Floor] = {
    "train mean": Floor(lambda x, y: lambda z: np.broadcast_to(y.mean(0), (len(z), y.shape[1]))),
    "copy last": Floor(lambda x, y: lambda z: z[:, -1]),
    "mean of context": Floor(lambda x, y: lambda z: z.mean(1)),
    "recency weights": Floor(_recency),
    SCALARS: Floor(_scalars),
    "ridge": Floor(_ridge),
}
"""Name to floor, for any context length."""
