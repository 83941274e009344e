"""Seven static analyses: what a valid program may still do wrong, each with what shows it.

``variables`` (set on every path before use, and used at all), ``loops`` (bounds), ``menus``
(completeness), ``dead`` (code that is never reached), ``endpoints`` (addresses), ``types`` (what
one action gives and the next can take), ``contracts`` (parameters valid only beside another's
value). Findings are warnings; each names the path or the value that triggers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from sashimi.program import catalogue as catalogues
from sashimi.program.check.beside import ignored
from sashimi.program.check.parts import label, operands, sanitise
from sashimi.program.check.scope import FLOW_ACTIONS, STOPS, walk_scoped
from sashimi.program.check.validate import NUMERIC_CONDITIONS, never_number
from sashimi.program.check.ways import asks
from sashimi.program.findings import Finding
from sashimi.program.tree import (
    Action,
    Block,
    ForEach,
    Handle,
    If,
    Interp,
    List,
    Menu,
    Program,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
    references,
    walk,
)

MOST_ROUNDS = 10_000
"""Rounds of nested constant loops beyond which a Shortcut will be stopped before it ends."""

URL_KEYS = frozenset({"WFURL", "WFURLActionURL", "WFInputURL", "URL"})
"""Parameters that hold one address."""


def analyse(program: Program) -> list[Finding]:
    """The findings of all seven analyses, in order of line; ``[]`` means nothing stands out."""
    found = [
        *variables(program),
        *loops(program.body),
        *menus(program),
        *dead(program.body),
        *endpoints(program),
        *types(program),
        *contracts(program),
    ]
    return sorted(found, key=lambda finding: finding.line)


def _found(analysis: str, statement: Statement, why: str) -> Finding:
    where = label(statement)
    return Finding(f"analyse {analysis}", statement.line, where, why, "warning", analysis)


# ---------------------------------------------------------------- variables


def variables(program: Program) -> Iterator[Finding]:
    """A variable that some way leaves unset before its use, or that nothing uses.

    Ways through loops without a round are among them, which `validate` passes over.
    """
    used: set[str] = set()
    told: set[str] = set()
    for statement, scope in walk_scoped(program.body):
        for place, value in operands(statement):
            for reference in references(value):
                gap = None if asks(statement, place) else scope.gap(reference)
                if isinstance(reference, Var):
                    used |= {reference.name, sanitise(reference.name)}
                if gap and reference.name not in told:
                    told.add(reference.name)
                    yield _found("variables", statement, f"${reference.name} is not set if {gap}")
    for statement in walk(program.body):
        if isinstance(statement, Set) and statement.name not in used:
            yield _found("variables", statement, f"${statement.name} is set and never used")


def _ways(statement: Statement) -> list[tuple[str, Block]]:
    """The ways through a statement, each with the condition under which it is taken."""
    at = f"of line {statement.line}"
    match statement:
        case If(then=then, orelse=orelse):
            return [(f"the IF {at} holds", then), (f"the IF {at} does not hold", orelse or ())]
        case Menu(cases=cases):
            return [(f"case {case.title!r} {at} is chosen", case.body) for case in cases]
        case Repeat(count=int() as count, body=body) if count > 0:
            return [(f"the loop {at} runs", body)]
        case Repeat(body=body) | ForEach(body=body):
            return [(f"the loop {at} runs", body), (f"the loop {at} has no round", ())]
    return []


# ---------------------------------------------------------------- loops, menus, dead code


def loops(block: Block, rounds: int = 1, path: str = "") -> Iterator[Finding]:
    """Constant loops that run no time, or so often that Shortcuts stops them."""
    for statement in block:
        inner, way = rounds, path
        if isinstance(statement, Repeat) and isinstance(statement.count, int | float):
            count = int(statement.count)
            inner, way = rounds * max(count, 1), f"{path}{' x ' if path else ''}{count}"
            if count == 0:
                yield _found("loops", statement, "the loop runs no time: its count is 0")
            elif inner > MOST_ROUNDS >= rounds:
                yield _found("loops", statement, f"the body runs {way} = {inner:,} times")
        for _, body in _ways(statement):
            yield from loops(body, inner, way)


def menus(program: Program) -> Iterator[Finding]:
    """Menus with one case, and results of menus that a case leaves empty."""
    wanted = any(
        Handle("choosefrommenu") in references(value)
        for statement, _ in walk_scoped(program.body)
        for _, value in operands(statement)
    )
    for statement in walk(program.body):
        if not isinstance(statement, Menu):
            continue
        if len(statement.cases) == 1:
            title = statement.cases[0].title
            yield _found("menus", statement, f"the menu offers nothing but {title!r}")
        for case in statement.cases if wanted else ():
            if not case.body:
                why = f"@choosefrommenu is empty if case {case.title!r} is chosen"
                yield _found("menus", statement, why)


def dead(block: Block) -> Iterator[Finding]:
    """Statements that no path reaches, and blocks that do nothing.

    Where a block is kept as its actions, what stops it does not stop what stands after it.
    """
    stopped: Statement | None = None
    kept = 0
    for statement in block:
        kept += _opens(statement)
        if stopped is not None:
            why = f"never reached: every path ends at line {stopped.line}"
            yield _found("dead", statement, why)
            return
        if isinstance(statement, If) and statement.then == (statement.orelse or ()):
            yield _found("dead", statement, "it does the same whether it holds or not")
        for _, body in _ways(statement):
            yield from dead(body)
        if kept <= 0 and _ends(statement):
            stopped = statement


def _opens(statement: Statement) -> int:
    """1 for the action that begins a kept block, -1 for one that ends it, else 0."""
    if not isinstance(statement, Action) or statement.name not in FLOW_ACTIONS:
        return 0
    mode = dict(statement.params).get("WFControlFlowMode", 0)
    return {0: 1, "0": 1, 2: -1, "2": -1}.get(mode, 0) if isinstance(mode, int | str) else 0


def _ends(statement: Statement) -> bool:
    if isinstance(statement, Action):
        return statement.name in STOPS
    ways = _ways(statement)
    return bool(ways) and all(_ends_block(body) for _, body in ways)


def _ends_block(block: Block) -> bool:
    kept = 0
    for statement in block:
        kept += _opens(statement)
        if kept <= 0 and _ends(statement):
            return True
    return False


# ---------------------------------------------------------------- endpoints, types, contracts


def endpoints(program: Program) -> Iterator[Finding]:
    """Constant addresses without a scheme or host, with white space, or sent in the clear."""
    for statement in walk(program.body):
        if not isinstance(statement, Action):
            continue
        for key, value in statement.params:
            for text in _addresses(value) if key in URL_KEYS else ():
                why = _fault(text)
                if why:
                    yield _found("endpoints", statement, f"{key} {text!r}: {why}")


def _addresses(value: Value) -> Iterator[str]:
    match value:
        case str() if value.strip():
            yield value
        case Interp(parts=(str() as start, *_)):
            yield start.split()[0] + "x" if start.split() else ""
        case List(items=items):
            for item in items:
                yield from _addresses(item)


def _fault(text: str) -> str | None:
    if any(char.isspace() for char in text.strip()):
        return "an address holds no white space"
    try:
        parts = urlsplit(text.strip())
    except ValueError as error:
        return str(error)
    if parts.scheme in ("http", "https") and not parts.hostname:
        return "no host"
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1"):
        return "sent in the clear: use https"
    return None


def types(program: Program) -> Iterator[Finding]:
    """Outputs that can be no number where a number is needed."""
    for statement, scope in walk_scoped(program.body):
        for place, value in operands(statement):
            why = never_number(place, value, scope, catalogues.load())
            if why and _needs_number(statement, place):
                yield _found("types", statement, why)


def _needs_number(statement: Statement, place: str) -> bool:
    match statement:
        case If(condition=condition):
            return condition in NUMERIC_CONDITIONS
        case Repeat():
            return True
        case Action(name=name):
            spec = catalogues.find(name)
            parameter = spec.parameter(place) if spec else None
            return parameter is not None and parameter.type == "number"
    return False


def contracts(program: Program) -> Iterator[Finding]:
    """Parameters that are only valid beside another value than the one that stands there."""
    for statement in walk(program.body):
        spec = catalogues.find(statement.name) if isinstance(statement, Action) else None
        if spec is None or statement.name in FLOW_ACTIONS:
            continue
        given = dict(statement.params)
        for key in given:
            for why in ignored(key, given, spec):
                yield _found("contracts", statement, why)
