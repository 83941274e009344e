"""Plist to tree: ``decompile``, the inverse of ``compile``.

``decompile(compile(p)) == p`` but for what the plist cannot tell apart: an explicit ``UUID=`` is
dropped, ``ACTION setvariable`` with a variable's name and a reference reads ``SET``, ``HEADERS {}``
reads ``{}``, ``equals_number ""`` reads as without a value, and records that a program spells out
token by token read as the values they are.

A foreign plist may hold more than the language can say. What fits a literal is kept as one
(``{"$data": "<base64>"}`` for bytes, a record with its keys for an unknown kind of value); what is
lost or renamed is noted by ``decompile_noted``. ``BadInput`` is raised for what is no Shortcut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import conditions, names, unwire
from sashimi.program.assemble import (
    BLOCK_ACTIONS,
    END,
    FIXED,
    LITERALS,
    MIDDLE,
    START,
    literal_uuid,
)
from sashimi.program.findings import Finding
from sashimi.program.scope import LOOP_HANDLES, Scope, pass_simple, sanitise
from sashimi.program.tree import (
    Action,
    Block,
    Case,
    Dict,
    ForEach,
    Handle,
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
)

MAX_DEPTH = 60
"""Deepest nesting of a plist that is read, below what the parser of texts accepts."""

MAX_NODES = 2_000_000
"""Most values in a plist that is read; shared objects count each time they are met."""

_KINDS = {action: kind for kind, action in BLOCK_ACTIONS.items()}
_FLOW = frozenset({"GroupingIdentifier", "WFControlFlowMode", "UUID"})
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")
_KEY = re.compile(r"[A-Za-z_]\w*")


def decompile(plist: dict) -> Program:
    """The tree of a Shortcut's plist; raises ``BadInput`` for what is none."""
    return decompile_noted(plist)[0]


def decompile_noted(plist: dict) -> tuple[Program, list[Finding]]:
    """The tree of a Shortcut's plist, and what the language could not keep of it."""
    bounded(plist)
    if not isinstance(plist, dict) or not isinstance(plist.get("WFWorkflowActions"), list):
        raise BadInput("no Shortcut: the plist has no array WFWorkflowActions at its root")
    name = plist.get("WFWorkflowName", "Untitled")
    reader = _Reader([_record(i, a) for i, a in enumerate(plist["WFWorkflowActions"])])
    body = reader.block(())
    return Program(name if isinstance(name, str) else "Untitled", body), reader.notes


def bounded(plist: Any) -> None:
    """Raise ``BadInput`` for a plist that is nested too deeply or too large to walk."""
    stack, count = [(plist, 0)], 0
    while stack:
        value, depth = stack.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise BadInput(f"the plist is nested more than {MAX_DEPTH} deep")
        if count > MAX_NODES:
            raise BadInput(f"the plist holds more than {MAX_NODES:,} values")
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise BadInput("the plist has a key that is no text")
            stack += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            stack += [(inner, depth + 1) for inner in value]


def _record(index: int, action: Any) -> tuple[str, dict]:
    if not isinstance(action, dict):
        raise BadInput(f"action {index}: no dictionary")
    identifier = action.get("WFWorkflowActionIdentifier")
    if not isinstance(identifier, str) or not _NAME.fullmatch(identifier):
        raise BadInput(f"action {index}: no identifier: {identifier!r}")
    parameters = action.get("WFWorkflowActionParameters", {})
    if not isinstance(parameters, dict):
        raise BadInput(f"action {index}: its parameters are no dictionary")
    return names.short(identifier), parameters


