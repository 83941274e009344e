"""Beam search over Tier 1 and 2 tokens, where `decode.decode` takes the likeliest token only.

At each step the likeliest continuations of all of a prompt's beams go on, under the same masks.

Letters: P prompts, B beams of one prompt, R open rows, M memory positions, Z bridge width, D
decoder width, V vocabulary, W width of a word piece's vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sashimi.encode import PIECE_WIDTH
from sashimi.flagship.data.literals import COPYABLE, Slot
from sashimi.flagship.model.decode import START, WRITTEN, Copied, Decoder
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.tokens import OPEN_SLOTS
from sashimi.program.ir.vocabulary import Vocabulary


@dataclass(frozen=True)
class Beam:
    """One finished sequence: its tokens, hidden states (length + 1, D), and log-likelihood."""

    tokens: list[str]
    hidden: Tensor
    likelihood: float


@dataclass
class _Open:
    """One sequence of one prompt while it grows."""

    prompt: int
    legality: Legality
    ids: list[int]
    hidden: list[Tensor]
    likelihood: float
    slot: Slot | None = None  # opened by the newest token
    feed: Tensor | None = None  # (W,) what that slot copies

    def grown(self, token: int, likelihood: float, fresh: bool) -> _Open:
        """This sequence and one more token; the masks' walk is handed on unless ``fresh``."""
        legality = self.legality
        if fresh:  # a walk cannot be copied: it is walked again
            legality = Legality(legality.vocabulary, legality.limit)
            for taken in self.ids:
                legality.advance(taken)
        context, word = legality.walk.due.context, legality.vocabulary.tokens[token]
        legality.advance(token)
        kind = OPEN_SLOTS.get(word)
        slot = Slot(len(self.ids), kind, context) if kind else None
        ids, hidden = [*self.ids, token], list(self.hidden)
        return _Open(self.prompt, legality, ids, hidden, likelihood, slot, self.feed)

    def beam(self) -> Beam:
        words = [self.legality.vocabulary.tokens[i] for i in self.ids]
        return Beam(words, torch.stack(self.hidden), self.likelihood)


@torch.no_grad()
def search(
    decoder: Decoder,
    words: Vocabulary,
    memory: Tensor,
    present: Tensor,
    copy: Copied,
    width: int,
) -> list[list[Beam]]:
    """For each prompt its finished sequences, at most ``width``, the likeliest first.

    ``memory`` (P, M, Z) and ``present`` (P, M) come from the bridge; ``copy`` says what each slot
    copies, as in `decode.decode`. A ``width`` of 1 is greedy decoding.
    """
    keys_values, mask = decoder.remember(memory, present)
    rows = [_Open(p, Legality(words, WRITTEN), [], [], 0.0) for p in range(len(memory))]
    done: list[list[_Open]] = [[] for _ in rows]
    past = None
    while rows:
        of = torch.tensor([row.prompt for row in rows])
        tokens = torch.tensor([[row.ids[-1] if row.ids else START] for row in rows])
        nothing = torch.zeros(PIECE_WIDTH)
        feed = torch.stack([nothing if row.feed is None else row.feed for row in rows])[:, None]
        remembered = [(keys[of], values[of]) for keys, values in keys_values], mask[of]
        hidden, past = decoder(tokens, feed, remembered, past)  # (R, 1, D)
        for row, state in zip(rows, hidden[:, 0], strict=True):
            row.hidden.append(state)
            copies = row.slot is not None and row.slot.kind in COPYABLE
            row.feed = copy(row.prompt, row.slot, state) if copies else None
            if row.legality.done:
                done[row.prompt].append(row)
        kept = [
            i
            for i, row in enumerate(rows)
            if not row.legality.done and len(done[row.prompt]) < width
        ]
        if not kept:
            break
        rows, parents = _step(decoder, [rows[i] for i in kept], hidden[kept, 0], width)
        at = torch.tensor(kept)[parents]
        past = [(keys[at], values[at]) for keys, values in past]
    for found in done:
        found.sort(key=lambda row: -row.likelihood)
    return [[row.beam() for row in found[:width]] for found in done]


def _step(
    decoder: Decoder, rows: list[_Open], hidden: Tensor, width: int
) -> tuple[list[_Open], list[int]]:
    """The likeliest ``width`` continuations of each prompt's rows, and the row that each grew from.

    ``hidden`` (R, D) are the rows' newest states.
    """
    masks = torch.from_numpy(np.stack([row.legality.mask() for row in rows]))  # (R, V)
    scores = decoder.logits(hidden).masked_fill(~masks, float("-inf"))
    so_far = torch.tensor([row.likelihood for row in rows])
    totals = scores.log_softmax(-1) + so_far[:, None]  # (R, V)
    best, tokens = totals.topk(min(width, totals.shape[1]), dim=-1)  # (R, B): no row gives more
    grown: list[_Open] = []
    parents: list[int] = []
    for prompt in dict.fromkeys(row.prompt for row in rows):
        own = [i for i, row in enumerate(rows) if row.prompt == prompt]
        choices = [
            (float(total), i, int(token))
            for i in own
            for total, token in zip(best[i], tokens[i], strict=True)
            if total > float("-inf")
        ]
        choices.sort(key=lambda choice: (-choice[0], choice[1], choice[2]))
        used: set[int] = set()
        for total, i, token in choices[:width]:
            grown.append(rows[i].grown(token, total, fresh=i in used))
            parents.append(i)
            used.add(i)
    return grown, parents
