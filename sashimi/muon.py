"""Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") in float32.

PyTorch has one, whose orthogonalisation runs in bfloat16: on a CPU without bfloat16 products a step
takes twenty times as long (findings/muon_on_cpu.sh).

Letters: N matrices of one shape, O rows, I columns.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (
    (8.3837, -24.7659, 18.3571),
    (4.0434, -3.0114, 0.5695),
    (3.5056, -2.6267, 0.5257),
    (2.4901, -1.8343, 0.4368),
)
"""One round of the Newton-Schulz iteration each: of the polynomials a X + b (X Xᵀ) X + c (X Xᵀ)² X
the one that brings singular values from where the round before left them nearest to 1, beginning
with 0.003 … 1 (Amsel et al. 2025, "The Polar Express", §3). After four they lie in 0.8 … 1.2; the
five equal rounds of Jordan et al. leave them in 0.68 … 1.13, at a quarter more work."""
MOMENTUM = 0.95


def orthogonalised(matrices: Tensor) -> Tensor:
    """(…, O, I) to about U Vᵀ of each one's singular value decomposition U S Vᵀ, float32."""
    x = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = (x.mT if tall else x).flatten(0, -3) if x.ndim > 2 else (x.T if tall else x)[None]
    for a, b, c in COEFFICIENTS:
        squared = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(squared, squared, squared, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


def maps_of(parameter: Tensor) -> int:
    """Linear maps that a matrix holds one below the other, by its attribute ``maps``, else 1."""
    return getattr(parameter, "maps", 1)


class Muon(torch.optim.AdamW):
    """The first group's matrices move by Muon, all other groups' parameters by AdamW.

    A matrix's update is scaled by 0.2 sqrt(max(O, I)), so that its root mean square is about that
    of AdamW's and one learning rate serves both (Liu et al. 2025, "Muon is Scalable for LLM
    Training", §2.2). Matrices of one shape are made orthogonal together, and each map of a matrix
    that holds several (`maps_of`) by itself.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, **adamw: Any) -> None:
        """Raises ValueError where the first group holds a parameter that is no matrix."""
        super().__init__(groups, lr=lr, **adamw)
        if any(p.ndim != 2 for p in self.param_groups[0]["params"]):
            raise ValueError("Muon moves matrices only")

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: nothing evaluates twice
        """One step of both; the gradients are those that ``backward`` left."""
        groups = self.param_groups
        self.param_groups = groups[1:]
        super().step()
        self.param_groups = groups
        moved = [p for p in groups[0]["params"] if p.grad is not None]
        updates = [u.chunk(maps_of(p)) for p, u in zip(moved, self._momenta(moved), strict=True)]
        alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for update in itertools.chain(*updates):
            alike[update.shape].append(update)
        ready = {shape: iter(orthogonalised(torch.stack(u))) for shape, u in alike.items()}
        rate, decay = groups[0]["lr"], groups[0]["weight_decay"]
        for parameter, parts in zip(moved, updates, strict=True):
            parameter.mul_(1 - rate * decay)
            for rows, part in zip(parameter.chunk(len(parts)), parts, strict=True):
                size = 0.2 * max(part.shape) ** 0.5
                rows.add_(next(ready[part.shape]), alpha=-rate * size)

    def _momenta(self, moved: list[Tensor]) -> tuple[Tensor, ...]:
        """What each of these parameters is to move by, in Nesterov's way, not yet orthogonal."""
        for parameter in moved:
            if not self.state[parameter]:  # AdamW looks for a step in every state that it loads
                kept = {"step": torch.zeros(()), "momentum": torch.zeros_like(parameter)}
                self.state[parameter] |= kept
        gradients = [p.grad for p in moved if p.grad is not None]
        momenta = [self.state[p]["momentum"] for p in moved]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        return torch._foreach_lerp(gradients, momenta, MOMENTUM)
