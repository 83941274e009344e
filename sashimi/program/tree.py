"""The tree of a ShortcutDSL program: frozen dataclasses, nested as the blocks are.

Values are plain Python where Python has them (``str``, ``int``, ``float``, ``bool``) and one
dataclass each where it does not. Line numbers ride along for messages and never take part in
equality. Because Python holds ``1 == True == 1.0``, compare ``render(p)`` as well as ``p`` where
that difference matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a reference to what is wanted of it; ``kind`` says which.

    ==========  ============================  =====================================================
    kind        text                          what it holds
    ==========  ============================  =====================================================
    name        ``@prev("Files")``            the name that the output is shown under, None for none
    property    ``.Name``, ``.Name("info")``  a property; ``args`` hold its PropertyUserInfo
    key         ``["a"]``                     the value of a dictionary's key
    as          ``as Number``                 a coercion to a content class
    format      ``format "yyyy"``             a date's custom format
    with        ``with Type(key=value, …)``   any other step: its type, and its fields in ``args``
    ==========  ============================  =====================================================
    """

    kind: str
    value: str | None
    args: tuple[tuple[str, str | int | float | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, ``$name``; ``$"any name"`` where its name is no identifier."""

    name: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Handle:
    """An implicit value, ``@name``: an output, the input, a loop's item, an action's result."""

    name: str
    steps: tuple[Step, ...] = ()


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
    """A dictionary, its items in order; keys may be interpolated.

    One key that begins with ``$`` makes it a value of another kind: ``{"$date": "…"}``,
    ``{"$data": "…"}``, ``{"$number": $n}``, ``{"$raw": …}`` (see ``plist.special``).
    """

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


Pairs = tuple[tuple[str, Value | None], ...]
"""Keys and values beside what a statement says itself; None where a key is to be absent."""


def _line() -> int:
    return field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Action:
    """``ACTION name key=value …``; ``name`` is short for one of ``is.workflow.actions.*``.

    A name that begins with a dot is a full identifier. ``?`` stands for an entry that is no whole
    action: its one parameter ``record`` holds it as it is stored.
    """

    name: str
    params: Pairs = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Set:
    """``SET $name = value``."""

    name: str
    value: Value
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Test:
    """One condition of an IF that has several."""

    target: Reference | None
    condition: str
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class If:
    """``IF target condition [value] … [ELSE] … ENDIF``; ``orelse`` is None without an ELSE.

    ``target`` is None where it is left to what comes before; then ``condition`` may be empty and
    the test stand in ``pairs``. ``match`` is ``all`` or ``any`` where ``more`` conditions follow
    the first. Pairs are those of the start, of ELSE (``middle``) and of ENDIF (``end``).
    """

    target: Reference | None
    condition: str
    value: Value | None
    then: Block
    orelse: Block | None = None
    match: str = ""
    more: tuple[Test, ...] = ()
    pairs: Pairs = ()
    middle: Pairs = ()
    end: Pairs = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Case:
    """``CASE "title"`` and its body; ``pairs`` hold what is stored beside the title."""

    title: str | Interp
    body: Block
    pairs: Pairs = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Menu:
    """``MENU prompt`` with its cases; no prompt is None."""

    prompt: str | Interp | None
    cases: tuple[Case, ...]
    pairs: Pairs = ()
    end: Pairs = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class Repeat:
    """``REPEAT count … ENDREPEAT``; a count that is no number or reference stands in ``pairs``."""

    count: int | float | Reference | None
    body: Block
    pairs: Pairs = ()
    end: Pairs = ()
    line: int = _line()


@dataclass(frozen=True, slots=True)
class ForEach:
    """``FOREACH target … ENDFOREACH``; a target that is no reference stands in ``pairs``."""

    target: Reference | None
    body: Block
    pairs: Pairs = ()
    end: Pairs = ()
    line: int = _line()


Statement = Action | Set | If | Menu | Repeat | ForEach
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A whole Shortcut: its name, its statements, and what it says of itself beside them.

    ``settings`` are keys of the plist's root that differ from those that ``compile`` writes by
    itself; None where a key is to be absent.
    """

    name: str
    body: Block
    settings: Pairs = ()


def special(value: Value | None) -> str:
    """The kind of a dictionary of one key that begins with ``$``: that key; ``""`` for others."""
    match value:
        case Dict(items=((str() as key, _),)) if key.startswith("$"):
            return key
    return ""


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


def map_blocks(statement: Statement, change: Callable[[Block], Block]) -> Statement:
    """The statement with each of the blocks directly inside it changed."""
    match statement:
        case If(then=then, orelse=orelse):
            return replace(
                statement, then=change(then), orelse=None if orelse is None else change(orelse)
            )
        case Menu(cases=cases):
            changed = tuple(replace(case, body=change(case.body)) for case in cases)
            return replace(statement, cases=changed)
        case Repeat(body=body) | ForEach(body=body):
            return replace(statement, body=change(body))
    return statement


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
