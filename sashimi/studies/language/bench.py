"""What the language costs and mends, on programs of the built-in corpus."""

from __future__ import annotations

import math

from sashimi.bench import fuzz as fuzzing
from sashimi.bench import language as speeds
from sashimi.bench import mutants
from sashimi.flagship.data import corpus
from sashimi.program.catalogue import load
from sashimi.program.tree import Program
from sashimi.studies.language.mutation_study import study
from sashimi.study import Measurement

EXAMPLES = 300
"""Programs that each row is measured on."""


def language() -> list[Measurement]:
    """Programs a second through each stage, and how cost grows."""
    return speeds.language(programs())


def fuzz(count: int = 1_000_000) -> list[Measurement]:
    """Damaged inputs, 70,000 a reader or ``count`` if that is less, and ``count`` mutated plists.

    The mutated plists stop after an hour of processor time; their row says how many were tried.
    """
    sources = programs()[:100]
    damage = fuzzing.bench(sources, min(count, 70_000))
    return [*damage, *mutants.bench(sources, count)]


def mutations(each: int = 400) -> list[Measurement]:
    """Of programs broken in known ways, by kind: shares found, mended and wrongly mended."""
    rows = []
    for kind, count in study(programs(), load(), each).items():
        for what in ("detected", "repaired", "false", "unsaid"):
            share = 100 * getattr(count, what) / count.made if count.made else math.nan
            rows.append(Measurement(f"{kind}: {what}", share, "%", count.made))
    return rows


def programs() -> list[Program]:
    """`EXAMPLES` training programs."""
    return [e.program for e in corpus.load("builtin", limit=EXAMPLES).train][:EXAMPLES]
