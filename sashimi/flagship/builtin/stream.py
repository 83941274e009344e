"""Examples without end, each a function of the seed and its index alone.

Every other example is led by the next step of a shuffled round over all steps, the others by a step
drawn as often as people ask for it. What is kept for evaluation never comes: skeletons by the
CRC-32 of their tokens, values by that of their text (`slots.held_out`), and programs without such
values by that of the program; so `evaluation`, made once, shares no program with the stream.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, count

from sashimi.flagship.builtin import build, shapes, slots
from sashimi.flagship.builtin.grammar import Step, load
from sashimi.flagship.builtin.plan import Sampler, filled, uses
from sashimi.flagship.builtin.speak import Speaker
from sashimi.flagship.builtin.style import LOW, draw_style, styled
from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import Example
from sashimi.program import tree

UNSEEN_SHARE = 20
"""One skeleton in so many is of ``test_unseen``, and one is of ``dev`` alone."""
PROGRAM_SHARE = 12
"""One program in so many is kept for evaluation, of those that hold no copied value."""
LONGEST = 15
"""Statements of the longest program."""
CHUNK = 4096
ROOM = {"dev": 2000, "dev unseen": 1000, "test": 3000, "test_unseen": 1000}
"""Prompts of evaluation by what they are kept for."""


@dataclass(frozen=True)
class Drawn:
    """One program as a person asks for it, and what it is kept for: a key of ROOM or "train"."""

    prompt: str
    program: tree.Program
    domain: str
    style: str
    kept_for: str

    def example(self, name: str) -> Example:
        """The same as an example of a corpus."""
        return Example(name, self.prompt, self.program, self.domain, self.style)


def kept_for(skeleton: tuple[str, ...]) -> str:
    """What a skeleton is kept for: "test_unseen", "dev unseen", or "train" for nothing."""
    rest = zlib.crc32(" ".join(skeleton).encode()) % UNSEEN_SHARE
    return {0: "test_unseen", UNSEEN_SHARE // 2: "dev unseen"}.get(rest, "train")


def stream(seed: int, start: int = 0) -> Iterator[Example]:
    """Training examples from an index on, without end."""
    return (example(seed, index) for index in count(start))


def example(seed: int, index: int) -> Example:
    """The training example of an index, with the id ``stream-<index>``."""
    rng = random.Random(f"stream {seed} {index}")
    lead = _lead(seed, index, rng)
    while True:
        drawn = _draw(lead, rng, evaluation=False)
        if drawn is not None and drawn.kept_for == "train":
            return drawn.example(f"stream-{index}")
        if rng.random() < 0.2:  # all that the step can lead may be kept
            lead = _usual(rng)


@dataclass(frozen=True)
class Chunks:
    """``Chunks(seed)(n)`` are the stream's examples from n * size on; it can be pickled."""

    seed: int
    size: int = CHUNK

    def __call__(self, number: int) -> list[Example]:
        """The examples of one chunk."""
        return [example(self.seed, number * self.size + k) for k in range(self.size)]


@lru_cache(maxsize=2)
def evaluation(share: float = 1.0) -> dict[str, list[Example]]:
    """``dev`` and ``test`` of 3,000 prompts and ``test_unseen`` of 1,000: the same for every seed.

    A third of ``dev``, its last prompts, has skeletons of its own, kept from training as those of
    ``test_unseen`` are. Half a minute the first time; a ``share`` of each split takes less.
    """
    room = {key: max(4, round(share * size)) for key, size in ROOM.items()}
    rng = random.Random("stream evaluation")
    found: dict[str, list[Drawn]] = {key: [] for key in ROOM}
    prompts: set[str] = set()
    programs: dict[str, str] = {}
    for index in count():
        if all(len(part) == room[key] for key, part in found.items()):
            break
        drawn = _draw(_lead(-1, index, rng), rng, evaluation=True)
        if drawn is None or drawn.prompt in prompts or drawn.kept_for == "train":
            continue
        key = drawn.kept_for if drawn.kept_for in ROOM else rng.choice(("dev", "test", "test"))
        program = leaks.program_key(drawn.program)
        if len(found[key]) == room[key] or programs.setdefault(program, key) != key:
            continue
        prompts.add(drawn.prompt)
        found[key].append(drawn)
    splits = {"dev": found["dev"] + found["dev unseen"], "test": found["test"]}
    splits["test_unseen"] = found["test_unseen"]
    return {
        split: [drawn.example(f"{split}-{n}") for n, drawn in enumerate(part)]
        for split, part in splits.items()
    }


@lru_cache(maxsize=1)
def _leads() -> tuple[tuple[Step, ...], tuple[float, ...]]:
    """The steps that may lead, and how often people ask for each, summed up so far."""
    steps = tuple(step for step in load().steps.values() if step.kind != "check")
    return steps, tuple(accumulate(step.weight for step in steps))


@lru_cache(maxsize=4)
def _round(seed: int, number: int) -> tuple[Step, ...]:
    steps, _ = _leads()
    return tuple(random.Random(f"round {seed} {number}").sample(steps, len(steps)))


def _usual(rng: random.Random) -> Step:
    steps, weights = _leads()
    return rng.choices(steps, cum_weights=weights)[0]


def _lead(seed: int, index: int, rng: random.Random) -> Step:
    if index % 2:
        return _usual(rng)
    number, place = divmod(index // 2, len(_leads()[0]))
    return _round(seed, number)[place]


def _draw(lead: Step, rng: random.Random, *, evaluation: bool) -> Drawn | None:
    """One example led by a step; None when its program is too long."""
    grammar = load()
    plan = filled(shapes.sample(Sampler(grammar, rng), lead), grammar, rng, evaluation=evaluation)
    program, domain = build.program(plan, grammar)
    if sum(1 for _ in tree.walk(program.body)) > LONGEST:
        return None
    kept = kept_for(leaks.skeleton_key(program))
    if kept == "train" and _kept_program(plan, program):
        kept = "seen"
    if evaluation and kept == "train":
        return None
    style = draw_style(rng)
    spoken = Speaker(grammar, rng, flat=style == "question", low=style in LOW).plan(plan)
    return Drawn(styled(spoken, style, grammar.phrases, rng), program, domain, style, kept)


def _kept_program(plan: tuple, program: tree.Program) -> bool:
    """Whether a program is kept for evaluation: by its values, or by itself if it copies none."""
    fillings = [filling for use in uses(plan) for filling in use.values.values()]
    copied = [filling for filling in fillings if filling.copied]
    if copied or not fillings:
        return any(slots.held_out(slots.text_of(filling.value)) for filling in copied)
    return zlib.crc32(leaks.program_key(program).encode()) % PROGRAM_SHARE == 0
