"""How the map of prompts is coloured: by the length of a skeleton, and by what a run made of it."""

from __future__ import annotations

from pathlib import Path

from sashimi import maps, scores
from sashimi.flagship.data.example import Corpus, Example, digest
from sashimi.program import tiers

LENGTHS = ("1 to 3", "4 to 6", "7 to 12", "13 or more")
"""Buckets of a skeleton's length in Tier 1 tokens, its end among them."""
OUTCOMES = ("program exact", "skeleton exact", "wrong", maps.UNKNOWN)
ORDER = (*LENGTHS, *OUTCOMES)


def length(example: Example) -> str:
    """The bucket of `LENGTHS` that a program's skeleton is in."""
    size = len(tiers.skeleton(tiers.without_comments(example.program)))
    return LENGTHS[sum(size > edge for edge in (3, 6, 12))]


def outcomes(run_dir: str | Path, corpus: Corpus) -> dict[str, str]:
    """Example id to the `OUTCOMES` of a trained run on it; ``{}`` where there is no such run.

    A run on other examples is no run on these: their digest is compared.
    """
    found = {}
    for split, own in scores.read(run_dir).items():
        if "/" in split:  # another model's
            continue
        part = getattr(corpus, split)
        if own.examples != digest(part):
            continue
        for row, example in enumerate(part):
            whole, skeleton = (own.values[k][row] for k in ("program_exact", "skeleton_exact"))
            found[example.id] = OUTCOMES[0] if whole else OUTCOMES[1] if skeleton else OUTCOMES[2]
    return found
