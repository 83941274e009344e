"""Plans: typed compositions of steps, sampled from the grammar.

A plan is a block of nodes. ``Run`` is a value's way (source, transforms, sinks) or a row of
effects; the other nodes are the control structures. Nothing may follow a control node in its block,
so that a spoken "otherwise …" has one end only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace

from sashimi.flagship.builtin.grammar import Grammar, Step
from sashimi.flagship.builtin.slots import Filling, draw


@dataclass(frozen=True)
class Use:
    """A step (or a menu's or loop's own words, then None) with the values of its slots."""

    step: Step | None
    names: tuple[str, ...]
    values: Mapping[str, Filling] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """``head`` makes a value (empty: the value that the block was given), ``tail`` uses it."""

    head: tuple[Use, ...]
    tail: tuple[Use, ...] = ()


@dataclass(frozen=True)
class Test:
    """IF on the state of the world."""

    test: Use
    then: tuple
    orelse: tuple | None


@dataclass(frozen=True)
class Check:
    """IF on a value; an empty ``head`` means the value that the block was given."""

    head: tuple[Use, ...]
    check: Use
    negated: bool
    then: tuple
    orelse: tuple | None


@dataclass(frozen=True)
class Choice:
    """MENU; ``words`` holds the titles and perhaps the question."""

    words: Use
    cases: tuple[tuple, ...]


@dataclass(frozen=True)
class Times:
    """REPEAT."""

    words: Use
    body: tuple


@dataclass(frozen=True)
class Each:
    """FOREACH over what ``head`` makes."""

    head: tuple[Use, ...]
    body: tuple


Node = Run | Test | Check | Choice | Times | Each


def filled(node, grammar: Grammar, rng: random.Random, *, evaluation: bool):
    """The same plan with every slot given a value; two slots of one kind in a step differ."""
    if isinstance(node, Use):
        values: dict[str, Filling] = {}
        for name in node.names:
            slot = grammar.slots[name.split("#")[0]]
            for _ in range(50):
                values[name] = draw(slot, grammar.slots, rng, evaluation=evaluation)
                if sum(v.says == values[name].says for v in values.values()) == 1:
                    break
        return replace(node, values=values)
    if isinstance(node, tuple):
        return tuple(filled(part, grammar, rng, evaluation=evaluation) for part in node)
    if is_dataclass(node) and not isinstance(node, Step):
        parts = {f.name: getattr(node, f.name) for f in fields(node)}
        return replace(
            node, **{k: filled(v, grammar, rng, evaluation=evaluation) for k, v in parts.items()}
        )
    return node


def uses(node) -> Iterator[Use]:
    """Every step, menu and loop of a plan with its values, in the order of the text."""
    if isinstance(node, Use):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from uses(part)
    elif is_dataclass(node):
        for part in fields(node):
            yield from uses(getattr(node, part.name))


def kind_of(head: tuple[Use, ...]) -> tuple[str | None, bool]:
    """The type of value that a head makes, and whether it makes several."""
    gives, many = None, False
    for use in head:
        gives = use.step.gives
        many = many if use.step.many is None else use.step.many
    return gives, many


def use(step: Step) -> Use:
    """A step whose slots are still open."""
    return Use(step, step.slots)


class Sampler:
    """Samples plans; steps used less so far are preferred, so that all are covered."""

    def __init__(self, grammar: Grammar, rng: random.Random) -> None:
        self.grammar, self.rng = grammar, rng
        self.used: Counter[str] = Counter()

    def pick(self, steps: list[Step]) -> Step | None:
        """One step, weighted, the less used the likelier."""
        if not steps:
            return None
        used = self.used
        weights = [
            step.weight / (1 + used[step.id]) ** 0.5 if step.id in used else step.weight
            for step in steps
        ]
        step = self.rng.choices(steps, weights)[0]
        self.used[step.id] += 1
        return step

    def near(self, steps: list[Step], domain: str, mix: float = 0.2) -> list[Step]:
        """Steps of the domain or of none; any step at all with probability ``mix``.

        ``steps`` is a list that the grammar keeps.
        """
        if self.rng.random() < mix:
            return steps
        return self.grammar.cached(
            ("near", id(steps), domain),
            lambda: [s for s in steps if s.domain in (domain, "common")] or steps,
        )

    def source(
        self, kinds: frozenset[str], domain: str, *, many: bool, deep: bool = False
    ) -> tuple[Use, ...]:
        """A head that makes one of these types; transforms are put before it at times."""
        makers = self.near(self.grammar.of("source", "transform"), domain, 0.3)
        fits = [s for s in makers if s.gives in kinds and (not many or s.many)]
        anywhere = self.grammar.of("source", "transform")
        fits = fits or [s for s in anywhere if s.gives in kinds and (not many or s.many)]
        sources = [s for s in fits if s.kind == "source"]
        if sources and (deep or self.rng.random() < 0.75):
            fits = sources
        step = self.pick(fits)
        if step is None:
            raise ValueError(f"no step makes {sorted(kinds)}")
        return self.back(step, domain, deep=True)

    def back(self, step: Step, domain: str, *, deep: bool = False) -> tuple[Use, ...]:
        """A head that ends with this source or transform; with ``deep`` it starts soon."""
        if step.kind == "source":
            return (use(step),)
        return (*self.source(step.takes, domain, many=step.needs_many, deep=deep), use(step))

    def onward(self, head: tuple[Use, ...], domain: str, length: int) -> tuple[Use, ...]:
        """More transforms behind a head, up to ``length``, none twice."""
        for _ in range(length):
            gives, many = kind_of(head)
            taken = {u.step.id for u in head}
            fits = [
                s
                for s in self.near(self.grammar.of("transform"), domain)
                if gives in s.takes and s.id not in taken and (many or not s.needs_many)
            ]
            step = self.pick(fits)
            if step is None:
                break
            head = (*head, use(step))
        return head

    def consumers(self, gives: str | None) -> list[Step]:
        """The steps that can use up a value of this type."""
        return self.grammar.cached(
            ("takes", gives), lambda: [s for s in self.grammar.of("sink") if gives in s.takes]
        )

    def sinks(self, gives: str, domain: str, count: int) -> tuple[Use, ...]:
        """``count`` different steps that use up a value of this type."""
        found: list[Step] = []
        for _ in range(count):
            fits = [s for s in self.near(self.consumers(gives), domain) if s not in found]
            step = self.pick(fits)
            if step is not None:
                found.append(step)
        return tuple(map(use, found))

    def effects(self, domain: str, count: int, mix: float = 0.2) -> tuple[Run, ...]:
        """Steps that need no value, mostly of one domain."""
        found: list[Step] = []
        for _ in range(count):
            fits = [s for s in self.near(self.grammar.of("effect"), domain, mix) if s not in found]
            step = self.pick(fits)
            if step is not None:
                found.append(step)
        return tuple(Run((use(step),)) for step in found)
