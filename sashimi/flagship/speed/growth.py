"""How the cost of an answer grows: with beams, length, prompts of a library, and vocabulary.

Each cost is the least processor time of `TRIES`, at sizes a factor apart; its exponent is the slope
of a line through the logarithms (1: twice as large costs twice as much).

Letters: N prompts of a library, E = 384, V vocabulary, D decoder width.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from sashimi.flagship import people
from sashimi.pieces import WIDTH
from sashimi.runtime import shipped
from sashimi.runtime.reader import encode
from sashimi.runtime.way import Sashimi
from sashimi.study import Measurement

LIMIT = 1.1
TRIES, PROMPTS = 3, 8
BEAMS = (1, 2, 4, 8)
STEPS = (16, 32, 64, 128)
"""Tokens of a program: the decoder has positions for 512, and grammar has no part in this one."""
LIBRARY = (1_000, 10_000, 100_000)
WORDS = (1, 2, 4, 8)
"""Times the vocabulary."""


def bench() -> list[Measurement]:
    """Exponents of all four, and the cost at each size."""
    whole = shipped.load()
    costs = {
        "beams": {n: beams(whole, n) for n in BEAMS},
        "tokens": {n: tokens(whole, n) for n in STEPS},
        "prompts of a library": {n: neighbours(n) for n in LIBRARY},
        "words of the vocabulary": {n: words(whole, n) for n in WORDS},
    }
    return [row for name, points in costs.items() for row in rows(name, points)]


def rows(name: str, points: Mapping[int, float]) -> Iterator[Measurement]:
    """The cost at each size and the exponent, which is to stay below `LIMIT`."""
    for size, ms in points.items():
        yield Measurement(f"{size} {name}", ms, "ms", TRIES)
    yield Measurement(f"exponent of {name}", exponent(points), "", len(points), LIMIT)


def exponent(points: Mapping[int, float]) -> float:
    """The slope of log cost over log size."""
    sizes, costs = (np.log(list(side)) for side in (points.keys(), points.values()))
    return float(np.polyfit(sizes, costs, 1)[0])


def beams(whole: Sashimi, count: int) -> float:
    """A prompt decoded in so many beams, encoding aside."""
    prompts = [item.prompt for item in people.test()][:PROMPTS]
    asked = encode(whole.encoder, prompts)
    read = whole.reader(asked)
    return least(lambda: [whole.decode([a], [r], count) for a, r in zip(asked, read, strict=True)])


def tokens(whole: Sashimi, count: int) -> float:
    """So many steps of the decoder, one sequence over a memory of 20 places."""
    decoder, past = whole.decoder, None
    memory = np.zeros((1, 20, decoder.blocks[0].key_value.weight.shape[0]), np.float32)
    remembered = decoder.remember(memory)

    def written() -> None:
        nonlocal past
        past = None
        for place in range(count):
            _, past = decoder.step(np.zeros(1, int), place, None, remembered, None, past)

    return least(written)


def neighbours(size: int) -> float:
    """A prompt's ten nearest of (N, E): one product and a partial sort."""
    library = np.random.default_rng(0).normal(size=(size, WIDTH)).astype(np.float32)
    prompt = library[0]
    return least(lambda: np.argpartition(-(library @ prompt), 10)[:10])


def words(whole: Sashimi, times: int) -> float:
    """The scores of the next word among so many times the vocabulary, under a mask."""
    decoder = whole.decoder
    wide = replace(
        decoder, leave=np.tile(decoder.leave, (1, times)), bias=np.tile(decoder.bias, times)
    )
    hidden = np.ones((1, len(decoder.leave)), np.float32)
    mask = np.arange(len(wide.bias)) % 7 == 0

    def scored() -> None:
        for _ in range(100):
            np.where(mask, wide.logits(hidden), np.float32(-np.inf)).argmax(1)

    return least(scored)


def least(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, the least of `TRIES`."""
    taken = []
    for _ in range(TRIES):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return 1000 * min(taken)
