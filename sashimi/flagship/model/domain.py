"""The domain head: admit a prompt, or refuse it as out of domain.

Two readings of a prompt, added: what its pooled vector says of the whole, and the strongest
evidence in any of its word pieces (a maximum over pieces of each hidden feature), since one word
may put a request out of domain ("write *Kotlin* code that starts a timer") and a mean drowns it.
The threshold is chosen on dev data, to hold a stated precision among the admitted.

Letters: N prompts, T word pieces of the longest prompt, E encoder width, H hidden width.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, gelu
from torch.nn.utils.rnn import pad_sequence

from sashimi import cache
from sashimi.encode import CODE_VERSION, WIDTH, Encoded, encode, weights_digest

HIDDEN = 96
DROPOUT = 0.3
BATCH = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
EPOCHS = 8
"""Times that the smaller side is gone through; of the larger, as many are drawn each time."""


class DomainHead(nn.Module):
    """Encoded prompts to probabilities (N,) of being in domain, and a threshold to admit at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.pieces = nn.Linear(width, HIDDEN)
        self.strongest = nn.Linear(HIDDEN, 1)
        self.pooled = nn.Linear(width, HIDDEN)
        self.whole = nn.Linear(HIDDEN, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("threshold", torch.tensor(0.5))

    def logits(self, pooled: Tensor, states: Tensor, present: Tensor) -> Tensor:
        """(N, E), (N, T, E) and (N, T) bool to the log-odds (N,) of being in domain."""
        evidence = gelu(self.pieces(self.dropout(states)))  # (N, T, H)
        strongest = evidence.masked_fill(~present[..., None], -1.0).amax(1)  # (N, H); gelu > -1
        whole = gelu(self.pooled(self.dropout(pooled * self.width**0.5)))  # (N, H)
        return (self.strongest(strongest) + self.whole(whole)).squeeze(1)

    def log_odds(self, encoded: Encoded) -> Tensor:
        """(N,) log-odds; the same for a prompt, whatever stands beside it, but for rounding."""
        order = np.argsort(lengths(encoded), kind="stable")
        found = torch.zeros(len(encoded))
        for at in range(0, len(order), 4 * BATCH):
            rows = order[at : at + 4 * BATCH]
            found[rows] = self.logits(*gather([encoded], [(0, i) for i in rows], self.width))
        return found

    def forward(self, encoded: Encoded) -> Tensor:
        return torch.sigmoid(self.log_odds(encoded))

    def admits(self, encoded: Encoded) -> Tensor:
        """(N,) bool: whether the score reaches the threshold."""
        return self(encoded) >= self.threshold


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


def lengths(encoded: Encoded) -> np.ndarray:
    """(N,) word pieces of each prompt."""
    return encoded.starts.diff().numpy()


def gather(
    groups: Sequence[Encoded], rows: Sequence[tuple[int, int]], width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The tensors of `DomainHead.logits` for prompts named by (group, index)."""
    states = [groups[g].states[groups[g].pieces(int(i)), :width].float() for g, i in rows]
    padded = pad_sequence(states, batch_first=True)
    sizes = torch.tensor([len(s) for s in states])
    present = torch.arange(padded.shape[1]) < sizes[:, None]
    return torch.stack([groups[g].pooled[int(i)] for g, i in rows]), padded, present


def train_head(inside: Encoded, outside: Encoded, seed: int, epochs: int = EPOCHS) -> DomainHead:
    """A head from in-domain and out-of-domain prompts, both classes weighing the same.

    The draw of random numbers is its own: the caller's generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = DomainHead(inside.pooled.shape[1])
        optimiser = torch.optim.AdamW(head.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        rng = np.random.default_rng(seed)
        plan = [batch for _ in range(epochs) for batch in _epoch(inside, outside, rng)]
        head.train()
        for step, rows in enumerate(plan):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * (1 - step / len(plan))
            targets = torch.tensor([1.0 - g for g, _ in rows])
            logits = head.logits(*gather((inside, outside), rows, head.width))
            loss = binary_cross_entropy_with_logits(logits, targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return head.eval().requires_grad_(False)


def cached_head(inside: Sequence[str], outside: Sequence[str], seed: int) -> DomainHead:
    """`train_head` on prompts, through the tensor cache: the rows of a corpus share one head."""
    parts = ["domain head", cache.code(sys.modules[__name__]), weights_digest(), CODE_VERSION]
    key = [*parts, str(seed), str(len(inside)), *inside, *outside]
    state = cache.fetch(key, lambda: train_head(encode(inside), encode(outside), seed).state_dict())
    with torch.random.fork_rng(devices=[]):
        head = DomainHead(WIDTH)
    head.load_state_dict(state)
    return head.eval().requires_grad_(False)


def _epoch(
    inside: Encoded, outside: Encoded, rng: np.random.Generator
) -> Iterator[list[tuple[int, int]]]:
    """Batches of (group, index) with as many of either side, of like lengths, in random order."""
    size = min(len(inside), len(outside))
    rows, sizes = [], []
    for group, side in enumerate((inside, outside)):
        chosen = rng.permutation(len(side))[:size]
        rows += [(group, int(i)) for i in chosen]
        sizes.append(lengths(side)[chosen])
    if not rows:
        return
    order = np.argsort(np.concatenate(sizes) + rng.uniform(0, 6, len(rows)))
    batches = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    for place in rng.permutation(len(batches)):
        yield [rows[i] for i in batches[place]]


def threshold(inside: Tensor, outside: Tensor, precision: float) -> float:
    """The lowest in-domain score at which precision, classes weighing the same, is reached.

    Weighing the classes the same makes the number independent of how many prompts of each kind
    happen to be there. Where no score reaches it, the highest in-domain score.
    """
    good, bad = inside.sort().values, outside.sort().values
    admitted = 1 - torch.searchsorted(good, good) / len(good)
    accepted = 1 - torch.searchsorted(bad, good) / max(1, len(bad))
    reached = admitted / (admitted + accepted).clamp_min(1e-12) >= precision
    return float(good[reached.nonzero()[0, 0]] if reached.any() else good[-1])


def set_threshold(head: DomainHead, inside: Encoded, outside: Encoded, precision: float) -> None:
    """Sets the head's threshold from dev prompts of both kinds: see `threshold`."""
    head.threshold.copy_(torch.tensor(threshold(head(inside), head(outside), precision)))


@torch.no_grad()
def score(head: DomainHead, inside: Encoded, outside: Encoded) -> DomainScores:
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
