"""The training loss: tokens, values, and the frame's heads, each a mean negative log-likelihood;
with hard negatives, also the margin between right and wrong, and the tokens weighed by mistakes.

Letters: B prompts, L tokens, S slots, P word pieces, V vocabulary, K negatives (literals, in the
filler).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from sashimi.flagship.data.batches import IGNORED, Batch
from sashimi.flagship.model.intent import frame_loss
from sashimi.flagship.model.network import Network

if TYPE_CHECKING:
    from sashimi.flagship.model.objective import Objective
    from sashimi.flagship.model.teach import Teachers
    from sashimi.flagship.negatives.margin import Wrong

FRAME_WEIGHT = 0.1
"""Each head of the frame beside the tokens; entities are what the pointer relies on as well."""


def training_loss(
    network: Network,
    batch: Batch,
    teachers: Teachers | None = None,
    objective: Objective | None = None,
    wrong: Wrong | None = None,
) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum of the parts of the loss (), and the parts as floats.

    With teachers, their share of the token loss takes the place of as much of the truth's. With
    negatives ``wrong``, ``objective`` says what margin is asked for and what each part weighs;
    without it tokens and values weigh 1.
    """
    terms, extra, told = terms_of(network, batch, teachers, objective, wrong)
    return sum(terms.values()) + extra, told


def terms_of(
    network: Network,
    batch: Batch,
    teachers: Teachers | None = None,
    objective: Objective | None = None,
    wrong: Wrong | None = None,
) -> tuple[dict[str, Tensor], Tensor | float, dict[str, float]]:
    """What `training_loss` adds up: weighted terms, what stands beside them, parts as floats."""
    losses, right = losses_of(network, batch, teachers, wrong, objective.margin if wrong else 0.0)
    told = {name: float(value.detach()) for name, value in losses.items()}
    tokens = losses["tokens"]
    if teachers:
        tokens = (1 - teachers.weight) * tokens + teachers.weight * losses["teachers"]
    weighed = {"tokens": tokens + losses["values"]}
    weighed |= {name: losses[name] for name in ("margin", "repair") if name in losses}
    weights, extra = objective.weights(weighed) if objective else ({"tokens": 1.0}, 0.0)
    terms = {name: weights[name] * loss for name, loss in weighed.items()}
    terms["tokens"], terms["values"] = (weights["tokens"] * v for v in (tokens, losses["values"]))
    if "bridge" in losses:
        terms["bridge"] = losses["bridge"]
    terms["frame"] = FRAME_WEIGHT * sum(v for k, v in losses.items() if k.startswith("frame/"))
    if len(weights) > 1:
        told |= {f"weight/{name}": float(weight.detach()) for name, weight in weights.items()}
    counted = batch.targets != IGNORED
    return terms, extra, {**told, "accuracy": float(right[counted].float().mean())}


@dataclass(frozen=True)
class Read:
    """What a network makes of a batch whose right programs it is fed with."""

    batch: Batch  # with what the network's encoder makes of its prompts
    intent: Tensor  # (B, 1 + P, I)
    memory: tuple[list[tuple], Tensor]  # as `Decoder.remember` gives it
    hidden: Tensor  # (B, L, D)
    logits: Tensor  # (B, L, V)


def read(network: Network, batch: Batch) -> Read:
    """One pass from the encoder's states to the scores of every next token."""
    batch = network.refined(batch)
    intent = network.understand(batch.pooled, batch.states)
    memory = network.decoder.remember(*network.memory(intent, batch.pieces, batch.near))
    hidden, _ = network.decoder(batch.inputs, copied_states(batch), memory)
    return Read(batch, intent, memory, hidden, network.decoder.logits(hidden))


