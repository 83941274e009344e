"""Training a rung on the shared loop, decoding, and scoring it beside its floors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi import cache, params, train
from sashimi.studies.arc import family
from sashimi.studies.arc.batches import BOS, EOS, PAD, Batch
from sashimi.studies.arc.family import Asked
from sashimi.studies.arc.params import ArcParams
from sashimi.studies.arc.rungs import RUNGS, Ladder, sized
from sashimi.study import MODEL

HIDDEN = Asked(16, named=0.0, split="test")
COLUMNS: Mapping[str, Asked] = {
    "rule_named": replace(HIDDEN, named=1.0),
    "rule_named_new_colours": replace(HIDDEN, named=1.0, colours=family.OTHER_COLOURS),
    "rule_shown": HIDDEN,
    "composition_shown": replace(HIDDEN, rules=tuple(family.COMPOSED)),
    "context_blank": replace(HIDDEN, context="blank"),
    "context_shuffled": replace(HIDDEN, context="shuffled"),
    "context_wrong": replace(HIDDEN, context="wrong"),
}
"""What every rung is scored on; the last three are controls of the hidden rule."""
DIGITS = dict(zip(COLUMNS, (1, 2, 3, 4, 3, 3, 3), strict=True))
"""Part of a column's seed: controls have the queries of "rule_shown"."""
TEST = 7_000_000


def network(settings: ArcParams) -> Ladder:
    """The rung of a row, its feed-forward layers as wide as ``parameters`` allows."""
    rung = RUNGS[settings.rung]
    positions, context = settings.positions or rung.positions, rung.context and settings.context
    rung = replace(rung, positions=positions, context=context)
    return sized(rung, settings.width, settings.heads, settings.parameters, settings.dropout)


def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Mean cross-entropy (nats) of the targets that are not padding, and the share predicted."""
    logits = model(batch)
    real = batch.target != PAD
    accuracy = (logits.argmax(-1) == batch.target)[real].float().mean()
    entropy = F.cross_entropy(logits[real], batch.target[real])
    return entropy, {"accuracy": float(accuracy)}


@torch.no_grad()
def exact(model: nn.Module, batch: Batch) -> Tensor:
    """Whether every token of a target is predicted, given those before it: (B,) bool."""
    return ((model(batch).argmax(-1) == batch.target) | (batch.target == PAD)).all(1)


def batches(settings: ArcParams) -> Callable[[int], Batch]:
    """A training batch by its step."""
    asked = Asked(settings.batch_size, named=settings.named, sides=(3, settings.side))
    with_taught = replace(asked, rules=(*family.FAMILY, *family.TAUGHT))

    def batch(step: int) -> Batch:
        often = round(settings.composed * step) > round(settings.composed * (step - 1))
        return family.draw(with_taught if often else asked, settings.seed, step)[0]

    return batch


def fit(settings: ArcParams, directory: Path, say: Callable[[str], None] = print) -> tuple:
    """Trains a rung; returns it and the seconds of training."""
    train.seed_everything(settings.seed)
    model = network(settings)
    dev = replace(COLUMNS["rule_shown"], size=64, split="dev", sides=(3, settings.side))
    watched = {n: family.draw(replace(dev, named=n), TEST, 8)[0] for n in (0.0, 1.0)}

    def observe() -> dict[str, Any]:
        right = {n: int(exact(model, batch).sum()) for n, batch in watched.items()}
        with torch.no_grad():
            value = float(loss(model, watched[0.0])[0])
        return {"val_loss": value, "tiers": {"named": (right[1.0], 64), "shown": (right[0.0], 64)}}

    schedule = train.Schedule(
        settings.steps, settings.learning_rate, optimizer="muon",
        checkpoint_every=200, observe_every=max(1, settings.steps // 10),
    )  # fmt: skip
    seconds = train.fit(
        model, loss, batches(settings), schedule, directory,
        seed=settings.seed, config_digest=params.digest(settings), observe=observe, say=say,
    )  # fmt: skip
    cache.save(model.state_dict(), directory / MODEL)
    return model.eval(), seconds


@torch.no_grad()
def decode(model: nn.Module, batch: Batch, longest: int) -> Tensor:
    """Greedy answers, free-running from BOS: (B, longest) tokens, of which those after EOS mean
    nothing. All places are predicted at once from a guess of the ones before them, again and again
    until nothing changes: after k rounds the first k tokens are those of decoding one by one, since
    a place sees none after it.
    """
    guess = torch.full((len(batch), longest), EOS)
    guess[:, : batch.source.shape[1]] = batch.source[:, :longest]
    for _ in range(longest + 1):
        before = torch.cat([torch.full_like(guess[:, :1], BOS), guess[:, :-1]], 1)
        said = model(replace(batch, before=before, target=guess)).argmax(-1)
        done = (said == EOS).cumsum(1) > 0
        said = said.masked_fill(done, EOS)
        if torch.equal(said, guess):
            break
        guess = said
    return guess
