"""The domain head: admit a prompt, or refuse it as out of domain.

A linear probe (logistic regression) on the pooled vector. Its threshold is chosen on dev data, to
hold a stated precision among the admitted.

Letters: N prompts, E encoder width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn


class DomainHead(nn.Module):
    """(N, E) to the probability (N,) of being in domain, and a threshold to admit at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(width))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("threshold", torch.tensor(0.5))

    def forward(self, pooled: Tensor) -> Tensor:
        return torch.sigmoid(pooled @ self.weight + self.bias)

    def admits(self, pooled: Tensor) -> Tensor:
        """(N,) bool: whether the score reaches the threshold."""
        return self(pooled) >= self.threshold


@dataclass(frozen=True)
class DomainScores:
    """How a head does on labelled prompts; rates are shares, NaN where a class is empty."""

    precision: float
    recall: float
    false_accepts: float  # share of out-of-domain prompts admitted
    auroc: float
    average_precision: float
    n_in: int
    n_out: int


def train_head(inside: Tensor, outside: Tensor, seed: int) -> DomainHead:
    """A head from in-domain and out-of-domain vectors (N, E) each; classes weigh the same."""
    x = torch.cat([inside, outside]).numpy().astype(np.float64)
    y = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    probe = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000, random_state=seed)
    probe.fit(x, y)
    head = DomainHead(inside.shape[1])
    head.weight.copy_(torch.from_numpy(probe.coef_[0]))
    head.bias.copy_(torch.tensor(probe.intercept_[0]))
    return head


def set_threshold(head: DomainHead, inside: Tensor, outside: Tensor, precision: float) -> None:
    """Sets the lowest threshold whose precision on dev, classes weighing the same, is reached.

    Weighing the classes the same makes the number independent of how many prompts of each kind
    happen to be in dev. Where no threshold reaches it, the highest in-domain score is taken.
    """
    good, bad = head(inside).sort().values, head(outside).sort().values
    admitted = 1 - torch.searchsorted(good, good) / len(good)
    accepted = 1 - torch.searchsorted(bad, good) / max(1, len(bad))
    reached = admitted / (admitted + accepted).clamp_min(1e-12) >= precision
    head.threshold.copy_(good[reached.nonzero()[0, 0]] if reached.any() else good[-1])


def score(head: DomainHead, inside: Tensor, outside: Tensor) -> DomainScores:
    """Scores of a head at its threshold; precision weighs the two classes the same."""
    good, bad = head(inside), head(outside)
    recall = float((good >= head.threshold).float().mean())
    wrong = float((bad >= head.threshold).float().mean())
    y = np.r_[np.ones(len(good)), np.zeros(len(bad))]
    both = len(good) > 0 and len(bad) > 0
    scores = torch.cat([good, bad]).numpy()
    return DomainScores(
        precision=recall / (recall + wrong) if recall + wrong > 0 else float("nan"),
        recall=recall,
        false_accepts=wrong,
        auroc=float(roc_auc_score(y, scores)) if both else float("nan"),
        average_precision=float(average_precision_score(y, scores)) if both else float("nan"),
        n_in=len(good),
        n_out=len(bad),
    )
