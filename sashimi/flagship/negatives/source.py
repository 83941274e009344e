"""The wrong data: one reference of a program replaced by another that is legal at its place."""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import fields, replace
from typing import Any

from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import Line, rebuilt
from sashimi.program.check.parts import operands
from sashimi.program.check.scope import ALWAYS, Scope, walk_scoped
from sashimi.program.tree import (
    Case,
    Dict,
    Handle,
    Headers,
    Interp,
    List,
    Quantity,
    Reference,
    Set,
    Statement,
    Var,
    references,
)

Lines = list[Line]
HOLD = ("params", "value", "target", "prompt", "title", "count")
"""Fields of statements in which a reference may be replaced."""


def other_source(lines: Lines, rng: random.Random, known: Known) -> Lines | None:
    """Another legal variable or output where a reference stands, which is not the same data."""
    found: list[tuple[int, Reference, list[Reference]]] = []
    origins: dict[str, Hashable] = {}
    nodes = (at for at, line in enumerate(lines) if line.node is not None)
    for at, (statement, scope) in zip(nodes, walk_scoped(rebuilt(lines)), strict=True):
        for _, value in operands(statement):
            for reference in references(value):
                others = _others(scope, reference, origins)
                if others:
                    found.append((at, reference, others))
        if isinstance(statement, Set) and isinstance(statement.value, Var | Handle):
            origins[statement.name] = _target(scope, statement.value, origins)
    if not found:
        return None
    at, reference, others = rng.choice(found)
    node = _replaced(lines[at].node, reference, rng.choice(others))
    return [*lines[:at], replace(lines[at], node=node), *lines[at + 1 :]]


def _others(scope: Scope, reference: Reference, origins: dict[str, Hashable]) -> list[Reference]:
    own = _target(scope, reference, origins)
    candidates = [Handle("prev"), Handle("item"), Handle("input")]
    candidates += [Var(name) for name in scope.set_variables()]
    return [
        c
        for c in candidates
        if scope.allows(c) and _target(scope, c, origins) not in (own, reference)
    ]


def _target(scope: Scope, reference: Reference, origins: dict[str, Hashable]) -> Hashable:
    """What a reference stands for: equal for ``@prev`` and a variable that was just set to it."""
    match reference:
        case Var(name=name):
            loop = name.removeprefix("Repeat_").lower()
            return ("loop", loop) if loop != name.lower() else origins.get(name, ("variable", name))
        case Handle(name=name) if name in ALWAYS:
            return ("fixed", name)
        case Handle(name=name) if name in ("item", "index"):
            return ("loop", name)
    return id(scope.resolve(reference)) if scope.allows(reference) else reference


def _replaced(node: Statement | Case, old: Reference, new: Reference) -> Statement | Case:
    """A statement with one reference in the place of another, wherever it stands in it."""
    return replace(node, **{k: _put(getattr(node, k), old, new) for k in HOLD if hasattr(node, k)})


def _put(value: Any, old: Reference, new: Reference) -> Any:
    """A value, or a tuple of values, with ``new`` where ``old`` stands at any depth."""
    match value:
        case Var() | Handle():
            return new if value == old else value
        case Interp() | Quantity() | Dict() | Headers() | List():
            own = {f.name: _put(getattr(value, f.name), old, new) for f in fields(value)}
            return replace(value, **own)
        case tuple():
            return tuple(_put(item, old, new) for item in value)
    return value
