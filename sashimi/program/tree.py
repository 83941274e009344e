"""The tree of a ShortcutDSL program: frozen dataclasses, nested as the blocks are.

Values are plain Python where Python has them (``str``, ``int``, ``float``, ``bool``) and one
dataclass each where it does not. Line numbers ride along for messages and never take part in
equality. Because Python holds ``1 == True == 1.0``, compare ``render(p)`` as well as ``p`` where
that difference matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

CONDITIONS = (
    "equals_number",
    "is_greater_than",
    "is_less_than",
    "equals_string",
    "not_equal_string",
    "contains",
    "does_not_contain",
    "has_any_value",
    "does_not_have_any_value",
    "is_before",
)
"""Every condition that an IF may state, in LANGUAGE order."""

UNARY_CONDITIONS = frozenset({"has_any_value", "does_not_have_any_value"})
"""Conditions that take no value."""


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, ``$name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Handle:
    """An implicit value, ``@name``: an output, the input, a loop's item, an action's result."""

    name: str


Reference = Var | Handle


@dataclass(frozen=True, slots=True)
class Interp:
    """A string with references in it. Neighbouring text parts are merged; empty text is dropped."""

    parts: tuple[str | Reference, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """``QTY(magnitude, unit)``: a number or a reference, and a unit."""

    magnitude: Value
    unit: Value


@dataclass(frozen=True, slots=True)
class Dict:
    """A dictionary, its items in order; keys may be interpolated."""

    items: tuple[tuple[str | Interp, Value], ...]


@dataclass(frozen=True, slots=True)
class Headers:
    """``HEADERS {…}``: a dictionary that stands where HTTP headers are meant."""

    items: tuple[tuple[str | Interp, Value], ...]


@dataclass(frozen=True, slots=True)
class List:
    """A list of values."""

    items: tuple[Value, ...]


Value = str | int | float | bool | Var | Handle | Interp | Quantity | Dict | Headers | List


def _line() -> int:
    return field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Action:
    """``ACTION name key=value …``; ``name`` is short for one of ``is.workflow.actions.*``."""

    name: str
    params: tuple[tuple[str, Value], ...] = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Set:
    """``SET $name = value``."""

    name: str
    value: Value
    line: int = _line()


@dataclass(frozen=True, slots=True)
class If:
    """``IF target condition [value] … [ELSE] … ENDIF``; ``orelse`` is None without an ELSE."""

    target: Reference
    condition: str
    value: Value | None
    then: Block
    orelse: Block | None = None
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Case:
    """``CASE "title"`` and its body."""

    title: str | Interp
    body: Block
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Menu:
    """``MENU prompt`` with its cases."""

    prompt: str | Interp
    cases: tuple[Case, ...]
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Repeat:
    """``REPEAT count … ENDREPEAT``."""

    count: int | float | Reference
    body: Block
    line: int = _line()


@dataclass(frozen=True, slots=True)
class ForEach:
    """``FOREACH target … ENDFOREACH``."""

    target: Reference
    body: Block
    line: int = _line()


Statement = Action | Set | If | Menu | Repeat | ForEach
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A whole Shortcut: its name and its statements."""

    name: str
    body: Block


def blocks(statement: Statement) -> tuple[Block, ...]:
    """The blocks directly inside a statement, in order of their text."""
    match statement:
        case If(then=then, orelse=orelse):
            return (then,) if orelse is None else (then, orelse)
        case Menu(cases=cases):
            return tuple(case.body for case in cases)
        case Repeat(body=body) | ForEach(body=body):
            return (body,)
    return ()


def walk(block: Block) -> Iterator[Statement]:
    """Every statement of a block, outer before inner, in order of their text."""
    for statement in block:
        yield statement
        for inner in blocks(statement):
            yield from walk(inner)


def actions(program: Program) -> list[Action]:
    """Every ACTION of a program, in order of their text."""
    return [statement for statement in walk(program.body) if isinstance(statement, Action)]


def references(value: Value | None) -> Iterator[Reference]:
    """Every variable and handle inside a value, in order of their text."""
    match value:
        case Var() | Handle():
            yield value
        case Interp(parts=parts):
            for part in parts:
                if not isinstance(part, str):
                    yield part
        case Quantity(magnitude=magnitude, unit=unit):
            yield from references(magnitude)
            yield from references(unit)
        case Dict(items=items) | Headers(items=items):
            for key, inner in items:
                yield from references(key)
                yield from references(inner)
        case List(items=items):
            for inner in items:
                yield from references(inner)
