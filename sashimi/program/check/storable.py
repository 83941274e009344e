"""What a plist can hold: characters and integers in range, no key twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from sashimi.program.check.parts import label, operands
from sashimi.program.check.scope import walk_scoped
from sashimi.program.findings import Finding, invalid
from sashimi.program.tree import (
    Case,
    Dict,
    Headers,
    Interp,
    List,
    Program,
    Quantity,
    Statement,
    Value,
)

SURROGATE = re.compile("[\ud800-\udfff]")
"""Halves of characters, which no encoding has alone."""

UNFIT_FOR_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that a text of XML cannot hold."""


def storable(program: Program) -> Iterator[Finding]:
    """What no plist can hold: characters and integers out of range, keys given twice."""
    yield from text_faults(program.name, 0, "SHORTCUT")
    for key, value in program.settings:
        yield from value_faults(value, 0, f"WITH {key}")
    for statement, _ in walk_scoped(program.body):
        yield from faults(statement)


def faults(statement: Statement | Case) -> Iterator[Finding]:
    """What no plist can hold of one statement, less the blocks inside."""
    where = label(statement)
    for pairs in ("params", "pairs", "middle", "end"):
        given = [key for key, _ in getattr(statement, pairs, ())]
        for key, count in Counter(given).items() if len(set(given)) < len(given) else ():
            if count > 1:
                why = f"the parameter is given {count} times"
                yield invalid(statement.line, "given-twice", f"{where} {key}", why)
    for place, value in operands(statement):
        yield from value_faults(value, statement.line, f"{where} {place}")


def value_faults(value: Value | None, line: int, where: str) -> Iterator[Finding]:
    """What no plist can hold."""
    match value:
        case str():
            yield from text_faults(value, line, where)
        case bool():
            return
        case int() if not -(2**63) <= value < 2**64:
            yield invalid(line, "too-large", where, f"{value} does not fit into 64 bits")
        case Interp(parts=parts):
            for part in parts:
                if isinstance(part, str):
                    yield from text_faults(part, line, where)
        case Quantity(magnitude=magnitude, unit=unit):
            yield from value_faults(magnitude, line, where)
            yield from value_faults(unit, line, where)
        case Dict(items=items) | Headers(items=items):
            for key, inner in items:
                yield from value_faults(key, line, where)
                yield from value_faults(inner, line, where)
        case List(items=items):
            for inner in items:
                yield from value_faults(inner, line, where)


def text_faults(text: str, line: int, where: str) -> Iterator[Finding]:
    """A surrogate in a text."""
    if found := SURROGATE.search(text):
        why = f"no plist can hold the character U+{ord(found[0]):04X}"
        yield invalid(line, "character", where, why)