def losses_of(
    network: Network,
    batch: Batch,
    teachers: Teachers | None = None,
    wrong: Wrong | None = None,
    margin: float = 0.0,
) -> tuple[dict[str, Tensor], Tensor]:
    """Every part of the loss by name, and whether each token's first choice is right (B, L).

    With negatives: ``repair``, the token loss with each example's tokens weighed by what its
    negatives get wrong, over the sum of these weights; and ``margin``, the mean over the negatives
    of relu(margin - `gaps`), in nats, left out where no example of the batch has one.
    """
    seen = read(network, batch)
    costs, counted = costs_of(seen.logits, batch.targets), batch.targets != IGNORED
    heads = frame_loss(network.intent.frame_logits(seen.intent), batch.frame, batch.pieces)
    losses = {"tokens": costs.sum() / counted.sum()}
    losses["values"] = value_loss(network, seen.batch, seen.hidden)
    losses |= {f"frame/{head}": value for head, value in heads.items()}
    if network.bridge.commitment is not None:
        losses["bridge"] = network.bridge.commitment
    if teachers:
        losses["teachers"] = teachers.loss(batch, seen.logits)
    if wrong:
        weights = wrong.repair[:, None] * counted
        losses["repair"] = (weights * costs).sum() / weights.sum()
        if len(wrong.row):
            losses["margin"] = F.relu(margin - gaps(network, seen, costs, wrong)).mean()
    return losses, seen.logits.argmax(-1) == batch.targets


def costs_of(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p (B, L) of each target, 0 where none counts, of logits (B, L, V)."""
    flat = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return flat.view(targets.shape)


def gaps(network: Network, seen: Read, costs: Tensor, wrong: Wrong) -> Tensor:
    """log p(right tokens) - log p(negative's tokens) in nats (K,), all of Tiers 1 and 2.

    Both are read against one memory. Only tokens from the first difference on are added up: what
    stands before is read alike and cancels exactly, but for dropout, whose draw would be noise.
    ``costs`` (B, L) are those of the right programs.
    """
    keys_values, mask = seen.memory
    memory = [(k[wrong.row], v[wrong.row]) for k, v in keys_values], mask[wrong.row]
    copied = fed_states(seen.batch.states, wrong.row, wrong.copied)
    hidden, _ = network.decoder(wrong.inputs, copied, memory)
    places = torch.arange(wrong.targets.shape[1], device=wrong.row.device)
    counted = (wrong.targets != IGNORED) & (places >= wrong.first[:, None])
    asked = network.decoder.logits(hidden[counted])  # few of all places: the vocabulary is wide
    each = F.cross_entropy(asked, wrong.targets[counted], reduction="none")
    theirs = torch.zeros_like(hidden[..., 0]).masked_scatter(counted, each).sum(1)
    places = torch.arange(costs.shape[1], device=wrong.row.device)
    ours = (costs[wrong.row] * (places >= wrong.first[:, None])).sum(1)
    return theirs - ours


def copied_states(batch: Batch) -> Tensor | None:
    """The word pieces (B, L, W) that the decoder is fed with: where the slot before copied from.

    None for text, which copies nothing.
    """
    if batch.copied is None:
        return None
    rows = torch.arange(len(batch.copied), device=batch.copied.device)
    return fed_states(batch.states, rows, batch.copied)


def fed_states(states: Tensor, rows: Tensor, copied: Tensor) -> Tensor:
    """The word pieces (K, L, W) of these rows (K,) of states (B, P, W), zeros at -1 in (K, L)."""
    return states[rows[:, None], copied.clamp_min(0)] * (copied >= 0)[..., None]


def value_loss(network: Network, batch: Batch, hidden: Tensor) -> Tensor:
    """Mean over the slots that can be filled right: -log of all right choices' probability.

    A value that stands in the prompt and among the literals may come from either (the marginal
    likelihood of Gu et al. 2016, CopyNet, eq. 4); a span adds the log-likelihood of its end.
    """
    chosen = hidden[batch.slot_row, batch.slot_at]  # (S, D)
    possible = batch.slot_right.any(1)
    if not possible.any():
        return hidden.sum() * 0.0
    copyable = batch.slot_copyable & batch.pieces[batch.slot_row]
    keep = possible.nonzero()[:, 0]
    pieces, row = network.filler.pieces(batch.states), batch.slot_row[keep]  # (B, P, 3 D), (S,)
    scores = network.filler(chosen[keep], pieces, row, batch.slot_allowed[keep], copyable[keep])
    right = scores.masked_fill(~batch.slot_right[keep], float("-inf")).logsumexp(1)
    loss = -right.mean()
    spanned = (batch.span[keep, 0] >= 0).nonzero()[:, 0]
    if len(spanned):
        first, last = batch.span[keep[spanned]].T
        ends = network.filler.ends(
            chosen[keep[spanned]], pieces, row[spanned], first, copyable[keep[spanned]]
        )
        loss = loss - ends[torch.arange(len(last)), last].sum() / len(keep)
    return loss
