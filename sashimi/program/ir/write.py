"""From a program's tree to its three tiers of tokens, in one walk."""

from __future__ import annotations

from collections.abc import Iterable

from sashimi.program import catalogue as catalogues
from sashimi.program.check.parts import SETTERS, sanitise
from sashimi.program.ir.tokens import KEY, LITERAL, LOOP_VARIABLE, NONE, NUMBER, TEXT
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
    Quantity,
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
    references,
)


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


class Writer:
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
