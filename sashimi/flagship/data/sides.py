"""The two sides that a domain head is fitted and judged on: in-domain and out-of-domain prompts.

Training takes every candidate; dev and test take those whose style is matched, so that a head which
has learned style gains nothing there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from sashimi import cache
from sashimi.flagship.data import matching, out_of_domain
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.matching import Pairs
from sashimi.flagship.data.out_of_domain import Prompt

EACH = 3
"""Out-of-domain prompts that stand beside one in-domain prompt, at most."""
CANDIDATES = 40
"""Candidates for one in-domain prompt, at most: a small corpus needs no large pool."""


@dataclass(frozen=True)
class Sides:
    """Matched prompts of a split: ``outside[i]`` was chosen to stand beside ``inside[beside[i]]``.

    ``auroc`` is what the best style detector reaches on the pairs; ``every`` are all in-domain
    prompts of the split, also those with no counterpart in style.
    """

    inside: list[Example]
    outside: list[Prompt]
    beside: np.ndarray  # (P,) int
    auroc: float
    every: list[Example]

    def only(self, keep: Callable[[Prompt], bool]) -> Sides:
        """The pairs whose out-of-domain prompt ``keep`` holds to."""
        chosen = [i for i, prompt in enumerate(self.outside) if keep(prompt)]
        used, beside = np.unique(self.beside[chosen], return_inverse=True)
        inside = [self.inside[i] for i in used]
        outside = [self.outside[i] for i in chosen]
        return Sides(inside, outside, beside, self.auroc, self.every)


def examples(corpus: Corpus, split: str) -> list[Example]:
    """The in-domain examples of a split; "test" holds unseen skeletons too."""
    return [*corpus.test, *corpus.test_unseen] if split == "test" else getattr(corpus, split)


def matched(corpus: Corpus, split: str) -> Sides:
    """The matched sides of "dev" or "test"; the same for the same corpus, kept in the cache."""
    part = examples(corpus, split)
    found = candidates(split, CANDIDATES * len(part))
    pairs = _pairs(tuple((e.prompt, e.style) for e in part), split)
    used, beside = np.unique(pairs.inside, return_inverse=True)
    outside = [found[j] for j in pairs.outside]
    return Sides([part[i] for i in used], outside, beside, pairs.auroc, part)


def candidates(split: str, most: int) -> list[Prompt]:
    """Out-of-domain candidates of a split, ``most`` at most, from all templates."""
    found = getattr(out_of_domain.load(), split)
    return random.Random(split).sample(found, min(most, len(found)))


@lru_cache(maxsize=8)
def _pairs(inside: tuple[tuple[str, str], ...], split: str) -> Pairs:
    found = candidates(split, CANDIDATES * len(inside))
    outside = [(c.prompt, c.style) for c in found]
    templates = [c.template for c in found]

    def make() -> dict[str, torch.Tensor]:
        pairs = matching.match(inside, outside, templates, EACH)
        sides = {"inside": pairs.inside, "outside": pairs.outside, "auroc": np.array(pairs.auroc)}
        return {name: torch.from_numpy(values) for name, values in sides.items()}

    texts = [text for row in (*inside, *outside) for text in row]
    key = ["matched", cache.code(matching), str(EACH), str(len(inside)), *texts, *templates]
    kept = cache.fetch(key, make)
    return Pairs(kept["inside"].numpy(), kept["outside"].numpy(), float(kept["auroc"]))
