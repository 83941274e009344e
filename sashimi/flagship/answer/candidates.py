"""Candidates of a prompt and the one that is taken: `choose` with the network.

A neighbour's program lends its tokens of Tiers 1 and 2, as does one that is put together from a
plan; the values are read from the prompt that is asked, as for the decoder's own. Only what the
masks allow is taken, where an action that the vocabulary lacks counts as one more statement.

Letters: N prompts, M memory positions, Z bridge width, L training prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from sashimi.encode import encode
from sashimi.flagship.answer import choose
from sashimi.flagship.answer.choose import POOL, Candidates, Form
from sashimi.flagship.answer.compose import Composer, bare
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.plan import Plan, Planner, expected_f1
from sashimi.flagship.answer.search import Beam, search
from sashimi.flagship.data.corpus import Example
from sashimi.flagship.data.literals import Slot
from sashimi.flagship.model.decode import WRITTEN, decode
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary

if TYPE_CHECKING:
    from sashimi.flagship.way import Asked, Sashimi

PROMPTS = 32
"""Prompts searched together."""


@dataclass(frozen=True)
class Pool:
    """The candidates of one prompt: beams with their hidden states, and the tokens of others."""

    beams: list[Beam]
    others: list[list[str]]  # of neighbours, then of what was composed
    forms: Candidates


@dataclass(frozen=True)
class Planning:
    """What plans programs: the planner, and what puts them together."""

    planner: Planner
    composer: Composer

    @staticmethod
    def of(library: Library, words: Vocabulary, catalogue: Catalogue) -> Planning:
        """Of a library and the names of a catalogue; its judge is untrained."""
        tokens = [[words.tokens[t] for t in row if t >= 0] for row in library.tokens]
        forms = [Form.of(own) for own in tokens]
        return Planning(Planner(library, forms, catalogue.names()), Composer(tokens, forms))

    def extend(
        self, forms: Candidates, plan: Plan, near: Sequence[int], similar: np.ndarray
    ) -> tuple[Candidates, list[list[str]]]:
        """Candidates with those of a plan and what it expects of each, and the tokens of those."""
        tokens = [self.composer.tokens(own, similar) for own in self.composer.sequences(plan, near)]
        whole = replace(forms, composed=[Form.of(own) for own in tokens])
        return replace(whole, planned=[expected_f1(f.actions, plan) for f in whole.forms]), tokens


def gather(whole: Sashimi, asked: Asked) -> list[Pool]:
    """A pool for each prompt; a neighbour that holds a token without an id is left out."""
    pools, library, words = [], whole.library, whole.vocabulary
    decoder, copy = whole.network.decoder, whole.copier(asked)
    beams = search(decoder, words, asked.memory, asked.present, copy, whole.beams)
    vectors = asked.vectors.numpy()
    similar = library.index.similarity(asked.prompts, vectors)  # (N, L)
    plans = whole.planning and whole.planning.planner.plans(asked.prompts, vectors, similar)
    for own, row in zip(beams, similar, strict=True):
        near = [int(i) for i in np.argsort(-row, kind="stable")[:POOL]]
        near = [i for i in near if min(library.tokens[i], default=-1) >= 0]
        others = [[words.tokens[t] for t in library.tokens[i]] for i in near]
        forms = Candidates(
            [Form.of(beam.tokens) for beam in own],
            [beam.likelihood for beam in own],
            [Form.of(tokens) for tokens in others],
            [float(row[i]) for i in near],
        )
        if plans:
            forms, composed = whole.planning.extend(forms, next(plans), near, row)
            others += composed
        pools.append(Pool(own, others, forms))
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
    """The answer of each pool and its expected worth, the best that the masks allow.

    What is not a beam is read by the decoder, which gives the hidden states that its values are
    filled from; where no candidate is left, the decoder's greedy answer is taken.
    """
    words, copy = whole.vocabulary, whole.copier(asked)
    taken: dict[int, tuple[Beam, float]] = {}
    read: dict[int, tuple[list[str], float]] = {}
    for row, pool in enumerate(pools):
        own = len(pool.beams)
        for index, expected in choose.ranked(pool.forms, whole.choice):
            if index < own:
                taken[row] = pool.beams[index], expected
                break
            given = first_allowed(words, pool.others[index - own])
            if given:
                read[row] = given, expected
                break
    greedy = [row for row in range(len(pools)) if row not in taken and row not in read]
    for rows, given in ((list(read), [tokens for tokens, _ in read.values()]), (greedy, None)):
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


def first_allowed(words: Vocabulary, tokens: list[str]) -> list[str] | None:
    """The tokens as they are, or else without parameters; None if the masks let neither pass."""
    return next((t for t in (tokens, bare(tokens)) if allowed(words, t)), None)


def allowed(words: Vocabulary, tokens: Sequence[str]) -> bool:
    """Whether the masks would let the decoder write these tokens, had it all of them."""
    legality = Legality(words, WRITTEN)
    for token in tokens:
        if legality.done:
            return False
        mask, known = legality.mask(), words.ids.get(token)
        if known is None:
            if not (mask & words.statements).any() or not stands_alone(token):
                return False
        elif not mask[known]:
            return False
        legality.walk.advance(token)
    return legality.done


def stands_alone(token: str) -> bool:
    """Whether a token is of a catalogued action that asks for no parameter."""
    spec = catalogues.find(token.removeprefix("ACTION ")) if token.startswith("ACTION ") else None
    return spec is not None and all(p.required != "stated" for p in spec.params.values())
