"""A trained model's own candidates: the likeliest programs it writes, under its masks.

Those that are wrong are the hardest negatives there are: the model prefers them to all others.

The programs are those of `search.Search`; values are filled as in generation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sashimi import result
from sashimi.encode import encode
from sashimi.errors import BadInput
from sashimi.flagship import run_folder
from sashimi.flagship.answer.writer import Writer
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.pipeline import Pipeline
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
    model = run_folder.read(run)
    trained = result.read(run / result.NAME)["corpus"]
    if trained["digest"] != corpus.digest:
        raise BadInput(
            f"{run} was trained on another corpus ({trained['source']}, digest "
            f"{trained['digest'][:12]}, and this one's is {corpus.digest[:12]}): train it again"
        )
    rng = random.Random(f"beams {seed}")
    chosen = rng.sample(corpus.train, min(prompts, len(corpus.train)))
    chosen += [*corpus.dev, *corpus.test, *corpus.test_unseen]
    return candidates(model, chosen, width, say)


def candidates(
    model: Pipeline,
    examples: Sequence[Example],
    width: int,
    say: Callable[[str], None] | None = None,
) -> Iterator[tuple[Example, Program, int]]:
    """Each example with the programs of its ``width`` likeliest beams, and their ranks from 1."""
    reads = model.network.reads
    encoded = encode([example.prompt for example in examples], encoder=reads)
    for at in range(0, len(examples), PROMPTS):
        chosen = range(at, min(at + PROMPTS, len(examples)))
        asked = model.understand([examples[i].prompt for i in chosen], encoded, chosen)
        writer = Writer(model, asked)
        for row, (i, beams) in enumerate(zip(chosen, writer.search(width), strict=True)):
            for rank, beam in enumerate(beams, 1):
                yield examples[i], tiers.assemble(beam.tokens, writer.values(row, beam)), rank
        if say:
            say(f"beams of {chosen.stop} of {len(examples)} prompts")
