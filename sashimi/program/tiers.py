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
``<text>`` ``<key>``   open slots: a string, a dictionary's key, a number, a whole nested literal
``<interp>`` …         opens a composite value, closed by ``</interp>``
=====================  ==========================================================================

``lower(encode(p)) == p`` for every program (LANGUAGE, "Typed IR, three tiers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sashimi.program import catalogue as catalogues
from sashimi.program.scope import SETTERS, sanitise
from sashimi.program.tree import (
    Action,
    Block,
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
    Set,
    Statement,
    Value,
    Var,
    references,
)

LOOP_VARIABLE = re.compile(r"Repeat_(Item|Index)(_\d+)?")
TEXT, KEY, NUMBER, LITERAL, NONE, END = "<text>", "<key>", "<number>", "<literal>", "<none>", "END"
COMPOSITES = {"<interp>", "<dict>", "<headers>", "<list>", "<quantity>"}
OPEN_SLOTS = {TEXT: "text", KEY: "key", NUMBER: "number", LITERAL: "literal", END: "title"}
_VARIABLE = re.compile(r"(?:name:)?(\$\d+)")


class IRError(ValueError):
    """A typed IR that no program has: a token out of place, or too few or too many values."""


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
    return _Reader(list(tokens), list(values)).program()


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
        return tuple(inside(statement) for statement in kept)

    def inside(statement: Statement) -> Statement:
        match statement:
            case If(then=then, orelse=orelse):
                otherwise = None if orelse is None else strip(orelse)
                return replace(statement, then=strip(then), orelse=otherwise)
            case Menu(cases=cases):
                return replace(
                    statement, cases=tuple(replace(c, body=strip(c.body)) for c in cases)
                )
            case Repeat(body=body) | ForEach(body=body):
                return replace(statement, body=strip(body))
        return statement

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
                for case in cases:
                    out.append("CASE")
                    self.value(case.title, out)
                    self.block(case.body)
                out.append("ENDMENU")
            case Repeat(count=count, body=body):
                out.append("REPEAT")
                self.value(count, out)
                self.block(body)
                out.append("ENDREPEAT")
            case ForEach(target=target, body=body):
                out.extend(("FOREACH", self.reference(target)))
                self.block(body)
                out.append("ENDFOREACH")

    def conditional(self, statement: If) -> None:
        out = self.structure
        out.extend(("IF", self.reference(statement.target), statement.condition))
        if statement.value is None:
            out.append(NONE)
        else:
            self.value(statement.value, out)
        self.block(statement.then)
        if statement.orelse is not None:
            out.append("ELSE")
            self.block(statement.orelse)
        out.append("ENDIF")

    def params(self, action: str, params: tuple[tuple[str, Value], ...]) -> list[str]:
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

    def value(self, value: Value, out: list[str]) -> None:
        match value:
            case bool():
                out.append("true" if value else "false")
            case str():
                self.slot(TEXT, value, out)
            case int() | float():
                self.slot(NUMBER, value, out)
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


class _Reader:
    """Recursive descent over merged tokens; the mirror of `_Writer`."""

    def __init__(self, tokens: list[str], values: list[Value]) -> None:
        self.tokens, self.at = tokens, 0
        self.values: Iterator[Value] = iter(values)
        self.names: dict[str, str] = {}

    def program(self) -> Program:
        body = self.block({END})
        self.take(END)
        name = self.next_value()
        if self.at != len(self.tokens):
            raise IRError(f"token {self.at}: nothing may follow END, found {self.peek()!r}")
        if next(self.values, None) is not None:
            raise IRError("more values than slots")
        return Program(name, body)

    def peek(self) -> str:
        if self.at >= len(self.tokens):
            raise IRError("the tokens end before END")
        return self.tokens[self.at]

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if expected is not None and token != expected:
            raise IRError(f"token {self.at}: expected {expected}, found {token!r}")
        self.at += 1
        return token

    def next_value(self) -> Value:
        try:
            return next(self.values)
        except StopIteration:
            raise IRError("fewer values than slots") from None

    def block(self, ends: set[str]) -> Block:
        statements: list[Statement] = []
        while self.peek() not in ends:
            statements.append(self.statement())
        return tuple(statements)

    def statement(self) -> Statement:
        token = self.take()
        if token.startswith("ACTION "):
            return Action(token.removeprefix("ACTION "), self.params())
        match token:
            case "SET":
                return Set(self.variable(self.take()), self.value())
            case "IF":
                return self.conditional()
            case "MENU":
                return self.menu()
            case "REPEAT":
                statement = Repeat(self.value(), self.block({"ENDREPEAT"}))
            case "FOREACH":
                statement = ForEach(self.reference(self.take()), self.block({"ENDFOREACH"}))
            case _:
                raise IRError(f"token {self.at - 1}: expected a statement, found {token!r}")
        self.take()
        return statement

    def conditional(self) -> If:
        target, condition = self.reference(self.take()), self.take()
        value = None if self.peek() == NONE else self.value()
        if value is None:
            self.take(NONE)
        then = self.block({"ELSE", "ENDIF"})
        orelse = self.block({"ENDIF"}) if self.take() == "ELSE" else None
        if orelse is not None:
            self.take("ENDIF")
        return If(target, condition, value, then, orelse)

    def menu(self) -> Menu:
        prompt, cases = self.value(), []
        while self.peek() == "CASE":
            self.take()
            cases.append(Case(self.value(), self.block({"CASE", "ENDMENU"})))
        self.take("ENDMENU")
        return Menu(prompt, tuple(cases))

    def params(self) -> tuple[tuple[str, Value], ...]:
        params: list[tuple[str, Value]] = []
        while self.at < len(self.tokens) and self.peek().startswith("key:"):
            params.append((self.take().removeprefix("key:"), self.value()))
        return tuple(params)

    def value(self) -> Value:
        token = self.take()
        if token in (TEXT, NUMBER, LITERAL, KEY):
            return self.next_value()
        if token in ("true", "false"):
            return token == "true"
        if token.startswith('="'):
            return token[2:-1]
        if token.startswith("name:"):
            return self.variable(token.removeprefix("name:"))
        match token:
            case "<quantity>":
                return Quantity(self.value(), self.value())
            case "<interp>":
                return Interp(tuple(self.until("</interp>")))
            case "<list>":
                return List(tuple(self.until("</list>")))
            case "<dict>":
                return Dict(self.items("</dict>"))
            case "<headers>":
                return Headers(self.items("</headers>"))
        return self.reference(token)

    def items(self, close: str) -> tuple[tuple[str | Interp, Value], ...]:
        flat = list(self.until(close))
        if len(flat) % 2:
            raise IRError(f"token {self.at}: a dictionary's last key has no value")
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def until(self, close: str) -> Iterator[Value]:
        while self.peek() != close:
            yield self.value()
        self.take(close)

    def reference(self, token: str) -> Reference:
        if token.startswith("@"):
            return Handle(token[1:])
        return Var(self.variable(token))

    def variable(self, token: str) -> str:
        if not token.startswith("$"):
            raise IRError(f"token {self.at - 1}: expected a value, found {token!r}")
        if LOOP_VARIABLE.fullmatch(token[1:]):
            return token[1:]
        if token not in self.names:
            self.names[token] = self.next_value()
        return self.names[token]
