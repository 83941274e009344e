"""What is trained together: intent extractor, bridge, ternary decoder and value filler.

Letters: B prompts, P word pieces, M memory positions (1 + P, or 1 when pooled, and those recalled),
I, Z widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.encode import Encoded, batches, encode
from sashimi.flagship.data.batches import Batch
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.model.adapted import Adapted
from sashimi.flagship.model.bridge import Bridge
from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.fill import ValueFiller
from sashimi.flagship.model.forward import Prompts, Read, Understood, copied_states
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.intent import IntentExtractor
from sashimi.flagship.model.recall import Recall
from sashimi.flagship.model.trained_encoders import build
from sashimi.flagship.params import FlagshipParams
from sashimi.pieces import PIECE_WIDTH, SURFACE, WIDTH
from sashimi.ternary import ternary_layers

READ_TOGETHER = 2048
"""Word pieces of the prompts that go through adapted blocks together."""


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
        self.bridge = Bridge(params.intent_width, params.bridge_width)
        typed = params.output == "typed"  # text has no slots to fill
        self.decoder = Decoder(
            vocabulary,
            params.bridge_width,
            params.decoder_width,
            params.decoder_layers,
            params.decoder_heads,
            params.dropout,
            copies=params.intent_width if typed else 0,
        )
        self.recall = (
            Recall(params.neighbours, params.decoder_width, params.bridge_width)
            if params.neighbours
            else None
        )
        self.filler = (
            ValueFiller(params.intent_width, params.decoder_width, literals) if typed else None
        )
        self.encoder = build(params.encoder, words, params.dropout)

    def encode(self, prompts: Prompts) -> Prompts:
        """Prompts with the pooled vector and the states that a trained encoder gives them.

        With the frozen encoder nothing changes. Raises ValueError for prompts that were not encoded
        for this encoder, or that it has encoded already.
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

    def admission(self, prompts: Sequence[str]) -> Encoded:
        """Prompts as a domain head reads them: by the encoder that the network has."""
        return self.reading(encode(prompts, encoder=self.reads))

    @torch.no_grad()
    def reading(self, encoded: Encoded) -> Encoded:
        """Encoded prompts as adapted last blocks give them; themselves with any other encoder."""
        if not isinstance(self.encoder, Adapted):
            return encoded
        pooled = torch.empty_like(encoded.pooled)
        states = torch.empty(encoded.states.shape)
        sizes = encoded.starts.diff().tolist()
        for rows in batches([size + 2 for size in sizes], READ_TOGETHER):
            seen = self.encode(encoded.padded(rows))
            pooled[rows] = seen.pooled
            for row, own in zip(rows, seen.states, strict=True):
                states[encoded.pieces(row)] = own[: sizes[row]]
        return replace(encoded, pooled=pooled, states=states, raw=None)

    def understand(self, prompts: Prompts) -> Understood:
        """One pass from the encoder's states to what the decoder attends to."""
        prompts = self.encode(prompts)
        intent = self.intent_of(prompts)
        memory, present = self._memory(intent, prompts)
        read = replace(prompts, states=intent[:, 1:])
        return Understood(read, intent, memory, present)

    def intent_of(self, prompts: Prompts) -> Tensor:
        """The intent (B, 1 + P, I) of encoded prompts: of the whole, then of each word piece."""
        # a whole prompt has no surface features
        first = F.pad(prompts.pooled, (0, len(SURFACE)))[:, None]
        vectors, features = torch.cat([first, prompts.states], 1).split([WIDTH, len(SURFACE)], -1)
        present = F.pad(prompts.pieces, (1, 0), value=True)
        return self.intent(torch.cat([F.layer_norm(vectors, (WIDTH,)), features], -1), present)

    def forward(self, batch: Batch) -> Read:
        """One pass from the encoder's states to the scores of every next token that counts."""
        seen = self.understand(batch)
        remembered = self.decoder.remember(seen.memory, seen.present)
        copied = copied_states(seen.prompts.states, batch.copied)
        hidden = self.decoder.read(batch.inputs, copied, remembered, batch.standing)
        counted = batch.targets != IGNORED
        logits = self.decoder.logits(hidden[counted])  # few of all places: the vocabulary is wide
        return Read(
            **vars(seen), remembered=remembered, hidden=hidden, counted=counted, logits=logits
        )

    def _memory(self, intent: Tensor, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """What the decoder may look at: (B, M, Z), and which of it stands (B, M) bool."""
        present = F.pad(prompts.pieces, (1, 0), value=True)
        if self.pooled_only:
            intent, present = intent[:, :1], present[:, :1]
        memory = self.bridge(intent)
        if self.recall is None:
            return memory, present
        recalled, stands = self.recall(prompts.near, self.decoder.embed)
        return torch.cat([memory, recalled], 1), torch.cat([present, stands], 1)

    def size(self) -> dict[str, int]:
        """Numbers of parameters, of those that are stored as trits, and the bytes of all.

        A trit takes 2 bits (its information is log2 3 = 1.58), four to a byte, with one float32
        scale a layer; all else is float32. The frozen encoder does not count, nor what a fine-tuned
        one begins as, nor what stands beside the network: domain head, planner's judge, library.
        """
        layers = [layer for _, layer in ternary_layers(self) if float(layer.share) == 1.0]
        total = sum(p.numel() for p in self.parameters())
        trits = sum(layer.weight.numel() for layer in layers)
        packed = sum(-(-layer.weight.numel() // 4) for layer in layers)
        return {
            "total": total,
            "ternary": trits,
            "bytes": packed + 4 * (len(layers) + total - trits),
        }
