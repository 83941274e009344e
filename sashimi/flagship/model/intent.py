"""The intent extractor: what a prompt asks for, as a semantic frame with trained heads.

Every head is scored on held-out data beside the constant answer. Position 0 of the memory is the
pooled prompt, the rest are its word pieces; the same body reads both.

Letters: B prompts, M = 1 + word pieces, E encoder width, I intent width, C domains, A intents.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.flagship.model.frame import COMPLEXITY, CONSTRAINTS, Labels
from sashimi.flagship.model.packed import Packed, dropout


class IntentExtractor(nn.Module):
    """(B, M, E) to (B, M, I), and the heads of the frame."""

    def __init__(self, width: int, intent_width: int, labels: Labels, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(width, intent_width)
        self.body = nn.Sequential(
            nn.LayerNorm(intent_width),
            nn.Linear(intent_width, intent_width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(intent_width, intent_width),
        )
        self.norm = nn.LayerNorm(intent_width)
        self.heads = nn.ModuleDict(
            {
                "domain": nn.Linear(intent_width, len(labels.domains)),
                "intent": nn.Linear(intent_width, len(labels.intents)),
                "complexity": nn.Linear(intent_width, len(COMPLEXITY)),
                "constraints": nn.Linear(intent_width, len(CONSTRAINTS)),
                "entities": nn.Linear(intent_width, 1),
            }
        )

    def forward(self, memory: Tensor, present: Tensor) -> Tensor:
        """(B, M, E), of which ``present`` (B, M) bool stands, to (B, M, I), zeros elsewhere."""
        packed = Packed.of(present)
        entered = self.enter(packed.pack(memory))
        norm, widen, gelu, dropped, narrow = self.body
        inner = dropout(gelu(widen(norm(entered))), dropped.p, self.training)
        return packed.spread(self.norm(entered + narrow(inner)))

    def frame_logits(self, intent: Tensor) -> dict[str, Tensor]:
        """Head outputs: (B, classes) from the pooled position; entities (B, M - 1) from pieces."""
        pooled = {k: h(intent[:, 0]) for k, h in self.heads.items() if k != "entities"}
        return {**pooled, "entities": self.heads["entities"](intent[:, 1:]).squeeze(-1)}


def frame_loss(
    logits: dict[str, Tensor], targets: dict[str, Tensor], pieces: Tensor
) -> dict[str, Tensor]:
    """One mean loss () per head; ``pieces`` (B, M - 1) is True where a word piece stands."""
    losses = {
        head: F.cross_entropy(logits[head], targets[head][:, 0])
        for head in ("domain", "intent", "complexity")
    }
    losses["constraints"] = F.binary_cross_entropy_with_logits(
        logits["constraints"], targets["constraints"].float()
    )
    each = F.binary_cross_entropy_with_logits(
        logits["entities"], targets["entities"].float(), reduction="none"
    )
    losses["entities"] = (each * pieces).sum() / pieces.sum().clamp_min(1)
    return losses
