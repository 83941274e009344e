"""Prompts outside the domain: our own sentences, in the styles of the built-in corpus.

Templates stand in ``out_of_domain.yaml``, by category; those of ``near_…`` lie close to the domain
(other phones, other automation, building apps). A template and all its sentences are in one split.
Frames that speak of shortcuts or automations are left out, since they would change what is asked.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from sashimi.flagship.builtin import grammar as grammars
from sashimi.flagship.builtin.grammar import SLOT, Grammar
from sashimi.flagship.builtin.slots import draw
from sashimi.flagship.builtin.speak import FIRST_PRIVATE, Spoken, choose
from sashimi.flagship.builtin.style import STYLES, styled
from sashimi.flagship.leaks import normalised

FILE = Path(__file__).with_name("out_of_domain.yaml")
PER_TEMPLATE = 5
SPLITS = ("train", "train", "train", "dev", "test")
"""Of five templates of a category, in a random order, which split each enters."""
_NOT_OURS = re.compile(r"shortcut|automation|home screen|phone|icon|set up an|run it|one tap|watch")


class Prompt(NamedTuple):
    """A prompt that must be refused, its category and its style."""

    prompt: str
    category: str
    style: str


@dataclass(frozen=True)
class OutOfDomain:
    """The prompts of each split."""

    train: list[Prompt]
    dev: list[Prompt]
    test: list[Prompt]


@lru_cache(maxsize=1)
def templates() -> dict[str, list[str]]:
    """The templates by category."""
    with FILE.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def load(seed: int = 0) -> OutOfDomain:
    """The prompts, split by template; the same for the same seed, and no prompt twice."""
    grammar = grammars.load()
    rng = random.Random(f"out of domain {seed}")
    phrases = {
        key: tuple(phrase for phrase in value if not _NOT_OURS.search(phrase))
        for key, value in grammar.phrases.items()
    }
    splits: dict[str, list[Prompt]] = {"train": [], "dev": [], "test": []}
    taken: set[str] = set()
    for category, lines in templates().items():
        for number, template in enumerate(rng.sample(lines, len(lines))):
            split = SPLITS[number % len(SPLITS)]
            for style in rng.sample(STYLES, PER_TEMPLATE):
                prompt = _prompt(template, style, grammar, phrases, rng)
                if normalised(prompt) not in taken:
                    taken.add(normalised(prompt))
                    splits[split].append(Prompt(prompt, category, style))
    return OutOfDomain(**splits)


def _prompt(template: str, style: str, grammar: Grammar, phrases: dict, rng: random.Random) -> str:
    """One sentence of a template in a style; a template without a verb mark keeps its own form."""
    values: list[str] = []

    def value(match: re.Match) -> str:
        filling = draw(grammar.slots[match[1]], grammar.slots, rng, evaluation=rng.random() < 0.3)
        values.append(rng.choice(filling.says))
        return chr(FIRST_PRIVATE + len(values) - 1)

    text = SLOT.sub(value, choose(template, rng))
    if "[" not in text:
        phrases = {**phrases, "ask": ("<base>",), "tell": ("<base>",), "describe": ("<base>",)}
    return styled(Spoken(text, tuple(values)), style, phrases, rng)
