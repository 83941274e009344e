"""What would break on a phone: ``validate`` checks a tree against catalogue, scope and blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from sashimi.program import catalogue as catalogues
from sashimi.program import dates, names
from sashimi.program.catalogue import COMMON_KEYS, ActionSpec, Catalogue, ParamSpec
from sashimi.program.check import beside, health
from sashimi.program.check.scope import ALWAYS, LOOP_HANDLES, Scope, operands, walk_scoped
from sashimi.program.check.ways import asks
from sashimi.program.findings import Finding
from sashimi.program.tree import (
    CONDITIONS,
    MORE_CONDITIONS,
    UNARY_CONDITIONS,
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
    Program,
    Quantity,
    Reference,
    Repeat,
    Statement,
    Test,
    Value,
    Var,
    references,
    special,
)

COMPOSITES = (Dict, Headers, List, Quantity)
COUNTS = (int, float, Var, Handle)
WITHOUT_VALUE = UNARY_CONDITIONS | {"is_today"}
TEST_KEYS = frozenset({"WFCondition", "WFConditions"})
"""Keys of an IF's pairs that hold its test."""
NUMERIC_CONDITIONS = frozenset(
    {"equals_number", "not_equal_number", "is_greater_than", "is_less_than"}
    | {"is_at_least", "is_at_most"}
)
"""Conditions that compare numbers."""

