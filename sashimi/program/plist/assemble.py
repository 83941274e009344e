"""The actions of a program as a plist's records: blocks in groups, references as attachments."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import catalogue as catalogues
from sashimi.program import names
from sashimi.program.catalogue import DISPLAYED
from sashimi.program.check.scope import LOOP_HANDLES, SETTERS, Scope, kind, pass_simple, sanitise
from sashimi.program.plist import conditions, wire
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
    Program,
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
    walk,
)

FIXED = {
    "input": "ExtensionInput",
    "date": "CurrentDate",
    "Ask": "Ask",
    "Clipboard": "Clipboard",
    "DeviceDetails": "DeviceDetails",
}
"""The type of attachment of each handle that stands for itself."""

BLOCK_ACTIONS = {
    "if": "conditional",
    "menu": "choosefrommenu",
    "repeat": "repeat.count",
    "foreach": "repeat.each",
}
"""The action that each kind of block is stored as."""

START, MIDDLE, END = 0, 1, 2
"""``WFControlFlowMode``."""

LITERALS = {
    "text": ("gettext", "WFTextActionText"),
    "number": ("number", "WFNumberActionNumber"),
    "dictionary": ("dictionary", "WFItems"),
    "list": ("list", "WFItems"),
    "quantity": ("measurement.create", "WFMeasurementUnit"),
}
"""The action that makes the value of a ``SET`` with a literal, and the key that holds it."""

LITERAL_SPACE = uuid.UUID("8c1b8f2e-5d0a-5c1b-9b57-6f0a3d0b7a11")
"""Names the actions that ``SET`` with a literal needs, so that decompiling knows them."""


class CompileError(BadInput):
    """A tree that no plist can hold."""


def assemble(program: Program) -> list[dict]:
    """The records of ``WFWorkflowActions``; raises ``CompileError`` for an unknown condition."""
    return _Assembler(program).actions()


def form(action: str, key: str) -> str:
    """For what a parameter stands, in the words of ``wire.encode``."""
    if (action, key) == ("list", "WFItems"):
        return "items"
    spec = catalogues.find(action)
    parameter = spec.parameter(key) if spec else None
    if (action, key) in DISPLAYED:
        return "text"
    if parameter is None or parameter.bare:
        return "plain"
    return {"text": "text", "date": "text", "dictionary": "dictionary"}.get(parameter.type, "plain")


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
    return str(uuid.uuid5(LITERAL_SPACE, str(index))).upper()


def variable_name(name: str) -> str:
    """How Shortcuts spells a loop's variable: ``Repeat_Item_2`` is ``Repeat Item 2``."""
    return name.replace("_", " ") if re.fullmatch(r"Repeat_(Item|Index)(_\d+)?", name) else name


