"""The five rungs of the ladder: each adds one idea to the one before.

Every rung is called with a `Batch` and gives logits (B, T, V): those of place t may depend on the
source, the task, the context and ``before[:, : t + 1]``. All have as many parameters, by the width
of their feed-forward layers, and the same dropout. Letters: d channels, h heads, N tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.studies.arc import positions
from sashimi.studies.arc.batches import COLOURS, PAD, VOCABULARY, Batch
from sashimi.studies.arc.family import PAIRS

RULES = 5
"""Rules that can be named."""
POOLED = 32
"""Numbers that the plan's bridge gets of the context, after the decoder."""


@dataclass(frozen=True)
class Rung:
    """One step of the ladder."""

    adds: str
    """The idea, in a few words."""
    encoder: bool = True
    positions: str = "sequence"
    equivariant: bool = False
    context: str = ""
    """"" for none, "cells" (laid cell by cell onto query and answer), "pooled" (the plan's: a mean,
    after the decoder)."""


RUNGS: Mapping[str, Rung] = {
    "decoder": Rung("a decoder alone", encoder=False),
    "encoder-decoder": Rung("an encoder, and cross-attention to it"),
    "positions": Rung("true rows and columns", positions="ends"),
    "equivariance": Rung("colours by first appearance", positions="ends", equivariant=True),
    "context": Rung("context pairs", positions="ends", equivariant=True, context="cells"),
}
"""In the order of the ladder: the plan's experiments -1, 0, 1, 2 and 3."""


class Attention(nn.Module):
    """Scaled dot-product attention with h heads; 2-D rotations or biases where asked for."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor, turn=None) -> Tensor:
        """x (B, N, d) attends to memory (B, M, d) where the mask (B, 1, N or 1, M) is true."""
        query = self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(memory).chunk(2, dim=-1)
        key, value = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (key, value))
        if turn is not None:
            query, key, mask = turn(query, key, mask)
        # twice as fast here as torch's fused kernel, whose blocks are larger than these sequences
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
        return self.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


class Gated(nn.Module):
    """A feed-forward layer whose channels are products, ``relu(a) b`` (ReGLU, Shazeer 2020).

    Whether two colours are equal, or where a rule moves a cell, are products of what is known.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.both, self.out = nn.Linear(width, 2 * inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.both(x).chunk(2, dim=-1)
        return self.out(gate.relu() * value)


class Layer(nn.Module):
    """A pre-norm layer: self-attention, cross-attention where there is a memory, feed-forward."""

    def __init__(self, width: int, heads: int, inner: int, cross: bool, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if cross else 2))
        self.attention = Attention(width, heads)
        self.cross = Attention(width, heads) if cross else None
        self.feed = Gated(width, inner)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask, memory=None, memory_mask=None, turn=None, cross_turn=None) -> Tensor:
        seen = self.norms[0](x)
        x = x + self.drop(self.attention(seen, seen, mask, turn))
        if self.cross is not None:
            x = x + self.drop(self.cross(self.norms[1](x), memory, memory_mask, cross_turn))
        return x + self.drop(self.feed(self.norms[-1](x)))


def _stack(layers: int, *sizes) -> nn.ModuleList:
    return nn.ModuleList(Layer(*sizes) for _ in range(layers))


def labels(batch: Batch) -> tuple[Tensor, Tensor]:
    """Colours named by first appearance in the query, then in the context.

    ``[[3, 3, 7], [0, 7, 3]]`` becomes ``[[0, 0, 1], [2, 1, 0]]``: with it, f(Px) = P f(x) holds for
    every permutation P of the ten colours. Gives the label of each token (B, V), itself if no
    colour, and the number of colours seen (B, 1).
    """
    shown = [batch.source, batch.context_in.flatten(1), batch.context_out.flatten(1)]
    seen = torch.cat(shown, 1)  # (B, N)
    here = seen[:, None] == torch.arange(COLOURS)[:, None]  # (B, 10, N)
    first = torch.where(here.any(2), here.long().argmax(2), seen.shape[1])
    rank = first.argsort(dim=1, stable=True).argsort(dim=1)
    others = torch.arange(COLOURS, VOCABULARY).expand(len(seen), -1)
    return torch.cat([rank, others], 1), here.any(2).sum(1, keepdim=True)