UNFIT_FOR_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that a text of XML cannot hold."""

NEVER_NUMBERS = frozenset(
    {
        "NSDictionary",
        "PHAsset",
        "WFAVAssetContentItem",
        "WFContactContentItem",
        "WFEmailAddressContentItem",
        "WFContact",
        "WFImage",
        "WFImageContentItem",
        "WFPDFContentItem",
        "public.image",
    }
)
"""Content types that Shortcuts cannot make a number of; a file may hold text that is one."""


def validate(
    program: Program, strict: bool = True, catalogue: Catalogue | None = None
) -> list[Finding]:
    """The findings on a program in order of its text; ``[]`` means clean.

    What the catalogue (by default the package's own) does not know of actions of apps, of keys and
    of values is a warning that names its sources. Permissive also warns instead of an unknown type
    of Health samples and of a reference that nothing sets, be it on one way only, as Shortcuts
    itself would run such a program with an empty value there.
    """
    catalogue = catalogues.load() if catalogue is None else catalogue
    doubtful = "error" if strict else "warning"
    findings = list(_text(program.name, 0, "SHORTCUT"))
    told: set[str] = set()
    for statement, scope in walk_scoped(program.body):
        findings += _statement(statement)
        findings += _references(statement, scope, doubtful, told)
        if isinstance(statement, If):
            findings += _target(statement, scope, catalogue)
        if isinstance(statement, Action):
            findings += _action(statement, catalogue)
            findings += _together(statement, catalogue, doubtful)
        findings += _storable(statement)
        for place, value in operands(statement):
            findings += _odd(value, statement.line, f"{label(statement)} {place}")
    for key, value in program.settings:
        findings += [*_value(value, 0, f"WITH {key}"), *_odd(value, 0, f"WITH {key}")]
    return findings


def alone(statement: Statement, catalogue: Catalogue) -> list[Finding]:
    """What is wrong with one statement, strictly: with each of its values, not with them together.

    Nothing is said of references, of what is missing, or of blocks inside.
    """
    findings = [*_statement(statement), *_storable(statement)]
    for place, value in operands(statement):
        findings += _odd(value, statement.line, place)
    if isinstance(statement, Action):
        findings += _action(statement, catalogue)
    return findings


def storable(program: Program) -> Iterator[Finding]:
    """What no plist can hold: characters and integers out of range, keys given twice."""
    yield from _text(program.name, 0, "SHORTCUT")
    for key, value in program.settings:
        yield from _value(value, 0, f"WITH {key}")
    for statement, _ in walk_scoped(program.body):
        yield from _storable(statement)


def _storable(statement: Statement | Case) -> Iterator[Finding]:
    where = label(statement)
    for pairs in ("params", "pairs", "middle", "end"):
        keys = Counter(key for key, _ in getattr(statement, pairs, ()))
        for key, count in keys.items():
            if count > 1:
                why = f"the parameter is given {count} times"
                yield _found(statement.line, "given-twice", f"{where} {key}", why)
    for place, value in operands(statement):
        yield from _value(value, statement.line, f"{where} {place}")


def label(statement: Statement | Case) -> str:
    """What a statement is called in a finding."""
    if isinstance(statement, Action):
        return f"ACTION {statement.name}"
    return type(statement).__name__.upper()


def _found(line: int, code: str, where: str, why: str, severity: str = "error") -> Finding:
    return Finding("validate", line, where, why, severity, code)


def _statement(statement: Statement | Case) -> Iterator[Finding]:
    line = statement.line
    match statement:
        case If(condition="", pairs=pairs):
            if not TEST_KEYS & {key for key, _ in pairs}:
                yield _found(line, "no-condition", "IF", "it states no condition")
        case If(more=more, pairs=pairs):
            for test in (statement, *more):
                yield from _condition(test, line, bool(pairs))
        case Menu(cases=()):
            yield _found(line, "no-case", "MENU", "a menu without a CASE")
        case Menu(cases=cases):
            for title, count in Counter(case.title for case in cases).items():
                if count > 1:
                    why = f"the title {title!r} stands for {count} cases: only one can be chosen"
                    yield _found(line, "same-title", "MENU", why, "warning")
        case Repeat(count=int() | float() as count) if count < 0 or count != int(count):
            yield _found(line, "count", "REPEAT", f"cannot repeat {count!r} times")
        case Repeat(count=None, pairs=()):
            why = "it states no count: write REPEAT 3 or REPEAT $n"
            yield _found(line, "no-count", "REPEAT", why)
        case Repeat(count=None) | ForEach(target=None):
            return
        case Repeat(count=count) if isinstance(count, bool) or not isinstance(count, COUNTS):
            yield _found(line, "count", "REPEAT", f"cannot repeat {_shown(count)} times")
        case ForEach(target=target) if not isinstance(target, Var | Handle):
            why = f"{_shown(target)} is nothing to go through"
            yield _found(line, "target", "FOREACH", why)


def _condition(test: If | Test, line: int, beside: bool) -> Iterator[Finding]:
    """What is wrong with one condition; with keys ``beside`` it, its value may be among them."""
    condition, value = test.condition, test.value
    if condition not in CONDITIONS and condition not in MORE_CONDITIONS:
        yield _found(line, "unknown-condition", "IF", f"no such condition: {condition}")
    elif condition in WITHOUT_VALUE and value is not None:
        why = f"{condition} takes no value: it is ignored"
        yield _found(line, "leftover-value", "IF", why, "warning")
    elif condition in WITHOUT_VALUE or special(value) or (value is None and beside):
        return
    elif value is None:
        why = f"{condition} has no value to compare with"
        yield _found(line, "open-condition", "IF", why, "warning")
    elif condition in NUMERIC_CONDITIONS and not _numeric(value):
        why = f"{condition} compares numbers, and {_shown(value)} is none"
        yield _found(line, "condition-type", "IF", why)
    elif condition == "is_before" and isinstance(value, (*COMPOSITES, bool)):
        why = f"{condition} compares dates, and {_shown(value)} is none"
        yield _found(line, "condition-type", "IF", why)
    elif condition not in MORE_CONDITIONS and isinstance(value, COMPOSITES):
        why = f"{condition} compares text, and {_shown(value)} is none"
        yield _found(line, "condition-type", "IF", why)


def _target(statement: If, scope: Scope, catalogue: Catalogue) -> Iterator[Finding]:
    """An output that can be no number, where a condition compares numbers."""
    if statement.condition in NUMERIC_CONDITIONS:
        why = never_number("target", statement.target, scope, catalogue)
        if why:
            yield _found(statement.line, "never-number", "IF", why, "warning")


def never_number(place: str, value: Value | None, scope: Scope, catalogue: Catalogue) -> str | None:
    """Why the output that a handle means can be no number; None if it can, or nobody knows."""
    if not isinstance(value, Handle) or value.steps or value.name in (*ALWAYS, *LOOP_HANDLES):
        return None
    maker = scope.resolve(value) if scope.allows(value) else None
    spec = catalogue.find(maker.name) if isinstance(maker, Action) else None
    if spec is None or not spec.outputs or not set(spec.outputs) <= NEVER_NUMBERS:
        return None
    gives = f"{label(maker)} of line {maker.line} gives {', '.join(spec.outputs)}"
    return f"{place} needs a number, and {gives}"


def _numeric(value: Value | None) -> bool:
    match value:
        case bool():
            return False
        case str():
            try:
                float(value.replace(",", "."))
            except ValueError:
                return False
            return True
        case Dict() | Headers() | List() | Quantity():
            return bool(special(value))
    return True


def _references(
    statement: Statement | Case, scope: Scope, doubtful: str, told: set[str]
) -> Iterator[Finding]:
    """References that mean nothing here, or on some way to here.

    A variable is told of once for its ways. A loop without a round is none of them: what it would
    have collected is then rightly empty. What a loop's own earlier rounds have set is a warning:
    four real programs collect that way, and the first round finds it empty.
    """
    for place, value in operands(statement):
        where = f"{label(statement)} {place}"
        for reference in references(value):
            why, gap, severity = scope.why_not(reference), scope.gap(reference), doubtful
            code = _code(reference)
            if why and (line := scope.carried(reference)) is not None:
                why = f"${reference.name} is empty in the first round of the loop of line {line}"
                severity, code = "warning", "first-round"
                told.add(reference.name)
            elif gap and not gap.in_loop and reference.name not in told:
                if asks(statement, place):
                    continue
                told.add(reference.name)
                why, code = f"${reference.name} is not set if {gap}", "not-set-on-a-way"
            if why:
                yield _found(statement.line, code, where, why, severity)


def _code(reference: Reference) -> str:
    if isinstance(reference, Var):
        return "variable-not-set"
    return "no-previous" if reference.name == "prev" else "output-not-found"


def _action(action: Action, catalogue: Catalogue) -> Iterator[Finding]:
    where = label(action)
    spec = catalogue.find(action.name)
    if spec is None:
        code, why, severity = _unknown(action)
        yield _found(action.line, code, where, why, severity)
        return
    for key, value in action.params:
        if key not in COMMON_KEYS and value is not None:
            yield from _parameter(action, key, value, spec)


def _unknown(action: Action) -> tuple[str, str, str]:
    """Code, why an action is not known, and how bad that is."""
    if action.name == "?":
        return "no-action", "an entry that is stored unlike an action", "warning"
    if action.name.startswith(".") or names.is_vendor(action.name):
        return "app-action", "an app's action that the catalogue does not know", "warning"
    return "unknown-action", "no such action", "error"


def _together(action: Action, catalogue: Catalogue, doubtful: str) -> Iterator[Finding]:
    """What is wrong with an action's parameters side by side."""
    given = dict(action.params)
    beside_it = beside.faults(action, catalogue)
    found = [("leftover" if fault[0] in given else "required", *fault) for fault in beside_it]
    found += [("health", *fault) for fault in health.faults(action)]
    for code, key, why, severity in found:
        severity = doubtful if severity == health.DOUBTFUL else severity
        yield _found(action.line, code, f"{label(action)} {key}", why, severity)


def _parameter(action: Action, key: str, value: Value, spec: ActionSpec) -> Iterator[Finding]:
    where = f"{label(action)} {key}"
    known = spec.parameter(key)
    if known is None:
        listed = ", ".join(spec.sources)
        why = f"the catalogue lists no such parameter of the action (sources: {listed})"
        yield _found(action.line, "unknown-key", where, why, "warning")
        return
    if not _fits(value, known):
        why = f"expected {_kind(known.type)}, and {_shown(value)} is none"
        sure = len(set(known.sources) - {"observed", "published"}) > 1
        listed = "" if sure else f" (sources: {', '.join(known.sources)})"
        severity = "error" if sure else "warning"
        yield _found(action.line, "value-type", where, why + listed, severity)
    elif known.units and isinstance(value, Quantity) and isinstance(value.unit, str):
        if value.unit not in known.units:
            listed = ", ".join(known.units)
            why = f"the unit {value.unit!r} is not one of: {listed}"
            yield _found(action.line, "unit", where, why)
    elif known.enum and isinstance(value, str) and value not in known.enum:
        listed = f"{', '.join(known.enum)} (sources: {', '.join(known.sources)})"
        why = f"{value!r} is not one of: {listed}"
        yield _found(action.line, "unlisted-value", where, why, "warning")


def _fits(value: Value, spec: ParamSpec) -> bool:
    """Whether a value can be what its parameter is for; references can be anything."""
    if isinstance(value, Var | Handle | Interp) or special(value):
        return True
    if not set(spec.sources) - {"observed", "published"}:
        return True
    if spec.observes(value) and (spec.type != "number" or any(map(str.isdigit, str(value)))):
        return True  # published Shortcuts store such a value there
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
            yield _found(line, "too-large", where, f"{value} does not fit into 64 bits")
        case Interp(parts=parts):
            for part in parts:
                if isinstance(part, str):
                    yield from _text(part, line, where)
        case Quantity(magnitude=magnitude, unit=unit):
            yield from _value(magnitude, line, where)
            yield from _value(unit, line, where)
        case Dict(items=items) | Headers(items=items):
            for key, inner in items:
                yield from _value(key, line, where)
                yield from _value(inner, line, where)
        case List(items=items):
            for inner in items:
                yield from _value(inner, line, where)


def _text(text: str, line: int, where: str) -> Iterator[Finding]:
    for char in text:
        if "\ud800" <= char <= "\udfff":
            why = f"no plist can hold the character U+{ord(char):04X}"
            yield _found(line, "character", where, why)
            return


def _odd(value: Value | None, line: int, where: str) -> Iterator[Finding]:
    """What is stored as it stands and does not do what it says."""
    match value:
        case str() if found := UNFIT_FOR_XML.search(value):
            why = f"only a binary plist holds the character U+{ord(found[0]):04X}: write .shortcut"
            yield _found(line, "only-binary", where, why, "warning")
        case Quantity(magnitude=magnitude, unit=unit):
            if not _numeric(magnitude):
                why = f"the quantity's magnitude {_shown(magnitude)} is no number"
                yield _found(line, "quantity", where, why)
            if not isinstance(unit, str | Var | Handle | Interp):
                why = f"the quantity's unit {_shown(unit)} is no text"
                yield _found(line, "quantity", where, why)
        case Dict(items=items) if special(value) == "$date":
            yield from _date(items[0][1], line, where)
        case Dict(items=items) | Headers(items=items):
            for _, inner in items:
                yield from _odd(inner, line, where)
        case List(items=items):
            for inner in items:
                yield from _odd(inner, line, where)


def _date(text: Value, line: int, where: str) -> Iterator[Finding]:
    try:
        fraction = dates.read(text).microsecond
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        why = f"no date: {error}; write it as 2026-01-31T12:00:00Z"
        yield _found(line, "date", where, why)
        return
    if fraction:
        why = "only a binary plist holds a fraction of a second: write .shortcut, or whole seconds"
        yield _found(line, "only-binary", where, why, "warning")
