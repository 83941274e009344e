"""Leaks between splits: shared programs and skeletons, equal and nearly equal prompts.

Two prompts are **near-duplicates** when the Jaccard similarity of the sets of character 4-grams of
their normalised texts (case folded, white space runs to one space) is at least NEAR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import sparse

from sashimi.program import render, tiers
from sashimi.program.tree import Program

NEAR = 0.8
SHINGLE = 4
SPLITS = ("train", "dev", "test", "test_unseen")


@dataclass(frozen=True)
class Row:
    """What two splits share; ``highest`` is the greatest similarity of any two of their prompts."""

    left: str
    right: str
    programs: int
    skeletons: int
    exact_prompts: int
    near_prompts: int
    highest: float


def program_key(program: Program) -> str:
    """The canonical text without title and comments: what "the same program" means for splits."""
    return render(replace(tiers.without_comments(program), name=""))


def skeleton_key(program: Program) -> tuple[str, ...]:
    """The skeleton without comments."""
    return tiers.skeleton(tiers.without_comments(program))


def normalised(prompt: str) -> str:
    """The prompt as the similarity sees it."""
    return " ".join(prompt.casefold().split())


def shingles(prompts: Sequence[str]) -> sparse.csr_array:
    """Binary rows of character 4-grams, columns from rare to frequent: (N, distinct grams) int32."""
    rows = []
    for prompt in prompts:
        codes = np.frombuffer(normalised(prompt).ljust(SHINGLE).encode("utf-32-le"), dtype="<u4")
        grams = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
        for offset in range(SHINGLE):  # 16 bits a character: collisions only beyond the BMP
            part = codes[offset : offset + len(grams)].astype(np.uint64) & np.uint64(0xFFFF)
            grams = (grams << np.uint64(16)) | part
        rows.append(np.unique(grams))
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    if not rows:
        return sparse.csr_array((0, 0), dtype=np.int32)
    _, inverse, counts = np.unique(np.concatenate(rows), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    pointers = np.concatenate(([0], np.cumsum(lengths)))
    data = np.ones(len(inverse), dtype=np.int32)
    matrix = sparse.csr_array((data, rank[inverse], pointers), shape=(len(rows), len(counts)))
    matrix.sort_indices()
    return matrix


def similar(
    prompts: Sequence[str], others: Sequence[str] | None, least: float
) -> dict[tuple[int, int], float]:
    """Index pairs and similarities of at least ``least``: within ``prompts`` (i < j), or with ``others``.

    Prefix filtering (Chaudhuri et al. 2006): two sets of similarity t share one of the rarest
    ``n - ceil(t n) + 1`` members of each, so only such pairs are compared in full.
    """
    both = [*prompts, *(others or [])]
    if not both:
        return {}
    grams = shingles(both)
    sizes = np.diff(grams.indptr)
    kept = sizes - np.ceil(least * sizes).astype(np.int64) + 1
    place = np.arange(len(grams.indices)) - np.repeat(grams.indptr[:-1], sizes)
    keep = place < np.repeat(kept, sizes)
    owner = np.repeat(np.arange(len(both)), sizes)[keep]
    ones = np.ones(len(owner), dtype=np.int32)
    prefix = sparse.csr_array((ones, (owner, grams.indices[keep])), shape=grams.shape)
    split = len(prompts)
    if others is None:
        candidates = sparse.triu(prefix @ prefix.T, k=1).tocoo()
        left, right = candidates.row, candidates.col
    else:
        candidates = (prefix[:split] @ prefix[split:].T).tocoo()
        left, right = candidates.row, candidates.col + split
    bounds = zip(grams.indptr, grams.indptr[1:], strict=False)
    members = [set(grams.indices[start:end].tolist()) for start, end in bounds]
    found = {}
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        common = len(members[i] & members[j])
        similarity = common / (len(members[i]) + len(members[j]) - common)
        if similarity >= least:
            found[i, j if others is None else j - split] = similarity
    return found


def near_pairs(prompts: Sequence[str], others: Sequence[str] | None = None) -> set[tuple[int, int]]:
    """Index pairs of near-duplicates: within ``prompts`` (i < j), or of ``prompts`` with ``others``."""
    return set(similar(prompts, others, NEAR))


def highest_similarity(prompts: Sequence[str], others: Sequence[str]) -> float:
    """The greatest similarity of a prompt with one of the others; 0.0 when either is empty."""
    for least in (NEAR, 0.6, 0.45, 0.3, 0.15, 0.0):
        if found := similar(prompts, others, least):
            return max(found.values())
    return 0.0


def audit(corpus) -> list[Row]:
    """One row for each pair of splits of a corpus; its loader promises zeros where it must.

    ``programs``, ``exact_prompts`` and ``near_prompts`` are 0 for all pairs, ``skeletons`` for those
    with ``test_unseen``. ``near_prompts`` counts pairs.
    """
    rows = []
    for left, right in combinations(SPLITS, 2):
        a, b = getattr(corpus, left), getattr(corpus, right)
        texts = [e.prompt for e in a], [e.prompt for e in b]
        plain = [{normalised(text) for text in side} for side in texts]
        rows.append(
            Row(
                left,
                right,
                len({program_key(e.program) for e in a} & {program_key(e.program) for e in b}),
                len({skeleton_key(e.program) for e in a} & {skeleton_key(e.program) for e in b}),
                len(plain[0] & plain[1]),
                len(near_pairs(*texts)),
                round(highest_similarity(*texts), 3),
            )
        )
    return rows
