"""Training examples without end: chunks of new ones, the next made while one is learned.

A process beside the training draws the examples of a chunk, encodes their prompts and prepares
their targets. A chunk is a function of its number alone, and a batch of the step alone, so that a
run that resumes at any step goes on as if it had not been stopped.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import torch

from sashimi.encode import Encoded, chosen, encode, encode_uncached
from sashimi.flagship.data.batches import Batch, Dataset, epoch_of
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.model.frame import Labels
from sashimi.program.ir.vocabulary import Vocabulary

CHUNK = 4096
"""Examples of a chunk: a multiple of 16 batches of any size that divides 256."""
Source = Callable[[int], list[Example]]
"""The number of a chunk, from 0, to its `CHUNK` examples; it must be picklable."""


@dataclass(frozen=True)
class Recipe:
    """How examples become targets: what `batches.Dataset` is told of every chunk."""

    vocabulary: Vocabulary
    literals: Literals
    labels: Labels
    longest: int
    recurring: tuple[str, ...] = ()
    """Prompts that many chunks hold: encoded once and kept, on disk too."""
    encoder: str = "frozen"
    """What prompts are encoded for, `Network.reads`."""

    def prepare(self, examples: list[Example]) -> Dataset:
        """Prompts encoded, those that do not recur anew, and targets prepared."""
        return Dataset(
            examples,
            self.vocabulary,
            self.literals,
            self.labels,
            encoder=self.encoder,
            longest=self.longest,
            encode=self._encode,
        )

    @functools.cached_property
    def _known(self) -> tuple[dict[str, int], Encoded]:
        """The row of each recurring prompt, and all of them encoded."""
        known = encode(self.recurring, encoder=self.encoder)
        return {prompt: row for row, prompt in enumerate(self.recurring)}, known

    def _encode(self, prompts: list[str], say: None, encoder: str) -> Encoded:
        rows, known = self._known
        new = iter(range(len(prompts)))
        places = [(0, rows[p]) if p in rows else (1, next(new)) for p in prompts]
        fresh = encode_uncached([p for p in prompts if p not in rows], encoder)
        return chosen([known, fresh], places)


class Stream:
    """Batches of a source's chunks; a context manager that ends its process.

    ``training_batch`` is that of `batches.Dataset`. Every example is shown ``passes`` times while
    its chunk is at hand, in another order each time: where encoding a prompt costs more than a
    step that learns from it, two passes keep both processes busy.
    """

    def __init__(self, source: Source, recipe: Recipe, size: int = CHUNK, passes: int = 1) -> None:
        self.source, self.recipe, self.size, self.passes = source, recipe, size, passes
        self._pool: ProcessPoolExecutor | None = None
        self._ahead: dict[int, Future[Dataset]] = {}
        self._chunk: tuple[int, Dataset] | None = None

    def __enter__(self) -> Stream:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, spawn, _begin, (self.source, self.recipe))
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool, self._ahead = None, {}

    def training_batch(self, step: int, size: int, seed: int) -> Batch:
        """The batch of a step counted from 1, by step and seed alone."""
        epoch, index = divmod(step - 1, self.size // size)
        chunk = self.chunk(epoch // self.passes)
        return chunk.batch(epoch_of(chunk.lengths, size, seed, epoch)[index])

    def chunk(self, number: int) -> Dataset:
        """The examples of one chunk, prepared; the next is begun."""
        if self._chunk is None or self._chunk[0] != number:
            if self._pool is None:
                return self.recipe.prepare(self.source(number))
            future = self._ahead.pop(number, None) or self._pool.submit(_make, number)
            self._chunk = number, future.result()
            for old in self._ahead.values():
                old.cancel()
            self._ahead = {number + 1: self._pool.submit(_make, number + 1)}
        return self._chunk[1]


_made_by: tuple[Source, Recipe] | None = None
"""In the process beside the training: what makes its chunks."""


def _begin(source: Source, recipe: Recipe) -> None:
    global _made_by
    torch.set_num_threads(1)
    threading.Thread(target=end_with_parent, daemon=True).start()
    _made_by = source, recipe


def end_with_parent() -> None:
    """In a thread of a process beside another: ends it when that is gone, also when killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _make(number: int) -> Dataset:
    source, recipe = _made_by
    return recipe.prepare(source(number))