class _Reader:
    """Reads actions one after the other; the scope's keys are their numbers."""

    def __init__(self, records: list[tuple[str, dict]]):
        self.records = records
        self.at = self.now = 0  # the next action to read, and the one being read
        self.scope = Scope()
        self.notes: list[Finding] = []
        self.outputs = {
            parameters["UUID"]: index
            for index, (_, parameters) in enumerate(records)
            if isinstance(parameters.get("UUID"), str)
        }
        self.kept = set(_uuids_in_literals([parameters for _, parameters in records]))

    def note(self, index: int, why: str) -> None:
        where = f"action {index} {self.records[index][0]}"
        self.notes.append(Finding("decompile", 0, where, why, "warning"))

    def block(self, groups: tuple[tuple[str, str], ...]) -> Block:
        """Statements up to the middle or the end of the innermost open group."""
        out: list[Statement] = []
        while self.at < len(self.records):
            self.now = self.at
            name, parameters = self.records[self.at]
            mode = parameters.get("WFControlFlowMode")
            if name not in _KINDS or mode is None:
                out.append(self.simple(name, parameters))
            elif mode == START:
                out.append(self.group(groups))
            else:
                place = (name, parameters.get("GroupingIdentifier"))
                if not groups or place != groups[-1] or mode not in (MIDDLE, END):
                    raise BadInput(f"action {self.at} {name}: it closes no open block")
                return tuple(out)
        if groups:
            raise BadInput(f"the plist ends inside a block of {groups[-1][0]}")
        return tuple(out)

    def simple(self, name: str, parameters: dict) -> Action | Set:
        index = self.at
        self.at += 1
        statement = self.literal(index, name, parameters)
        if statement is None and name == "setvariable":
            statement = self.set(parameters)
        if statement is None:
            statement = Action(name, tuple(self.parameters(index, parameters)))
        pass_simple(self.scope, statement, key=index)
        return statement

    def literal(self, index: int, name: str, parameters: dict) -> Set | None:
        """A SET with a literal: an action that makes it, then one that keeps it."""
        output = literal_uuid(index)
        if parameters.get("UUID") != output or self.at >= len(self.records):
            return None
        after, kept = self.records[self.at]
        source = kept.get("WFInput")
        source = source.get("Value") if isinstance(source, dict) else None
        if after != "setvariable" or not unwire.is_attachment(source):
            return None
        held = [key for action, key in LITERALS.values() if action == name and key in parameters]
        if source.get("OutputUUID") != output or not held or "WFVariableName" not in kept:
            return None
        self.at += 1
        return Set(sanitise(str(kept["WFVariableName"])), self.value(parameters[held[0]]))

    def set(self, parameters: dict) -> Set | None:
        name = parameters.get("WFVariableName")
        if set(parameters) - {"UUID"} != {"WFInput", "WFVariableName"} or not isinstance(name, str):
            return None
        value = self.value(parameters["WFInput"])
        return Set(sanitise(name), value) if isinstance(value, Var | Handle) else None

    def parameters(self, index: int, parameters: dict) -> Iterator[tuple[str, Value]]:
        for key, stored in parameters.items():
            if key == "UUID" and stored not in self.kept:
                continue
            if not _KEY.fullmatch(key):
                self.note(index, f"the parameter {key!r} is renamed {sanitise(key)}")
                key = re.sub(r"^(?=[^A-Za-z_])", "_", sanitise(key))
            yield key, self.value(stored)

    def group(self, groups: tuple[tuple[str, str], ...]) -> Statement:
        index, (name, start) = self.at, self.records[self.at]
        if len(groups) >= MAX_DEPTH:
            raise BadInput(f"action {index}: blocks are nested more than {MAX_DEPTH} deep")
        inside = (*groups, (name, start.get("GroupingIdentifier")))
        opening = self.opening(index, name, start)
        self.scope.enter(_KINDS[name])
        self.at += 1
        titles, bodies = [], [self.block(inside)]
        while self.records[self.at][1]["WFControlFlowMode"] == MIDDLE:
            middle = self.records[self.at][1]
            self.scope.branch()
            if name == "choosefrommenu":
                titles.append(self.title(start, len(titles), middle))
            self.at += 1
            bodies.append(self.block(inside))
        statement = self.closed(index, name, opening, titles, bodies)
        self.scope.leave(key=self.at)
        self.at += 1
        return statement

    def opening(self, index: int, name: str, start: dict) -> tuple:
        """What the start of a block says: its operands, read before the block is entered."""
        if name == "conditional":
            return self.condition(index, start)
        if name == "choosefrommenu":
            prompt = self.value(start.get("WFMenuPrompt", ""))
            return (Interp((prompt,)) if isinstance(prompt, Var | Handle) else self.text(prompt),)
        if name == "repeat.count":
            count = self.value(start.get("WFRepeatCount", 1))
            if isinstance(count, int | float | Var | Handle) and not isinstance(count, bool):
                return (count,)
            return (self.reference(index, count),)
        return (self.target(index, start.get("WFInput")),)

    def closed(
        self, index: int, name: str, opening: tuple, titles: list, bodies: list[Block]
    ) -> Statement:
        if name == "choosefrommenu":
            if bodies[0]:
                raise BadInput(f"action {index} {name}: an action stands before the first case")
            cases = zip(titles, bodies[1:], strict=True)
            return Menu(*opening, tuple(Case(title, body) for title, body in cases))
        if len(bodies) > (2 if name == "conditional" else 1):
            raise BadInput(f"action {index} {name}: the block has {len(bodies)} parts")
        if name == "conditional":
            return If(*opening, *bodies)
        return (Repeat if name == "repeat.count" else ForEach)(*opening, *bodies)

    def condition(self, index: int, start: dict) -> tuple[Reference, str, Value | None]:
        code = start.get("WFCondition")
        keys = {conditions.NUMBER, conditions.TEXT, conditions.DATE, conditions.SECOND} & set(start)
        try:
            condition = conditions.condition(code, keys)
        except KeyError:
            raise BadInput(f"action {index} conditional: cannot read condition {code!r}") from None
        source = start.get("WFInput")
        target = self.target(index, source.get("Variable") if isinstance(source, dict) else None)
        given = [self.value(start[key]) for key in sorted(keys, reverse=True)]
        given = [] if condition == "equals_number" and given == [""] else given
        if condition == "is_between" and len(given) == 2:
            return target, condition, List(tuple(given))
        if len(given) > 1:
            self.note(index, "of several values to compare with, the first is kept")
        return target, condition, given[0] if given else None

    def target(self, index: int, stored: Any) -> Reference:
        if stored is None:
            self.note(index, "it takes the output before it, unsaid")
            return Handle("prev")
        return self.reference(index, self.value(stored))

    def reference(self, index: int, value: Value) -> Reference:
        match value:
            case Var() | Handle():
                return value
            case Interp(parts=(Var() | Handle() as only,)):
                return only
            case Dict():
                found = _attachment_in(value)
                if found is not None:
                    self.note(index, "a property or coercion of its input is left out")
                    return self.refer(found)
        raise BadInput(f"action {index}: its input is no reference")

    def title(self, start: dict, number: int, case: dict) -> str | Interp:
        listed = start.get("WFMenuItems")
        other = listed[number] if isinstance(listed, list) and number < len(listed) else ""
        return self.text(self.value(case.get("WFMenuItemTitle", other)))

    def text(self, value: Value) -> str | Interp:
        match value:
            case str() | Interp():
                return value
            case Var() | Handle():
                return Interp((value,))
            case int() | float():
                return str(value)
        self.note(self.now, "a title or prompt of a kind unknown is left out")
        return ""

    def value(self, stored: Any) -> Value:
        return unwire.decode(stored, self.refer)

    def refer(self, record: dict) -> Reference:
        """The reference that a record means at this point."""
        kind = record["Type"]
        if kind == "Variable":
            name = record["VariableName"]
            loop = re.fullmatch(r"Repeat (Item|Index)(?: \d+)?", name)
            if loop and next(iter(record)) == "VariableName":
                return Handle(loop[1].lower())
            return Var(sanitise(name))
        if kind == "ActionOutput":
            return Handle(self.output(record["OutputUUID"], sanitise(record["OutputName"])))
        return Handle(next(name for name, fixed in FIXED.items() if fixed == kind))

    def output(self, identifier: str, name: str) -> str:
        """The handle of an action's output: the name it is referred to by, if that finds it."""
        index = self.outputs.get(identifier)
        if index is None:
            return name
        action, parameters = self.records[index]
        custom = parameters.get("CustomOutputName")
        tries = [name, "prev", names.handle(action)]
        tries += [sanitise(custom)] if isinstance(custom, str) else []
        for handle in tries:
            if handle == name and handle in ("prev", *FIXED, *LOOP_HANDLES):
                continue
            known = handle not in FIXED and self.scope.allows(Handle(handle))
            if known and self.scope.resolve(Handle(handle)) == index:
                return handle
        self.note(self.now, f"@{name} stands for action {index}, which no handle can name here")
        return name


def _attachment_in(value: Dict) -> dict | None:
    """The plain part of an attachment that carries more than the language can say."""
    for key, inner in value.items:
        if key == "Value" and isinstance(inner, Dict):
            plain = {k: v for k, v in inner.items if isinstance(v, str)}
            kept = unwire.ATTACHMENT_KEYS.get(plain.get("Type"), set()) | {"Type"}
            record = {k: v for k, v in plain.items() if k in kept}
            if unwire.is_attachment(record):
                return record
    return None


def _uuids_in_literals(plist: Any) -> Iterator[str]:
    """Outputs that are referred to from records which stay literals: their UUIDs must stay."""
    stack = [plist]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("Type") == "ActionOutput" and not unwire.is_attachment(value):
                yield str(value.get("OutputUUID"))
            stack += value.values()
        elif isinstance(value, list):
            stack += value
