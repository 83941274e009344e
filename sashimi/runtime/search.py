"""The decoding loop in numpy, under the masks: `flagship.answer.search`, one step for all beams.

Letters: P prompts, R open sequences, M memory positions, Z bridge width, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.flagship.answer.rows import Row, grown
from sashimi.flagship.data.literals import COPYABLE, Slot, slots_at
from sashimi.flagship.model.limits import START, WRITTEN
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime.decoder import Cache, Decoder
from sashimi.runtime.fusion import without

Copied = Callable[[int, Slot, np.ndarray], np.ndarray | None]
"""(prompt, slot, hidden (D,)) to the word piece (W,) that the slot's value is copied from."""


@dataclass(frozen=True)
class Beam:
    """One finished sequence: its tokens, hidden states (length + 1, D), and log-likelihood."""

    tokens: list[str]
    slots: list[Slot]
    hidden: np.ndarray
    likelihood: float


@dataclass(frozen=True)
class Search:
    """A decoder, its vocabulary, and what slots copy."""

    decoder: Decoder
    words: Vocabulary
    copied: Copied
    gains: np.ndarray | None = None  # (P, V), see `fusion`; None adds nothing

    def run(self, memory: np.ndarray, present: np.ndarray, width: int) -> list[list[Beam]]:
        """For each prompt its finished sequences, at most ``width``, the likeliest first.

        ``memory`` is (P, M, Z), ``present`` (P, M) bool.
        """
        rows = [Row(prompt, self._begin()) for prompt in range(len(memory))]
        done: list[list[Row]] = [[] for _ in rows]
        missing = None
        if not present.all():
            missing = np.where(present, np.float32(0), np.float32(-np.inf))[:, None, None]
        remembered, past, place = self.decoder.remember(memory), None, 0
        while rows:
            newest = np.array([row.ids[-1] if row.ids else START for row in rows])
            hidden, past = self.decoder.step(newest, place, _fed(rows), remembered, missing, past)
            place += 1
            self._note(rows, hidden, done)
            kept = [i for i, row in enumerate(rows) if row.goes_on(done[row.prompt], width)]
            if not kept:
                break
            at, following = self._likeliest([rows[i] for i in kept], hidden[kept], width)
            at = [kept[parent] for parent in at]
            if at != list(range(len(rows))):
                past = _taken(past, at)
            asked, asking = ([row.prompt for row in own] for own in (rows, following))
            if asking != asked:
                remembered = _taken(remembered, at)
                missing = None if missing is None else missing[at]
            rows = following
        for finished in done:
            finished.sort(key=lambda row: -row.likelihood)
        return [[_beam(row) for row in finished[:width]] for finished in done]

    def _begin(self) -> Legality:
        return Legality(self.words, WRITTEN)

    def _note(self, rows: Sequence[Row], hidden: np.ndarray, done: list[list[Row]]) -> None:
        """Keeps the newest hidden states (R, D), what open slots copy, and who has ended."""
        for row, state in zip(rows, hidden, strict=True):
            row.hidden.append(state)
            copies = row.slot and row.slot.kind in COPYABLE
            row.feed = self.copied(row.prompt, row.slot, state) if row.slot and copies else None
            if row.allowed.done:
                done[row.prompt].append(row)

    def _likeliest(
        self, rows: list[Row], hidden: np.ndarray, width: int
    ) -> tuple[list[int], list[Row]]:
        """The ``width`` likeliest continuations of each prompt, and where each grew from."""
        masks = np.stack([row.allowed.mask() for row in rows])  # (R, V)
        logits = self.decoder.logits(hidden)
        if self.gains is not None:
            prompts = [row.prompt for row in rows]
            logits += without(self.gains[prompts], [row.ids for row in rows])
        scores = np.where(masks, logits, np.float32(-np.inf))
        if width == 1:
            best = scores.argmax(1)[:, None]
        else:
            best = np.argsort(-scores, 1, kind="stable")[:, :width]
        chosen = np.take_along_axis(scores, best, 1)
        most = chosen[:, :1]
        gains = chosen - most - np.log(np.exp(scores - most).sum(1, keepdims=True))
        return grown(rows, gains.tolist(), best.tolist(), width, self.words.tokens, self._begin)


def _fed(rows: Sequence[Row]) -> np.ndarray | None:
    """What the decoder is fed beside the newest tokens: (R, W), None where that is nothing."""
    known = next((row.feed for row in rows if row.feed is not None), None)
    if known is None:
        return None
    nothing = np.zeros_like(known)
    return np.stack([nothing if row.feed is None else row.feed for row in rows])


def _taken(cache: Cache, at: Sequence[int]) -> Cache:
    """The cache of the sequences that go on."""
    return [(keys[at], values[at]) for keys, values in cache]


def _beam(row: Row) -> Beam:
    slots = slots_at(row.tokens, row.contexts)
    return Beam(row.tokens, slots, np.stack(row.hidden), row.likelihood)
