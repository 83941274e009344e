"""Grids as tokens, and batches of them.

Colours are 0 to 9; padding, begin, end, end of a row and separator are tokens of their own.
Letters: B examples, S source tokens, T target tokens, P context pairs, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

COLOURS = 10
PAD, BOS, EOS, ROW, SEP = range(COLOURS, COLOURS + 5)
VOCABULARY = 15
SIDE = 30
"""Most rows or columns of a grid."""


@dataclass(frozen=True)
class Batch:
    """What every rung is called with; integers of 64 bits throughout."""

    source: Tensor
    """The query, each row ended by ROW, padded with PAD: (B, S)."""
    before: Tensor
    """BOS, and the target without its last token: (B, T). A rung may read up to a place of it."""
    target: Tensor
    """The output, rows separated by ROW, then EOS, padded with PAD: (B, T). All of it is scored."""
    task: Tensor
    """The number of a named rule, 0 where no rule is named: (B,)."""
    context_in: Tensor
    """Context inputs, padded with PAD: (B, P, H, W)."""
    context_out: Tensor
    """Their outputs, on grids of the same size."""

    def __len__(self) -> int:
        return len(self.source)

    @property
    def sequence(self) -> Tensor:
        """``[in] SEP [out]`` for a decoder alone: (B, S + T). SEP stands where BOS does."""
        separator = torch.full_like(self.before[:, :1], SEP)
        return torch.cat([self.source, separator, self.before[:, 1:]], dim=1)

    def take(self, rows: Tensor | slice) -> Batch:
        """Some of the examples."""
        return Batch(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def batch_of(source, output, task, context_in, context_out) -> Batch:
    """A batch of grids of one shape: arrays (B, H, W), (B, H', W'), (B,), (B, P, H, W) twice."""
    target = sequence(output)
    target[:, -1] = EOS
    before = np.insert(target[:, :-1], 0, BOS, axis=1)
    arrays = (sequence(source), before, target, task, context_in, context_out)
    return Batch(*(torch.from_numpy(np.ascontiguousarray(a, dtype=np.int64)) for a in arrays))


def sequence(grids: np.ndarray) -> np.ndarray:
    """Grids (B, H, W) as tokens (B, H (W + 1)), each row ended by ROW."""
    rows = np.pad(grids, ((0, 0), (0, 0), (0, 1)), constant_values=ROW)
    return rows.reshape(len(grids), -1)


def collate(batches: Sequence[Batch], extra: int = 0) -> Batch:
    """Batches of several shapes as one, padded to the largest and by ``extra`` more everywhere:
    tokens, and rows and columns of context.
    """
    joined = {}
    for name in (f.name for f in fields(Batch)):
        parts = [getattr(batch, name) for batch in batches]
        most = np.max([part.shape[1:] for part in parts], axis=0).astype(int)
        most[-2:] += extra
        joined[name] = torch.cat([part.new_full((len(part), *most), PAD) for part in parts])
        places = joined[name].split([len(part) for part in parts])
        for place, part in zip(places, parts, strict=True):
            place[tuple(map(slice, part.shape))] = part
    return replace(batches[0], **joined)


def grid(tokens: Sequence[int]) -> np.ndarray | None:
    """The grid that a target says, up to EOS: (H, W); None where its rows differ or end nowhere."""
    if EOS not in tokens:
        return None
    said = np.append(np.asarray(tokens)[: list(tokens).index(EOS)], ROW)
    height = int((said == ROW).sum())
    if len(said) % height:
        return None
    rows = said.reshape(height, -1)
    cells, ends = rows[:, :-1], rows[:, -1]
    return cells if cells.size and (cells < COLOURS).all() and (ends == ROW).all() else None


def query(source: Tensor) -> np.ndarray:
    """The grid of source tokens (S,): (H, W)."""
    tokens = source[source != PAD]
    return tokens.view(int((tokens == ROW).sum()), -1)[:, :-1].numpy()
