"""The actions of a program as a plist's records: blocks in groups, references as attachments."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import catalogue as catalogues
from sashimi.program import names
from sashimi.program.check.parts import kind, named
from sashimi.program.check.scope import pass_simple
from sashimi.program.plist import conditions, flow, wire
from sashimi.program.plist.refer import SPACE, Names, spellings
from sashimi.program.spec import DISPLAYED
from sashimi.program.text.render import render
from sashimi.program.tree import (
    Action,
    Block,
    Dict,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Pairs,
    Program,
    Set,
    Statement,
    Value,
    Var,
    walk,
)

IDENTIFIER, PARAMETERS = "WFWorkflowActionIdentifier", "WFWorkflowActionParameters"

LITERALS = {
    "text": ("gettext", "WFTextActionText"),
    "number": ("number", "WFNumberActionNumber"),
    "dictionary": ("dictionary", "WFItems"),
    "list": ("list", "WFItems"),
    "quantity": ("measurement.create", "WFMeasurementUnit"),
}
"""The action that makes the value of a ``SET`` with a literal, and the key that holds it."""


class CompileError(BadInput):
    """A tree that no plist can hold."""


def assemble(program: Program) -> list:
    """The records of ``WFWorkflowActions``; raises ``CompileError`` for an unknown condition."""
    try:
        return _Assembler(program).actions()
    except CompileError:
        raise
    except BadInput as error:
        raise CompileError(str(error)) from None


def form(action: str, key: str) -> str:
    """For what a parameter stands, in the words of ``wire.encode``.

    A reference that stands alone is stored as published Shortcuts store it, or else as the type of
    the parameter suggests.
    """
    if (action, key) == ("list", "WFItems"):
        return "items"
    spec = catalogues.find(action)
    parameter = spec.parameter(key) if spec else None
    if (action, key) in DISPLAYED:
        return "text"
    if parameter is None:
        return "plain"
    if parameter.type == "dictionary":
        return "dictionary"
    if parameter.lone:
        return "text" if parameter.lone == "text" else "plain"
    return "text" if parameter.type in ("text", "date") and not parameter.bare else "plain"


def literal_form(value: Value) -> tuple[str, str]:
    """The action that makes a literal, and the key under which it holds it."""
    match value:
        case bool() | str() | Interp():
            return LITERALS["text"]
        case int() | float():
            return LITERALS["number"]
        case Dict() | Headers():
            return LITERALS["dictionary"]
        case List():
            return LITERALS["list"]
    return LITERALS["quantity"]


def literal_uuid(index: int) -> str:
    """The UUID of the action, number ``index`` of its Shortcut, that makes a literal for a SET."""
    return str(uuid.uuid5(SPACE, str(index))).upper()


def literal_records(statement: Set, index: int, encode: flow.Encode, spelled: dict) -> list:
    """The names and parameters of the two actions of a ``SET`` with a literal."""
    action, key = literal_form(statement.value)
    output = literal_uuid(index)
    source = {"Type": "ActionOutput", "OutputUUID": output, "OutputName": "Value"}
    made = {key: encode(statement.value, form(action, key)), "UUID": output}
    kept = {
        "WFInput": wire.wrapped(source, wire.TOKEN_ATTACHMENT),
        "WFVariableName": spelled.get(statement.name, statement.name),
    }
    return [(action, made), ("setvariable", kept)]


class _Assembler:
    """Writes the actions of one program; the scope's keys are their numbers."""

    def __init__(self, program: Program):
        self.program = program
        self.space = uuid.UUID(bytes=hashlib.sha256(render(program).encode()).digest()[:16])
        self.written: list[tuple[str, dict]] = []
        self.records: list = []
        self.referenced: set[int] = set()
        given = (
            (action.name, dict(action.params).get("WFVariableName"))
            for action in walk(program.body)
            if isinstance(action, Action)
        )
        self.names = Names(self.written, spellings(given), self.refer_to)

    def actions(self) -> list:
        self.block(self.program.body)
        for index in self.referenced:
            self.written[index][1].setdefault("UUID", self.uuid(index))
        return self.records

    def uuid(self, index: int) -> str:
        given = self.written[index][1].get("UUID")
        return given if isinstance(given, str) else self.named(f"action {index}")

    def refer_to(self, index: int) -> str:
        self.referenced.add(index)
        return self.uuid(index)

    def named(self, what: str) -> str:
        return str(uuid.uuid5(self.space, what)).upper()

    def add(self, action: str, parameters: dict) -> int:
        self.written.append((action, parameters))
        self.records.append({IDENTIFIER: names.identifier(action), PARAMETERS: parameters})
        return len(self.written) - 1

    def block(self, block: Block) -> None:
        for statement in block:
            match statement:
                case Action():
                    self.action(statement)
                case Set():
                    self.set(statement)
                case _:
                    self.group(statement)

    def action(self, action: Action) -> None:
        index = self.add(action.name, {})
        self.beside(index, action.params)
        if action.name == "?":
            self.records[index] = self.written[index][1].get("record")
        pass_simple(self.names.scope, action, key=index)

    def beside(self, index: int, pairs: Pairs) -> None:
        """Add pairs to an action's parameters, or take keys away, or all that holds them."""
        action, parameters = self.written[index]
        for key, value in pairs:
            if (key, value) == (PARAMETERS, None):
                del self.records[index][PARAMETERS]
            elif value is None:
                parameters.pop(key, None)
            elif key == "UUID" and isinstance(value, Handle):
                self.referenced.add(index)
            else:
                parameters[key] = self.value(value, form(action, key))

    def set(self, statement: Set) -> None:
        name = self.names.spelled.get(statement.name, statement.name)
        if isinstance(statement.value, Var | Handle):
            source = self.value(statement.value)
            self.add("setvariable", {"WFInput": source, "WFVariableName": name})
        else:
            made = literal_records(statement, len(self.written), self.value, self.names.spelled)
            for action, parameters in made:
                self.add(action, parameters)
        pass_simple(self.names.scope, statement)

    def group(self, statement: Statement) -> None:
        """A block: a start, what stands between, and an end, under one identifier."""
        opened, scope = kind(statement), self.names.scope
        group = self.named(f"group {len(self.written)}")
        self.start(statement, opened, group)
        scope.enter(opened)
        match statement:
            case If(then=then, orelse=orelse, middle=middle):
                self.block(then)
                if orelse is not None:
                    self.part(opened, group, flow.MIDDLE, {}, middle)
                    scope.branch()
                    self.block(orelse)
            case Menu(cases=cases):
                for case in cases:
                    scope.branch()
                    title = {"WFMenuItemTitle": self.value(case.title)}
                    self.part(opened, group, flow.MIDDLE, title, case.pairs)
                    self.block(case.body)
            case _:
                self.block(statement.body)
        end = self.part(opened, group, flow.END, {}, statement.end)
        scope.leave(end, named(statement.end))

    def start(self, statement: Statement, opened: str, group: str) -> None:
        tests = (statement, *statement.more) if isinstance(statement, If) else ()
        for test in tests:
            if test.condition and test.condition not in conditions.CODES:
                raise CompileError(f"line {statement.line}: no such condition: {test.condition}")
        said = flow.said(statement, self.value)
        self.part(opened, group, flow.START, said, statement.pairs)

    def part(self, opened: str, group: str, mode: int, said: dict, pairs: Pairs) -> int:
        control = {"GroupingIdentifier": group, "WFControlFlowMode": mode}
        index = self.add(flow.BLOCK_ACTIONS[opened], {**control, **said})
        self.beside(index, pairs)
        return index

    def value(self, value: Value, place: str = "plain") -> Any:
        return wire.encode(value, self.names.attach, place)
