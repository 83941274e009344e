"""Examples, their splits, and the digest of a corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sashimi.errors import BadInput
from sashimi.program import render
from sashimi.program.tree import Program

BUILTIN = "builtin"
PEOPLE = "people"
CONTENT_SEED = 0
"""Draws the built-in corpus and the splits of files, whatever the seed of a run."""
SPLITS = ("train", "dev", "test", "test_unseen")
FROZEN_EVALUATION = "a2984feac459d57cd81d1e6b1bc1812816babc8b228b9a8d56af797e199698c3"
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


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split}: {len(getattr(self, split))}" for split in SPLITS)
        return f"Corpus({self.source}, {sizes}, skipped: {len(self.skipped)})"

    def skipped_lines(self, most: int = 20) -> list[str]:
        """``file:line: reason`` of the first lines that were skipped, and how many more."""
        told = [f"skipped {file}:{line}: {reason}" for file, line, reason in self.skipped[:most]]
        more = len(self.skipped) - most
        return [line.split("\n")[0] for line in told] + [f"and {more} more"] * (more > 0)

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


def evaluation_digest(corpus: Corpus) -> str:
    """The digest of the three evaluation splits alone."""
    return digest([*corpus.dev, *corpus.test, *corpus.test_unseen])
