"""The value filler: Tier 3, a value for every slot that the decoder left open.

A slot's value is either a literal that training programs gave to the same place, or a span of the
prompt, found by pointer (Vinyals et al. 2015; See et al. 2017: copy and vocabulary share one
softmax). The end of a span is chosen given its start. Names of variables come from literals only.

Letters: S slots, D decoder width, W width of a word piece's state, P word pieces, K literals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from sashimi.flagship.answer.values import Filled, Spans, filled
from sashimi.flagship.data.literals import Literals, Slot, slots_of
from sashimi.program.catalogue import Catalogue


class ValueFiller(nn.Module):
    """Scores literals and span starts in one softmax, and span ends given the start."""

    def __init__(self, piece_width: int, width: int, literals: int) -> None:
        """``piece_width`` is W, ``width`` D, ``literals`` K."""
        super().__init__()
        self.literal = nn.Linear(width, width)
        self.start = nn.Linear(width, width)
        self.end = nn.Linear(width, width)
        self.pieces = nn.Linear(piece_width, 3 * width)
        self.pieces.weight.maps = 3
        self.values = nn.Embedding(literals + 1, width)  # one to spare: no corpus, no crash
        self.bias = nn.Parameter(torch.zeros(literals))
        self.scale = width**-0.5

    def forward(
        self, hidden: Tensor, pieces: Tensor, row: Tensor, allowed: Tensor, copyable: Tensor
    ) -> Tensor:
        """Log-probabilities (S, K + P) of all choices, -inf where one is not allowed.

        ``hidden`` (S, D); ``pieces`` (B, P, 3 D), the prompts' states as `self.pieces` projects
        them; ``row`` (S,) the prompt of each slot; ``allowed`` (S, K), ``copyable`` (S, P) bool.
        """
        begin = pieces.chunk(3, -1)[0]
        literals = self.literal(hidden) @ self.values.weight[:-1].T * self.scale + self.bias
        starts = _against(self.start(hidden), begin, row) * self.scale
        scores = torch.cat([literals, starts], 1)
        scores = scores.masked_fill(~torch.cat([allowed, copyable], 1), float("-inf"))
        return scores.log_softmax(-1)

    def ends(
        self, hidden: Tensor, pieces: Tensor, row: Tensor, start: Tensor, copyable: Tensor
    ) -> Tensor:
        """Log-probabilities (S, P) of a span's last piece, given its first, ``start`` (S,)."""
        _, opening, closing = pieces.chunk(3, -1)
        query = self.end(hidden) + opening[row, start]
        scores = _against(query, closing, row) * self.scale
        places = torch.arange(copyable.shape[1], device=start.device)[None]
        after = places >= start[:, None]
        return scores.masked_fill(~(copyable & after), float("-inf")).log_softmax(-1)


def _against(queries: Tensor, keys: Tensor, row: Tensor) -> Tensor:
    """Products (S, P) of each query (S, D) with the keys of its row of (B, P, D).

    All pairs are multiplied and most thrown away: at these sizes that is several times faster,
    backwards above all, than a copy of the keys for every query.
    """
    pairs = (queries @ keys.flatten(0, 1).T).unflatten(1, keys.shape[:2])  # (S, B, P)
    return pairs[torch.arange(len(row), device=row.device), row]


@dataclass(frozen=True)
class Source(Spans):
    """One prompt as the filler reads it: what may be copied, and from where."""

    states: Tensor  # (P, W)
    pieces: Tensor  # (P, 3 D)

    @staticmethod
    def of(filler: ValueFiller, prompt: str, states: Tensor, offsets: Tensor) -> Source:
        """A prompt with its word pieces' ``states`` (P, W) and ``offsets`` (P, 2)."""
        states = states.float()
        return Source(prompt, offsets.tolist(), states, filler.pieces(states))


def scores(
    filler: ValueFiller, literals: Literals, source: Source, slots: Sequence[Slot], hidden: Tensor
) -> Tensor:
    """Log-probabilities (S, K + P) of every choice for slots with hidden states (S, D).

    A slot that has no choice at all gets -inf throughout.
    """
    allowed = torch.from_numpy(np.stack([literals.allowed(slot) for slot in slots]))
    copyable = torch.tensor(
        [source.copyable(slot, literals.reading(slot)) for slot in slots], dtype=torch.bool
    )
    copyable = copyable.reshape(len(slots), len(source.offsets))
    row = torch.zeros(len(slots), dtype=torch.long)
    found = filler(hidden, source.pieces[None], row, allowed, copyable)
    return found.nan_to_num(nan=float("-inf"), neginf=float("-inf"))


@torch.no_grad()
def copied(
    filler: ValueFiller, literals: Literals, source: Source, slot: Slot, hidden: Tensor
) -> Tensor | None:
    """The state (W,) of the word piece that a slot's value begins at; None for a literal.

    The decoder is fed with it after the slot, so that it knows what has been copied already.
    """
    choice = int(scores(filler, literals, source, [slot], hidden[None])[0].argmax())
    piece = choice - len(literals.values)
    return (
        source.states[piece]
        if piece >= 0 and source.copyable(slot, literals.reading(slot))[piece]
        else None
    )


@torch.no_grad()
def fill(
    filler: ValueFiller,
    literals: Literals,
    source: Source,
    tokens: Sequence[str],
    hidden: Tensor,
    catalogue: Catalogue,
) -> list[Filled]:
    """What fills one program's slots: see `filled`.

    ``hidden`` (len(tokens) + 1, D) is the decoder's.
    """
    slots = slots_of(tokens)
    chosen = hidden[torch.tensor([s.position + 1 for s in slots])]
    found = scores(filler, literals, source, slots, chosen)

    def last(row: int, first: int) -> int:
        everywhere = torch.ones(1, len(source.offsets), dtype=torch.bool)
        at, start = torch.tensor([0]), torch.tensor([first])
        ends = filler.ends(chosen[row][None], source.pieces[None], at, start, everywhere)
        return int(ends.argmax())

    return filled(tokens, slots, found.numpy(), last, literals, source, catalogue)
