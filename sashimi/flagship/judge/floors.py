"""The floors that every model stands beside: constant, nearest neighbour, a vote, linear probe.

Each answers with a whole training program, so each is well-formed; what it is worth shows in the
scores of being right. They read the same frozen vectors as the network.

Letters: N training prompts, Q queries, E encoder width.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sashimi import cache, floors, program, retrieve
from sashimi.encode import encode
from sashimi.flagship.data.example import Corpus, digest
from sashimi.flagship.judge import score
from sashimi.floors import NAMES, VOTE
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.tree import Program
from sashimi.retrieve import Index

__all__ = ["NAMES", "VOTE", "Floors", "scored"]


class Floors(floors.Floors):
    """The floors of a training set whose classes are skeletons: unit vectors (N, E) of its prompts,
    and its programs.
    """

    def __init__(
        self, prompts: Sequence[str], vectors: np.ndarray, programs: Sequence[Program]
    ) -> None:
        super().__init__(vectors, [tiers.skeleton(tiers.without_comments(p)) for p in programs])
        self.programs = programs
        self.index = Index(prompts, vectors)

    def answers(self, asked: Sequence[str], queries: np.ndarray) -> dict[str, list[Program]]:
        """Each floor's program for every prompt asked, whose unit vectors are ``queries`` (Q, E).

        The vote counts skeletons among neighbours by words and vectors together; all others read
        vectors alone.
        """
        similar = self.index.similarity(asked, queries) if len(asked) else None
        chosen = self.picks(queries, similar)
        return {name: [self.programs[i] for i in picks] for name, picks in chosen.items()}


def scored(corpus: Corpus, splits: Sequence[str]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """By split and floor, every score of `score.score` for each of its examples.

    Training examples are taken in the order of their ids, so that the floors are the same at every
    seed; what has been scored once is kept in the tensor cache.
    """
    train = sorted(corpus.train, key=lambda e: e.id)
    parts = {split: getattr(corpus, split) for split in splits}
    names = (*score.WELL_FORMED, *score.RIGHT)

    def make() -> dict[str, Tensor]:
        programs, prompts = [e.program for e in train], [e.prompt for e in train]
        known = catalogues.load().extended(programs)
        fitted = Floors(prompts, encode(prompts).pooled.numpy(), programs)
        found = {}
        for split, part in parts.items():
            asked, expected = [e.prompt for e in part], [e.program for e in part]
            answers = fitted.answers(asked, encode(asked).pooled.numpy())
            for floor, produced in answers.items():
                _, columns = score.table(expected, produced, known)
                rows = [columns[name] for name in names]
                found[f"{split}/{floor}"] = torch.tensor(rows, dtype=torch.float64)
        return found

    language = sorted(Path(program.__file__).parent.glob("*.*"))
    sources = [path.read_text(encoding="utf-8") for path in language]
    code = cache.code(score, retrieve, floors, sys.modules[__name__])
    examples = digest([*train, *(e for part in parts.values() for e in part)])
    tensors = cache.fetch(["floors", code, *sources, examples], make)
    return {
        split: {
            floor: dict(zip(names, tensors[f"{split}/{floor}"].tolist(), strict=True))
            for floor in NAMES
        }
        for split in splits
    }
