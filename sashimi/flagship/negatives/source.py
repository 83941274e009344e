"""The wrong data: one reference of a program replaced by another that is legal at its place."""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import replace

from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import Line, rebuilt
from sashimi.program.check.parts import operands
from sashimi.program.check.scope import ALWAYS, Scope, walk_scoped
from sashimi.program.tree import (
    Action,
    Case,
    Dict,
    ForEach,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Quantity,
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
    references,
)

Lines = list[Line]


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
    match node:
        case Action(params=params):
            return replace(node, params=tuple((k, _put(v, old, new)) for k, v in params))
        case Set(value=value):
            return replace(node, value=_put(value, old, new))
        case If(target=target, value=value):
            operand = None if value is None else _put(value, old, new)
            return replace(node, target=_put(target, old, new), value=operand)
        case Menu(prompt=prompt):
            return replace(node, prompt=_put(prompt, old, new))
        case Case(title=title):
            return replace(node, title=_put(title, old, new))
        case Repeat(count=count):
            return replace(node, count=_put(count, old, new))
        case ForEach(target=target):
            return replace(node, target=_put(target, old, new))
    raise TypeError(f"not a statement: {node!r}")


def _put(value: Value, old: Reference, new: Reference) -> Value:
    match value:
        case Var() | Handle():
            return new if value == old else value
        case Interp(parts=parts):
            return Interp(tuple(new if part == old else part for part in parts))
        case Quantity(magnitude=magnitude, unit=unit):
            return Quantity(_put(magnitude, old, new), _put(unit, old, new))
        case Dict(items=items) | Headers(items=items):
            return replace(
                value, items=tuple((_put(k, old, new), _put(v, old, new)) for k, v in items)
            )
        case List(items=items):
            return List(tuple(_put(item, old, new) for item in items))
    return value
