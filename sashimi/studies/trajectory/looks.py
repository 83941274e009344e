"""What the shipped network looks at while it writes, and what its bottleneck holds apart.

Letters: N prompts, P word pieces, W words, Z bridge width, M = 1 + P memory positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from sashimi.ranks import spearman
from sashimi.runtime.decoder import Block
from sashimi.runtime.reader import encode
from sashimi.runtime.way import Sashimi
from sashimi.statistics import Interval, bootstrap, wilson
from sashimi.studies.trajectory.inside import Removed


@dataclass(frozen=True)
class Watched(Block):
    """A block that writes down how much it looks at each place of the memory (M,), a step each."""

    seen: list[np.ndarray] = field(default_factory=list)

    def looks(self, x: np.ndarray, memory: tuple, missing: np.ndarray | None) -> np.ndarray:
        """As a block's, written down as its mean over sequences and heads."""
        found = super().looks(x, memory, missing)
        self.seen.append(found[:, :, 0].mean((0, 1)))
        return found


def attention(model: Sashimi, prompt: str) -> np.ndarray:
    """Of each word of a prompt, between white space, the attention that it gets while the program
    is written: (W,), the mean over tokens, heads and blocks of the sum over its word pieces. What
    is left of 1 goes to the prompt as a whole."""
    blocks = tuple(Watched(**vars(block)) for block in model.decoder.blocks)
    watched = replace(model, decoder=replace(model.decoder, blocks=blocks))
    asked = encode(model.encoder, [prompt])
    watched.decode(asked, watched.reader(asked))
    each = np.mean([seen for block in blocks for seen in block.seen], axis=0)
    return by_word(prompt, asked[0].offsets, each[1:])


def by_word(prompt: str, offsets: Sequence[tuple[int, int]], each: np.ndarray) -> np.ndarray:
    """Sums of the word pieces' numbers (P,) over each word: (W,)."""
    sums, at = [], 0
    for word in prompt.split():
        begin = prompt.index(word, at)
        at = begin + len(word)
        sums.append(sum(x for x, (a, _) in zip(each, offsets, strict=True) if begin <= a < at))
    return np.array(sums)


def agreement(model: Sashimi, taken: Sequence[Removed]) -> dict[str, Interval | float]:
    """Whether attention to a word goes with what its removal costs in confidence: the rank
    correlation within a prompt, on average over prompts of three words and more; how often the word
    most looked at is the one that costs most, and how often chance would have it."""
    rhos, same, chance = [], [], []
    for prompt, words in groupby(taken, key=lambda one: one.prompt):
        lost = np.array([one.lost for one in words])
        looked = attention(model, prompt)
        rho = spearman(looked, lost)
        if rho is not None:
            rhos.append(rho)
            same.append(int(looked.argmax() == lost.argmax()))
            chance.append(1 / len(lost))
    return {
        "rank correlation": bootstrap(rhos),
        "same first word": wilson(sum(same), len(same)),
        "same by chance": float(np.mean(chance)) if chance else float("nan"),
    }


def bottleneck(model: Sashimi, prompts: Sequence[str]) -> np.ndarray:
    """What the bridge lets through of each prompt as a whole: (N, Z), of unit length."""
    read = model.reader(encode(model.encoder, prompts))
    vectors = np.stack([one.memory[0] for one in read])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def alike(vectors: np.ndarray, classes: Sequence[str], nearest: int = 10) -> Interval:
    """How much more often a prompt's nearest ones, by cosine of (N, Z) unit vectors, are of its own
    class than any others are; 0 is chance. The interval is over prompts."""
    names, n = np.array(classes), len(classes)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    near = np.argsort(-cosines, axis=1, kind="stable")[:, : min(nearest, n - 1)]
    same = (names[near] == names[:, None]).mean(1)
    usual = np.array([(names == name).sum() - 1 for name in names]) / max(1, n - 1)
    return bootstrap(same - usual)
