"""Programs put together from planned actions: candidates that neither decoder nor library has.

Single actions, small sets of the likeliest, and neighbours' programs with one action taken out,
exchanged or added; only sequences without blocks. An action brings the parameters of its statement
in the program of the most similar prompt that has it, where they stand by themselves; an action
that no training program has comes without any.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cmp_to_key

import numpy as np

from sashimi.flagship.answer.choose import COMMENT, Form
from sashimi.flagship.answer.plan import Plan
from sashimi.program.ir.tokens import END, in_parameters

ALONE, TOGETHER, PAIRED, EXCHANGED = 8, 6, 5, 4
"""Likeliest actions that are tried alone, together, in pairs, and in a neighbour's program."""
ALTERED = 12
"""Neighbours whose programs are altered."""
SHORT = 6
"""Actions of a program that is altered, at most."""
Actions = tuple[str, ...]


class Composer:
    """Plans and neighbours to sequences of actions, and those to tokens of Tiers 1 and 2."""

    def __init__(self, tokens: Sequence[Sequence[str]], forms: Sequence[Form]) -> None:
        """Merged tokens and forms of the library's programs, in its order."""
        self.forms = forms
        self.holders: dict[str, list[tuple[int, Actions]]] = defaultdict(list)
        for index, own in enumerate(tokens):
            for statement in statements_of(own):
                self.holders[statement[0]].append((index, statement))
        self.before: Counter[tuple[str, str]] = Counter()
        for skeleton in dict.fromkeys(form.skeleton for form in forms):
            self.before.update(itertools.combinations(_actions(skeleton), 2))

    def sequences(self, plan: Plan, near: Sequence[int]) -> list[Actions]:
        """What is tried for a plan beside the programs ``near``, each once."""
        found = [(action,) for action in plan.actions[:ALONE]]
        found += [self._ordered(plan.actions[:n]) for n in range(2, TOGETHER + 1)]
        found += map(self._ordered, itertools.combinations(plan.actions[:PAIRED], 2))
        for index in near[:ALTERED]:
            own = _flat(self.forms[index].skeleton)
            if own and len(own) <= SHORT:
                found += self._altered(own, plan.actions[:EXCHANGED])
        known = {_flat(self.forms[index].skeleton) for index in near}
        return [own for own in dict.fromkeys(found) if own and own not in known]

    def tokens(self, actions: Actions, similar: np.ndarray) -> list[str]:
        """Merged tokens of a sequence; ``similar`` (N,) says which program lends parameters."""
        return [t for action in actions for t in self._statement(action, similar)] + [END]

    def _statement(self, action: str, similar: np.ndarray) -> Actions:
        holders = self.holders.get(action)
        if not holders:
            return (action,)
        return max(holders, key=lambda holder: similar[holder[0]])[1]

    def _altered(self, own: Actions, others: Actions) -> Iterator[Actions]:
        for place in range(len(own)):
            yield own[:place] + own[place + 1 :]
        for other in others:
            if other not in own:
                yield self._ordered((*own, other))
                for place in range(len(own)):
                    yield (*own[:place], other, *own[place + 1 :])

    def _ordered(self, actions: Actions) -> Actions:
        """In the order that training programs have more often, pair by pair."""
        earlier = cmp_to_key(lambda a, b: self.before[b, a] - self.before[a, b])
        return tuple(sorted(actions, key=earlier))


def bare(tokens: Sequence[str]) -> list[str]:
    """Merged tokens without any parameters."""
    inside = in_parameters(tokens)
    return [token for token, within in zip(tokens, inside, strict=True) if not within]


def statements_of(tokens: Sequence[str]) -> Iterator[Actions]:
    """The statements of actions, comments aside, that refer to nothing but what came before."""
    inside = in_parameters(tokens)
    starts = [i for i, within in enumerate(inside) if not within]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        own = tuple(tokens[start:end])
        if own[0].startswith("ACTION ") and own[0] != COMMENT and not any(map(_named, own)):
            yield own


def _named(token: str) -> bool:
    """Whether a token refers to a variable or to the output of a certain action."""
    return token.startswith("$") or (token.startswith("@") and token not in ANYWHERE)


ANYWHERE = frozenset({"@prev", "@input", "@date"})
"""References that mean something in any program."""


def _actions(skeleton: Sequence[str]) -> Actions:
    return tuple(dict.fromkeys(t for t in skeleton if t.startswith("ACTION ")))


def _flat(skeleton: Sequence[str]) -> Actions:
    """The actions of a skeleton that has nothing else; of others ()."""
    *body, end = skeleton or ("",)
    flat = end == END and all(token.startswith("ACTION ") for token in body)
    return tuple(body) if flat else ()
