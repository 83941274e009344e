"""The value filler in numpy: `flagship.model.fill`.

Letters: S slots, D decoder width, W width of a word piece's state, P word pieces, K literals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.flagship.answer.values import Filled, Spans, filled
from sashimi.flagship.data.literals import COPYABLE, Literals, Slot
from sashimi.program.catalogue import Catalogue
from sashimi.runtime.layers import Dense
from sashimi.runtime.store import Packed


@dataclass(frozen=True)
class Source(Spans):
    """One prompt as the filler reads it."""

    states: np.ndarray  # (P, W)
    begin: np.ndarray  # (P, D): of a span's first piece, asked by a slot
    opening: np.ndarray  # (P, D): of its first piece, as the last one's question has it
    closing: np.ndarray  # (P, D): of its last piece


@dataclass(frozen=True)
class Filler:
    """Scores literals and span starts in one softmax, and span ends given the start."""

    literals: Literals
    literal: Dense
    start: Dense
    end: Dense
    pieces: Dense
    values: np.ndarray  # (K, D)
    bias: np.ndarray  # (K,)

    @staticmethod
    def load(packed: Packed, literals: Literals) -> Filler:
        """The filler of a packed network, whose literals these are."""
        dense = {
            name: Dense.load(packed, f"network/filler.{name}")
            for name in ("literal", "start", "end", "pieces")
        }
        values = packed.array("network/filler.values.weight")[:-1]
        bias = packed.array("network/filler.bias")
        return Filler(literals, **dense, values=values, bias=bias)

    def source(self, prompt: str, offsets: list, states: np.ndarray) -> Source:
        """A prompt with its word pieces' ``offsets`` (P, 2) and ``states`` (P, W)."""
        return Source(prompt, offsets, states, *np.split(self.pieces(states), 3, 1))

    def scores(self, source: Source, slots: Sequence[Slot], hidden: np.ndarray) -> np.ndarray:
        """Scores (S, K + P) of every choice for slots with hidden states (S, D): -inf where one is
        not allowed, and in the order of their log-probabilities.
        """
        count, scale = len(self.literals.values), np.float32(hidden.shape[1] ** -0.5)
        found = np.full((len(slots), count + len(source.offsets)), -np.inf, np.float32)
        asked, begun = self.literal(hidden), self.start(hidden) @ source.begin.T * scale
        for row, slot in enumerate(slots):
            here = self.literals.allowed_ids(slot)
            found[row, here] = self.values[here] @ asked[row] * scale + self.bias[here]
            if slot.kind in COPYABLE and source.offsets:
                may = source.copyable(slot, self.literals.reading(slot))
                found[row, count:] = np.where(may, begun[row], -np.inf)
        return found

    def copied(self, source: Source, slot: Slot, hidden: np.ndarray) -> np.ndarray | None:
        """The state (W,) of the word piece that a slot's value begins at; None for a literal."""
        found = self.scores(source, [slot], hidden[None])[0]
        piece = int(found.argmax()) - len(self.literals.values) if found.size else -1
        return source.states[piece] if piece >= 0 and found.max() > -np.inf else None

    def last(self, source: Source, hidden: np.ndarray, first: int) -> int:
        """The last piece of a span that begins at ``first``, for a slot's hidden state (D,)."""
        query = self.end(hidden[None])[0] + source.opening[first]
        return first + int((source.closing[first:] @ query).argmax())

    def fill(
        self,
        source: Source,
        tokens: Sequence[str],
        slots: Sequence[Slot],
        hidden: np.ndarray,
        catalogue: Catalogue,
    ) -> list[Filled]:
        """The values of one program's slots: see `filled`. ``hidden`` is (tokens + 1, D)."""
        chosen = hidden[[slot.position + 1 for slot in slots]]
        found = self.scores(source, slots, chosen)
        return filled(
            tokens,
            slots,
            found,
            lambda row, first: self.last(source, chosen[row], first),
            self.literals,
            source,
            catalogue,
        )
