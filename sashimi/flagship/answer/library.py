"""Retrieval: what training answered to prompts like this one.

Two stages read it: the decoder's memory may hold the structures of the nearest programs (see
`model.recall`), and `answer.choose` takes them as candidates.

Letters: N training prompts, Q queries, K neighbours, E encoder width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from sashimi import cache
from sashimi.flagship.data.batches import NOTHING, Structures
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.prepared import Prepared
from sashimi.program import tiers
from sashimi.program.text.render import render
from sashimi.program.tree import Program
from sashimi.retrieve import Index

LONGEST = 48
"""Structure tokens of a neighbour that the memory holds; one real program in fifty has more."""
CHUNK = 512
"""Queries that are compared with all of training at once."""


class Library:
    """Training prompts, and the token ids of the programs that answer them."""

    def __init__(
        self,
        prompts: Sequence[str],
        vectors: np.ndarray,
        tokens: Sequence[Sequence[int]],
        tier1: Sequence[Sequence[bool]],
        programs: Sequence[int],
    ) -> None:
        """``vectors`` (N, E) of the prompts; ``tokens`` of Tiers 1 and 2, a negative id where the
        vocabulary lacks one, and which of them are of Tier 1; ``programs`` are equal where two
        programs are, comments and titles aside.
        """
        self.prompts, self.vectors = list(prompts), vectors
        self.tokens, self.tier1, self.programs = tokens, tier1, np.asarray(programs)

    @staticmethod
    def of(examples: Sequence[Example], vectors: np.ndarray, rows: Sequence[Prepared]) -> Library:
        """The library of training examples, their prompts' vectors (N, E) and their targets."""
        return Library(
            [e.prompt for e in examples],
            vectors,
            [row.tokens for row in rows],
            [row.tier1 for row in rows],
            Library.same([e.program for e in examples]),
        )

    def tensors(self) -> dict[str, Tensor]:
        """All but the prompts, to be kept; `from_tensors` is the inverse."""
        sizes = [len(tokens) for tokens in self.tokens]
        return {
            "vectors": torch.from_numpy(self.vectors),
            "sizes": torch.tensor(sizes),
            "tokens": torch.tensor([t for row in self.tokens for t in row]),
            "tier1": torch.tensor([t for row in self.tier1 for t in row]),
            "programs": torch.from_numpy(self.programs),
        }

    @staticmethod
    def from_tensors(prompts: Sequence[str], tensors: Mapping[str, Tensor]) -> Library:
        """The library that `tensors` wrote, with its prompts."""
        sizes = tensors["sizes"].tolist()
        tokens, tier1 = (tensors[k].split(sizes) for k in ("tokens", "tier1"))
        rows = [t.tolist() for t in tokens], [t.tolist() for t in tier1]
        return Library(prompts, tensors["vectors"].numpy(), *rows, tensors["programs"].numpy())

    @staticmethod
    def same(programs: Sequence[Program]) -> list[int]:
        """A number for each program, equal where two are, comments and titles aside."""
        known: dict[str, int] = {}
        texts = (render(Program("", tiers.without_comments(p).body)) for p in programs)
        return [known.setdefault(text, len(known)) for text in texts]

    def __len__(self) -> int:
        return len(self.prompts)

    @cached_property
    def index(self) -> Index:
        """What tells how alike two prompts are."""
        return Index(self.prompts, self.vectors)

    @cached_property
    def structures(self) -> list[list[int]]:
        """Each program's Tier 1 tokens that the vocabulary has, `LONGEST` at most."""
        return [
            [t for t, first in zip(tokens, tier1, strict=True) if first and t >= 0][:LONGEST]
            for tokens, tier1 in zip(self.tokens, self.tier1, strict=True)
        ]

    def nearest(
        self, prompts: Sequence[str], vectors: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Indices and similarities (Q, min(count, N)) of the most similar training prompts."""
        if not prompts:
            nothing = np.zeros((0, min(count, len(self))))
            return nothing.astype(int), nothing
        parts = [
            _best(self.index.similarity(prompts[at : at + CHUNK], vectors[at : at + CHUNK]), count)
            for at in range(0, len(prompts), CHUNK)
        ]
        return tuple(np.concatenate(found) for found in zip(*parts, strict=True))

    def others(self, count: int) -> np.ndarray:
        """For each training prompt the most similar ones of *other* programs: (N, K) indices.

        Its own program would be the answer. `NOTHING` where there are not so many others.
        """

        def make() -> dict[str, Tensor]:
            rows = []
            for at in range(0, len(self), CHUNK):
                part = slice(at, at + CHUNK)
                similar = self.index.similarity(self.prompts[part], self.vectors[part])
                own = self.programs[part, None] == self.programs[None]
                best, values = _best(np.where(own, -np.inf, similar), count)
                rows.append(np.where(np.isfinite(values), best, NOTHING))
            return {"indices": torch.from_numpy(np.concatenate(rows))}

        key = ("others", str(count), *self.prompts, *map(str, self.programs))
        return cache.fetch(key, make)["indices"].numpy()

    def read(self, indices: np.ndarray) -> Structures:
        """The structures of neighbours (Q, K)."""
        return [[self.structures[i] for i in row if i != NOTHING] for row in indices.tolist()]


def _best(similar: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The highest ``count`` of each row (Q, N) in falling order: indices and values."""
    count = min(count, similar.shape[1])
    near = np.argpartition(-similar, count - 1, axis=1)[:, :count]
    values = np.take_along_axis(similar, near, 1)
    order = np.lexsort((near, -values), axis=1)
    return np.take_along_axis(near, order, 1), np.take_along_axis(values, order, 1)
