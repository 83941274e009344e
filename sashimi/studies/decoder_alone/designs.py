"""Three output layers for Tiers 1 and 2: one vocabulary, a head an action, a pointer.

A position's *place* is the action whose parameters stand open there, 0 where none do. All three
give a distribution over the same tokens, so their likelihoods compare:

- ``unified``: the embeddings of all tokens, whatever the place (Press & Wolf 2017, tied weights);
- ``heads``: after an action its own linear layer, over the tokens that its places list and one
  choice to leave them, behind which the shared layer chooses among tokens of structure;
- ``pointer``: the same two stages, the first by attention from the hidden state and the action to
  the embeddings of the action's tokens (Vinyals et al. 2015).

Letters: N positions, D decoder width, V vocabulary, A actions, K tokens of the largest action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.program.ir.tokens import COMPOSITES, END, KEY, NUMBER, TEXT
from sashimi.program.ir.vocabulary import ALWAYS, START, STATEMENTS, Vocabulary

Design = Literal["unified", "heads", "pointer"]
DESIGNS: tuple[Design, ...] = get_args(Design)
BEGINS = frozenset({*STATEMENTS, "FOREACH", "ENDFOREACH", END})
"""Tokens other than an action's that begin or end a statement."""


def begins(token: str) -> bool:
    """Whether a token begins or ends a statement, which closes an action's parameters."""
    return token in BEGINS or token.startswith("ACTION ")


@dataclass(frozen=True)
class Book:
    """A vocabulary with the tokens that each action's places list."""

    vocabulary: Vocabulary
    structural: frozenset[str]  # every token of Tier 1 that training showed

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Tokens of actions; the k-th is place k + 1."""
        return tuple(t for t in self.vocabulary.tokens if t.startswith("ACTION "))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {token: place + 1 for place, token in enumerate(self.actions)}

    def next_place(self, place: int, token: str) -> int:
        """The place behind a token that stood at ``place``."""
        return self._place.get(token, 0) if begins(token) else place

    def places(self, tokens: Sequence[str]) -> tuple[int, ...]:
        """The place of every token of a merged sequence."""
        found, place = [], 0
        for token in tokens:
            found.append(place)
            place = self.next_place(place, token)
        return tuple(found)

    def structure(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """The Tier 1 tokens of a merged sequence."""
        pairs = zip(tokens, self.places(tokens), strict=True)
        return tuple(t for t, place in pairs if place == 0 or begins(t))

    @cached_property
    def own(self) -> tuple[tuple[int, ...], ...]:
        """Per place the ids of its action's own tokens, in order; none at place 0."""
        lists: dict[str, set[str]] = {token: set() for token in self.actions}
        for place, seen in self.vocabulary.places.items():
            action = place.split(" key:")[0] if " key:" in place else place
            action = action if action.startswith("ACTION ") else f"ACTION {action}"
            if action in lists:
                lists[action] |= {t for t in seen if not begins(t)}
        ids = self.vocabulary.ids
        whole = (seen | self._inside(seen) for seen in lists.values())
        return ((), *(tuple(sorted(ids[t] for t in seen if t in ids)) for seen in whole))

    def _inside(self, seen: set[str]) -> set[str]:
        """What the grammar puts inside the composite values among an action's tokens."""
        found = {f"</{t[1:]}" for t in seen & COMPOSITES} - {"</quantity>"}
        if "<interp>" in seen:
            found |= {TEXT} | {self.vocabulary.tokens[i] for i, _ in self.vocabulary.references}
        if "<quantity>" in seen:
            found.add(NUMBER)
        if seen & {"<dict>", "<headers>", "<list>"}:
            found |= {KEY, TEXT}
        return found

    @cached_property
    def shared(self) -> Tensor:
        """(V,) bool: tokens of structure, which the shared layer chooses among."""
        kept = self.structural | {t for t in ALWAYS if begins(t)}
        return torch.tensor([t in kept and t != START for t in self.vocabulary.tokens])

    @cached_property
    def padded(self) -> Tensor:
        """(A + 1, K) int64: each place's own ids; V where there are fewer than K."""
        widest = max(map(len, self.own))
        rows = [[*ids, *[len(self.vocabulary)] * (widest - len(ids))] for ids in self.own]
        return torch.tensor(rows, dtype=torch.long)


