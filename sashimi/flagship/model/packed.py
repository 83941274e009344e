"""Padded positions left out of what is computed position by position.

Half of the positions of a batch of programs are padding. What stands is packed into one list for
norms, projections and perceptrons, and spread out again where positions look at each other.

Letters: B rows, L positions, T of them that stand, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Packed:
    """Which of B × L positions stand."""

    rows: Tensor  # (T,) int64, ascending, of the positions one after the other
    shape: tuple[int, int]  # (B, L)

    @staticmethod
    def of(standing: Tensor) -> Packed:
        """Of a mask (B, L) bool."""
        return Packed(standing.flatten().nonzero()[:, 0], tuple(standing.shape))

    def pack(self, x: Tensor) -> Tensor:
        """(B, L, …) to (T, …)."""
        return x.flatten(0, 1).index_select(0, self.rows)

    def spread(self, x: Tensor) -> Tensor:
        """(T, D) to (B, L, D), zeros where nothing stands."""
        batch, length = self.shape
        return (
            x.new_zeros(batch * length, x.shape[-1])
            .index_copy(0, self.rows, x)
            .unflatten(0, (batch, length))
        )


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """What `torch.nn.functional.dropout` does, from sixteen random bits a number.

    Its draws cost as much as a projection here; ``rate`` is rounded to 1/65536.
    """
    if not training or rate == 0.0:
        return x
    count = x.numel()
    bits = torch.empty(-(-count // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    keep = bits.view(torch.int16)[:count].view_as(x) >= round(rate * 2**16) - 2**15
    return x * keep.to(x.dtype).div_(1 - rate)
