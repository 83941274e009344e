"""The typed IR: a program as three tiers of tokens, without loss.

Tier 1, ``structure``: block keywords, action identities, SET and IF patterns with abstract variable
slots ``$1 $2 …`` (numbered by first appearance), handles. Tier 2, ``parameters``: one sequence per
action of keys, enumerable values, references and the shape of everything else. Tier 3, ``values``:
what the first two tiers leave open, in the order of its slots: texts, numbers, nested literals, the
names of variables and, last, the program's title.

Tokens are strings, so that a vocabulary is a list and a diff is readable:

=====================  ==========================================================================
``ACTION gettext``     an action; its Tier 2 sequence follows it in the merged order
``key:WFURL``          a parameter key
``="Get"``             an enumerable value: one that the catalogue lists for the key, or a unit
``$1`` ``@prev``       a reference (``$Repeat_Item`` and its kin keep their names: loops make them)
``name:$1``            the *name* of a variable, given as a string (Add to Variable)
``<text>`` ``<key>``   open slots: a string, a dictionary's key, a number, a whole nested literal or
                       a reference with steps
``WITH key:…``         a setting; ``key:…`` after a block's start, part or end: what stands beside
``<interp>`` …         opens a composite value, closed by ``</interp>``
=====================  ==========================================================================

``lower(encode(p)) == p`` for every program (LANGUAGE, "Typed IR, three tiers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sashimi.program import catalogue as catalogues
from sashimi.program.check.parts import SETTERS, sanitise
from sashimi.program.ir.lower import Reader
from sashimi.program.ir.tokens import (
    END,
    KEY,
    LITERAL,
    LOOP_VARIABLE,
    NONE,
    NUMBER,
    OPEN_SLOTS,
    TEXT,
)
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
    map_blocks,
    references,
)

_VARIABLE = re.compile(r"(?:name:)?(\$\d+)")


@dataclass(frozen=True, slots=True)
class TypedIR:
    """A program in three tiers; see the module's docstring for the tokens."""

    structure: tuple[str, ...]
    parameters: tuple[tuple[str, ...], ...]
    values: tuple[Value, ...]

    def merged(self) -> list[str]:
        """Tiers 1 and 2 in one sequence, each action followed by its own parameters."""
        parameters = iter(self.parameters)
        merged: list[str] = []
        for token in self.structure:
            merged.append(token)
            if token.startswith("ACTION "):
                merged.extend(next(parameters))
        return merged


def encode(program: Program) -> TypedIR:
    """The three tiers of a program."""
    writer = _Writer()
    for pair in program.settings:
        writer.structure.append("WITH")
        writer.beside((pair,))
    writer.block(program.body)
    writer.structure.append(END)
    writer.values.append(program.name)
    return TypedIR(
        tuple(writer.structure), tuple(map(tuple, writer.parameters)), tuple(writer.values)
    )


def lower(ir: TypedIR) -> Program:
    """The program of a typed IR, the inverse of `encode`. Raises `IRError`."""
    return assemble(ir.merged(), ir.values)


def assemble(tokens: Iterable[str], values: Iterable[Value]) -> Program:
    """The program of merged Tier 1 and 2 tokens and the values of their slots. Raises `IRError`."""
    return Reader(list(tokens), list(values)).program()


def skeleton(program: Program) -> tuple[str, ...]:
    """The Tier 1 tokens: the unit of splits and of exact-match scores."""
    return encode(program).structure


def slots(tokens: Iterable[str]) -> list[tuple[int, str]]:
    """Where merged tokens leave a value open: (position, kind), in the order of ``values``.

    Kinds are text, key, number, literal, name (a variable's first appearance) and title.
    """
    found: list[tuple[int, str]] = []
    named: set[str] = set()
    for position, token in enumerate(tokens):
        if token in OPEN_SLOTS:
            found.append((position, OPEN_SLOTS[token]))
        elif (variable := _VARIABLE.fullmatch(token)) and variable[1] not in named:
            named.add(variable[1])
            found.append((position, "name"))
    return found


def without_comments(program: Program) -> Program:
    """The program less its ``comment`` actions, which do nothing when it runs."""

    def strip(block: Block) -> Block:
        kept = (s for s in block if not (isinstance(s, Action) and s.name == "comment"))
        return tuple(map_blocks(statement, strip) for statement in kept)

    return Program(program.name, strip(program.body))


def enumerable(action: str, key: str, value: str) -> bool:
    """Whether a string is one of the values that the catalogue lists for this action's key."""
    return value in _enum(action, key)


def _enum(action: str, key: str) -> frozenset[str]:
    spec = catalogues.find(action)
    parameter = spec.parameter(key) if spec else None
    return frozenset(parameter.enum) if parameter and parameter.enum else frozenset()


def _is_name(value: Value) -> bool:
    """Whether a value is a string that can stand as a variable's name as it is."""
    return isinstance(value, str) and sanitise(value) == value


