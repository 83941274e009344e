"""Sequences while they grow, greedily or in beams, under masks or freely: what every decoding loop
shares. No torch.

Letters: D decoder width, W width of a word piece's vector, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sashimi.flagship.data.literals import Slot
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.tokens import OPEN_SLOTS


class Unmasked:
    """What `Legality` is without a grammar: any token, until ``end`` or ``limit`` tokens."""

    def __init__(self, size: int, end: int | None, limit: int) -> None:
        self.everything = np.ones(size, dtype=bool)
        self.end, self.left, self.done = end, limit, False

    def mask(self) -> np.ndarray:
        """(V,) bool: every token."""
        return self.everything

    def advance(self, token: int) -> None:
        """Takes the id of the next token."""
        self.left -= 1
        self.done = token == self.end or not self.left


@dataclass
class Row:
    """One sequence of one prompt. Vectors are of the library that the loop computes with."""

    prompt: int
    allowed: Legality | Unmasked
    ids: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    contexts: list[str] = field(default_factory=list)  # each token's place in the grammar
    hidden: list[Any] = field(default_factory=list)  # (D,) each: before the first token, after it…
    likelihood: float = 0.0
    slot: Slot | None = None  # opened by the newest token
    feed: Any = None  # (W,) what that slot copies

    def take(self, token: int, word: str, gained: float) -> None:
        """Appends a token, with its log-probability."""
        kind, context = None, ""
        if isinstance(self.allowed, Legality):
            kind, context = OPEN_SLOTS.get(word), self.allowed.walk.due.context
            self.allowed.walk.advance(word)
        else:
            self.allowed.advance(token)
        self.slot = Slot(len(self.ids), kind, context) if kind else None
        self.ids.append(token)
        self.tokens.append(word)
        self.contexts.append(context)
        self.likelihood += gained

    def copy(self, allowed: Legality | Unmasked) -> Row:
        """The same sequence once more, to be continued otherwise; ``allowed`` walks it again."""
        for token in self.ids:
            allowed.advance(token)
        lists = [*self.ids], [*self.tokens], [*self.contexts], [*self.hidden]
        return Row(self.prompt, allowed, *lists, self.likelihood, None, self.feed)

    def goes_on(self, finished: Sequence[Row], width: int) -> bool:
        """Whether it is to be continued; ``finished`` are those of its prompt that have ended."""
        return not self.allowed.done and len(finished) < width


def grown(
    rows: Sequence[Row],
    gains: Sequence[Sequence[float]],
    tokens: Sequence[Sequence[int]],
    width: int,
    words: Sequence[str],
    begin: Callable[[], Legality | Unmasked],
) -> tuple[list[int], list[Row]]:
    """The ``width`` likeliest continuations of each prompt, and the row that each grew from.

    ``tokens`` are the likeliest next ones of each row, ``gains`` their log-probabilities.
    """
    choices: dict[int, list[tuple[float, int, int, float]]] = {}
    for index, (row, best, ids) in enumerate(zip(rows, gains, tokens, strict=True)):
        own = choices.setdefault(row.prompt, [])
        pairs = zip(best, ids, strict=True)
        own += [(-row.likelihood - g, index, t, g) for g, t in pairs if g > float("-inf")]
    chosen = [c for own in choices.values() for c in sorted(own)[:width]]
    last = {index: place for place, (_, index, _, _) in enumerate(chosen)}
    made = []
    for place, (_, index, token, gained) in enumerate(chosen):
        row = rows[index]
        if last[index] != place:  # the last continuation takes the row itself
            row = row.copy(begin())
        made.append((row, token, gained))
    for row, token, gained in made:
        row.take(token, words[token], gained)
    return [index for _, index, _, _ in chosen], [row for row, _, _ in made]
