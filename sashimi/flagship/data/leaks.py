"""Leaks between splits: shared programs and skeletons, equal and nearly equal prompts.

Two prompts are **near-duplicates** when the Jaccard similarity of the sets of character 4-grams of
their normalised texts (case folded, white space runs to one space) is at least NEAR.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import sparse

from sashimi.program import render, tiers
from sashimi.program.tree import Program

NEAR = 0.8
SHINGLE = 4
BLOCK = 128
"""Prompts compared at once: bounds the memory of a block."""
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
    """Binary rows of character 4-grams: (N, distinct grams) float32."""
    rows = []
    for prompt in prompts:
        codes = np.frombuffer(normalised(prompt).ljust(SHINGLE).encode("utf-32-le"), dtype="<u4")
        grams = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
        for offset in range(SHINGLE):  # 16 bits a character: collisions only beyond the BMP
            part = codes[offset : offset + len(grams)].astype(np.uint64) & np.uint64(0xFFFF)
            grams = (grams << np.uint64(16)) | part
        rows.append(np.unique(grams))
    lengths = [len(row) for row in rows]
    columns = np.unique(np.concatenate(rows), return_inverse=True)[1] if rows else np.zeros(0, int)
    pointers = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    shape = (len(rows), int(columns.max(initial=-1)) + 1)
    return sparse.csr_array((np.ones(len(columns), np.float32), columns, pointers), shape=shape)


def similarities(prompts: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, np.ndarray]]:
    """Jaccard similarities in blocks: (first row, (rows, len(others)) float32)."""
    grams = shingles([*prompts, *others])
    sizes = np.diff(grams.indptr).astype(np.float32)
    left, right = grams[: len(prompts)], grams[len(prompts) :]
    for start in range(0, len(prompts), BLOCK):
        rows = left[start : start + BLOCK]
        common = (right @ rows.T.toarray()).T  # (rows, len(others))
        union = sizes[start : start + rows.shape[0], None] + sizes[None, len(prompts) :] - common
        yield start, common / union


def near_pairs(prompts: Sequence[str], others: Sequence[str]) -> set[tuple[int, int]]:
    """Index pairs of near-duplicates, of ``prompts`` with ``others``."""
    found = set()
    for start, block in similarities(prompts, others):
        rows, columns = np.nonzero(block >= NEAR)
        found |= set(zip((rows + start).tolist(), columns.tolist(), strict=True))
    return found


def highest_similarity(prompts: Sequence[str], others: Sequence[str]) -> float:
    """The greatest similarity of a prompt with one of the others; 0.0 when either is empty."""
    return max((float(b.max(initial=0.0)) for _, b in similarities(prompts, others)), default=0.0)


def audit(corpus) -> list[Row]:
    """One row for each pair of splits of a corpus; its loader promises zeros where it must.

    ``programs``, ``exact_prompts`` and ``near_prompts`` (pairs) are 0 for all splits, ``skeletons``
    for those with ``test_unseen``.
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
