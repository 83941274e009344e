"""The parts of a trained model, and what its network makes of prompts before anything is written.

Letters: N prompts, E = 384, I intent width, M memory positions, Z bridge width, P word pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sashimi.encode import Encoded
from sashimi.flagship.answer.choose import Choice
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.planning import Planning
from sashimi.flagship.data.batches import Structures, padded
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.model.domain import DomainHead
from sashimi.flagship.model.fill import Source
from sashimi.flagship.model.frame import Labels, SemanticFrame, read_frame
from sashimi.flagship.model.network import Network
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime.fusion import Fusion


@dataclass(frozen=True)
class EncodedPrompts:
    """Prompts as decoder and filler read them."""

    prompts: list[str]
    vectors: Tensor  # (N, E), the frozen encoder's, whatever the network reads
    intent: Tensor  # (N, 1 + P, I)
    memory: Tensor  # (N, M, Z)
    present: Tensor  # (N, M) bool
    offsets: list[Tensor]  # (P, 2) each: the characters of its word pieces
    sources: list[Source]  # none where text is written
    gains: Tensor | None = None  # (N, V) that tokens gain in decoding


@dataclass(frozen=True, repr=False)
class Pipeline:
    """A trained model. `run_folder.read` reads it from a run's folder."""

    network: Network
    domain: DomainHead
    vocabulary: Vocabulary | Spelling
    literals: Literals
    labels: Labels
    catalogue: Catalogue
    library: Library | None = None  # what training answered, for a row that retrieves
    beams: int = 1  # candidates of the decoder's own
    choice: Choice | None = None  # what candidates weigh; None takes the greedy answer
    planning: Planning | None = None  # what puts further candidates together
    sure: float | None = None  # confidence from which on an answer is certified, where it is known
    fusion: Fusion | None = None  # what is told and named, for a packed network with tags

    def __repr__(self) -> str:
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        return f"{type(self).__name__}({parameters:,} parameters, {len(self.vocabulary)} tokens)"

    @torch.no_grad()
    def understand(
        self, prompts: Sequence[str], encoded: Encoded, rows: Sequence[int]
    ) -> EncodedPrompts:
        """Intent and bridge: what the network makes of prompts, at ``rows`` of ``encoded``."""
        vectors = encoded.pooled[list(rows)]
        batch = encoded.padded(rows)
        near = self.recalled(prompts, vectors)
        if near is not None:
            batch = replace(batch, near=padded(near))
        seen = self.network.understand(batch)
        offsets = [encoded.offsets[encoded.pieces(i)] for i in rows]
        filler = self.network.filler
        each = zip(prompts, seen.prompts.states, offsets, strict=True) if filler else ()
        sources = [Source.of(filler, p, states[: len(own)], own) for p, states, own in each]
        return EncodedPrompts(
            list(prompts), vectors, seen.intent, seen.memory, seen.present, offsets, sources
        )

    def gains(self, prompts: Sequence[str], read: Encoded, rows: Sequence[int]) -> Tensor | None:
        """What tokens gain in decoding (N, V), of ``rows`` as the network's encoder reads them."""
        if self.fusion is None:
            return None
        vectors = (
            (read.pooled[i].numpy(), read.states[read.pieces(i)].float().numpy()) for i in rows
        )
        return torch.from_numpy(self.fusion(prompts, vectors))

    @torch.no_grad()
    def frames(self, asked: EncodedPrompts) -> list[SemanticFrame]:
        """What the intent's heads say of each prompt."""
        heads = self.network.intent.frame_logits(asked.intent)
        return [
            read_frame({k: v[i].numpy() for k, v in heads.items()}, self.labels, prompt, offsets)
            for i, (prompt, offsets) in enumerate(
                zip(asked.prompts, [o.tolist() for o in asked.offsets], strict=True)
            )
        ]

    def recalled(self, prompts: Sequence[str], vectors: Tensor) -> Structures | None:
        """What the library holds for prompts (N, E), where the network reads that."""
        if self.network.recall is None:
            return None
        count = self.network.recall.rank.num_embeddings
        return self.library.read(self.library.nearest(prompts, vectors.numpy(), count)[0])
