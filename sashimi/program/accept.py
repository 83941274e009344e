"""Whether the validator accepts a value at a place of the grammar.

The decoder's masks and the value filler ask the validator itself, on the smallest program that has
the value there, so that the two can never disagree.
"""

from __future__ import annotations

from sashimi.program.catalogue import Catalogue
from sashimi.program.tree import (
    Action,
    Dict,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Program,
    Quantity,
    Repeat,
    Set,
    Statement,
    Value,
)
from sashimi.program.validate import validate

SAMPLES: dict[str, tuple[Value, ...]] = {
    "<text>": ("a text that no list of values holds", "1"),
    "<number>": (1,),
    "<interp>": (Interp(("text ", Handle("input"))),),
    "<list>": (List(("a",)),),
    "<dict>": (Dict((("a", "b"),)),),
    "<headers>": (Headers((("a", "b"),)),),
    "<quantity>": (Quantity(1, "m"),),
    "true": (True,),
    "false": (False,),
}
"""For each token that begins a value, values that it may turn out to be."""


def admits(place: str, token: str, catalogue: Catalogue) -> bool:
    """Whether a value that begins with ``token`` can be accepted at a place.

    References are the scope's to judge; whole literals, and which text it is, the filler's.
    """
    samples = (token[2:-1],) if token.startswith('="') else SAMPLES.get(token, ())
    return not samples or any(accepts(place, value, catalogue) for value in samples)


def accepts(place: str, value: Value, catalogue: Catalogue) -> bool:
    """Whether ``validate`` finds nothing to say of ``value`` at this context of the grammar."""
    program = Program("", (_smallest(place, value),))
    return not validate(program, strict=True, catalogue=catalogue)


def _smallest(place: str, value: Value) -> Statement:
    """The smallest statement with a value at a place; a SET where the place has no rule."""
    action, _, key = place.partition(" key:")
    if key and " " not in key:
        return Action(action, ((key, value),))
    if place.startswith("IF ") and place.count(" ") == 1 and place != "IF unary":
        return If(Handle("input"), place.removeprefix("IF "), value, ())
    if place == "REPEAT":
        return Repeat(value, ())
    return Set("v", value)