def is_flat(value: Dict | List) -> bool:
    """Whether a dictionary or list holds no further dictionary or list."""
    inner = (v for _, v in value.items) if isinstance(value, Dict) else iter(value.items)
    return not any(isinstance(v, Dict | Headers | List) for v in inner)


class _Writer:
    """Collects the three tiers while it walks a program."""

    def __init__(self) -> None:
        self.structure: list[str] = []
        self.parameters: list[list[str]] = []
        self.values: list[Value] = []
        self.slots: dict[str, str] = {}

    def block(self, block: Block) -> None:
        for statement in block:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        out = self.structure
        match statement:
            case Action(name=name, params=params):
                out.append(f"ACTION {name}")
                self.parameters.append(self.params(name, params))
            case Set(name=name, value=value):
                out.extend(("SET", self.variable(name)))
                self.value(value, out)
            case If():
                self.conditional(statement)
            case Menu(prompt=prompt, cases=cases):
                out.append("MENU")
                self.value(prompt, out)
                self.beside(statement.pairs)
                for case in cases:
                    out.append("CASE")
                    self.value(case.title, out)
                    self.beside(case.pairs)
                    self.block(case.body)
                self.end("ENDMENU", statement.end)
            case Repeat(count=count, body=body):
                self.loop("REPEAT", count, body, statement)
            case ForEach(target=target, body=body):
                self.loop("FOREACH", target, body, statement)

    def loop(self, word: str, operand: Value, body: Block, statement: Repeat | ForEach) -> None:
        self.structure.append(word)
        self.value(operand, self.structure)
        self.beside(statement.pairs)
        self.block(body)
        self.end(f"END{word}", statement.end)

    def conditional(self, statement: If) -> None:
        self.structure.append("IF")
        for test in (statement, *statement.more):
            if statement.match:
                self.structure.append(statement.match.upper())
            self.value(test.target, self.structure)
            self.structure.append(test.condition or NONE)
            self.value(test.value, self.structure)
        self.beside(statement.pairs)
        self.block(statement.then)
        if statement.orelse is not None:
            self.structure.append("ELSE")
            self.beside(statement.middle)
            self.block(statement.orelse)
        self.end("ENDIF", statement.end)

    def end(self, word: str, pairs: Pairs) -> None:
        self.structure.append(word)
        self.beside(pairs)

    def beside(self, pairs: Pairs) -> None:
        """What stands beside a block's part, in the structure itself."""
        for key, value in pairs:
            self.structure.append(f"key:{key}")
            self.value(value, self.structure)

    def params(self, action: str, params: Pairs) -> list[str]:
        out: list[str] = []
        for key, value in params:
            out.append(f"key:{key}")
            if isinstance(value, str) and enumerable(action, key, value):
                out.append(f'="{value}"')
            elif action in SETTERS and key == "WFVariableName" and _is_name(value):
                out.append(f"name:{self.variable(value)}")
            else:
                self.value(value, out)
        return out

    def value(self, value: Value | None, out: list[str]) -> None:
        match value:
            case None:
                out.append(NONE)
            case bool():
                out.append("true" if value else "false")
            case str():
                self.slot(TEXT, value, out)
            case int() | float():
                self.slot(NUMBER, value, out)
            case Var(steps=steps) | Handle(steps=steps) if steps:
                self.slot(LITERAL, value, out)
            case Var() | Handle():
                out.append(self.reference(value))
            case Quantity(magnitude=magnitude, unit=unit):
                out.append("<quantity>")
                self.value(magnitude, out)
                if isinstance(unit, str):
                    out.append(f'="{unit}"')
                else:
                    self.value(unit, out)
            case Interp(parts=parts):
                self.composite("interp", parts, out)
            case Dict() | List() if not is_flat(value) and not any(references(value)):
                self.slot(LITERAL, value, out)
            case List(items=items):
                self.composite("list", items, out)
            case Dict(items=items) | Headers(items=items):
                self.pairs("dict" if isinstance(value, Dict) else "headers", items, out)

    def composite(self, tag: str, parts: Iterable[Value], out: list[str]) -> None:
        out.append(f"<{tag}>")
        for part in parts:
            self.value(part, out)
        out.append(f"</{tag}>")

    def pairs(self, tag: str, items: Iterable[tuple[str | Interp, Value]], out: list[str]) -> None:
        out.append(f"<{tag}>")
        for key, value in items:
            if isinstance(key, str):
                self.slot(KEY, key, out)
            else:
                self.value(key, out)
            self.value(value, out)
        out.append(f"</{tag}>")

    def slot(self, token: str, value: Value, out: list[str]) -> None:
        out.append(token)
        self.values.append(value)

    def reference(self, reference: Reference) -> str:
        if isinstance(reference, Handle):
            return f"@{reference.name}"
        return self.variable(reference.name)

    def variable(self, name: str) -> str:
        if LOOP_VARIABLE.fullmatch(name):
            return f"${name}"
        if name not in self.slots:
            self.slots[name] = f"${len(self.slots) + 1}"
            self.values.append(name)
        return self.slots[name]
