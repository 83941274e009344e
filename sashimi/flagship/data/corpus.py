"""Corpora: the built-in one, and files in ShortcutForge's JSONL, with their splits.

Splits are by program: no program (title and comments ignored) and no near-duplicate prompt is in
two splits, and no skeleton of ``test_unseen`` is in another split.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.program import render
from sashimi.program.tree import Program

BUILTIN = "builtin"
PEOPLE = "people"
CONTENT_SEED = 0
"""Draws the built-in corpus and the splits of files, whatever the seed of a run."""
SPLITS = ("train", "dev", "test", "test_unseen")
FROZEN_EVALUATION = "441595764d71baa9fc00b7c0f1bdcd6627d282f636153b296e301827627ebbd7"
"""Digest of the built-in dev, test and test_unseen: while it stands, results compare."""


class CorpusError(BadInput):
    """A corpus that cannot be used: the message names file, line and remedy."""


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt and the program that answers it; ``style`` is known for the built-in corpus."""

    id: str
    prompt: str
    program: Program
    domain: str
    style: str = ""


@dataclass(frozen=True)
class Corpus:
    """The four splits; ``skipped`` holds (file, line, reason), ``dropped`` counts by reason."""

    source: str
    digest: str
    train: list[Example]
    dev: list[Example]
    test: list[Example]
    test_unseen: list[Example]
    skipped: list[tuple[str, int, str]] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    def examples(self) -> list[Example]:
        """All splits in one list, train first."""
        return [*self.train, *self.dev, *self.test, *self.test_unseen]


def digest(examples: Iterable[Example]) -> str:
    """sha256 over ids, prompts and canonical programs, in the order given."""
    sha = hashlib.sha256()
    for example in examples:
        for part in (example.id, example.prompt, render(example.program)):
            sha.update(part.encode() + b"\x00")
    return sha.hexdigest()


def load(source: str | Path = BUILTIN, *, seed: int = 0, limit: int | None = None) -> Corpus:
    """The corpus of ``"builtin"`` or ``"people"``, or of a JSONL file or a folder of them.

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
        from sashimi.flagship.people import splits

        corpus = splits.load(limit)
    else:
        from sashimi.flagship.data import jsonl

        corpus = jsonl.load(Path(source), limit=limit)
    if seed == 0:
        return corpus
    order = random.Random(seed).sample(corpus.train, len(corpus.train))
    return replace(corpus, train=order)


@lru_cache(maxsize=2)
def _builtin(limit: int | None) -> Corpus:
    from sashimi.flagship.builtin.make import Sizes, make

    sizes = Sizes() if limit is None else Sizes(limit, max(12, limit // 10))
    found, dropped = make(CONTENT_SEED, sizes)
    splits = {
        split: [
            Example(f"{split}-{n:05d}", m.prompt, m.program, m.domain, m.style)
            for n, m in enumerate(made)
        ]
        for split, made in found.items()
    }
    every = [example for split in SPLITS for example in splits[split]]
    return Corpus(BUILTIN, digest(every), **splits, dropped=dropped)


def evaluation_digest(corpus: Corpus) -> str:
    """The digest of the three evaluation splits alone."""
    return digest([*corpus.dev, *corpus.test, *corpus.test_unseen])
