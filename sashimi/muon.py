"""Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") in float32.

PyTorch has one, whose orthogonalisation runs in bfloat16: on a CPU without bfloat16 products a step
takes twenty times as long (findings/muon_on_cpu.sh).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

ROUNDS = 5
"""Of the Newton–Schulz iteration."""
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of its polynomial a X + b (X Xᵀ) X + c (X Xᵀ)² X: it brings singular values near 1 fast, and
leaves them between about 0.7 and 1.2."""
MOMENTUM = 0.95


def orthogonalised(matrix: Tensor) -> Tensor:
    """(O, I) to about U Vᵀ of its singular value decomposition U S Vᵀ: same shape, float32."""
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        squared = x @ x.T
        x = torch.addmm(x, torch.addmm(squared, squared, squared, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(torch.optim.AdamW):
    """The first group's matrices move by Muon, all other groups' parameters by AdamW.

    A matrix's update is scaled by 0.2 sqrt(max(O, I)), so that its root mean square is about that
    of AdamW's and one learning rate serves both (Liu et al. 2025, "Muon is Scalable for LLM
    Training", §2.2).
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, **adamw: Any) -> None:
        """Raises ValueError where the first group holds a parameter that is no matrix."""
        super().__init__(groups, lr=lr, **adamw)
        if any(p.ndim != 2 for p in self.param_groups[0]["params"]):
            raise ValueError("Muon moves matrices only")

    @torch.no_grad()
    def step(self) -> None:
        """One step of both; the gradients are those that ``backward`` left."""
        groups = self.param_groups
        self.param_groups = groups[1:]
        super().step()
        self.param_groups = groups
        first = groups[0]
        for parameter in first["params"]:
            if parameter.grad is None:
                continue
            state = self.state[parameter]
            if not state:  # AdamW looks for a step in every state that it loads
                state |= {"step": torch.zeros(()), "momentum": torch.zeros_like(parameter)}
            momentum = state["momentum"].lerp_(parameter.grad, 1 - MOMENTUM)
            update = orthogonalised(parameter.grad.lerp(momentum, MOMENTUM))
            parameter.mul_(1 - first["lr"] * first["weight_decay"])
            parameter.add_(update, alpha=-first["lr"] * 0.2 * max(parameter.shape) ** 0.5)
