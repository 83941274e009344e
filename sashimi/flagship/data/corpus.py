"""Corpora: the built-in one, and files in ShortcutForge's JSONL, with their splits.

Splits are by program: no program (title and comments ignored) and no near-duplicate prompt is in
two splits, and no skeleton of ``test_unseen`` is in another split.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sashimi.flagship.builtin.make import Sizes, make
from sashimi.flagship.data import jsonl, spoken
from sashimi.flagship.data.example import (
    BUILTIN,
    CONTENT_SEED,
    FROZEN_EVALUATION,
    PEOPLE,
    SPLITS,
    Corpus,
    CorpusError,
    Example,
    digest,
    evaluation_digest,
)
from sashimi.flagship.people import splits

__all__ = [
    "BUILTIN",
    "CONTENT_SEED",
    "FROZEN_EVALUATION",
    "PEOPLE",
    "SPLITS",
    "Corpus",
    "CorpusError",
    "Example",
    "digest",
    "evaluation_digest",
    "load",
]


def load(source: str | Path = BUILTIN, *, seed: int = 0, limit: int | None = None) -> Corpus:
    """The corpus of ``"builtin"``, ``"people"`` or ``"spoken"``, or of a JSONL file or a folder.

    Splits and content are the same for every ``seed``, and so is the digest: a seed other than 0
    only shuffles the order of the training examples. ``limit`` makes a small corpus of about that
    many training examples with the same mixture, for smoke tests; the frozen evaluation belongs to
    the full built-in corpus. Raises `CorpusError`.
    """
    if limit is not None and limit < 1:
        raise CorpusError(f"limit is {limit}; it must be at least 1, or None for the whole corpus")
    if str(source) == BUILTIN:
        corpus = _builtin(limit)
    elif str(source) == PEOPLE:
        corpus = splits.load(limit)
    elif str(source) == spoken.SOURCE:
        corpus = spoken.load(limit)
    else:
        corpus = jsonl.load(Path(source), limit=limit)
    if seed == 0:
        return corpus
    order = random.Random(seed).sample(corpus.train, len(corpus.train))
    return replace(corpus, train=order)


@lru_cache(maxsize=2)
def _builtin(limit: int | None) -> Corpus:
    sizes = Sizes() if limit is None else Sizes(limit, max(12, limit // 10))
    found, dropped = make(CONTENT_SEED, sizes)
    examples = {
        split: [
            Example(f"{split}-{n:05d}", m.prompt, m.program, m.domain, m.style)
            for n, m in enumerate(made)
        ]
        for split, made in found.items()
    }
    every = [example for split in SPLITS for example in examples[split]]
    return Corpus(BUILTIN, digest(every), **examples, dropped=dropped)
