"""Candidates of a prompt and the one that is taken: `choose` with the network.

A neighbour's program lends its tokens of Tiers 1 and 2, as does one that is put together from a
plan; the values are read from the prompt that is asked, as for the decoder's own. Only what the
masks allow is taken, where an action that the vocabulary lacks counts as one more statement.

Letters: N prompts, L training prompts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from sashimi.encode import encode
from sashimi.flagship.answer import choose
from sashimi.flagship.answer.choose import POOL, Candidates, Form
from sashimi.flagship.answer.compose import bare
from sashimi.flagship.answer.search import Beam
from sashimi.flagship.answer.writer import Writer
from sashimi.flagship.data.example import Example
from sashimi.flagship.model.limits import WRITTEN
from sashimi.flagship.pipeline import Pipeline
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary

PROMPTS = 32
"""Prompts searched together."""
Model = TypeVar("Model", bound=Pipeline)


@dataclass(frozen=True)
class Draft:
    """The sequence that answers a prompt, and how sure that is: see `choose`."""

    beam: Beam
    confidence: float


@dataclass(frozen=True)
class Pool:
    """The candidates of one prompt: beams with their hidden states, and the tokens of others."""

    beams: list[Beam]
    others: list[list[str]]  # of neighbours, then of what was composed
    forms: Candidates


def drafts(writer: Writer, count: int = 1) -> list[list[Draft]]:
    """For each prompt the answer, and then the decoder's likeliest others, ``count`` in all.

    The answer is the greedy sequence, or the best of its candidates.
    """
    if writer.model.choice is None:
        taken = [_likely(beam) for (beam,) in writer.search(1)]
    else:
        taken = take(writer, gather(writer))
    if count == 1:
        return [[first] for first in taken]
    others = (
        [_likely(beam) for beam in own if beam.ids != first.beam.ids]
        for first, own in zip(taken, writer.search(count), strict=True)
    )
    return [[first, *own][:count] for first, own in zip(taken, others, strict=True)]


def _likely(beam: Beam) -> Draft:
    return Draft(beam, math.exp(beam.likelihood))


def gather(writer: Writer) -> list[Pool]:
    """A pool for each prompt; a neighbour that holds a token without an id is left out."""
    model, asked, pools = writer.model, writer.asked, []
    library, words = model.library, model.vocabulary
    beams = writer.search(model.beams)
    vectors = asked.vectors.numpy()
    similar = library.index.similarity(asked.prompts, vectors)  # (N, L)
    plans = model.planning and model.planning.planner.plans(asked.prompts, vectors, similar)
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
            forms, composed = model.planning.extend(forms, next(plans), near, row)
            others += composed
        pools.append(Pool(own, others, forms))
    return pools


def tuned(model: Model, examples: Sequence[Example]) -> Model:
    """The model with the choice that serves these examples best; see `choose.tuned`."""
    encoded = encode([e.prompt for e in examples], encoder=model.network.reads)
    candidates: list[Candidates] = []
    for at in range(0, len(examples), PROMPTS):
        rows = range(at, min(at + PROMPTS, len(examples)))
        asked = model.understand([examples[i].prompt for i in rows], encoded, rows)
        candidates += [pool.forms for pool in gather(Writer(model, asked))]
    truth = [Form.of(tiers.encode(e.program).merged()) for e in examples]
    return replace(model, choice=choose.tuned(candidates, truth))


def take(writer: Writer, pools: Sequence[Pool]) -> list[Draft]:
    """The answer of each pool and its expected worth, the best that the masks allow.

    What is not a beam is read by the decoder, which gives the hidden states that its values are
    filled from; where no candidate is left, the decoder's greedy answer is taken.
    """
    taken: dict[int, Draft] = {}
    read: dict[int, tuple[list[str], float]] = {}
    for row, pool in enumerate(pools):
        for index, expected in choose.ranked(pool.forms, writer.model.choice):
            if index < len(pool.beams):
                taken[row] = Draft(pool.beams[index], expected)
                break
            tokens = first_allowed(writer.model.vocabulary, pool.others[index - len(pool.beams)])
            if tokens:
                read[row] = tokens, expected
                break
    if read:
        beams = writer.search(1, list(read), [tokens for tokens, _ in read.values()])
        for (row, (_, expected)), (beam,) in zip(read.items(), beams, strict=True):
            taken[row] = Draft(beam, expected)
    greedy = [row for row in range(len(pools)) if row not in taken]
    if greedy:
        for row, (beam,) in zip(greedy, writer.search(1, greedy), strict=True):
            taken[row] = Draft(beam, 0.0)
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