def renamed(batch: Batch, names: Tensor) -> Batch:
    """The batch with the names (B, V) of its tokens; its target is left alone."""
    parts = {
        part: getattr(batch, part) for part in ("source", "before", "context_in", "context_out")
    }
    return replace(batch, **{k: names.gather(1, x.flatten(1)).view_as(x) for k, x in parts.items()})


def named_back(logits: Tensor, names: Tensor, seen: Tensor) -> Tensor:
    """Logits (B, T, V) of labels as logits of colours; those that are not seen share one."""
    absent = (torch.arange(VOCABULARY) >= seen) & (torch.arange(VOCABULARY) < COLOURS)
    absent = absent[:, None]  # (B, 1, V)
    shared = (logits * absent).sum(-1, keepdim=True) / absent.sum(-1, keepdim=True).clamp(min=1)
    logits = torch.where(absent, shared, logits)
    return logits.gather(2, names[:, None].expand_as(logits))


class Context(nn.Module):
    """Context pairs, read cell by cell: one token a position, which knows its colours in all grids.

    A cell finds where its outputs come from by attending to cells whose inputs have these colours.
    A place of a pair says something of the same place of another: so it is for rules of places.
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.cells = nn.Embedding(2 * PAIRS * VOCABULARY, width)
        self.summary = nn.Parameter(torch.zeros(width))
        self.layers = _stack(2, width, heads, inner, False, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, batch: Batch, places: positions.Places) -> tuple[Tensor, Tensor]:
        """What the pairs show in the mean (B, 1, d), and of each cell (B, H, W, d), 0 outside."""
        grids = torch.stack([batch.context_in, batch.context_out], 2).flatten(1, 2)  # (B, 2P, H, W)
        height, width = grids.shape[2:]
        row = torch.arange(height)[:, None].expand(height, width).flatten()[None]
        column = torch.arange(width).repeat(height)[None]
        code = places(row, column, row * width + column, positions.inside(grids.amin(1)))
        table = VOCABULARY * torch.arange(2 * PAIRS)[:, None]
        x = self.cells(grids.flatten(2) + table).sum(1) + code
        x = torch.cat([self.summary.expand(len(x), 1, -1), x], 1)
        real = F.pad((grids != PAD).any(1).flatten(1), (1, 0), value=True)
        for layer in self.layers:
            x = layer(x, real[:, None, None])
        x = self.norm(x) * real[..., None]
        mean = x.sum(1, keepdim=True) / real.sum(1)[:, None, None]
        return mean, x[:, 1:].unflatten(1, (height, width))


def shown_at(cells: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """What cells (B, H, W, d) hold at rows and columns (B, N): (B, N, d), 0 outside."""
    height, width = cells.shape[1:3]
    inside = (row < height) & (column < width)
    index = torch.where(inside, row * width + column, 0)[..., None].expand(-1, -1, cells.shape[-1])
    return cells.flatten(1, 2).gather(1, index) * inside[..., None]


class Ladder(nn.Module):
    """A rung as a network."""

    def __init__(self, rung: Rung, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.rung = rung
        self.colours = nn.Embedding(VOCABULARY, width)
        self.task = nn.Embedding(RULES + 1, width)
        self.places = positions.Places(rung.positions, width, heads)
        self.renaming = rung.equivariant
        read, write = (1, 2) if rung.encoder else (0, 4)
        self.encoder = _stack(read, width, heads, inner, False, dropout)
        self.decoder = _stack(write, width, heads, inner, rung.encoder, dropout)
        self.context = Context(width, heads, inner, dropout) if rung.context else None
        self.bridge = None
        if rung.context == "pooled":
            self.pool = nn.Linear(width, POOLED)
            joined = nn.Linear(width + POOLED, width)
            self.bridge = nn.Sequential(joined, nn.ReLU(), nn.LayerNorm(width))
        self.norm = nn.LayerNorm(width) if self.bridge is None else None
        self.head = nn.Linear(width, VOCABULARY)
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.5)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, V) of the targets."""
        if not self.renaming:
            return self.logits(batch)
        names, seen = labels(batch)
        return named_back(self.logits(renamed(batch, names)), names, seen)

    def logits(self, batch: Batch) -> Tensor:
        """The same, of labels where colours are renamed."""
        rule, cells, pooled = self.task(batch.task)[:, None], None, None
        if self.context is not None:
            shown, cells = self.context(batch, self.places)
            if self.bridge is None:
                rule = rule + shown
            else:
                pooled, cells = self.pool(shown), None
        if self.rung.encoder:
            x = self._write(batch, rule, cells, *self._read(batch, rule, cells))
        else:
            x = self._alone(batch, rule)
        if pooled is None:
            return self.head(self.norm(x))
        return self.head(self.bridge(torch.cat([x, pooled.expand(-1, x.shape[1], -1)], -1)))

    def _embed(
        self, tokens: Tensor, rule: Tensor, cells: Tensor | None, following: bool, start=0
    ) -> tuple[Tensor, tuple]:
        where = positions.coordinates(tokens, following)
        extent = None if following else positions.size(tokens)
        index = start + torch.arange(tokens.shape[1]).expand_as(tokens)
        x = self.colours(tokens) + self.places(*where, index, extent) + rule
        return (x if cells is None else x + shown_at(cells, *where)), where

    def _read(self, batch: Batch, rule: Tensor, cells: Tensor | None) -> tuple:
        x, where = self._embed(batch.source, rule, cells, following=False)
        real = batch.source != PAD
        for layer in self.encoder:
            x = layer(x, real[:, None, None], turn=self.places.turn(where, where))
        return x, real, where

    def _write(self, batch, rule, cells, memory, real, where) -> Tensor:
        x, ours = self._embed(batch.before, rule, cells, following=True)
        turn, cross = self.places.turn(ours, ours), self.places.turn(ours, where)
        mask = _causal(batch.before)
        for layer in self.decoder:
            x = layer(x, mask, memory, real[:, None, None], turn, cross)
        return x

    def _alone(self, batch: Batch, rule: Tensor) -> Tensor:
        tokens, split = batch.sequence, batch.source.shape[1]
        length = (batch.source != PAD).sum(1, keepdim=True)
        read, _ = self._embed(tokens[:, :split], rule, None, False)
        written, _ = self._embed(tokens[:, split:], rule, None, True, length)
        x, mask = torch.cat([read, written], 1), _causal(tokens)
        for layer in self.decoder:
            x = layer(x, mask)
        return x[:, split:]


def _causal(tokens: Tensor) -> Tensor:
    """Which places (B, 1, N, N) each may attend to: real ones up to itself."""
    n = tokens.shape[1]
    return torch.ones(n, n, dtype=torch.bool).tril() & (tokens != PAD)[:, None, None]


def sized(rung: Rung, width: int, heads: int, parameters: int, dropout: float) -> Ladder:
    """The rung with the number of parameters `nearest` to the wanted one."""
    return nearest(lambda inner: Ladder(rung, width, heads, inner, dropout), parameters)


def nearest(make: Callable[[int], nn.Module], parameters: int) -> nn.Module:
    """Of networks that are made from an inner width of 8 or more, the one of nearest size.

    A count is linear in the inner width, so that two small networks tell it.
    """
    one, two = count(make(8)), count(make(9))
    return make(8 + max(0, round((parameters - one) / (two - one))))


def count(model: nn.Module) -> int:
    """Trained parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
