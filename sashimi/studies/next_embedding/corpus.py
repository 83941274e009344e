"""The corpus of the study: documents as arrays of vectors, split by groups of near-duplicates.

Letters: N chunks, D = 384.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from sashimi import cache, encode
from sashimi.bert import Bert
from sashimi.errors import BadInput
from sashimi.files import digest
from sashimi.pieces import model_folder, token_ids
from sashimi.studies.next_embedding import texts
from sashimi.studies.next_embedding.params import CorpusParams
from sashimi.studies.next_embedding.texts import Text

SHARES = (("test", 0.18), ("dev", 0.30))
"""Of the groups of early addresses, in the order of their hashes: where a split ends."""
SPLITS = ("train", "dev", "test")
OTHERS = ("postwar", "scripture", "manual")
"""Domains that nothing is learned from: the near one, and two far ones."""
BLOCK = 30
"""Chunks of a document that lie in one file of the cache: an interrupted encoding goes on, and a
longer cut of a document begins with what a shorter one left."""


@dataclass(frozen=True)
class Corpus:
    """By split, for each document: its vectors (n, D) float32 of unit length, its name, and its
    group, a number that near-duplicates share. ``digest`` is that of all names and texts.
    """

    documents: dict[str, list[np.ndarray]]
    names: dict[str, list[str]]
    groups: dict[str, np.ndarray]
    digest: str

    @property
    def sizes(self) -> dict[str, int]:
        """Documents and chunks by split."""
        count = {f"{split}, documents": len(own) for split, own in self.documents.items()}
        return count | {f"{s}, chunks": sum(map(len, own)) for s, own in self.documents.items()}


def load(settings: CorpusParams) -> Corpus:
    """Reads and encodes what the parameters name; documents are chosen by the hashes of their
    names, and have their first chunks. Raises BadInput where a split would be empty.
    """
    every = texts.domains()
    chosen = split(_some(every["early"], settings.documents))
    chosen |= {name: _alone(_some(every[name], settings.other_documents)) for name in OTHERS}
    cut = {}
    for name, own in chosen.items():
        limit = settings.other_chunks if name in OTHERS else settings.chunks
        cut[name] = [texts.chunks(text)[: limit or None] for (_, text), _ in own]
    names = {name: [title for (title, _), _ in own] for name, own in chosen.items()}
    return Corpus(
        {name: [vectors(document) for document in own] for name, own in cut.items()},
        names,
        {name: np.array([group for _, group in own]) for name, own in chosen.items()},
        digest([names, cut]),
    )


def check(settings: CorpusParams) -> None:
    """Raises BadInput for parameters that give no windows, and where a package is missing."""
    for name in ("chunks", "other_chunks"):
        if 0 < getattr(settings, name) < texts.SHORTEST:
            raise BadInput(f"{name}: windows need {texts.SHORTEST} chunks or more (0: all)")
    texts.installed()


def split(found: Sequence[Text]) -> dict[str, list[tuple[Text, int]]]:
    """Train, dev and test, each document with its group: decided by the hash of the group's first
    name before anything else is done. Raises BadInput where that leaves one of them empty.
    """
    grouped = list(zip(found, texts.groups(found), strict=True))
    first: dict[int, str] = {}
    for (name, _), group in sorted(grouped):
        first.setdefault(group, name)
    order = sorted(first, key=lambda group: _hash(first[group]))
    made: dict[str, list[tuple[Text, int]]] = {name: [] for name in SPLITS}
    for text, group in grouped:
        place = (order.index(group) + 0.5) / len(order)
        made[next((name for name, end in SHARES if place < end), "train")].append((text, group))
    empty = [name for name, own in made.items() if not own]
    if empty:
        told = f"{len(found)} documents in {len(order)} groups leave nothing for "
        raise BadInput(f"{told}{', '.join(empty)}: give 8 or more that are no near-duplicates")
    return made


def vectors(chunks: Sequence[str]) -> np.ndarray:
    """Encoded chunks: (N, D) float32 of unit length, from the cache, where they are float16.

    Raises BadInput for an empty document or chunk.
    """
    if not chunks or not all(chunk.strip() for chunk in chunks):
        raise BadInput("a document or one of its chunks is empty: leave it out")
    parts = []
    for at in range(0, len(chunks), BLOCK):
        block = list(chunks[at : at + BLOCK])
        key = ["next embedding", "1", encode.weights_digest(), *block]
        parts.append(cache.fetch(key, functools.partial(_encode, block))["pooled"])
    return F.normalize(torch.cat(parts).float(), dim=-1).numpy()


@functools.cache
def _model() -> Bert:
    return Bert.load(model_folder() / "model.safetensors")


@torch.inference_mode()
def _encode(chunks: Sequence[str]) -> dict[str, torch.Tensor]:
    """What `sashimi.encode.encode` gives as ``pooled``, without a state for every word piece."""
    ids = token_ids(chunks)
    pooled = torch.zeros(len(chunks), encode.WIDTH)
    for chosen in encode.batches([len(i) for i in ids], encode.BUDGET):
        pooled[chosen] = _model()(torch.tensor([ids[i] for i in chosen])).mean(1)
    return {"pooled": F.normalize(pooled, dim=-1).half()}


def _some(found: Sequence[Text], count: int) -> list[Text]:
    """The ``count`` documents whose names have the smallest hashes, in their order (0: all)."""
    kept = sorted(found, key=lambda text: _hash(text[0]))[: count or None]
    return [text for text in found if text in kept]


def _alone(found: Sequence[Text]) -> list[tuple[Text, int]]:
    """The first document of each group of near-duplicates, with the group."""
    group = texts.groups(found)
    return [(text, group[i]) for i, text in enumerate(found) if group[i] not in group[:i]]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
