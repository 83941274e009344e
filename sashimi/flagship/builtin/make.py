"""The whole built-in corpus from a seed: plans, programs, prompts and their splits.

A skeleton whose CRC-32 is divisible by UNSEEN_SHARE goes to ``test_unseen`` and nowhere else. The
other skeletons train; some get further programs, with values that no training program has, for
``dev`` and ``test``. Training prompts that come too near an evaluation prompt are dropped.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sashimi.flagship.builtin import build, shapes
from sashimi.flagship.builtin.grammar import Grammar, load
from sashimi.flagship.builtin.plan import Sampler, filled
from sashimi.flagship.builtin.speak import Speaker
from sashimi.flagship.builtin.style import LOW, STYLES, styled
from sashimi.flagship.data import leaks
from sashimi.program import tree
from sashimi.program.tree import Program

UNSEEN_SHARE = 10
LONGEST = 15
MOST_OF_A_SKELETON = 24
MOST_OF_A_PROGRAM = 12
"""Prompts of one training program: those without values have no other way to be said often."""


@dataclass(frozen=True)
class Made:
    """One prompt and its program."""

    split: str
    prompt: str
    program: Program
    domain: str
    style: str


@dataclass(frozen=True)
class Sizes:
    """How many examples each split shall have."""

    train: int = 20_000
    evaluation: int = 300

    @property
    def spare(self) -> int:
        """Evaluation examples made, some of which the audit will drop."""
        return self.evaluation + self.evaluation // 7 + 1


class _Maker:
    """Makes examples one plan after another, until every split is full."""

    def __init__(self, seed: int, sizes: Sizes) -> None:
        self.grammar: Grammar = load()
        self.rng = random.Random(f"builtin corpus {seed}")
        self.sampler = Sampler(self.grammar, self.rng)
        self.sizes = sizes
        self.programs: Counter[str] = Counter()
        self.kept: set[str] = set()
        self.prompts: dict[str, str] = {}
        self.skeletons: Counter[tuple] = Counter()
        self.sizes_now: Counter[str] = Counter()
        self.clashes = 0

    def plans(self) -> Iterator[tuple]:
        """Plans without end; each round gives every step of a domain the lead once."""
        steps = [s for s in self.grammar.steps.values() if not s.common and s.kind != "check"]
        while True:
            self.rng.shuffle(steps)
            for step in steps:
                plan = shapes.sample(self.sampler, step)
                yield plan

    def one(self, plan: tuple, split: str, prompts: int) -> list[Made]:
        """One program of a plan with some prompts; nothing if it has been said often enough."""
        plan = filled(plan, self.grammar, self.rng, evaluation=split != "train")
        program, domain = build.program(plan, self.grammar)
        key = leaks.program_key(program)
        if self.programs[key] and (split != "train" or key in self.kept):
            return []
        if self.programs[key] + prompts > MOST_OF_A_PROGRAM:
            return []
        if split != "train":
            self.kept.add(key)
        self.programs[key] += prompts
        made = []
        for style in self.rng.sample(STYLES, prompts):
            flat, low = style == "question", style in LOW
            spoken = Speaker(self.grammar, self.rng, flat=flat, low=low).plan(plan)
            prompt = styled(spoken, style, self.grammar.phrases, self.rng)
            said = leaks.normalised(prompt)
            if said not in self.prompts:
                self.prompts[said] = key
                made.append(Made(split, prompt, program, domain, style))
            elif self.prompts[said] != key:
                self.clashes += 1
        self.sizes_now[split] += len(made)
        return made

    def of_plan(self, plan: tuple) -> list[Made]:
        """The examples of one plan, in the splits that its skeleton may enter."""
        trial = filled(plan, self.grammar, self.rng, evaluation=False)
        program, _ = build.program(trial, self.grammar)
        skeleton = leaks.skeleton_key(program)
        if sum(1 for _ in tree.walk(program.body)) > LONGEST:
            return []
        if self.skeletons[skeleton] >= MOST_OF_A_SKELETON:
            return []
        rng, spare = self.rng, self.sizes.spare
        if zlib.crc32(" ".join(skeleton).encode()) % UNSEEN_SHARE == 0:
            if self.sizes_now["test_unseen"] >= spare:
                return []
            made = self.one(plan, "test_unseen", 1)
        else:
            made = []
            for _ in range(rng.choice((1, 1, 2, 2, 3))):
                made += self.one(plan, "train", rng.choice((1, 2, 2, 3)))
            for split in ("dev", "test"):
                if made and self.sizes_now[split] < spare and rng.random() < 0.17:
                    made += self.one(plan, split, 1)
        self.skeletons[skeleton] += len(made)
        return made

    def full(self) -> bool:
        short = [self.sizes_now[s] < self.sizes.spare for s in leaks.SPLITS[1:]]
        return self.sizes_now["train"] >= self.sizes.train * 1.06 and not any(short)


def make(seed: int, sizes: Sizes = Sizes()) -> tuple[dict[str, list[Made]], dict[str, int]]:
    """The examples of each split and what was dropped on the way: the same for the same seed."""
    maker = _Maker(seed, sizes)
    found: dict[str, list[Made]] = {split: [] for split in leaks.SPLITS}
    for plan in maker.plans():
        for made in maker.of_plan(plan):
            found[made.split].append(made)
        if maker.full():
            break
    dropped = {"clashing_prompts": maker.clashes}
    known = {action.name for made in found["train"] for action in tree.actions(made.program)}
    unseen = [
        m for m in found["test_unseen"] if all(a.name in known for a in tree.actions(m.program))
    ]
    dropped["unknown_actions"] = len(found["test_unseen"]) - len(unseen)
    found["test_unseen"] = unseen
    for split, keepers in (("test", ("test_unseen",)), ("dev", ("test_unseen", "test"))):
        found[split], dropped[f"near_{split}"] = _apart(found[split], found, keepers)
    for split in leaks.SPLITS[1:]:
        found[split] = found[split][: sizes.evaluation]
    found["train"], dropped["near_train"] = _apart(found["train"], found, leaks.SPLITS[1:])
    found["train"] = found["train"][: sizes.train]
    return found, dropped


def _apart(made: list[Made], found: dict, keepers: tuple[str, ...]) -> tuple[list[Made], int]:
    """The examples that are no near-duplicate of one in ``keepers``, and how many others."""
    kept = [m.prompt for split in keepers for m in found[split]]
    near = {i for i, _ in leaks.near_pairs([m.prompt for m in made], kept)}
    return [m for n, m in enumerate(made) if n not in near], len(near)
