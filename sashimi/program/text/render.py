"""Tree to canonical text: one statement a line, two spaces a level, ENDSHORTCUT last."""

from __future__ import annotations

import re
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
    Pairs,
    Program,
    Quantity,
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
)

_KEY = re.compile(r"[A-Za-z_]\w*")


def render(program: Program) -> str:
    """The canonical text of a program; ``parse(render(p)) == p``.

    The end is always written, so that a text that was cut short cannot pass for a whole one.
    Raises ``ValueError`` for a tree that no text has: a float without a literal, unmerged parts.
    """
    lines = [f"SHORTCUT {values.quote(program.name)}"]
    lines += [f"WITH{_pairs((pair,))}" for pair in program.settings]
    lines += [*_block(program.body, ""), "ENDSHORTCUT"]
    return "\n".join(lines) + "\n"


def _block(block: Block, indent: str) -> Iterator[str]:
    for statement in block:
        yield from _statement(statement, indent)


def _statement(statement: Statement, indent: str) -> Iterator[str]:
    inner = indent + "  "
    match statement:
        case Action(name=name, params=params):
            yield f"{indent}ACTION {name}{_pairs(params)}"
        case Set(name=name, value=value):
            yield f"{indent}SET ${values.word(name)} = {render_value(value)}"
        case If(then=then, orelse=orelse, middle=middle, end=end):
            yield f"{indent}IF{_tests(statement)}{_pairs(statement.pairs)}"
            yield from _block(then, inner)
            if orelse is not None:
                yield f"{indent}ELSE{_pairs(middle)}"
                yield from _block(orelse, inner)
            yield f"{indent}ENDIF{_pairs(end)}"
        case Menu(prompt=prompt, cases=cases, pairs=pairs, end=end):
            yield f"{indent}MENU{_operand(prompt)}{_pairs(pairs)}"
            for case in cases:
                yield f"{indent}CASE {render_value(case.title)}{_pairs(case.pairs)}"
                yield from _block(case.body, inner)
            yield f"{indent}ENDMENU{_pairs(end)}"
        case Repeat(count=count, body=body, pairs=pairs, end=end):
            yield f"{indent}REPEAT{_operand(count)}{_pairs(pairs)}"
            yield from _block(body, inner)
            yield f"{indent}ENDREPEAT{_pairs(end)}"
        case ForEach(target=target, body=body, pairs=pairs, end=end):
            yield f"{indent}FOREACH{_operand(target)}{_pairs(pairs)}"
            yield from _block(body, inner)
            yield f"{indent}ENDFOREACH{_pairs(end)}"


def _tests(statement: If) -> str:
    first = _test(statement.target, statement.condition, statement.value)
    if not statement.match:
        return first
    others = (_test(test.target, test.condition, test.value) for test in statement.more)
    return f" {statement.match.upper()}" + ",".join((first, *others))


def _test(target: Reference | None, condition: str, value: Value | None) -> str:
    return f"{_operand(target)}{condition and ' ' + condition}{_operand(value)}"


def _operand(value: Value | None) -> str:
    return "" if value is None else " " + render_value(value)


def _pairs(pairs: Pairs) -> str:
    return "".join(f" {render_key(k)}={render_value(v)}" for k, v in pairs)


def render_key(key: str) -> str:
    """The text of a parameter's key: as it is, or quoted where it is no identifier."""
    return key if _KEY.fullmatch(key) else values.quote(key)


def render_value(value: Value | None) -> str:
    """The canonical text of one value; ``NONE`` for the key that is to be absent."""
    match value:
        case None:
            return "NONE"
        case bool():
            return "true" if value else "false"
        case str():
            return values.quote(value)
        case int() | float():
            return values.spell(value)
        case Var() | Handle():
            return values.spell_reference(value)
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
