"""Training examples a second, beside a plain `nn.Transformer` fed batches of mixed shapes."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from sashimi.studies.arc import family, learn, ready, rungs
from sashimi.studies.arc.batches import PAD, VOCABULARY, Batch, collate
from sashimi.study import Measurement

STEPS = 6


class Plain(nn.Module):
    """torch's own encoder-decoder over query and context as one sequence, tokens in, logits out."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, width)
        self.net = nn.Transformer(width, heads, 3, 2, inner, 0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, V)."""
        context = (batch.context_in.flatten(1), batch.context_out.flatten(1))
        source = torch.cat([batch.source, *context], 1)
        mask = torch.ones(2 * (batch.before.shape[1],), dtype=torch.bool).triu(1)
        padding = source == PAD
        x = self.net(
            self.tokens(source), self.tokens(batch.before), tgt_mask=mask,
            src_key_padding_mask=padding, memory_key_padding_mask=padding,
        )  # fmt: skip
        return self.head(x)


def _rate(model: nn.Module, batch: Callable[[int], Batch]) -> float:
    """Examples a second of the processor, their drawing included; two steps warm up."""
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    begun, done = 0.0, 0
    for step in range(STEPS + 2):
        if step == 2:
            begun, done = time.process_time(), 0
        asked = batch(step)
        optimizer.zero_grad()
        learn.loss(model, asked)[0].backward()
        optimizer.step()
        done += len(asked)
    return done / (time.process_time() - begun)


def measure(side: int = 5) -> list[Measurement]:
    """Both, side by side, on one thread; the plain one is as large as ours, by its inner width."""
    settings = ready.settings("context").model_copy(update={"side": side})
    ours = learn.network(settings)
    plain = rungs.nearest(
        lambda inner: Plain(settings.width, settings.heads, inner), rungs.count(ours)
    )
    asked = family.Asked(settings.batch_size // 8, sides=(3, side))

    def mixed(step: int) -> Batch:
        return collate([family.draw(asked, step, n)[0] for n in range(8)])

    rates = _rate(ours, learn.batches(settings)), _rate(plain, mixed)
    unit = "examples a processor second"
    return [
        Measurement("ours, batches of one shape", rates[0], unit, STEPS),
        Measurement("nn.Transformer, mixed shapes", rates[1], unit, STEPS),
        Measurement("ratio", rates[0] / rates[1], "", STEPS, limit=2.0),
    ]
