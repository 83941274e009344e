"""The corpus ``spoken``: the endless built-in stream with people's own sentences drawn into it.

Its chunks are what the flagship learns from; its four splits are what is known before: a sample of
the stream with all of people's training phrasings, the stream's dev, test and unseen skeletons, and
people's dev. People's frozen test is judged by a scorer of its own and is in no split.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from sashimi.flagship.builtin.stream import Chunks, evaluation
from sashimi.flagship.data.example import Corpus, Example, digest
from sashimi.flagship.people import splits

SOURCE = "spoken"
SHARE = 0.2
"""Share of a chunk that people's phrasings are, drawn without preference."""
SAMPLE = 3
"""Chunks of the stream whose examples are ``train``: where vocabulary and literals come from."""
JUDGED = 0.3
"""Share of the stream's evaluation that a run is judged on: 900, 900 and 300 prompts."""
WATCHED = 128
"""Of people's dev phrasings, those that come first in dev, where the trajectory watches."""
SMALL = 0.004
"""As `JUDGED`, of a corpus that is limited."""


@dataclass(frozen=True)
class Mixture:
    """``Mixture(stream, people)(n)`` are the examples of chunk n; it can be pickled."""

    stream: Chunks
    people: tuple[Example, ...]

    def __call__(self, number: int) -> list[Example]:
        """The examples of one chunk, a function of seed and number alone."""
        rng = random.Random(f"mixture {self.stream.seed} {number}")
        examples = self.stream(number)
        places = rng.sample(range(len(examples)), round(SHARE * len(examples)))
        for place in places if self.people else ():
            examples[place] = rng.choice(self.people)
        return examples


@lru_cache(maxsize=2)
def load(limit: int | None = None) -> Corpus:
    """The corpus; ``limit`` makes a small one of that many training examples."""
    people = splits.load(limit)
    stream = Chunks(0, limit) if limit else Chunks(0)
    sample = [e for number in range(1 if limit else SAMPLE) for e in stream(number)]
    kept = evaluation(SMALL if limit else JUDGED)
    dev = random.Random(SOURCE).sample(kept["dev"], len(kept["dev"]))
    parts = {
        "train": [*people.train, *sample],
        "dev": [*people.dev[:WATCHED], *dev],
        "test": kept["test"],
        "test_unseen": kept["test_unseen"],
    }
    every = [example for part in parts.values() for example in part]
    return Corpus(SOURCE, digest(every), **parts, dropped=people.dropped)


def mixture(seed: int, limit: int | None = None) -> Mixture:
    """What a run of this seed learns from, chunk by chunk."""
    chunks = Chunks(seed, limit) if limit else Chunks(seed)
    return Mixture(chunks, tuple(splits.load(limit).train))
