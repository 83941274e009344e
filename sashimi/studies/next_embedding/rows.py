"""Windows over documents, their coherence, and the planted dilution.

Letters: N chunks, D width, R windows, C chunks of context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sashimi.errors import BadInput


@dataclass(frozen=True)
class Windows:
    """Windows as places in one table of vectors, so that a batch is one look-up."""

    vectors: np.ndarray
    """(N, D) float32."""
    places: np.ndarray
    """(R, C + 1) int64: the chunks of the context, oldest first, then the one to predict."""
    document: np.ndarray
    """(R,) int64: which document a window lies in."""
    starts: np.ndarray
    """(documents + 1,) int64: where each document begins in the table."""

    def __len__(self) -> int:
        return len(self.places)

    @property
    def contexts(self) -> np.ndarray:
        """(R, C, D) float32."""
        return self.vectors[self.places[:, :-1]]

    @property
    def targets(self) -> np.ndarray:
        """(R, D) float32."""
        return self.vectors[self.places[:, -1]]

    def take(self, chosen: np.ndarray) -> Windows:
        """Some of the windows, by a mask or by their numbers; the table stays whole."""
        return replace(self, places=self.places[chosen], document=self.document[chosen])


def windows(documents: Sequence[np.ndarray], context: int = 5) -> Windows:
    """Every ``context`` chunks in a row of one document and the chunk after them.

    ``documents`` are arrays (n, D) of chunk vectors; one of n chunks gives n - ``context``
    windows, none where it has too few. Raises BadInput for an empty document, vectors of another
    width, values that are not finite, and where there is no window at all.
    """
    if context < 1:
        raise BadInput(f"context {context}: at least one chunk is needed")
    tables = [np.asarray(document, dtype=np.float32) for document in documents]
    for index, table in enumerate(tables):
        _check(index, table, tables[0].shape[-1])
    sizes = [len(table) for table in tables]
    if not any(size > context for size in sizes):
        told = f"{len(sizes)} documents, none with more than {context} chunks"
        raise BadInput(f"{told}: give longer ones")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    counts = [max(0, size - context) for size in sizes]
    first = np.concatenate([s + np.arange(n) for s, n in zip(starts, counts, strict=False)])
    places = first[:, None] + np.arange(context + 1)
    return Windows(np.concatenate(tables), places, np.repeat(np.arange(len(sizes)), counts), starts)


def _check(index: int, table: np.ndarray, width: int) -> None:
    where = f"document {index}"
    if table.ndim != 2 or not len(table):
        raise BadInput(f"{where} is empty: leave it out (its shape is {table.shape})")
    if table.shape[1] != width:
        told = f"vectors of width {table.shape[1]}, those of document 0 have {width}"
        raise BadInput(f"{where}: {told}: encode all of them with one encoder")
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(1))[0])
        raise BadInput(f"{where}, chunk {row}: the vector is not finite; encode it again")


def coherence(context: np.ndarray) -> np.ndarray:
    """Mean cosine of the neighbours inside contexts (…, C, D): (…,). Never of the target.

    Raises BadInput for a context of one chunk, which has no neighbours.
    """
    context = np.asarray(context)
    if context.shape[-2] < 2:
        raise BadInput("the coherence of one chunk is undefined: give two or more")
    units = context / np.linalg.norm(context, axis=-1, keepdims=True)
    return (units[..., 1:, :] * units[..., :-1, :]).sum(-1).mean(-1)


def diluted(
    documents: Sequence[np.ndarray], share: float, seed: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """The documents, some of them planted: their chunks are shuffled across one another.

    Planted are as many, drawn at random, as it takes to hold ``share`` of all chunks; sizes stay.
    Returns the documents and which are planted, (documents,) bool.
    """
    rng = np.random.default_rng(seed)
    planted = np.zeros(len(documents), dtype=bool)
    if share == 0:
        return list(documents), planted
    order = rng.permutation(len(documents))
    sizes = np.array([len(document) for document in documents])
    planted[order[: np.searchsorted(np.cumsum(sizes[order]), share * sizes.sum()) + 1]] = True
    mixed = rng.permutation(np.concatenate([documents[i] for i in np.flatnonzero(planted)]))
    parts = iter(np.split(mixed, np.cumsum(sizes[planted])))
    pairs = zip(documents, planted, strict=True)
    return [next(parts) if own else document for document, own in pairs], planted


def shuffled(documents: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Each document with its own chunks in random order: what order is worth is gone."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(document) for document in documents]
