"""The splits of people's requests, so that no program and no nearly equal prompt is in two."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import lru_cache

from sashimi.flagship import people
from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import SPLITS, Corpus, Example, digest
from sashimi.flagship.data.jsonl import domain_of

SOURCE = "people"
DEV_OF = 10
"""One in so many training programs is kept for dev."""


@lru_cache(maxsize=2)
def load(limit: int | None = None) -> Corpus:
    """The corpus; ``domain`` is the network's label of the program, not the item's subject.

    What training items share with the test (a right program, values included, or a nearly equal
    prompt) and what dev phrasings nearly repeat from train is dropped and counted by reason.
    ``limit`` keeps the first so many training examples.
    """
    frozen, dropped = people.test(), Counter()
    kept = _apart(people.train(), frozen, dropped)
    known = {leaks.program_key(gold) for item in frozen for gold in item.golds}
    parts: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for example in kept:
        key = leaks.program_key(example.program)
        if key in known:
            dropped["program of the test"] += 1
        else:
            parts["dev" if _for_dev(key) else "train"].append(example)
    parts["dev"] = _unlike(parts["dev"], [e.prompt for e in parts["train"]], dropped)
    seen = {leaks.skeleton_key(e.program) for e in (*parts["train"], *parts["dev"])}
    for item in frozen:
        unseen = leaks.skeleton_key(item.golds[0]) not in seen
        parts["test_unseen" if unseen else "test"] += _examples(item)
    parts["train"] = parts["train"][:limit]
    every = [example for name in SPLITS for example in parts[name]]
    return Corpus(SOURCE, digest(every), **parts, dropped=dict(dropped))


def _apart(items, frozen, dropped: Counter) -> list[Example]:
    """The examples of training items, without prompts that nearly repeat one of the test."""
    examples = [example for item in items for example in _examples(item)]
    near = {left for left, _ in leaks.near_pairs(
        [e.prompt for e in examples], [item.prompt for item in frozen]
    )}  # fmt: skip
    dropped["prompt of the test"] += len(near)
    return [example for n, example in enumerate(examples) if n not in near]


def _unlike(examples: list[Example], prompts: list[str], dropped: Counter) -> list[Example]:
    near = {left for left, _ in leaks.near_pairs([e.prompt for e in examples], prompts)}
    dropped["dev prompt of train"] += len(near)
    return [example for n, example in enumerate(examples) if n not in near]


def _for_dev(key: str) -> bool:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % DEV_OF == 0


def _examples(item: people.Item) -> list[Example]:
    program = item.golds[0]
    return [
        Example(f"{item.id}/{n}", prompt, program, domain_of(program), style)
        for n, (style, prompt) in enumerate(item.say)
    ]
