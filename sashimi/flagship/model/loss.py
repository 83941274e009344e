"""The training loss: tokens, values, and the frame's heads, each a mean negative log-likelihood;
with hard negatives, also the margin between right and wrong, and the tokens weighed by mistakes.

Letters: B prompts, L tokens, S slots, P word pieces, V vocabulary, K negatives (literals, in the
filler).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from sashimi.flagship.data.batches import Batch
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.model.forward import Read, fed_states
from sashimi.flagship.model.intent import frame_loss
from sashimi.flagship.model.network import Network
from sashimi.flagship.model.packed import Packed
from sashimi.flagship.negatives.margin import Wrong
from sashimi.flagship.params import FlagshipParams
from sashimi.flagship.teach import Teachers

FRAME_WEIGHT = 0.1
"""Each head of the frame beside the tokens; entities are what the pointer relies on as well."""


@dataclass(frozen=True)
class Weights:
    """L = tokens + values + w2 margin + w3 repair, the frame's heads at their own weight.

    ``margin_nats`` is by how much a program's log-likelihood should exceed its negative's.
    """

    margin_nats: float = 0.0
    margin: float = 0.0
    repair: float = 0.0

    @staticmethod
    def of(settings: FlagshipParams) -> Weights:
        """Those of a row."""
        return Weights(settings.margin, settings.margin_weight, settings.repair_weight)


def training_loss(
    network: Network,
    batch: Batch,
    teachers: Teachers | None = None,
    weights: Weights = Weights(),
    wrong: Wrong | None = None,
) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum of the parts of the loss (), and the parts as floats.

    With teachers, their share of the token loss takes the place of as much of the truth's.
    """
    terms, parts = terms_of(network, batch, teachers, weights, wrong)
    return sum(terms.values()), parts


def terms_of(
    network: Network,
    batch: Batch,
    teachers: Teachers | None = None,
    weights: Weights = Weights(),
    wrong: Wrong | None = None,
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """What `training_loss` adds up, and the parts as floats."""
    losses, right = losses_of(network, batch, teachers, wrong, weights.margin_nats)
    parts = {name: float(value.detach()) for name, value in losses.items()}
    tokens = losses["tokens"]
    if teachers:
        tokens = (1 - teachers.weight) * tokens + teachers.weight * losses["teachers"]
    terms = {"tokens": tokens, "values": losses["values"]}
    if "margin" in losses:
        terms["margin"] = weights.margin * losses["margin"]
    if "repair" in losses:
        terms["repair"] = weights.repair * losses["repair"]
    terms["frame"] = FRAME_WEIGHT * sum(v for k, v in losses.items() if k.startswith("frame/"))
    counted = batch.targets != IGNORED
    return terms, {**parts, "accuracy": float(right[counted].float().mean())}


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
    seen = network(batch)
    costs, counted = costs_of(seen, batch.targets), seen.counted
    heads = frame_loss(network.intent.frame_logits(seen.intent), batch.frame, batch.pieces)
    losses = {"tokens": costs.sum() / counted.sum()}
    losses["values"] = value_loss(network, seen.prompts, seen.hidden)
    losses |= {f"frame/{head}": value for head, value in heads.items()}
    if teachers:
        losses["teachers"] = teachers.loss(batch, seen.logits)
    if wrong:
        weights = wrong.repair[:, None] * counted
        losses["repair"] = (weights * costs).sum() / weights.sum()
        if len(wrong.row):
            losses["margin"] = F.relu(margin - gaps(network, seen, costs, wrong)).mean()
    right = torch.zeros_like(counted)
    right[counted] = seen.logits.argmax(-1) == batch.targets[counted]
    return losses, right


def costs_of(seen: Read, targets: Tensor) -> Tensor:
    """-log p (B, L) of each target, 0 where none counts."""
    each = F.cross_entropy(seen.logits, targets[seen.counted], reduction="none")
    return torch.zeros_like(seen.hidden[..., 0]).masked_scatter(seen.counted, each)


def gaps(network: Network, seen: Read, costs: Tensor, wrong: Wrong) -> Tensor:
    """log p(right tokens) - log p(negative's tokens) in nats (K,), all of Tiers 1 and 2.

    Both are read against one memory. Only tokens from the first difference on are added up: what
    stands before is read alike and cancels exactly, but for dropout, whose draw would be noise.
    ``costs`` (B, L) are those of the right programs.
    """
    keys_values, mask = seen.remembered
    memory = [(k[wrong.row], v[wrong.row]) for k, v in keys_values], mask[wrong.row]
    copied = fed_states(seen.prompts.states, wrong.row, wrong.copied)
    hidden = network.decoder.read(wrong.inputs, copied, memory, wrong.targets != IGNORED)
    places = torch.arange(wrong.targets.shape[1], device=wrong.row.device)
    counted = (wrong.targets != IGNORED) & (places >= wrong.first[:, None])
    asked = network.decoder.logits(hidden[counted])  # few of all places: the vocabulary is wide
    each = F.cross_entropy(asked, wrong.targets[counted], reduction="none")
    theirs = torch.zeros_like(hidden[..., 0]).masked_scatter(counted, each).sum(1)
    places = torch.arange(costs.shape[1], device=wrong.row.device)
    ours = (costs[wrong.row] * (places >= wrong.first[:, None])).sum(1)
    return theirs - ours


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
    packed, row = Packed.of(batch.pieces), batch.slot_row[keep]  # (S,)
    pieces = packed.spread(network.filler.pieces(packed.pack(batch.states)))  # (B, P, 3 D)
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
