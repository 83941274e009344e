"""What a statement holds: its values, the handles it gives an output, the variables it sets."""

from __future__ import annotations

import re

from sashimi.program.tree import (
    Action,
    Case,
    ForEach,
    Handle,
    If,
    Menu,
    Pairs,
    Repeat,
    Set,
    Statement,
)

SETTERS = frozenset({"setvariable", "appendvariable"})
"""Actions that set the variable named by their parameter ``WFVariableName``."""


def sanitise(name: str) -> str:
    """A name of the Shortcuts editor as an identifier: ``My List`` is ``My_List``."""
    word = re.sub(r"\W", "_", name)
    return word if word and not word[0].isdigit() else "_" + word


def label(statement: Statement | Case) -> str:
    """What a statement is called in a finding."""
    if isinstance(statement, Action):
        return f"ACTION {statement.name}"
    return type(statement).__name__.upper()


def kind(statement: Statement) -> str | None:
    """The kind of block that a statement opens; None for ACTION and SET."""
    match statement:
        case If():
            return "if"
        case Menu():
            return "menu"
        case Repeat():
            return "repeat"
        case ForEach():
            return "foreach"
    return None


def operands(statement: Statement | Case) -> Pairs:
    """The values that a statement itself holds, each with the name of its place."""
    match statement:
        case Action(params=params):
            return _said(params)
        case Set(value=value):
            return (("value", value),)
        case If():
            tests = enumerate((statement, *statement.more), 1)
            said = [(place, n, getattr(test, place)) for n, test in tests for place in _TEST]
            own = tuple((place if n == 1 else f"{place} {n}", value) for place, n, value in said)
            return own + _said((*statement.pairs, *statement.middle, *statement.end))
        case Menu(prompt=prompt, pairs=pairs, end=end):
            return (("prompt", prompt), *_said((*pairs, *end)))
        case Case(title=title, pairs=pairs):
            return (("title", title), *_said(pairs))
        case Repeat(count=count, pairs=pairs, end=end):
            return (("count", count), *_said((*pairs, *end)))
        case ForEach(target=target, pairs=pairs, end=end):
            return (("target", target), *_said((*pairs, *end)))
    raise TypeError(f"not a statement: {statement!r}")


_TEST = ("target", "value")


def _said(pairs: Pairs) -> Pairs:
    """Pairs less the name that an output is given, which refers to nothing."""
    return tuple(pair for pair in pairs if not (pair[0] == "UUID" and isinstance(pair[1], Handle)))


def named(pairs: Pairs) -> tuple[str, ...]:
    """The handles that pairs give an output: by ``CustomOutputName=`` and by ``UUID=@name``."""
    out = []
    for key, value in pairs:
        if key == "CustomOutputName" and isinstance(value, str):
            out.append(sanitise(value))
        elif key == "UUID" and isinstance(value, Handle):
            out.append(value.name)
        elif key == "UUID" and isinstance(value, str):
            out.append("output_" + value.replace("-", "_"))
    return tuple(out)


def sets(statement: Statement) -> str | None:
    """The variable that an ACTION or a SET sets, spelled as there; None if none."""
    match statement:
        case Set(name=name):
            return name
        case Action(name=name, params=params) if name in SETTERS:
            variable = dict(params).get("WFVariableName")
            return variable if isinstance(variable, str) else None
    return None
