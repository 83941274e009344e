"""Prompts outside the domain: our own sentences, said as the built-in corpus says its own.

Their content stands in ``out_of_domain.yaml``, beside the rule of what is in domain. Everything
else is the built-in corpus's own machinery: the same shapes of plans, links between clauses,
conditions, styles, asides and slips. A template is in one split only, with all of its sentences.

`load` gives pools of candidates, many to a template; `matching` chooses those that
a style alone cannot tell from the in-domain prompts that they stand beside.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
import yaml

from sashimi import cache
from sashimi.flagship.builtin import grammar as grammars
from sashimi.flagship.builtin import shapes
from sashimi.flagship.builtin.grammar import SLOT, Grammar, Step
from sashimi.flagship.builtin.plan import Run, Sampler, filled, use
from sashimi.flagship.builtin.slots import read_slots
from sashimi.flagship.builtin.speak import FIRST_PRIVATE, Speaker, Spoken, choose
from sashimi.flagship.builtin.style import FRAMES, STYLES, base_first, styled, third
from sashimi.flagship.data import leaks

FILE = Path(__file__).with_name("out_of_domain.yaml")
SPLITS = ("train", "test", "train", "dev", "train", "test")
"""Of six templates of a category, in a random order, which split each enters."""
PER_STYLE = {"train": 2, "dev": 5, "test": 4}
"""Candidates of a template in each style."""
FOREIGN = ("near_android", "near_smart_home", "near_other_automation")
"""Categories of deeds that no action does: "a shortcut that …" is asked for in vain there."""
_OURS = re.compile(r"shortcut|automation|phone|one tap")
"""Frames that ask for an automation: elsewhere they would change what is asked."""
_LONGEST = 110  # words: longer ones have no in-domain counterpart
_VERB = re.compile(r"\[([^\]]+)\]")
_KINDS = {"says": "effect", "one": "source", "many": "source"}


class Prompt(NamedTuple):
    """A prompt to refuse: its category, its style, and the template that leads it."""

    prompt: str
    category: str
    style: str
    template: str


@dataclass(frozen=True)
class OutOfDomain:
    """The candidates of each split."""

    train: list[Prompt]
    dev: list[Prompt]
    test: list[Prompt]


def near(category: str) -> bool:
    """Whether a category lies close to the domain."""
    return category.startswith("near_")


@lru_cache(maxsize=1)
def content() -> dict[str, dict]:
    """The file: for each category its templates by kind, and under ``shared`` what all share."""
    with FILE.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def categories() -> list[str]:
    """The categories, in the order of the file."""
    return [name for name in content() if name != "shared"]


@lru_cache(maxsize=2)
def load(seed: int = 0) -> OutOfDomain:
    """The candidates, split by template; the same for the same seed, and no prompt twice.

    Kept in the cache, as JSON: to speak them takes ten seconds.
    """

    def make() -> dict[str, torch.Tensor]:
        text = json.dumps(_drawn(seed), ensure_ascii=False).encode()
        return {"json": torch.frombuffer(bytearray(text), dtype=torch.uint8)}

    kept = cache.fetch(["out of domain", str(seed), _origin()], make)["json"]
    splits = json.loads(kept.numpy().tobytes())
    return OutOfDomain(**{s: [Prompt(*row) for row in rows] for s, rows in splits.items()})


def _origin() -> str:
    """All that the candidates are made from: this file, its lists, and the grammar's room."""
    own = (Path(__file__), FILE, Path(leaks.__file__))
    grammar = (p for p in Path(grammars.__file__).parent.rglob("*") if p.suffix in (".py", ".yaml"))
    return cache.digest(path.read_text(encoding="utf-8") for path in (*own, *sorted(grammar)))


def _drawn(seed: int) -> dict[str, list[Prompt]]:
    """The prompts of each split."""
    rng = random.Random(f"out of domain {seed}")
    parts = _parts(rng)
    taken: set[str] = set()
    splits: dict[str, list[Prompt]] = {"train": [], "dev": [], "test": []}
    for category in categories():
        for split, found in splits.items():
            for prompt in _category(category, parts[split], split, rng):
                said = leaks.normalised(prompt.prompt)
                if said not in taken and len(said.split()) <= _LONGEST:
                    taken.add(said)
                    found.append(prompt)
    return splits


def _parts(rng: random.Random) -> dict[str, dict[str, dict[str, list]]]:
    """The lists of the file, each dealt out to the splits."""
    parts: dict[str, dict] = {"train": {}, "dev": {}, "test": {}}
    for name, entry in content().items():
        for key, lines in entry.items():
            if not isinstance(lines, list):
                continue
            dealt = rng.sample(lines, len(lines))
            for split, part in parts.items():
                own = [x for n, x in enumerate(dealt) if SPLITS[n % len(SPLITS)] == split]
                part.setdefault(name, {})[key] = own
    return parts


