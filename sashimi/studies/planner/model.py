"""The plan's network with four heads, the same trunk with joint or outcome outputs, a transformer.

Letters: B rows, d features, L live features, A = 126 actions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sashimi.studies.planner.actions import CLASSES, HEADS, PLANNED, UNION, VALID, masks
from sashimi.studies.planner.layout import ISSUE, SLOT, TAIL

SIZES = [len(values) for values in HEADS.values()]
OUTPUTS = {"heads": SIZES, "transformer": SIZES, "joint": [len(UNION)], "value": [3 * len(UNION)]}
HEAD_MASKS = [torch.from_numpy(np.stack([masks(job)[h] for job in PLANNED])) for h in HEADS]
"""By head, the classes that code (row 0) and fab-world (row 1) allow: (2, n) bool."""


class Trunk(nn.Sequential):
    """Linear, LayerNorm, ReLU, Dropout a layer, of width ``hidden >> i``: (B, d) to (B, width)."""

    def __init__(self, inputs: int, *, hidden: int, layers: int, dropout: float) -> None:
        widths = [inputs, *(hidden >> i for i in range(layers))]
        parts = [
            (nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU(), nn.Dropout(dropout))
            for a, b in pairwise(widths)
        ]
        super().__init__(*(layer for part in parts for layer in part))
        self.width = widths[-1]


class Slots(nn.Module):
    """A small transformer over 1 + n tokens, the input itself and its slots of history:
    (B, L) to (B, width), where empty slots are masked.
    """

    def __init__(self, live: np.ndarray, d: int, *, width: int = 64, dropout: float) -> None:
        super().__init__()
        self.slots, self.d, self.width = (d - ISSUE - TAIL) // SLOT, d, width
        self.register_buffer("live", torch.tensor(live))  # a copy: both are saved
        self.issue, self.run = nn.Linear(ISSUE + TAIL, width), nn.Linear(SLOT, width)
        self.place = nn.Embedding(self.slots + 1, width)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        full = x.new_zeros(x.shape[0], self.d).index_copy(1, self.live, x)
        past = full[:, ISSUE : ISSUE + SLOT * self.slots].unflatten(1, (self.slots, SLOT))
        issue = torch.cat([full[:, :ISSUE], full[:, -TAIL:]], 1)
        tokens = torch.cat([self.issue(issue)[:, None], self.run(past)], 1) + self.place.weight
        empty = F.pad(past[..., -1] == 0, (1, 0))  # the input itself is never empty
        return self.layers(tokens, src_key_padding_mask=empty)[:, 0]


class Policy(nn.Module):
    """A trunk and its outputs, (B, L) to a tuple: four heads' logits, or (B, A), or (B, 3 A)."""

    def __init__(self, trunk: Trunk | Slots, kind: str) -> None:
        super().__init__()
        self.trunk, self.kind = trunk, kind
        self.outputs = nn.ModuleList(nn.Linear(trunk.width, n) for n in OUTPUTS[kind])
        self.register_buffer("mean", torch.zeros(3 * len(UNION)))
        self.register_buffer("scale", torch.ones(3 * len(UNION)))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        hidden = self.trunk(x)
        parts = tuple(layer(hidden) for layer in self.outputs)
        return (parts[0] * self.scale + self.mean,) if self.kind == "value" else parts

    def scores(self, x: Tensor, jobs: Tensor, prices: Tensor) -> Tensor:
        """What a decision maximises over valid actions: log p, or a hundred times utility: (B, A).

        ``jobs`` (B,) are 0 or 1, ``prices`` (B, 3) what a pass, a minute and a dollar are worth.
        """
        parts = self(x)
        if self.kind == "value":
            return 100 * priced(parts[0].unflatten(1, (3, -1)), prices)
        if self.kind == "joint":
            return parts[0].log_softmax(1)
        classes = torch.from_numpy(CLASSES)
        return sum(part.log_softmax(1)[:, classes[:, i]] for i, part in enumerate(parts))


def priced(outcome: Tensor, prices: Tensor) -> Tensor:
    """Utility of expected outcomes (B, 3, A) at prices (B, 3): (B, A)."""
    return (outcome * (prices * prices.new_tensor([1, -1, -1]))[:, :, None]).sum(1)


