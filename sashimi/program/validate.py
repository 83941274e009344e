"""What would break on a phone: ``validate`` checks a tree against catalogue, scope and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sashimi.program import catalogue as catalogues
from sashimi.program import names
from sashimi.program.catalogue import COMMON_KEYS, ActionSpec, Catalogue, ParamSpec
from sashimi.program.findings import Finding
from sashimi.program.scope import Scope, operands, walk_scoped
from sashimi.program.tree import (
    CONDITIONS,
    UNARY_CONDITIONS,
    Action,
    Case,
    Dict,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Program,
    Quantity,
    Repeat,
    Statement,
    Value,
    Var,
    references,
)

NUMERIC_CONDITIONS = frozenset({"equals_number", "is_greater_than", "is_less_than"})
"""Conditions that compare numbers."""


def validate(
    program: Program, strict: bool = True, catalogue: Catalogue | None = None
) -> list[Finding]:
    """The findings on a program in order of its text; ``[]`` means clean.

    Strict refuses what the catalogue (by default the package's own) does not know. Permissive
    warns instead of a vendor's action, an unknown parameter and a reference that nothing sets, as
    Shortcuts itself would run such a program with an empty value there.
    """
    catalogue = catalogues.load() if catalogue is None else catalogue
    doubtful = "error" if strict else "warning"
    findings = list(_text(program.name, 0, "SHORTCUT"))
    for statement, scope in walk_scoped(program.body):
        findings += _statement(statement)
        findings += _references(statement, scope, doubtful)
        if isinstance(statement, Action):
            findings += _action(statement, catalogue, doubtful)
        findings += _storable(statement)
    return findings


def storable(program: Program) -> Iterator[Finding]:
    """What no plist can hold: characters and integers out of range, keys given twice."""
    yield from _text(program.name, 0, "SHORTCUT")
    for statement, _ in walk_scoped(program.body):
        yield from _storable(statement)


def _storable(statement: Statement | Case) -> Iterator[Finding]:
    where = label(statement)
    places = operands(statement)
    for place, count in Counter(place for place, _ in places).items():
        if count > 1:
            why = f"the parameter is given {count} times"
            yield _found(statement.line, f"{where} {place}", why)
    for place, value in places:
        yield from _value(value, statement.line, f"{where} {place}")


def label(statement: Statement | Case) -> str:
    """What a statement is called in a finding."""
    if isinstance(statement, Action):
        return f"ACTION {statement.name}"
    return type(statement).__name__.upper()


def _found(line: int, where: str, why: str, severity: str = "error") -> Finding:
    return Finding("validate", line, where, why, severity)


def _statement(statement: Statement | Case) -> Iterator[Finding]:
    line = statement.line
    match statement:
        case If(condition=condition) if condition not in CONDITIONS:
            yield _found(line, "IF", f"no such condition: {condition}")
        case If(condition=condition, value=value):
            yield from _condition(condition, value, line)
        case Menu(cases=()):
            yield _found(line, "MENU", "a menu without a CASE")
        case Menu(cases=cases):
            for title, count in Counter(case.title for case in cases).items():
                if count > 1:
                    why = f"the title {title!r} stands for {count} cases: only one can be chosen"
                    yield _found(line, "MENU", why, "warning")
        case Repeat(count=int() | float() as count) if count < 0 or count != int(count):
            yield _found(line, "REPEAT", f"cannot repeat {count!r} times")


def _condition(condition: str, value: Value | None, line: int) -> Iterator[Finding]:
    if condition in UNARY_CONDITIONS and value is not None:
        yield _found(line, "IF", f"{condition} takes no value: it is ignored", "warning")
    elif condition not in UNARY_CONDITIONS and value is None:
        yield _found(line, "IF", f"{condition} has no value to compare with", "warning")
    elif condition in NUMERIC_CONDITIONS and not _numeric(value):
        yield _found(line, "IF", f"{condition} compares numbers, and {value!r} is none")


def _numeric(value: Value | None) -> bool:
    match value:
        case bool():
            return False
        case str():
            try:
                float(value)
            except ValueError:
                return False
            return True
        case Dict() | Headers() | List() | Quantity():
            return False
    return True


def _references(statement: Statement | Case, scope: Scope, severity: str) -> Iterator[Finding]:
    for place, value in operands(statement):
        for reference in references(value):
            why = scope.why_not(reference)
            if why is not None:
                where = f"{label(statement)} {place}"
                yield _found(statement.line, where, why, severity)


def _action(action: Action, catalogue: Catalogue, doubtful: str) -> Iterator[Finding]:
    where = label(action)
    spec = catalogue.find(action.name)
    if spec is None:
        vendor = names.is_vendor(action.name)
        why = "an app's action that the catalogue does not know" if vendor else "no such action"
        yield _found(action.line, where, why, doubtful if vendor else "error")
        return
    for key, value in action.params:
        if key not in COMMON_KEYS:
            yield from _parameter(action, key, value, spec, doubtful)


def _parameter(
    action: Action, key: str, value: Value, spec: ActionSpec, doubtful: str
) -> Iterator[Finding]:
    where = f"{label(action)} {key}"
    known = spec.parameter(key)
    if known is None:
        yield _found(action.line, where, "the action has no such parameter", doubtful)
        return
    if not _fits(value, known):
        why = f"expected {_kind(known.type)}, and {_shown(value)} is none"
        yield _found(action.line, where, why, doubtful)
    elif known.enum and isinstance(value, str) and value not in known.enum:
        severity = "error" if known.enum_trusted else "warning"
        listed = ", ".join(known.enum)
        yield _found(action.line, where, f"{value!r} is not one of: {listed}", severity)


def _fits(value: Value, spec: ParamSpec) -> bool:
    """Whether a value can be what its parameter is for; references can be anything."""
    if spec.sources == ("observed",) or isinstance(value, Var | Handle | Interp):
        return True
    match spec.type:
        case "boolean":
            return isinstance(value, bool) or value in (0, 1)
        case "number":
            return value == "" or _numeric(value)  # Shortcuts leaves "" in a field once cleared
        case "text" | "date":
            return isinstance(value, str | int | float) and not isinstance(value, bool)
        case "enum":  # an app's own enum is stored as a record, several choices as a list
            return not isinstance(value, Quantity)
        case "list":
            return isinstance(value, List)
        case "dictionary":
            return isinstance(value, Dict | Headers)
        case "quantity":
            return isinstance(value, Quantity)
    return True


def _kind(type_: str) -> str:
    return {"enum": "one of the listed values"}.get(type_, f"a {type_}")


def _shown(value: Value) -> str:
    return type(value).__name__ if isinstance(value, Dict | List | Headers) else repr(value)


def _value(value: Value | None, line: int, where: str) -> Iterator[Finding]:
    """What no plist can hold."""
    match value:
        case str():
            yield from _text(value, line, where)
        case bool():
            return
        case int() if not -(2**63) <= value < 2**64:
            yield _found(line, where, f"{value} does not fit into 64 bits")
        case Interp(parts=parts):
            for part in parts:
                if isinstance(part, str):
                    yield from _text(part, line, where)
        case Quantity(magnitude=magnitude, unit=unit):
            yield from _value(magnitude, line, where)
            yield from _value(unit, line, where)
            if not _numeric(magnitude):
                yield _found(line, where, f"the quantity's magnitude {magnitude!r} is no number")
            if not isinstance(unit, str | Var | Handle | Interp):
                yield _found(line, where, f"the quantity's unit {unit!r} is no text")
        case Dict(items=items) | Headers(items=items):
            for key, inner in items:
                yield from _value(key, line, where)
                yield from _value(inner, line, where)
        case List(items=items):
            for inner in items:
                yield from _value(inner, line, where)


def _text(text: str, line: int, where: str) -> Iterator[Finding]:
    for char in text:
        if (char < " " and char not in "\t\n\r") or "\ud800" <= char <= "\udfff":
            yield _found(line, where, f"no plist can hold the character U+{ord(char):04X}")
            return
