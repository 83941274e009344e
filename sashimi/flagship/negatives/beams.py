"""A trained model's own candidates: the likeliest programs it writes, under its masks.

Those that are wrong are the hardest negatives there are: the model prefers them to all others.

The programs are those of `search.search`; values are filled as in generation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sashimi import result
from sashimi.encode import Encoded, encode
from sashimi.errors import BadInput
from sashimi.flagship.answer.search import Beam, search
from sashimi.flagship.data.corpus import Corpus, Example
from sashimi.flagship.model.fill import Source, fill
from sashimi.flagship.way import Sashimi, load
from sashimi.program import tiers
from sashimi.program.tree import Program

PROMPTS = 32
"""Prompts searched together."""


def of_run(
    run: str | Path,
    corpus: Corpus,
    prompts: int,
    width: int,
    seed: int,
    say: Callable[[str], None] | None = None,
) -> Iterator[tuple[Example, Program, int]]:
    """`candidates` of a trained run, for ``prompts`` training examples and all of evaluation.

    Raises BadInput for a run that is not there, or that another corpus trained: it may have learned
    what is evaluation here.
    """
    run = Path(run)
    whole = load(run)
    trained = result.read(run / result.NAME)["corpus"]
    if trained["digest"] != corpus.digest:
        raise BadInput(
            f"{run} was trained on another corpus ({trained['source']}, digest "
            f"{trained['digest'][:12]}, and this one's is {corpus.digest[:12]}): train it again"
        )
    rng = random.Random(f"beams {seed}")
    chosen = rng.sample(corpus.train, min(prompts, len(corpus.train)))
    chosen += [*corpus.dev, *corpus.test, *corpus.test_unseen]
    return candidates(whole, chosen, width, say)


def candidates(
    whole: Sashimi,
    examples: Sequence[Example],
    width: int,
    say: Callable[[str], None] | None = None,
) -> Iterator[tuple[Example, Program, int]]:
    """Each example with the programs of its ``width`` likeliest beams, and their places from 1."""
    reads = whole.network.reads
    encoded = encode([example.prompt for example in examples], encoder=reads)
    for at in range(0, len(examples), PROMPTS):
        chosen = range(at, min(at + PROMPTS, len(examples)))
        for i, programs in zip(
            chosen, _programs(whole, examples, encoded, chosen, width), strict=True
        ):
            yield from ((examples[i], program, place) for place, program in enumerate(programs, 1))
        if say:
            say(f"beams of {chosen.stop} of {len(examples)} prompts")


def _programs(
    whole: Sashimi, examples: Sequence[Example], encoded: Encoded, chosen: range, width: int
) -> list[list[Program]]:
    """The programs of some examples' beams: the stages of `way.Sashimi`, with a search in them."""
    asked = whole.asked([examples[i].prompt for i in chosen], encoded, chosen)
    given = whole.network.decoder, whole.vocabulary, asked.memory, asked.present
    found = search(*given, whole.copier(asked), width)
    return [
        [_program(whole, source, beam) for beam in beams]
        for source, beams in zip(asked.sources, found, strict=True)
    ]


def _program(whole: Sashimi, source: Source, beam: Beam) -> Program:
    network, literals = whole.network, whole.literals
    values = fill(network.filler, literals, source, beam.tokens, beam.hidden, whole.catalogue)
    return tiers.assemble(beam.tokens, values)
