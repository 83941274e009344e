"""The training loss: tokens, values, and the frame's heads, each a mean negative log-likelihood.

Letters: B prompts, L tokens, S slots, K literals, P word pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from sashimi.flagship.batches import IGNORED, Batch
from sashimi.flagship.intent import frame_loss
from sashimi.flagship.network import Network

if TYPE_CHECKING:
    from sashimi.flagship.teach import Teachers

FRAME_WEIGHT = 0.1
"""Each head of the frame beside the tokens; entities are what the pointer relies on as well."""


def training_loss(
    network: Network, batch: Batch, teachers: Teachers | None = None
) -> tuple[Tensor, dict[str, float]]:
    """The sum of token, value and weighted frame losses (), and its parts as floats.

    With teachers, their share of the token loss takes the place of as much of the truth's.
    """
    losses, right = losses_of(network, batch, teachers)
    frame = sum(v for k, v in losses.items() if k.startswith("frame/"))
    tokens = losses["tokens"]
    if teachers:
        tokens = (1 - teachers.weight) * tokens + teachers.weight * losses["teachers"]
    total = tokens + losses["values"] + FRAME_WEIGHT * frame
    parts = {name: float(value.detach()) for name, value in losses.items()}
    counted = batch.targets != IGNORED
    return total, {**parts, "accuracy": float(right[counted].float().mean())}


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
    memory = network.decoder.remember(*network.memory(intent, batch.pieces))
    hidden, _ = network.decoder(batch.inputs, copied_states(batch), memory)
    return Read(batch, intent, memory, hidden, network.decoder.logits(hidden))


def losses_of(
    network: Network, batch: Batch, teachers: Teachers | None = None
) -> tuple[dict[str, Tensor], Tensor]:
    """Every part of the loss by name, and whether each token's first choice is right (B, L)."""
    seen = read(network, batch)
    flat = seen.logits.flatten(0, 1)
    tokens = F.cross_entropy(flat, batch.targets.flatten(), ignore_index=IGNORED)
    heads = frame_loss(network.intent.frame_logits(seen.intent), batch.frame, batch.pieces)
    losses = {"tokens": tokens, "values": value_loss(network, seen.batch, seen.hidden)}
    losses |= {f"frame/{head}": value for head, value in heads.items()}
    if teachers:
        losses["teachers"] = teachers.loss(batch, seen.logits)
    return losses, seen.logits.argmax(-1) == batch.targets


def copied_states(batch: Batch) -> Tensor | None:
    """The word pieces (B, L, W) that the decoder is fed with: where the slot before copied from.

    None for text, which copies nothing.
    """
    if batch.copied is None:
        return None
    rows = torch.arange(len(batch.copied), device=batch.copied.device)[:, None]
    states = batch.states[rows, batch.copied.clamp_min(0)]
    return states * (batch.copied >= 0)[..., None]


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
