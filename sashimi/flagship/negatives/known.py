"""What training programs show of their actions: which look alike, what follows, what they hold.

A perturbed program is *plausible* if each step or block of it stands after one that it stands after
in some training program. An implausible one gives itself away to a reader of programs alone.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from sashimi.program import names, tiers
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.write import enumerable
from sashimi.program.spec import ActionSpec, Condition
from sashimi.program.tree import (
    Action,
    Block,
    Handle,
    Interp,
    Program,
    Value,
    Var,
    blocks,
    references,
    walk,
)

ALIKE = 0.75
"""Least likeness of two actions that are mistaken for each other; see `Known.likeness`."""
NEAREST = 6
MOST_DONORS = 40
PREV = Handle("prev")
_STARTS = frozenset({"SET", "IF", "ELSE", "MENU", "CASE", "REPEAT", "FOREACH"})
KEYWORDS = _STARTS | {"ENDIF", "ENDMENU", "ENDREPEAT", "ENDFOREACH"}
"""What `outline` keeps beside the actions."""


@dataclass
class Known:
    """Actions of training programs, by name; `Known.of` collects them."""

    catalogue: Catalogue
    donors: dict[str, list[Action]]
    """Each action as programs have it, with different parameters."""
    followers: dict[str, list[Action]]
    """What stands right after an action, of which only the previous output is referred to."""
    values: dict[tuple[str, str], list[str]]
    """Listed values seen of an action's key."""
    pairs: frozenset[tuple[str, str]]
    """What stood right after what, of `adjacent`."""
    _near: dict[str, list[str]] = field(default_factory=dict)

    @staticmethod
    def of(programs: Iterable[Program], catalogue: Catalogue) -> Known:
        """What some programs show, the same for the same programs in the same order."""
        donors: dict[str, dict[Action, None]] = defaultdict(dict)
        followers: dict[str, dict[Action, None]] = defaultdict(dict)
        values: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        pairs: set[tuple[str, str]] = set()
        for program in programs:
            pairs.update(adjacent(tiers.skeleton(program)))
            for action in (s for s in walk(program.body) if isinstance(s, Action)):
                _remember(donors[action.name], action)
                for key, value in action.params:
                    if isinstance(value, str) and enumerable(action.name, key, value):
                        values[action.name, key][value] = None
            for first, second in _neighbours(program.body):
                if all(r == PREV for _, v in second.params for r in references(v)):
                    _remember(followers[first.name], second)
        plain = [
            {key: list(found) for key, found in d.items()} for d in (donors, followers, values)
        ]
        return Known(catalogue, *plain, frozenset(pairs))

    def plausible(self, program: Program) -> bool:
        """Whether every neighbourhood of a program occurs in training."""
        return self.pairs.issuperset(adjacent(tiers.skeleton(program)))

    def after(self, name: str, rng: random.Random) -> Action | None:
        """An action that stands after one of this name somewhere; None if none does."""
        found = self.followers.get(name)
        return rng.choice(found) if found else None

    def like(self, action: Action, rng: random.Random) -> Action | None:
        """Another action that this one could be mistaken for, given the same data; None if none.

        It has the keys that a training program gave it, with this action's values where it has the
        key too, and this action's reference in the place of any other.
        """
        near = self.near(action.name)
        if not near:
            return None
        donor = rng.choice(self.donors[rng.choice(near)])
        own = dict(action.params)
        given = next((r for _, value in action.params for r in references(value)), PREV)
        params = []
        for key, value in donor.params:
            if key in own and _same_kind(own[key], value):
                value = own[key]
            elif any(references(value)):
                value = _given(value, given)
            params.append((key, value))
        return replace(donor, params=tuple(params), line=action.line)

    def near(self, name: str) -> list[str]:
        """The names of the actions most like one, at most `NEAREST`."""
        if name not in self._near:
            ranked = sorted((-self.likeness(name, other), other) for other in self.donors)
            kept = [other for score, other in ranked if -score >= ALIKE and other != name]
            self._near[name] = kept[:NEAREST]
        return self._near[name]

    def likeness(self, name: str, other: str) -> float:
        """How alike two actions are: the ratio of their names (0 to 1), 0.25 for one family, 0.25
        for the same content types in and out."""
        first, second = (names.short(n).rsplit(".", 1) for n in (name, other))
        ratio = SequenceMatcher(None, first[-1].lower(), second[-1].lower(), autojunk=False).ratio()
        family = len(first) == 2 and first[0] == second[0]
        return ratio + 0.25 * family + 0.25 * self._same_types(name, other)

    def _same_types(self, name: str, other: str) -> bool:
        one, two = self.catalogue.find(name), self.catalogue.find(other)
        if one is None or two is None or not (one.inputs or one.outputs):
            return False
        return (one.inputs, one.outputs) == (two.inputs, two.outputs)

    def other_value(self, action: Action, place: int, rng: random.Random) -> str | bool | None:
        """Another value for a switch or a listed parameter, seen in training if any was; None for
        what is neither, or is not in force beside the other parameters."""
        key, value = action.params[place]
        spec = self.catalogue.find(action.name)
        known = spec.parameter(key) if spec else None
        if known is None or not in_force(spec, key, action):
            return None
        if isinstance(value, bool):
            return not value
        if not isinstance(value, str) or not enumerable(action.name, key, value):
            return None
        plain = value.casefold()
        for listed in (self.values.get((action.name, key), ()), known.enum):
            others = [v for v in listed if v.casefold() != plain]
            if others:
                return rng.choice(others)
        return None


def adjacent(structure: Iterable[str]) -> list[tuple[str, str]]:
    """The actions, SETs and block keywords of Tier 1 in pairs, from ``START`` to ``END``."""
    return list(itertools.pairwise(("START", *outline(structure), "END")))


def outline(structure: Iterable[str]) -> list[str]:
    """The actions, SETs and block keywords of Tier 1, in order."""
    return [token for token in structure if token.startswith("ACTION ") or token in KEYWORDS]


def in_force(spec: ActionSpec, key: str, action: Action) -> bool:
    """Whether a parameter is used at all, given the values of the parameters it depends on."""
    own = dict(action.params)
    return all(_holds(condition, spec, own) for condition in spec.params[key].when)


def _holds(condition: Condition, spec: ActionSpec, own: dict[str, Value]) -> bool:
    other = spec.parameter(condition.key)
    value = own.get(condition.key, other.default if other else None)
    return (value in condition.values) != condition.negated


def _remember(found: dict[Action, None], action: Action) -> None:
    if len(found) < MOST_DONORS:
        found[replace(action, line=0)] = None


def _neighbours(block: Block) -> Iterable[tuple[Action, Action]]:
    for first, second in itertools.pairwise(block):
        if isinstance(first, Action) and isinstance(second, Action):
            yield first, second
    for statement in block:
        for inner in blocks(statement):
            yield from _neighbours(inner)


def _same_kind(own: Value, other: Value) -> bool:
    text = (str, Interp, Var, Handle)
    return type(own) is type(other) or (isinstance(own, text) and isinstance(other, text))


def _given(value: Value, given: Var | Handle) -> Value:
    """A donor's value with its references replaced: text parts stay, they are the donor's."""
    if isinstance(value, Interp):
        return Interp(tuple(p if isinstance(p, str) else given for p in value.parts))
    return given if isinstance(value, Var | Handle) else value