def _category(
    category: str, part: dict[str, dict[str, list]], split: str, rng: random.Random
) -> Iterator[Prompt]:
    """Every candidate of a category in a split."""
    grammar = _grammar(category, part)
    builtin = grammars.load()
    sampler, inner = Sampler(grammar, rng), Sampler(builtin, rng)
    leads = [step for step in grammar.steps.values() if step.domain == category]
    wholes = [x for x in part[category].get("says", ()) if "[" not in x]
    wrappers = part[category].get("around", [])
    for _ in range(PER_STYLE[split]):
        for style in STYLES:
            flat, held = style == "question", split != "train"
            for step in leads:
                plan = filled(shapes.sample(sampler, step), grammar, rng, evaluation=held)
                spoken = Speaker(grammar, rng, flat=flat).plan(plan)
                yield _said(spoken, category, style, step.id, grammar, rng)
            for words in wholes:
                spoken = _fill(words, grammar, rng, held)
                bare = {key: ("<base>",) for key in (*FRAMES.values(), "tell")}
                text = styled(spoken, style, {**grammar.phrases, **bare}, rng)
                yield Prompt(text, category, style, words)
            for wrapper in wrappers:
                steps = [s for s in builtin.steps.values() if s.kind in ("effect", "sink")]
                plan = shapes.sample(inner, rng.choice(steps))
                plan = filled(plan, builtin, rng, evaluation=held)
                spoken = Speaker(builtin, rng, flat=True).plan(plan)
                spoken = _around(wrapper, spoken, grammar, rng, held)
                yield _said(spoken, category, style, wrapper, grammar, rng)


def _said(
    spoken: Spoken, category: str, style: str, template: str, grammar: Grammar, rng: random.Random
) -> Prompt:
    return Prompt(styled(spoken, style, grammar.phrases, rng), category, style, template)


def _grammar(category: str, part: dict[str, dict[str, list]]) -> Grammar:
    """A grammar of intents of one category in one split, whose steps stand for no program."""
    shared, builtin = part["shared"], grammars.load()
    own = ("near", "common") if near(category) else ("common",)
    steps = [
        _step(category, kind, key, [line], number)
        for key, kind in _KINDS.items()
        for number, line in enumerate(part[category].get(key, ()))
        if kind != "effect" or "[" in line
    ]
    for whose in own:
        for key, kind in (("sinks", "sink"), ("many_sinks", "sink"), ("conditions", "test")):
            lines = shared.get(f"{whose}_{key}", ())
            steps += [_step(whose, kind, key, [x], n) for n, x in enumerate(lines)]
        for key in ("checks", "many_checks"):
            lines = shared.get(f"{whose}_{key}", ())
            steps += [_step(whose, "check", key, pair, n) for n, pair in enumerate(lines)]
    phrases = {k: tuple(v) for k, v in content()["shared"]["phrases"].items()}
    frames = {
        key: tuple(p for p in value if category in FOREIGN or not _OURS.search(p))
        for key, value in builtin.phrases.items()
    }
    nouns = {kind: {**content()["shared"]["nouns"], "var": "Text"} for kind in ("text", "texts")}
    slots = builtin.slots | read_slots(content()["shared"]["slots"])
    return Grammar({s.id: s for s in steps}, slots, nouns, {**frames, **phrases})


def _step(domain: str, kind: str, key: str, lines: list[str], number: int) -> Step:
    """A step of a plan that says this; of a pair of lines the second is the contrary."""
    said = [_numbered(line) for line in lines]
    several = key in ("many", "many_sinks", "many_checks")
    names = dict.fromkeys(name for line in said for name, _ in SLOT.findall(line) if name != "it")
    return Step(
        id=f"{domain}, {key} {number}: {lines[0]}",
        domain=domain if kind in ("effect", "source") else "common",
        kind=kind,
        title="",
        body=(),
        takes=_takes(key) if kind in ("sink", "check") else frozenset(),
        gives=("texts" if several else "text") if kind == "source" else None,
        many=several if kind == "source" else None,
        needs_many=several and kind == "sink",
        input=None,
        say=() if kind == "source" else (said[0],),
        np=(said[0],) if kind == "source" else (),
        unless=(said[1],) if len(said) > 1 else (),
        condition=None,
        value=None if several else "",
        var=None,
        weight=1.0,
        slots=tuple(names),
    )


def _takes(key: str) -> frozenset[str]:
    """Several things alone, one thing alone (checks agree with their verb), or either."""
    if key.startswith("many"):
        return frozenset(("texts",))
    return frozenset(("text",) if key == "checks" else ("text", "texts"))


def _numbered(line: str) -> str:
    """Slots of one kind numbered, so that their values differ: ``<first>`` and ``<first#2>``."""
    seen: dict[str, int] = {}

    def name(match: re.Match) -> str:
        slot = match[1]
        if slot == "it":
            return match[0]
        seen[slot] = seen.get(slot, 0) + 1
        return f"<{slot}>" if seen[slot] == 1 else f"<{slot}#{seen[slot]}>"

    return SLOT.sub(name, line)


def _fill(words: str, grammar: Grammar, rng: random.Random, held: bool) -> Spoken:
    """Words that stand alone, with values in their slots."""
    step = _step("alone", "effect", "says", [words], 0)
    (run,) = filled((Run((use(step),)),), grammar, rng, evaluation=held)
    return Speaker(grammar, rng, flat=True).plan((run,))


def _around(
    wrapper: str, inner: Spoken, grammar: Grammar, rng: random.Random, held: bool
) -> Spoken:
    """A wrapper around the words of a plan of the built-in corpus, told in the third person."""
    outer = _fill(wrapper.replace("<third>", "\0"), grammar, rng, held)
    shift = len(inner.values)
    text = "".join(
        chr(ord(c) + shift) if ord(c) >= FIRST_PRIVATE else c for c in choose(outer.text, rng)
    )
    told = _VERB.sub(lambda m: third(m[1]), inner.text)
    link = " " if base_first(inner.text) else ", "  # "code that, if it rains, …"
    text = text.replace(" \0", link + told)
    return Spoken(text, inner.values + outer.values)
