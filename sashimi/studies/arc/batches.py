"""Grids as tokens, batches, and the contracts that a batch has to keep.

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

    def padded(self, extra: int) -> Batch:
        """The same with ``extra`` more tokens, rows and columns of padding everywhere."""
        tail = torch.nn.functional.pad
        tokens = {k: tail(getattr(self, k), (0, extra), value=PAD) for k in TOKENS}
        grids = {k: tail(getattr(self, k), (0, extra, 0, extra), value=PAD) for k in CONTEXT}
        return replace(self, **tokens, **grids)


TOKENS, CONTEXT = ("source", "before", "target"), ("context_in", "context_out")


def batch_of(source, output, task, context_in, context_out) -> Batch:
    """A batch of grids of one shape: arrays (B, H, W), (B, H', W'), (B,), (B, P, H, W) twice."""
    target = sequence(output)
    target[:, -1] = EOS
    tensors = (sequence(source), _shifted(target), target, task, context_in, context_out)
    return Batch(*(torch.from_numpy(np.ascontiguousarray(t, dtype=np.int64)) for t in tensors))


def sequence(grids: np.ndarray) -> np.ndarray:
    """Grids (B, H, W) as tokens (B, H (W + 1)), each row ended by ROW."""
    rows = np.pad(grids, ((0, 0), (0, 0), (0, 1)), constant_values=ROW)
    return rows.reshape(len(grids), -1)


def _shifted(target: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full_like(target[:, :1], BOS), target[:, :-1]], axis=1)


def collate(batches: Sequence[Batch]) -> Batch:
    """Batches of several shapes as one, padded to the largest."""
    out = {}
    for name in (f.name for f in fields(Batch)):
        parts = [getattr(batch, name) for batch in batches]
        most = [max(part.shape[axis] for part in parts) for axis in range(1, parts[0].ndim)]
        pads = [[(m - s) for m, s in zip(most, part.shape[1:], strict=True)] for part in parts]
        out[name] = torch.cat(
            [
                torch.nn.functional.pad(part, [x for p in reversed(pad) for x in (0, p)], value=PAD)
                for part, pad in zip(parts, pads, strict=True)
            ]
        )
    return Batch(**out)


def grid(tokens: Sequence[int]) -> np.ndarray | None:
    """The grid that a target says, up to EOS: (H, W); None where its rows differ or end nowhere."""
    tokens = list(tokens)
    if EOS not in tokens:
        return None
    rows: list[list[int]] = [[]]
    for token in tokens[: tokens.index(EOS)]:
        if token == ROW:
            rows.append([])
        elif token < COLOURS:
            rows[-1].append(token)
        else:
            return None
    even = len({len(row) for row in rows}) == 1 and rows[0]
    return np.array(rows) if even else None
