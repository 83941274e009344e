"""What is trained together: intent extractor, bridge, ternary decoder and value filler.

Letters: B prompts, P word pieces, M memory positions (1 + P, or 1 when pooled), E, F, I, Z widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.encode import PIECE_WIDTH, SURFACE, WIDTH
from sashimi.flagship.answer.library import Recall
from sashimi.flagship.model.bridge import Bridge
from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.fill import ValueFiller
from sashimi.flagship.model.intent import IntentExtractor, Labels
from sashimi.flagship.model.refine import build
from sashimi.flagship.params import FlagshipParams
from sashimi.ternary import ternary_layers

Prompts = TypeVar("Prompts")
"""`encode.Padded` or `batches.Batch`: what has pooled, states, pieces and raw."""


class Network(nn.Module):
    """The trained part of the way, from encoder states to token and value scores."""

    def __init__(
        self,
        params: FlagshipParams,
        labels: Labels,
        vocabulary: int,
        literals: int,
        words: Sequence[int] = (),
    ) -> None:
        """``words`` are the word pieces that an encoder from scratch knows."""
        super().__init__()
        self.reads, self.words = params.encoder, list(words)
        self.pooled_only = params.memory == "pooled"
        self.intent = IntentExtractor(PIECE_WIDTH, params.intent_width, labels, params.dropout)
        self.bridge = Bridge(params.intent_width, params.bridge_width, params.bridge == "quantised")
        self.decoder = Decoder(
            vocabulary,
            params.bridge_width,
            params.decoder_width,
            params.decoder_layers,
            params.decoder_heads,
            params.dropout,
            params.quantiser,
            copies=params.output == "typed",
        )
        typed = params.output == "typed"  # text has no slots to fill
        self.recall = (
            Recall(params.neighbours, params.decoder_width, params.bridge_width)
            if params.neighbours
            else None
        )
        self.filler = ValueFiller(params.decoder_width, literals) if typed else None
        self.encoder = build(params.encoder, words, params.dropout)

    def refined(self, prompts: Prompts) -> Prompts:
        """Prompts with the pooled vector and the states that a trained encoder gives them.

        Everything that reads a prompt reads it so. With the frozen encoder nothing changes. Raises
        ValueError for prompts that were not encoded for this encoder, or that are refined already.
        """
        if self.encoder is None:
            return prompts
        if prompts.raw is None:
            raise ValueError(f"these prompts hold nothing that a {self.reads} encoder reads")
        present = F.pad(prompts.pieces, (2, 0), value=True)  # the markers too
        vectors, pooled = self.encoder(prompts.raw, present)
        vectors = vectors[:, 1:-1] * prompts.pieces[..., None]
        states = torch.cat([vectors, prompts.states[..., WIDTH:]], -1)
        return replace(prompts, pooled=pooled, states=states, raw=None)

    def understand(self, pooled: Tensor, states: Tensor) -> Tensor:
        """The intent (B, 1 + P, I) of pooled (B, E) and padded word pieces (B, P, E + F)."""
        first = F.pad(pooled, (0, len(SURFACE)))[:, None]  # a whole prompt has no surface
        vectors, features = torch.cat([first, states], 1).split([WIDTH, len(SURFACE)], -1)
        return self.intent(torch.cat([F.layer_norm(vectors, (WIDTH,)), features], -1))

    def memory(
        self, intent: Tensor, pieces: Tensor, near: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What the decoder may look at: (B, M, Z), and which of it stands (B, M) bool.

        ``pieces`` (B, P) is True where a word piece stands; ``near`` (B, K, T) are the structures
        that were retrieved, for a network that recalls.
        """
        present = F.pad(pieces, (1, 0), value=True)
        if self.pooled_only:
            intent, present = intent[:, :1], present[:, :1]
        memory = self.bridge(intent, present)
        if self.recall is None:
            return memory, present
        recalled, stands = self.recall(near, self.decoder.embed)
        return torch.cat([memory, recalled], 1), torch.cat([present, stands], 1)

    def size(self) -> dict[str, int]:
        """Numbers of parameters, of those that are stored as trits, and the bytes of all.

        A trit takes 2 bits (its information is log2 3 = 1.58), four to a byte, with one float32
        scale a layer (ttq has its two among the parameters); all else is float32. The codes of a
        quantised bridge count as parameters; the frozen encoder does not, nor what a fine-tuned
        one begins as, nor what stands beside the network: domain head, planner's judge, library.
        """
        layers = [layer for _, layer in ternary_layers(self) if float(layer.share) == 1.0]
        total = sum(p.numel() for p in self.parameters())
        if self.bridge.codes is not None:
            total += self.bridge.codes.table.numel()
        trits = sum(layer.weight.numel() for layer in layers)
        packed = sum(-(-layer.weight.numel() // 4) for layer in layers)
        scales = sum(layer.kind != "ttq" for layer in layers)
        return {
            "total": total,
            "ternary": trits,
            "bytes": packed + 4 * (scales + total - trits),
        }
