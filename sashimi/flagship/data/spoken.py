"""The corpus ``spoken``: the endless built-in stream with people's own sentences drawn into it.

Its chunks are what the flagship learns from; its four splits are what is known before: a sample of
the chunks with all of people's training phrasings, the stream's dev, test and unseen skeletons, and
people's dev. People's frozen test is judged by a scorer of its own and is in no split.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from functools import lru_cache

from sashimi.flagship import people
from sashimi.flagship.builtin.stream import PROGRAM_SHARE, Chunks, evaluation
from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import Corpus, Example, digest
from sashimi.flagship.people import splits
from sashimi.flagship.people.join import Join
from sashimi.flagship.people.slips import slipped
from sashimi.flagship.people.swap import Swap

SOURCE = "spoken"
SHARE = 0.5
"""Share of a chunk that comes from people's phrasings, drawn without preference."""
JOINED = 0.4
"""Share of these that are several requests in one."""
SWAPPED = 0.7
"""Share of the others that have other values."""
SLIPPED = 0.15
"""Share of them that are typed in haste."""
POOL = 4096
"""Examples of the stream whose values are exchanged for people's."""
SAMPLE = 3
"""Chunks whose examples are in ``train``: vocabulary, literals and the domain head come from these
and from people's own sentences."""
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
        if not self.people:
            return examples
        places = rng.sample(range(len(examples)), round(SHARE * len(examples)))
        plain = [rng.choice(self.people) for _ in places]
        swap, join = _retelling(self.people)
        retold = [_retold(example, swap, join, rng) for example in plain]
        near = {left for left, _ in leaks.near_pairs([e.prompt for e in retold], _kept_prompts())}
        for n, (place, made, was) in enumerate(zip(places, retold, plain, strict=True)):
            examples[place] = was if n in near or _kept(made) else made
        return examples


def _retold(example: Example, swap: Swap, join: Join, rng: random.Random) -> Example:
    """The example, the same with other values, or another one put together of several."""
    if rng.random() < JOINED:
        example = join(rng, swap) or example
    elif rng.random() < SWAPPED:
        example = swap(example, rng)
    return slipped(example, swap.readings, rng) if rng.random() < SLIPPED else example


@lru_cache(maxsize=2)
def _retelling(examples: tuple[Example, ...]) -> tuple[Swap, Join]:
    """What exchanges values and puts requests together, learned once in each process."""
    drawn = Chunks(0, min(POOL, len(examples)))(0)
    return Swap.of([*examples, *drawn]), Join.of(examples)


@lru_cache(maxsize=1)
def _kept_prompts() -> tuple[str, ...]:
    """What people's programs are judged on, the frozen test and dev: nothing like it is made."""
    dev = (example.prompt for example in splits.load().dev)
    return (*(item.prompt for item in people.test()), *dev)


def _kept(example: Example) -> bool:
    """Whether the program is one of those that people or the stream are judged on."""
    key = leaks.program_key(example.program)
    return key in _kept_programs() or zlib.crc32(key.encode()) % PROGRAM_SHARE == 0


@lru_cache(maxsize=1)
def _kept_programs() -> frozenset[str]:
    frozen = (gold for item in people.test() for gold in item.golds)
    dev = (example.program for example in splits.load().dev)
    return frozenset(leaks.program_key(program) for program in (*frozen, *dev))


@lru_cache(maxsize=2)
def load(limit: int | None = None) -> Corpus:
    """The corpus; ``limit`` makes a small one of that many training examples."""
    hand = splits.load(limit)
    chunks = mixture(0, limit)
    sample = [e for number in range(1 if limit else SAMPLE) for e in chunks(number)]
    kept = evaluation(SMALL if limit else JUDGED)
    dev = random.Random(SOURCE).sample(kept["dev"], len(kept["dev"]))
    parts = {
        "train": [*hand.train, *sample],
        "dev": [*hand.dev[:WATCHED], *dev],
        "test": kept["test"],
        "test_unseen": kept["test_unseen"],
    }
    every = [example for part in parts.values() for example in part]
    return Corpus(SOURCE, digest(every), **parts, dropped=hand.dropped)


def mixture(seed: int, limit: int | None = None) -> Mixture:
    """What a run of this seed learns from, chunk by chunk."""
    chunks = Chunks(seed, limit) if limit else Chunks(seed)
    return Mixture(chunks, tuple(splits.load(limit).train))
