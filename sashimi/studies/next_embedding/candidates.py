"""One learned predictor from its parameters: base, training, and its two heads as functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sashimi.studies.next_embedding import learn, models, panel
from sashimi.studies.next_embedding.corpus import Corpus
from sashimi.studies.next_embedding.learn import History, Recipe
from sashimi.studies.next_embedding.panel import Predict
from sashimi.studies.next_embedding.params import ModelParams
from sashimi.studies.next_embedding.rows import Windows, windows

OUTSIDE = (0.005, 0.05)
"""Quantiles of the training contexts' cosines with the mean: below the first a context is taken for
one of another domain, above the second for one of this."""


def start(kind: str, base: str, rows: Windows, seed: int) -> nn.Module:
    """A fresh network; of a residual one, the closed form is fitted on the training rows."""
    torch.manual_seed(seed)
    model = models.build(kind)
    if isinstance(model, models.Residual) and base != "none":
        penalty = math.inf if base == "scalars" else panel.SHRUNK
        mean, weights = panel.components(rows.contexts, rows.targets, penalty)
        model.mean.copy_(torch.from_numpy(mean))
        model.base.copy_(torch.from_numpy(weights))
        near = model.near(torch.from_numpy(rows.contexts))
        model.limits.copy_(torch.quantile(near, torch.tensor(OUTSIDE)))
    return model


def train(
    corpus: Corpus, settings: ModelParams, folder: Path, say: Callable[[str], None] = print
) -> tuple[nn.Module, Recipe, History]:
    """Trains on the early addresses, picks the epoch by val."""
    s = settings
    rows, val = windows(corpus.documents["train"]), windows(corpus.documents["dev"])
    recipe = Recipe(s.kind, s.epochs, s.batch, s.learning_rate, seed=s.seed)
    model = start(s.kind, s.base, rows, s.seed)
    model, history = learn.fit(recipe, rows, val, folder / "training", model, say=say)
    return model, recipe, history


def heads(model: nn.Module) -> tuple[Predict, Predict | None]:
    """The prediction and, where the network has one, the retrieval head."""
    query = partial(learn.predict, model, head="query") if hasattr(model, "less") else None
    return partial(learn.predict, model), query


def gaussian(rows: Windows, predict: Predict) -> Callable[[np.ndarray, int, int], np.ndarray]:
    """Samples (R, K, D) of a Gaussian around a predictor, with the covariance of its errors on rows
    that it was not fitted on, a tenth of it shrunk to its diagonal: what a head that samples has to
    beat.
    """
    errors = rows.targets - predict(rows.contexts)
    covariance = np.cov(errors, rowvar=False)
    covariance = 0.9 * covariance + 0.1 * np.diag(np.diag(covariance) + 1e-6)
    root = np.linalg.cholesky(covariance)

    def samples(contexts: np.ndarray, count: int, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).standard_normal((len(contexts), count, len(root)))
        return predict(contexts)[:, None] + noise @ root.T

    return samples