class _Assembler:
    """Writes the actions of one program; the scope's keys are their numbers."""

    def __init__(self, program: Program):
        self.program = program
        self.space = uuid.UUID(bytes=hashlib.sha256(render(program).encode()).digest()[:16])
        self.scope = Scope()
        self.written: list[dict] = []
        self.referenced: set[int] = set()
        self.spelled = {
            sanitise(value): value
            for action in walk(program.body)
            if isinstance(action, Action) and action.name in SETTERS
            for key, value in action.params
            if key == "WFVariableName" and isinstance(value, str)
        }

    def actions(self) -> list[dict]:
        self.block(self.program.body)
        for index in self.referenced:
            parameters = self.written[index]["WFWorkflowActionParameters"]
            parameters.setdefault("UUID", self.uuid(index))
        return self.written

    def uuid(self, index: int) -> str:
        given = self.written[index]["WFWorkflowActionParameters"].get("UUID")
        return given if isinstance(given, str) else self.named(f"action {index}")

    def named(self, what: str) -> str:
        return str(uuid.uuid5(self.space, what)).upper()

    def add(self, action: str, parameters: dict) -> int:
        record = {"WFWorkflowActionIdentifier": names.identifier(action)}
        self.written.append({**record, "WFWorkflowActionParameters": parameters})
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
        parameters = {
            key: self.value(value, form(action.name, key)) for key, value in action.params
        }
        pass_simple(self.scope, action, key=self.add(action.name, parameters))

    def set(self, statement: Set) -> None:
        if isinstance(statement.value, Var | Handle):
            source = self.value(statement.value)
        else:
            action, key = literal_form(statement.value)
            made = self.value(statement.value, form(action, key))
            output = literal_uuid(len(self.written))
            self.add(action, {key: made, "UUID": output})
            source = wire.wrapped(_output(output, "Value"), wire.TOKEN_ATTACHMENT)
        name = self.spelled.get(statement.name, statement.name)
        self.add("setvariable", {"WFInput": source, "WFVariableName": name})
        pass_simple(self.scope, statement)

    def group(self, statement: Statement) -> None:
        """A block: a start, what stands between, and an end, under one identifier."""
        opened = kind(statement)
        group = self.named(f"group {len(self.written)}")
        self.flow(opened, group, START, self.start(statement))
        self.scope.enter(opened)
        match statement:
            case If(then=then, orelse=orelse):
                self.block(then)
                if orelse is not None:
                    self.flow(opened, group, MIDDLE, {})
                    self.scope.branch()
                    self.block(orelse)
            case Menu(cases=cases):
                for case in cases:
                    self.scope.branch()
                    self.flow(opened, group, MIDDLE, {"WFMenuItemTitle": self.value(case.title)})
                    self.block(case.body)
            case _:
                self.block(statement.body)
        self.scope.leave(key=self.flow(opened, group, END, {}))

    def flow(self, opened: str, group: str, mode: int, parameters: dict) -> int:
        control = {"GroupingIdentifier": group, "WFControlFlowMode": mode}
        return self.add(BLOCK_ACTIONS[opened], {**control, **parameters})

    def start(self, statement: Statement) -> dict:
        match statement:
            case If(target=target, condition=condition, value=value):
                if condition not in conditions.CODES and condition not in conditions.FOREIGN:
                    raise CompileError(f"line {statement.line}: no such condition: {condition}")
                source = {"Type": "Variable", "Variable": self.value(target)}
                stored = conditions.operand_keys(condition, value)
                operands = {key: self.value(part) for key, part in stored}
                return {"WFInput": source, "WFCondition": conditions.code(condition), **operands}
            case Menu(prompt=prompt, cases=cases):
                titles = [self.value(case.title) for case in cases]
                return {"WFMenuPrompt": self.value(prompt), "WFMenuItems": titles}
            case Repeat(count=count):
                return {"WFRepeatCount": self.value(count)}
        return {"WFInput": self.value(statement.target)}

    def value(self, value: Value, place: str = "plain") -> Any:
        return wire.encode(value, self.attach, place)

    def attach(self, reference: Reference) -> dict:
        """The record of a reference, as it stands at this point of the program."""
        if isinstance(reference, Var):
            name = self.spelled.get(reference.name, variable_name(reference.name))
            return {"Type": "Variable", "VariableName": name}
        name = reference.name
        if name in FIXED:
            return {"Type": FIXED[name]}
        if name in LOOP_HANDLES and self.scope.loops:
            level = f" {self.scope.loops}" if self.scope.loops > 1 else ""
            return {"VariableName": f"Repeat {name.title()}{level}", "Type": "Variable"}
        if not self.scope.allows(reference):
            return _output(self.named(f"nothing {name}"), name)
        index = self.scope.resolve(reference)
        self.referenced.add(index)
        return _output(self.uuid(index), self.output_name(reference, index))

    def output_name(self, handle: Handle, index: int) -> str:
        """A handle's own name; for ``@prev``, the name under which its action shows the output."""
        if handle.name != "prev":
            return handle.name
        spec = catalogues.find(self.written[index]["WFWorkflowActionIdentifier"])
        shown = (spec and spec.output_name) or "Result"
        other = Handle(sanitise(shown))
        taken = other.name != "prev" and other.name not in FIXED and self.scope.allows(other)
        return "prev" if taken and self.scope.resolve(other) == index else shown


def _output(identifier: str, name: str) -> dict:
    return {"Type": "ActionOutput", "OutputUUID": identifier, "OutputName": name}
