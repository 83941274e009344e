"""Retrieved programs as further positions of the decoder's memory.

A decoder that attends to retrieved examples need not hold rare programs in its weights (Khandelwal
et al. 2020, "Generalization through Memorization"; Lewis et al. 2020, "Retrieval-Augmented
Generation"). Each memory position also embeds the preceding token, so that one attention step can
copy the successor of the last written token (an induction head; Olsson et al. 2022).

Letters: B prompts, K neighbours, T tokens of the longest of their structures, D decoder width, Z
bridge width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.flagship.answer.library import LONGEST
from sashimi.flagship.data.batches import NOTHING


class Recall(nn.Module):
    """Neighbours' structures (B, K, T) as further positions (B, K · T, Z) of the memory."""

    def __init__(self, neighbours: int, width: int, bridge_width: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * width, bridge_width)
        self.rank = nn.Embedding(neighbours, bridge_width)
        self.position = nn.Embedding(LONGEST, bridge_width)
        self.norm = nn.LayerNorm(bridge_width)

    def forward(self, tokens: Tensor, embed: nn.Embedding) -> tuple[Tensor, Tensor]:
        """The memory, and which of its positions stand (B, K · T) bool; ``embed`` is (V, D)."""
        vectors = embed(tokens.clamp_min(0)) * embed.embedding_dim**0.5  # (B, K, T, D)
        before = F.pad(vectors, (0, 0, 1, 0))[:, :, :-1]
        _, neighbours, length = tokens.shape
        places = self.rank.weight[:neighbours, None] + self.position.weight[None, :length]
        memory = self.norm(self.project(torch.cat([vectors, before], -1)) + places)
        return memory.flatten(1, 2), (tokens != NOTHING).flatten(1)
