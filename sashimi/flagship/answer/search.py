"""The one decoding loop: greedy, in beams, or reading given tokens; under masks or freely.

At each step the likeliest continuations of all of a prompt's sequences go on. Greedy decoding is a
search of width 1.

Letters: P prompts, R open sequences, M memory positions, Z bridge width, D decoder width, V
vocabulary, W width of a word piece's vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from sashimi.flagship.answer.rows import Row, Unmasked, grown
from sashimi.flagship.data.literals import COPYABLE, Slot
from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.limits import START
from sashimi.program.ir.legal import Legality
from sashimi.runtime.fusion import without

Copied = Callable[[int, Slot, Tensor], Tensor | None]
"""(prompt, slot, hidden (D,)) to the word piece (W,) that the slot's value is copied from."""


@dataclass(frozen=True)
class Beam:
    """One finished sequence: its tokens, hidden states (length + 1, D), and log-likelihood."""

    ids: list[int]  # `START` for a token that the vocabulary lacks
    tokens: list[str]
    hidden: Tensor
    likelihood: float


@dataclass(frozen=True)
class Search:
    """A decoder, what it may write, and how many sequences of a prompt are kept."""

    decoder: Decoder
    words: Sequence[str]  # V tokens by id
    begin: Callable[[], Legality | Unmasked]
    copied: Copied | None = None  # None where there are no values
    width: int = 1
    gains: Tensor | None = None  # (P, V), see `sashimi.runtime.fusion`; None adds nothing

    @torch.no_grad()
    def run(
        self, memory: Tensor, present: Tensor, given: Sequence[Sequence[str]] | None = None
    ) -> list[list[Beam]]:
        """For each prompt its finished sequences, at most ``width``, the likeliest first.

        ``memory`` (P, M, Z) and ``present`` (P, M) come from the bridge. ``given`` tokens are read
        instead of chosen; one that the vocabulary lacks is read as the start token, and is no part
        of the likelihood, since the decoder could not have said it.
        """
        rows = [Row(prompt, self.begin()) for prompt in range(len(memory))]
        done: list[list[Row]] = [[] for _ in rows]
        (keys_values, mask), past = self.decoder.remember(memory, present), None
        while rows:
            newest = torch.tensor([[row.ids[-1] if row.ids else START] for row in rows])
            hidden, past = self.decoder(newest, self._fed(rows), (keys_values, mask), past)
            self._note(rows, hidden[:, 0], done)
            kept = [i for i, row in enumerate(rows) if row.goes_on(done[row.prompt], self.width)]
            if not kept:
                break
            at, following = self._continue([rows[i] for i in kept], hidden[kept, 0], given)
            at = [kept[parent] for parent in at]
            if at != list(range(len(rows))):  # what has ended need not be computed any longer
                past = [(keys[at], values[at]) for keys, values in past]
            asked, asking = ([row.prompt for row in own] for own in (rows, following))
            if asking != asked:
                keys_values = [(keys[at], values[at]) for keys, values in keys_values]
                mask = mask[at]
            rows = following
        for finished in done:
            finished.sort(key=lambda row: -row.likelihood)
        return [[_beam(row) for row in finished[: self.width]] for finished in done]

    def _fed(self, rows: Sequence[Row]) -> Tensor | None:
        """What the decoder is fed beside the newest tokens: (R, 1, W)."""
        if self.decoder.copied is None:
            return None
        feed = torch.zeros(len(rows), 1, self.decoder.copied.in_features)
        for index, row in enumerate(rows):
            if row.feed is not None:
                feed[index, 0] = row.feed
        return feed

    def _note(self, rows: Sequence[Row], hidden: Tensor, done: list[list[Row]]) -> None:
        """Keeps the newest hidden states (R, D), what open slots copy, and who has ended."""
        for row, state in zip(rows, hidden, strict=True):
            row.hidden.append(state)
            copies = self.copied and row.slot is not None and row.slot.kind in COPYABLE
            row.feed = self.copied(row.prompt, row.slot, state) if copies else None
            if row.allowed.done:
                done[row.prompt].append(row)

    def _continue(
        self, rows: list[Row], hidden: Tensor, given: Sequence[Sequence[str]] | None
    ) -> tuple[list[int], list[Row]]:
        """The sequences of the next step, and the row that each grew from; ``hidden`` (R, D)."""
        masks = torch.from_numpy(np.stack([row.allowed.mask() for row in rows]))  # (R, V)
        logits = self.decoder.logits(hidden)
        if self.gains is not None:
            own = self.gains[[row.prompt for row in rows]].numpy()
            logits = logits + torch.from_numpy(without(own, [row.ids for row in rows]))
        scores = logits.masked_fill(~masks, float("-inf")).log_softmax(-1)
        if given is None:
            return self._likeliest(rows, scores)
        for row, likely in zip(rows, scores, strict=True):
            word = given[row.prompt][len(row.ids)]
            token = self._ids.get(word)
            gained = 0.0 if token is None else float(likely[token])
            row.take(START if token is None else token, word, gained)
        return list(range(len(rows))), rows

    def _likeliest(self, rows: list[Row], scores: Tensor) -> tuple[list[int], list[Row]]:
        """The ``width`` likeliest continuations of each prompt; ``scores`` (R, V)."""
        gains, tokens = scores.topk(min(self.width, scores.shape[1]), dim=-1)  # (R, width)
        best = gains.tolist(), tokens.tolist()
        return grown(rows, *best, self.width, self.words, self.begin)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: token for token, word in enumerate(self.words)}


def _beam(row: Row) -> Beam:
    return Beam(row.ids, row.tokens, torch.stack(row.hidden), row.likelihood)
