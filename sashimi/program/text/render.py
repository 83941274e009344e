"""Tree to canonical text: one statement a line, two spaces a level, ENDSHORTCUT last."""

from __future__ import annotations

from collections.abc import Iterator

from sashimi.program.text import values
from sashimi.program.tree import (
    Action,
    Block,
    Dict,
    ForEach,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Program,
    Quantity,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
)


def render(program: Program) -> str:
    """The canonical text of a program; ``parse(render(p)) == p``.

    The end is always written, so that a text that was cut short cannot pass for a whole one.
    Raises ``ValueError`` for a tree that no text has: a float without a literal, unmerged parts.
    """
    lines = [f"SHORTCUT {values.quote(program.name)}", *_block(program.body, ""), "ENDSHORTCUT"]
    return "\n".join(lines) + "\n"


def _block(block: Block, indent: str) -> Iterator[str]:
    for statement in block:
        yield from _statement(statement, indent)


def _statement(statement: Statement, indent: str) -> Iterator[str]:
    inner = indent + "  "
    match statement:
        case Action(name=name, params=params):
            pairs = "".join(f" {key}={render_value(value)}" for key, value in params)
            yield f"{indent}ACTION {name}{pairs}"
        case Set(name=name, value=value):
            yield f"{indent}SET ${name} = {render_value(value)}"
        case If(target=target, condition=condition, value=value, then=then, orelse=orelse):
            operand = "" if value is None else " " + render_value(value)
            yield f"{indent}IF {render_value(target)} {condition}{operand}"
            yield from _block(then, inner)
            if orelse is not None:
                yield f"{indent}ELSE"
                yield from _block(orelse, inner)
            yield f"{indent}ENDIF"
        case Menu(prompt=prompt, cases=cases):
            yield f"{indent}MENU {render_value(prompt)}"
            for case in cases:
                yield f"{indent}CASE {render_value(case.title)}"
                yield from _block(case.body, inner)
            yield f"{indent}ENDMENU"
        case Repeat(count=count, body=body):
            yield f"{indent}REPEAT {render_value(count)}"
            yield from _block(body, inner)
            yield f"{indent}ENDREPEAT"
        case ForEach(target=target, body=body):
            yield f"{indent}FOREACH {render_value(target)}"
            yield from _block(body, inner)
            yield f"{indent}ENDFOREACH"


def render_value(value: Value) -> str:
    """The canonical text of one value."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return values.quote(value)
        case int() | float():
            return values.spell(value)
        case Var(name=name):
            return "$" + name
        case Handle(name=name):
            return "@" + name
        case Interp():
            return values.quote_interp(value)
        case Quantity(magnitude=magnitude, unit=unit):
            return f"QTY({render_value(magnitude)}, {render_value(unit)})"
        case Dict(items=items):
            return _items(items)
        case Headers(items=items):
            return "HEADERS " + _items(items)
        case List(items=items):
            return "[" + ", ".join(render_value(item) for item in items) + "]"
    raise TypeError(f"not a value of a program: {value!r}")


def _items(items: tuple[tuple[str | Interp, Value], ...]) -> str:
    return "{" + ", ".join(f"{render_value(k)}: {render_value(v)}" for k, v in items) + "}"
