"""The domain head: admit a prompt, or refuse it as out of domain.

A linear probe (logistic regression) on the pooled vector. Its threshold is chosen on dev data, to
hold a stated precision among the admitted.

Letters: N prompts, E encoder width.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn

CUT = re.compile(r"[,;.!?]\s+|\s+(?:and then|after that|and finally|then|next|and)\s+")
"""Where a prompt falls into clauses."""


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


def clauses(prompts: Sequence[str], most: int, seed: int) -> list[str]:
    """Parts of prompts, cut at punctuation and "then": short requests, ``most`` of them at most.

    Without them a corpus of long prompts teaches a head that what is short is out of domain.
    """
    parts = {part.strip() for prompt in prompts for part in CUT.split(prompt)}
    known = sorted(part for part in parts if len(part.split()) >= 3)
    return random.Random(seed).sample(known, min(most, len(known)))


def train_head(inside: Sequence[Tensor], outside: Tensor, seed: int) -> DomainHead:
    """A head from sets of in-domain vectors and from out-of-domain ones, (N, E) each.

    The sets of one class weigh the same, and so do the classes.
    """
    groups = [group for group in inside if len(group)]
    sizes = [(len(group), 0.5 / len(groups)) for group in groups] + [(len(outside), 0.5)]
    x = torch.cat([*groups, outside]).numpy().astype(np.float64)
    y = np.r_[np.ones(len(x) - len(outside)), np.zeros(len(outside))]
    weights = np.concatenate([np.full(n, share / n * len(x)) for n, share in sizes])
    probe = LogisticRegression(C=1.0, max_iter=2000, random_state=seed)
    probe.fit(x, y, sample_weight=weights)
    head = DomainHead(outside.shape[1])
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
