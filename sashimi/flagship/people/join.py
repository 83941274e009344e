"""Several of people's requests in one sentence: in a row, on a condition, in a menu, repeated.

Sentences are people's, the words between them and the conditions stand in ``frames.yaml``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import yaml

from sashimi.flagship import people
from sashimi.flagship.builtin import forms
from sashimi.flagship.builtin.stream import kept_for
from sashimi.flagship.data import leaks, normal
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.jsonl import domain_of
from sashimi.flagship.people.swap import Swap
from sashimi.program import parse
from sashimi.program.tree import Action, Block, Case, If, Menu, Program, Repeat, Var, references

SHAPES = {
    "join": 42, "join three": 18, "if": 10, "if else": 9, "menu two": 6, "menu three": 4,
    "menu labels": 4, "repeat": 3, "menu values": 10,
}  # fmt: skip
"""How often requests are put together in which way."""
PLAIN = frozenset({"terse", "spoken", "polite", "question", "dictation", "typos"})
"""Styles of which a sentence can be a part of another."""
SHORT, WORDS, ACTIONS = 6, 14, 3
"""Words of a menu's case and of any part, and actions of a part, at most."""
ENDS = frozenset({"exit", "output", "comment"})
"""Actions after which nothing follows, or that do nothing."""
TRIES = 20
ASKED = "Which one?"
"""What a menu asks where nobody said."""
_LEAD = re.compile(r"(?i)^(hey|ok|hi|please|pls|can you|could you|would you|can u|just)[, ]+")
_TAIL = re.compile(r"(?i)[, ]+(please|pls)$")
_SLOT = re.compile(r"<([a-z]+)>")


@lru_cache(maxsize=1)
def frames() -> dict:
    """What ``frames.yaml`` says, read once."""
    return yaml.safe_load((people.FOLDER / "frames.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Join:
    """Puts together what can stand beside something else: ``any`` requests, and ``short`` ones."""

    any: tuple[Example, ...]
    short: tuple[Example, ...]

    @staticmethod
    def of(examples: Iterable[Example]) -> Join:
        """Those of the examples that can be parts."""
        found = tuple(e for e in examples if _can_be_part(e))
        short = tuple(
            e for e in found if len(_part(e.prompt).split()) <= SHORT and e.style != "question"
        )
        return Join(found, short)

    def __call__(self, rng: random.Random, retold: Swap) -> Example | None:
        """One example; ``retold(example, rng)`` exchanges its values. None if none was found.

        Skeletons that are kept for evaluation are never made.
        """
        shape = rng.choices(tuple(SHAPES), tuple(SHAPES.values()))[0]
        pool = self.short if shape.startswith("menu") else self.any
        if len(pool) < 3:
            return None
        for _ in range(TRIES):
            parts = [retold(part, rng) for part in rng.sample(pool, 3)]
            if shape == "menu values":
                made, parts = _choice(parts[0], rng, retold), parts[:1]
                if made is None:
                    continue
                prompt, body = made
            else:
                prompt, body = _put_together(shape, parts, rng)
            program = Program(normal.heading(prompt), body)
            if kept_for(leaks.skeleton_key(program)) == "train":
                name = "+".join(part.id for part in parts)
                return Example(f"join-{name}", prompt, program, domain_of(program), "spoken")
        return None


def _choice(example: Example, rng: random.Random, swap: Swap) -> tuple[str, Block] | None:
    """One request with two or three values to choose from; None where it has no such value."""
    found = swap.several(example, rng.choice((2, 2, 3)), rng)
    if found is None:
        return None
    span, made = found
    told = [words for words, _ in made]
    listed = f"{', '.join(told[:-1])} {rng.choice(frames()['or'])} {told[-1]}"
    prompt = _part(example.prompt[: span.start] + listed + example.prompt[span.end :])
    cases = (Case(normal.sentence(words), other.program.body) for words, other in made)
    return rng.choice(frames()["menu values"]).format(a=prompt), (Menu(ASKED, tuple(cases)),)


def _can_be_part(example: Example) -> bool:
    body = example.program.body
    if len(body) > ACTIONS or not all(isinstance(s, Action) for s in body):
        return False
    if any(s.name in ENDS for s in body):
        return False
    named = [r for s in body for _, value in s.params for r in references(value)]
    first = [r for _, value in body[0].params for r in references(value)]
    alone = not any(isinstance(r, Var) for r in named) and not any(r.name == "prev" for r in first)
    words = len(example.prompt.split())
    return (
        alone and example.style in PLAIN and 2 <= words <= WORDS and "." not in example.prompt[:-1]
    )


def _part(prompt: str) -> str:
    """A request as a part of a sentence: without greeting, thanks and its last mark."""
    text = _TAIL.sub("", _LEAD.sub("", prompt.strip().rstrip(".!?;, ")))
    first = text.split(" ")[0]
    plain = first[1:] == first[1:].lower() and first not in ("I",) and not first.startswith("I'")
    return text[:1].lower() + text[1:] if plain and prompt[:1].isupper() else text


def _put_together(shape: str, parts: list[Example], rng: random.Random) -> tuple[str, Block]:
    frame = rng.choice(frames()[shape])
    texts = {key: _part(part.prompt) for key, part in zip("abc", parts, strict=True)}
    words = texts | {k.upper(): t[:1].upper() + t[1:] for k, t in texts.items()}
    a, b, c = (part.program.body for part in parts)
    if shape == "join":
        return frame.format(**words), (*a, *b)
    if shape == "join three":
        return frame.format(**words), (*a, *b, *c)
    if shape == "repeat":
        count = rng.randrange(2, 11)
        said = rng.choice((str(count), forms.spelt(count)))
        return frame.format(n=said, **words), (Repeat(count, a),)
    if shape.startswith("if"):
        first, test, said = _condition(rng)
        otherwise = b if "else" in shape else None
        made = replace(test, then=a, orelse=otherwise)
        return frame.format(**{"if": said}, **words), (*first, made)
    bodies = (a, b, c) if shape == "menu three" else (a, b)
    titles = [normal.sentence(text) for text in texts.values()]
    if shape == "menu labels":
        titles = rng.sample([str(label) for label in frames()["labels"]], 2)
        low = [t.lower() for t in titles] if rng.random() < 0.4 else titles
        words |= {"l": low[0], "m": low[1]}
    cases = tuple(Case(title, body) for title, body in zip(titles, bodies, strict=False))
    return frame.format(**words), (Menu(ASKED, cases),)


def _condition(rng: random.Random) -> tuple[Block, If, str]:
    """What comes before an IF, the IF with empty branches, and how it is said."""
    found = rng.choice(frames()["conditions"])
    slots = frames()["slots"]
    said = rng.choice(found["say"])
    chosen = {name: str(rng.choice(slots[name])) for name in _SLOT.findall(said)}

    def fill(text: str) -> str:
        return _SLOT.sub(lambda match: chosen[match[1]], text)

    lines = [*found["do"].split("|"), found["test"], "ENDIF"]
    *first, test = parse("\n".join(['SHORTCUT "If"', *map(fill, lines)])).body
    return tuple(first), test, fill(said)
