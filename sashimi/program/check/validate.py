"""What would break on a phone: ``validate`` checks a tree against catalogue, scope and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sashimi.program import catalogue as catalogues
from sashimi.program import dates
from sashimi.program.catalogue import Catalogue
from sashimi.program.check.parameters import action_faults, numeric, shown, together
from sashimi.program.check.parts import label, operands
from sashimi.program.check.scope import ALWAYS, LOOP_HANDLES, Scope, walk_scoped
from sashimi.program.check.storable import UNFIT_FOR_XML, faults, text_faults, value_faults
from sashimi.program.check.ways import asks
from sashimi.program.conditions import CONDITIONS, MORE_CONDITIONS, UNARY_CONDITIONS
from sashimi.program.findings import Finding, invalid
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
    findings = list(text_faults(program.name, 0, "SHORTCUT"))
    told: set[str] = set()
    for statement, scope in walk_scoped(program.body):
        findings += _statement(statement)
        findings += _references(statement, scope, doubtful, told)
        if isinstance(statement, If):
            findings += _target(statement, scope, catalogue)
        if isinstance(statement, Action):
            findings += action_faults(statement, catalogue)
            findings += together(statement, catalogue, doubtful)
        findings += faults(statement)
        for place, value in operands(statement):
            findings += _odd(value, statement.line, f"{label(statement)} {place}")
    for key, value in program.settings:
        findings += [*value_faults(value, 0, f"WITH {key}"), *_odd(value, 0, f"WITH {key}")]
    return findings


def alone(statement: Statement, catalogue: Catalogue) -> list[Finding]:
    """What is wrong with one statement, strictly: with each of its values, not with them together.

    Nothing is said of references, of what is missing, or of blocks inside.
    """
    findings = [*_statement(statement), *faults(statement)]
    for place, value in operands(statement):
        findings += _odd(value, statement.line, place)
    if isinstance(statement, Action):
        findings += action_faults(statement, catalogue)
    return findings


def _statement(statement: Statement | Case) -> Iterator[Finding]:
    line = statement.line
    match statement:
        case If(condition="", pairs=pairs):
            if not TEST_KEYS & {key for key, _ in pairs}:
                severity = "warning" if pairs else "error"  # Shortcuts has a condition of its own
                yield invalid(line, "no-condition", "IF", "it states no condition", severity)
        case If(more=more, pairs=pairs):
            for test in (statement, *more):
                yield from _condition(test, line, bool(pairs))
        case Menu(cases=()):
            yield invalid(line, "no-case", "MENU", "a menu without a CASE")
        case Menu(cases=cases):
            for title, count in Counter(case.title for case in cases).items():
                if count > 1:
                    why = f"the title {title!r} stands for {count} cases: only one can be chosen"
                    yield invalid(line, "same-title", "MENU", why, "warning")
        case Repeat(count=int() | float() as count) if count < 0 or count != int(count):
            yield invalid(line, "count", "REPEAT", f"cannot repeat {count!r} times")
        case Repeat(count=None, pairs=()):
            why = "it states no count: write REPEAT 3 or REPEAT $n"
            yield invalid(line, "no-count", "REPEAT", why)
        case Repeat(count=None) | ForEach(target=None):
            return
        case Repeat(count=count) if isinstance(count, bool) or not isinstance(count, COUNTS):
            yield invalid(line, "count", "REPEAT", f"cannot repeat {shown(count)} times")
        case ForEach(target=target) if not isinstance(target, Var | Handle):
            why = f"{shown(target)} is nothing to go through"
            yield invalid(line, "target", "FOREACH", why)


def _condition(test: If | Test, line: int, beside: bool) -> Iterator[Finding]:
    """What is wrong with one condition; with keys ``beside`` it, its value may be among them."""
    condition, value = test.condition, test.value
    if condition not in CONDITIONS and condition not in MORE_CONDITIONS:
        yield invalid(line, "unknown-condition", "IF", f"no such condition: {condition}")
    elif condition in WITHOUT_VALUE and value is not None:
        why = f"{condition} takes no value: it is ignored"
        yield invalid(line, "leftover-value", "IF", why, "warning")
    elif condition in WITHOUT_VALUE or special(value) or (value is None and beside):
        return
    elif value is None:
        why = f"{condition} has no value to compare with"
        yield invalid(line, "open-condition", "IF", why, "warning")
    elif condition in NUMERIC_CONDITIONS and not numeric(value):
        why = f"{condition} compares numbers, and {shown(value)} is none"
        yield invalid(line, "condition-type", "IF", why)
    elif condition == "is_before" and isinstance(value, (*COMPOSITES, bool)):
        why = f"{condition} compares dates, and {shown(value)} is none"
        yield invalid(line, "condition-type", "IF", why)
    elif condition not in MORE_CONDITIONS and isinstance(value, COMPOSITES):
        why = f"{condition} compares text, and {shown(value)} is none"
        yield invalid(line, "condition-type", "IF", why)


def _target(statement: If, scope: Scope, catalogue: Catalogue) -> Iterator[Finding]:
    """An output that can be no number, where a condition compares numbers."""
    if statement.condition in NUMERIC_CONDITIONS:
        why = never_number("target", statement.target, scope, catalogue)
        if why:
            yield invalid(statement.line, "never-number", "IF", why, "warning")


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
                yield invalid(statement.line, code, where, why, severity)


def _code(reference: Reference) -> str:
    if isinstance(reference, Var):
        return "variable-not-set"
    return "no-previous" if reference.name == "prev" else "output-not-found"


def _odd(value: Value | None, line: int, where: str) -> Iterator[Finding]:
    """What is stored as it stands and does not do what it says."""
    match value:
        case str() if found := UNFIT_FOR_XML.search(value):
            why = f"only a binary plist holds the character U+{ord(found[0]):04X}: write .shortcut"
            yield invalid(line, "only-binary", where, why, "warning")
        case Quantity(magnitude=magnitude, unit=unit):
            if not numeric(magnitude):
                why = f"the quantity's magnitude {shown(magnitude)} is no number"
                yield invalid(line, "quantity", where, why)
            if not isinstance(unit, str | Var | Handle | Interp):
                why = f"the quantity's unit {shown(unit)} is no text"
                yield invalid(line, "quantity", where, why)
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
        yield invalid(line, "date", where, why)
        return
    if fraction:
        why = "only a binary plist holds a fraction of a second: write .shortcut, or whole seconds"
        yield invalid(line, "only-binary", where, why, "warning")
