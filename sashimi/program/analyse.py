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
from sashimi.program.findings import Finding
from sashimi.program.scope import ALWAYS, LOOP_HANDLES, SETTERS, operands, sanitise, walk_scoped
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
from sashimi.program.validate import NUMERIC_CONDITIONS, label

MOST_ROUNDS = 10_000
"""Rounds of nested constant loops beyond which a Shortcut will be stopped before it ends."""

STOPS = frozenset({"exit", "output"})
"""Actions after which nothing of their block runs."""

URL_KEYS = frozenset({"WFURL", "WFURLActionURL", "WFInputURL", "URL"})
"""Parameters that hold one address."""

NEVER_NUMBERS = frozenset(
    {
        "NSDictionary",
        "PHAsset",
        "WFAVAssetContentItem",
        "WFContactContentItem",
        "WFEmailAddressContentItem",
        "WFGenericFileContentItem",
        "WFContact",
        "WFImage",
        "WFImageContentItem",
        "WFPDFContentItem",
        "public.data",
        "public.image",
    }
)
"""Content types that Shortcuts cannot make a number of."""


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
    return Finding(f"analyse {analysis}", statement.line, label(statement), why, "warning")


# ---------------------------------------------------------------- variables


def variables(program: Program) -> Iterator[Finding]:
    """A variable that some path leaves unset before its use, or that nothing uses."""
    found: list[Finding] = []
    _flow(program.body, {}, found)
    yield from found
    uses = {
        reference.name
        for statement, _ in walk_scoped(program.body)
        for _, value in operands(statement)
        for reference in references(value)
        if isinstance(reference, Var)
    }
    for statement in walk(program.body):
        if isinstance(statement, Set) and statement.name not in uses:
            yield _found("variables", statement, f"${statement.name} is set and never used")


def _sets(statement: Statement) -> str | None:
    if isinstance(statement, Set):
        return statement.name
    if isinstance(statement, Action) and statement.name in SETTERS:
        name = dict(statement.params).get("WFVariableName")
        return sanitise(name) if isinstance(name, str) else None
    return None


State = dict[str, str | None]
"""Variables set on some path so far; None, or the path on which one is not."""


def _flow(block: Block, state: State, found: list[Finding]) -> State | None:
    """The state after a block; None if the block never ends."""
    state = dict(state)
    for statement in block:
        for _, value in operands(statement):
            for reference in references(value):
                gap = state.get(reference.name) if isinstance(reference, Var) else None
                if gap:
                    why = f"${reference.name} is not set if {gap}"
                    found.append(_found("variables", statement, why))
                    state[reference.name] = None  # once is enough
        name = _sets(statement)
        if name:
            state[name] = None
        if isinstance(statement, Action) and statement.name in STOPS:
            return None
        ways = _ways(statement)
        if ways:
            ends = [(path, _flow(body, state, found)) for path, body in ways]
            state = _merged([(path, end) for path, end in ends if end is not None])
            if state is None:
                return None
    return state


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


def _merged(ends: list[tuple[str, State]]) -> State | None:
    if not ends:
        return None
    out: State = {}
    for name in dict.fromkeys(name for _, end in ends for name in end):
        gaps = [end.get(name, path) for path, end in ends]
        out[name] = next((gap for gap in gaps if gap), None)
    return out


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
    """Statements that no path reaches, and blocks that do nothing."""
    stopped: Statement | None = None
    for statement in block:
        if stopped is not None:
            why = f"never reached: every path ends at line {stopped.line}"
            yield _found("dead", statement, why)
            return
        if isinstance(statement, If) and statement.then == (statement.orelse or ()):
            yield _found("dead", statement, "it does the same whether it holds or not")
        for _, body in _ways(statement):
            yield from dead(body)
        if _ends(statement):
            stopped = statement


def _ends(statement: Statement) -> bool:
    if isinstance(statement, Action):
        return statement.name in STOPS
    ways = _ways(statement)
    return bool(ways) and all(any(_ends(inner) for inner in body) for _, body in ways)


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
            if not isinstance(value, Handle) or not scope.allows(value) or value.name in ALWAYS:
                continue
            if value.name in LOOP_HANDLES or not _needs_number(statement, place):
                continue
            maker = scope.resolve(value)
            spec = catalogues.find(maker.name) if isinstance(maker, Action) else None
            if spec and spec.outputs and set(spec.outputs) <= NEVER_NUMBERS:
                gives = f"{label(maker)} of line {maker.line} gives {', '.join(spec.outputs)}"
                yield _found("types", statement, f"{place} needs a number, and {gives}")


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
        if spec is None:
            continue
        given = dict(statement.params)
        for key in given:
            parameter = spec.parameter(key)
            for rule in parameter.when if parameter else ():
                other = given.get(rule.key)
                stated = rule.trusted and isinstance(other, str | bool | int)
                if stated and (other in rule.values) == rule.negated:
                    listed = " or ".join(map(repr, rule.values))
                    wanted = f"{'other than ' if rule.negated else ''}{listed}"
                    why = f"{key} needs {rule.key} {wanted}, and it is {other!r}"
                    yield _found("contracts", statement, why)
