"""Whether the validator accepts a value at a place of the grammar.

The decoder's masks and the value filler ask the validator itself, on the smallest program that has
the value there, so that the two can never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sashimi.program.catalogue import Catalogue
from sashimi.program.check import health
from sashimi.program.check.validate import alone
from sashimi.program.tree import (
    Action,
    Dict,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Quantity,
    Repeat,
    Set,
    Statement,
    Value,
)

SAMPLES: dict[str, tuple[Value, ...]] = {
    "<text>": ("a text that no list of values holds", "1"),
    "<number>": (1,),
    "<interp>": (Interp(("text ", Handle("input"))),),
    "<list>": (List(("a",)),),
    "<dict>": (Dict((("a", "b"),)),),
    "<headers>": (Headers((("a", "b"),)),),
    "<quantity>": (Quantity(1, Handle("input")),),
    "true": (True,),
    "false": (False,),
}
"""For each token that begins a value, values that it may turn out to be."""


def admits(place: str, token: str, catalogue: Catalogue) -> bool:
    """Whether a value that begins with ``token`` can be accepted at a place.

    References are the scope's to judge; whole literals, and which text it is, the filler's.
    """
    samples = (token[2:-1],) if token.startswith('="') else SAMPLES.get(token, ())
    if token == "<text>":
        samples += health.offers(place)[:1]
    return not samples or any(accepts(place, value, catalogue) for value in samples)


def accepts(place: str, value: Value, catalogue: Catalogue) -> bool:
    """Whether the validator finds nothing to say of ``value`` at this context of the grammar."""
    statement = _smallest(place, value)
    if isinstance(statement, Action) and any(health.faults(statement)):
        return False
    return not alone(statement, catalogue)


def beside(tokens: Sequence[str], position: int, value: Value, filled: Mapping[int, Value]) -> bool:
    """Whether a value can stand in a slot beside what else its action has been given.

    Only logged samples of Health ask for that: their unit must be one of their type. ``filled`` is
    what the slots before hold, by position; slots still open can be anything.
    """
    start = position
    while start >= 0 and not tokens[start].startswith("ACTION "):
        start -= 1
    if start < 0 or tokens[start] != f"ACTION {health.LOG}":
        return True
    known = {**filled, position: value}
    given: list[tuple[str, Value]] = []
    for at in range(start + 1, len(tokens) - 1):
        if tokens[at].startswith("ACTION "):
            break
        if tokens[at] == f"key:{health.TYPE}":
            given.append((health.TYPE, _literal(tokens, at + 1, known)))
        elif tokens[at] == f"key:{health.QUANTITY}" and tokens[at + 1] == "<quantity>":
            unit = tokens.index("</interp>", at) + 1 if tokens[at + 2] == "<interp>" else at + 3
            given.append((health.QUANTITY, Quantity(1, _literal(tokens, unit, known))))
    return not any(health.faults(Action(health.LOG, tuple(given))))


def _literal(tokens: Sequence[str], at: int, known: Mapping[int, Value]) -> Value:
    """The literal at a position, or a reference for what is not known."""
    return tokens[at][2:-1] if tokens[at].startswith('="') else known.get(at, Handle("input"))


def _smallest(place: str, value: Value) -> Statement:
    """The smallest statement with a value at a place; a SET where the place has no rule."""
    action, _, rest = place.partition(" key:")
    key, _, part = rest.partition(" ")
    if key and part in PARTS:
        return Action(action, ((key, PARTS[part](value)),))
    if place.startswith("IF ") and place.count(" ") == 1 and place != "IF unary":
        return If(Handle("input"), place.removeprefix("IF "), value, ())
    if place == "REPEAT":
        return Repeat(value, ())
    return Set("v", value)


PARTS: dict[str, Callable[[Value], Value]] = {
    "": lambda value: value,
    "magnitude": lambda value: Quantity(value, Handle("input")),
    "unit": lambda value: Quantity(1, value),
}
"""How the parts of a parameter's value make a whole that the validator can judge."""