def smoothed(
    logits: Tensor, valid: Tensor, label: Tensor, smoothing: float, focus: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Cross-entropy (B,) over valid classes alone, and whether a row counts (B,).

    The target is 1 - s at the label plus s / n on the n valid classes, so that no class that is
    forbidden enters, neither as a logit nor as mass: with -inf logits the usual smoothing is
    infinite. Rows with one valid class do not count. ``focus`` is the exponent of Lin et al. 2017.
    Raises ValueError with the number of labels that are not valid.
    """
    wrong = ~valid.gather(1, label[:, None])[:, 0]
    if wrong.any():
        raise ValueError(f"{int(wrong.sum())} of {len(label)} labels are not valid for their job")
    log_p = logits.masked_fill(~valid, -torch.inf).log_softmax(1)
    n = valid.sum(1)
    right = log_p.gather(1, label[:, None])[:, 0]
    spread = log_p.masked_fill(~valid, 0.0).sum(1) / n
    loss = -(1 - smoothing) * right - smoothing * spread
    return loss * (1 - right.detach().exp()) ** focus, n > 1


def imitation(
    policy: Policy, x: Tensor, jobs: Tensor, labels: Tensor, smoothing=0.0, focus=0.0, weights=None
) -> Tensor:
    """Mean cross-entropy of labels (B,), places in the space: a sum over heads, or joint."""
    if policy.kind == "joint":
        loss, _ = smoothed(policy(x)[0], torch.from_numpy(VALID)[jobs], labels, smoothing, focus)
        return (loss if weights is None else loss * weights[labels]).mean()
    total, each = x.new_zeros(()), 1.0 if weights is None else weights[labels]
    targets = torch.from_numpy(CLASSES)[labels]
    for head, logits in enumerate(policy(x)):
        loss, counts = smoothed(logits, HEAD_MASKS[head][jobs], targets[:, head], smoothing, focus)
        total = total + (loss * counts * each).sum() / counts.sum().clamp(min=1)
    return total


def outcome_loss(policy: Policy, x: Tensor, jobs: Tensor, outcome: Tensor, prices: Tensor):
    """Squared error of utilities, less their mean over the valid actions, which no decision needs,
    and a tenth of the squared error of outcomes in standard deviations. ``outcome``: (B, 3, A).
    """
    valid = torch.from_numpy(VALID)[jobs]
    n = valid.sum(1, keepdim=True)
    off = (policy(x)[0].unflatten(1, (3, -1)) - outcome).masked_fill(~valid[:, None], 0.0)
    regret = priced(off, prices)
    centred = (regret - regret.sum(1, keepdim=True) / n).masked_fill(~valid, 0.0)
    scale = policy.scale.unflatten(0, (3, -1))
    return (100 * centred.square() + 0.1 * (off / scale).square().mean(1)).div(n).sum(1).mean()


def make(
    kind: str, live: np.ndarray, d: int, inputs: int, *, hidden: int, layers: int, dropout: float
) -> Policy:
    """A policy over ``inputs`` features (B, inputs), of which the first are the live ones of d."""
    if kind == "transformer":
        return Policy(Slots(live, d, dropout=dropout), kind)
    return Policy(Trunk(inputs, hidden=hidden, layers=layers, dropout=dropout), kind)


def widened(policy: Policy, live: np.ndarray, d: int) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """The same function over all d features: those that were never 1 in training weigh nothing."""
    if isinstance(policy.trunk, Slots):  # which fills all d in by itself
        return lambda x: policy(x[:, policy.trunk.live])
    first, shape = policy.trunk[0], [m for m in policy.trunk if isinstance(m, nn.Linear)]
    trunk = Trunk(d, hidden=first.out_features, layers=len(shape), dropout=0.0)
    weight = torch.zeros(first.out_features, d)
    weight[:, live] = first.weight.detach()
    trunk.load_state_dict({**policy.trunk.state_dict(), "0.weight": weight})
    wide = Policy(trunk, policy.kind)
    own = {k: v for k, v in policy.state_dict().items() if not k.startswith("trunk.")}
    wide.load_state_dict(own, strict=False)
    return wide.eval()
