"""Candidates of a prompt and the one that is taken: `sashimi.flagship.choose` with the network.

A neighbour's program lends its tokens of Tiers 1 and 2; the values are read from the prompt that is
asked, as for the decoder's own. Only what the masks allow is taken.

Letters: N prompts, M memory positions, Z bridge width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import Tensor

from sashimi.flagship import choose
from sashimi.flagship.choose import POOL, Candidates, Form
from sashimi.flagship.corpus import Example
from sashimi.flagship.decode import WRITTEN, decode
from sashimi.flagship.encode import encode
from sashimi.flagship.literals import Slot
from sashimi.flagship.search import Beam, search
from sashimi.program import tiers
from sashimi.program.legal import Legality
from sashimi.program.vocabulary import Vocabulary

if TYPE_CHECKING:
    from sashimi.flagship.way import Asked, Sashimi

PROMPTS = 32
"""Prompts searched together."""


@dataclass(frozen=True)
class Pool:
    """The candidates of one prompt: beams with their hidden states, neighbours with their ids."""

    beams: list[Beam]
    neighbours: list[Sequence[int]]  # token ids
    forms: Candidates


def gather(whole: Sashimi, asked: Asked) -> list[Pool]:
    """A pool for each prompt; a neighbour that holds a token without an id is left out."""
    pools, library, words = [], whole.library, whole.vocabulary
    decoder, copy = whole.network.decoder, whole.copier(asked)
    beams = search(decoder, words, asked.memory, asked.present, copy, whole.beams)
    near = library.nearest(asked.prompts, asked.vectors.numpy(), POOL)
    for own, indices, similar in zip(beams, *near, strict=True):
        known = [(library.tokens[i], s) for i, s in zip(indices, similar, strict=True)]
        kept = [(ids, s) for ids, s in known if min(ids, default=-1) >= 0]
        forms = Candidates(
            [Form.of(beam.tokens) for beam in own],
            [beam.likelihood for beam in own],
            [Form.of([words.tokens[t] for t in ids]) for ids, _ in kept],
            [float(s) for _, s in kept],
        )
        pools.append(Pool(own, [ids for ids, _ in kept], forms))
    return pools


def tuned(whole: Sashimi, examples: Sequence[Example]) -> Sashimi:
    """The whole with the choice that serves these examples best; see `choose.tuned`."""
    encoded = encode([e.prompt for e in examples], encoder=whole.network.reads)
    found: list[Candidates] = []
    for at in range(0, len(examples), PROMPTS):
        rows = range(at, min(at + PROMPTS, len(examples)))
        asked = whole.asked([examples[i].prompt for i in rows], encoded, rows)
        found += [pool.forms for pool in gather(whole, asked)]
    truth = [Form.of(tiers.encode(e.program).merged()) for e in examples]
    return replace(whole, choice=choose.tuned(found, truth))


def take(whole: Sashimi, asked: Asked, pools: Sequence[Pool]) -> list[tuple[Beam, float]]:
    """The answer of each pool and its expected agreement, the best that the masks allow.

    A neighbour that is taken is read by the decoder, which gives the hidden states that its values
    are filled from; where no candidate is left, the decoder's greedy answer is taken.
    """
    words, copy = whole.vocabulary, whole.copier(asked)
    taken: dict[int, tuple[Beam, float]] = {}
    read: dict[int, tuple[Sequence[int], float]] = {}
    for row, pool in enumerate(pools):
        own = len(pool.beams)
        for index, expected in choose.ranked(pool.forms, whole.choice):
            if index < own:
                taken[row] = pool.beams[index], expected
                break
            if allowed(words, pool.neighbours[index - own]):
                read[row] = pool.neighbours[index - own], expected
                break
    greedy = [row for row in range(len(pools)) if row not in taken and row not in read]
    for rows, given in ((list(read), [ids for ids, _ in read.values()]), (greedy, None)):
        if rows:

            def copies(index: int, slot: Slot, hidden: Tensor, rows: list[int] = rows) -> Tensor:
                return copy(rows[index], slot, hidden)

            found = decode(
                whole.network.decoder,
                asked.memory[rows],
                asked.present[rows],
                words,
                copies,
                given,
            )
            for row, tokens, hidden, likelihood in zip(rows, *found, strict=True):
                expected = read[row][1] if row in read else 0.0
                taken[row] = Beam(tokens, hidden, float(likelihood)), expected
    return [taken[row] for row in range(len(pools))]


def allowed(words: Vocabulary, ids: Sequence[int]) -> bool:
    """Whether the masks would let the decoder write these tokens."""
    legality = Legality(words, WRITTEN)
    for token in ids:
        if legality.done or not legality.mask()[token]:
            return False
        legality.advance(token)
    return legality.done
