"""The information bottleneck: a linear map and a layer norm, of a width that is a parameter.

Letters: B prompts, M memory positions, I intent width, Z bridge width.
"""

from __future__ import annotations

from torch import Tensor, nn


class Bridge(nn.Module):
    """(B, M, I) to (B, M, Z); the decoder sees a prompt through these Z numbers a position only."""

    def __init__(self, intent_width: int, bridge_width: int) -> None:
        super().__init__()
        self.project = nn.Linear(intent_width, bridge_width)
        self.norm = nn.LayerNorm(bridge_width)

    def forward(self, intent: Tensor) -> Tensor:
        return self.norm(self.project(intent))