class Unified(nn.Module):
    """Today's output layer: the input embeddings of all tokens."""

    def forward(self, hidden: Tensor, places: Tensor, decoder: nn.Module) -> Tensor:
        """Log-probabilities (N, V) from hidden states (N, D); places (N,) are not looked at."""
        return decoder.logits(hidden).log_softmax(-1)


class Staged(nn.Module):
    """Inside an action its own tokens or leaving; outside, and behind leaving, structure.

    A token that is both an action's own and one of structure (a reference, say) is the action's at
    its place: only tokens that begin or end a statement leave it.
    """

    def __init__(self, book: Book) -> None:
        super().__init__()
        shared = book.shared
        leaving = torch.tensor([begins(t) for t in book.vocabulary.tokens]) & shared
        self.size = len(shared)
        self.register_buffer("own", book.padded, persistent=False)
        self.register_buffer("shared", shared, persistent=False)
        self.register_buffer("leaving", leaving, persistent=False)

    def forward(self, hidden: Tensor, places: Tensor, decoder: nn.Module) -> Tensor:
        """Log-probabilities (N, V), -inf for what a place does not offer."""
        inside = places > 0
        allowed = torch.where(inside[:, None], self.leaving, self.shared)
        scores = decoder.logits(hidden).masked_fill(~allowed, float("-inf")).log_softmax(-1)
        if not inside.any():
            return scores
        where = inside.nonzero()[:, 0]
        ids = self.own[places[where]]  # (I, K)
        first = self.first(hidden[where], places[where], ids, decoder)  # (I, 1 + K)
        first[:, 1:] = first[:, 1:].masked_fill(ids == self.size, float("-inf"))
        first = first.log_softmax(-1)
        wide = F.pad(scores[where] + first[:, :1], (0, 1), value=float("-inf"))
        wide = wide.scatter(1, ids, first[:, 1:])[:, : self.size]
        return scores.index_put((where,), wide)


class Heads(Staged):
    """A linear layer of its own for every action."""

    def __init__(self, book: Book, width: int) -> None:
        super().__init__(book)
        sizes = [1 + len(ids) for ids in book.own]
        starts = torch.tensor([0, *sizes]).cumsum(0)[:-1]
        steps = torch.arange(1 + book.padded.shape[1])
        rows = starts[:, None] + steps[None]
        # rows past a head's end are masked by their id; any row of the table will do there
        self.register_buffer("rows", rows.clamp_max(sum(sizes) - 1), persistent=False)
        self.weight = nn.Parameter(torch.empty(sum(sizes), width))
        self.bias = nn.Parameter(torch.zeros(sum(sizes)))
        nn.init.normal_(self.weight, std=width**-0.5)

    def first(self, hidden: Tensor, places: Tensor, ids: Tensor, decoder: nn.Module) -> Tensor:
        """Scores (I, 1 + K) of leaving and of the action's own tokens."""
        rows = self.rows[places]  # (I, 1 + K)
        weight = F.embedding(rows, self.weight)  # (I, 1 + K, D)
        return torch.einsum("ikd,id->ik", weight, hidden) + self.bias[rows]


class Pointer(Staged):
    """Attention from the hidden state and the action to the embeddings of the action's tokens."""

    def __init__(self, book: Book, width: int) -> None:
        super().__init__(book)
        ids = book.vocabulary.ids
        actions = torch.tensor([0, *(ids[token] for token in book.actions)])
        self.register_buffer("actions", actions, persistent=False)
        self.query = nn.Linear(2 * width, width)
        self.leave = nn.Linear(2 * width, 1)

    def first(self, hidden: Tensor, places: Tensor, ids: Tensor, decoder: nn.Module) -> Tensor:
        """Scores (I, 1 + K) of leaving and of the action's own tokens."""
        action = F.embedding(self.actions[places], decoder.embed.weight)
        asked = torch.cat([hidden, action * action.shape[-1] ** 0.5], -1)
        pointed = F.embedding(ids.clamp_max(self.size - 1), decoder.embed.weight)  # (I, K, D)
        scores = torch.einsum("ikd,id->ik", pointed, self.query(asked))
        return torch.cat([self.leave(asked), scores], 1)


def build(design: Design, book: Book | None, width: int) -> nn.Module:
    """The output layer of a design; ``book`` may be None for the unified one."""
    match design:
        case "unified":
            return Unified()
        case "heads":
            return Heads(book, width)
        case "pointer":
            return Pointer(book, width)
    raise ValueError(f"no design {design!r}; there are: {', '.join(DESIGNS)}")
