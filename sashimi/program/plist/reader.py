"""Reads the actions of a plist, one after the other, into statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sashimi.program import names
from sashimi.program.check.scope import LOOP_HANDLES, SETTERS, Scope, pass_simple, sanitise
from sashimi.program.findings import Finding
from sashimi.program.plist import conditions, foreign, unwire
from sashimi.program.plist.assemble import (
    BLOCK_ACTIONS,
    FIXED,
    LITERALS,
    MIDDLE,
    START,
    form,
    literal_uuid,
    variable_name,
)
from sashimi.program.tree import (
    Action,
    Block,
    Case,
    Dict,
    ForEach,
    Handle,
    If,
    List,
    Menu,
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
)

Record = tuple[str, dict]
"""An action as it is stored: its short name and its parameters."""

KINDS = {action: kind for kind, action in BLOCK_ACTIONS.items()}
_KEY = re.compile(r"[A-Za-z_]\w*")


class Reader:
    """Reads actions one after the other; the scope's keys are their numbers.

    ``kept`` are the UUIDs that literals refer to and that actions must therefore keep.
    """

    def __init__(self, records: list[Record], spelled_out: set[str] | frozenset = frozenset()):
        self.records = records
        self.at = self.now = 0  # the next action to read, and the one being read
        self.scope = Scope()
        self.notes: list[Finding] = []
        self.outputs = {
            parameters["UUID"]: index
            for index, (_, parameters) in enumerate(records)
            if isinstance(parameters.get("UUID"), str)
        }
        self.kept = set(foreign.uuids([p for _, p in records], literal=False)) | spelled_out
        self.spelled_out: set[str] = set(spelled_out)
        self.parts = foreign.parts(records, KINDS)
        self.plain: set[int] = set()
        """Actions of blocks that no statement can say."""
        self.spelled: dict[str, str] = {}
        for name, parameters in records:
            variable = parameters.get("WFVariableName")
            if name in SETTERS and isinstance(variable, str):
                self.spelling(variable)

    def note(self, index: int, why: str, severity: str = "warning") -> None:
        where = f"action {index} {self.records[index][0]}"
        found = Finding("decompile", 0, where, why, severity)
        if found not in self.notes[-3:]:
            self.notes.append(found)

    def spelling(self, variable: str) -> None:
        """Hold against each other the names that the language writes alike."""
        before = self.spelled.setdefault(sanitise(variable), variable)
        if before != variable:
            why = f"the variables {before!r} and {variable!r} become one"
            self.notes.append(Finding("decompile", 0, "variables", why, "warning"))

    def block(self) -> Block:
        """Statements up to the next middle or end of a group that a statement says."""
        out: list[Statement] = []
        while self.at < len(self.records):
            self.now = self.at
            name, parameters = self.records[self.at]
            mode = parameters.get("WFControlFlowMode")
            if name not in KINDS or mode is None or self.at in self.plain:
                out.append(self.simple(name, parameters))
            elif mode != START:
                break
            elif why := self.beyond(name):
                self.note(self.at, f"the block is kept as its actions: {why}", "info")
                self.plain.update(self.parts[self.at])
            else:
                out.append(self.group(name))
        return tuple(out)

    def beyond(self, name: str) -> str | None:
        """Why no statement can say the block that starts here; None if one can."""
        numbers = self.parts[self.at]
        return foreign.beyond(name, [self.records[n][1] for n in numbers], numbers, self.probe)

    def probe(self, record: dict) -> Reference:
        """The reference of a record, with nothing noted; raises ``Unnamed``."""
        if record["Type"] == "ActionOutput":
            self.handle(record["OutputUUID"], sanitise(record["OutputName"]))
        return Handle("prev")

    def simple(self, name: str, parameters: dict) -> Action | Set:
        index = self.at
        self.at += 1
        statement = self.literal(index, name, parameters)
        if statement is None and name == "setvariable":
            statement = self.set(parameters)
        if statement is None:
            statement = Action(name, tuple(self.parameters(index, name, parameters)))
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
        if self.spelled[sanitise(name)] != sanitise(name):
            return None  # the action keeps the name as it is spelled
        value = self.value(parameters["WFInput"])
        return Set(name, value) if isinstance(value, Var | Handle) else None

    def parameters(self, index: int, name: str, given: dict) -> Iterator[tuple[str, Value]]:
        for key, stored in given.items():
            if key == "UUID" and stored not in self.kept:
                continue
            typed = form(name, key) == "items"
            if not _KEY.fullmatch(key):
                self.note(index, f"the parameter {key!r} is renamed {sanitise(key)}")
                key = re.sub(r"^(?=[^A-Za-z_])", "_", sanitise(key))
            yield key, self.value(stored, typed)

    def group(self, name: str) -> Statement:
        start = self.records[self.at][1]
        opening = self.opening(self.at, name, start)
        self.scope.enter(KINDS[name])
        self.at += 1
        titles, bodies = [], [self.block()]
        while self.records[self.at][1]["WFControlFlowMode"] == MIDDLE:
            middle = self.records[self.at][1]
            self.scope.branch()
            if name == "choosefrommenu":
                titles.append(foreign.text(self.value(foreign.title(start, len(titles), middle))))
            self.at += 1
            bodies.append(self.block())
        statement = self.closed(name, opening, titles, bodies)
        self.scope.leave(key=self.at)
        self.at += 1
        return statement

    def opening(self, index: int, name: str, start: dict) -> tuple:
        """What the start of a block says: its operands, read before the block is entered."""
        if name == "conditional":
            return self.condition(index, start)
        if name == "choosefrommenu":
            return (foreign.text(self.value(start.get("WFMenuPrompt", ""))),)
        if name == "repeat.count":
            return (foreign.reference(self.value(start.get("WFRepeatCount", 1))),)
        return (self.target(index, start.get("WFInput")),)

    def closed(self, name: str, opening: tuple, titles: list, bodies: list[Block]) -> Statement:
        if name == "choosefrommenu":
            cases = zip(titles, bodies[1:], strict=True)
            return Menu(*opening, tuple(Case(title, body) for title, body in cases))
        if name == "conditional":
            return If(*opening, *bodies)
        return (Repeat if name == "repeat.count" else ForEach)(*opening, *bodies)

    def condition(self, index: int, start: dict) -> tuple[Reference, str, Value | None]:
        keys = foreign.operands(start)
        condition = conditions.condition(start.get("WFCondition"), keys)
        source = start.get("WFInput")
        target = self.target(index, source and source["Variable"])
        given = [self.value(start[key]) for key in sorted(keys, reverse=True)]
        given = [] if condition == "equals_number" and given == [""] else given
        if condition == "is_between" and len(given) == 2:
            return target, condition, List(tuple(given))
        return target, condition, given[0] if given else None

    def target(self, index: int, stored: Any) -> Reference:
        if stored is None:
            self.note(index, "it takes the output before it, unsaid", "info")
            return Handle("prev")
        return foreign.reference(self.value(stored))

    def value(self, stored: Any, typed: bool = False) -> Value:
        """A value; as a literal where a reference in it has no name, unless items are ``typed``."""
        try:
            value = unwire.decode(stored, self.refer)
        except foreign.Unnamed as unnamed:
            if typed:
                self.note(self.now, f"{unnamed}; it is left out of the list")
                return unwire.decode(stored, lambda record: Handle("prev"))
            self.note(self.now, f"{unnamed}; the value is kept as a literal", "info")
            self.spelled_out.update(foreign.uuids(stored, literal=True))
            return foreign.literal(stored)
        if isinstance(value, Dict) and foreign.unknown(value):
            kind = dict(value.items)["WFSerializationType"]
            self.note(self.now, f"a record of {kind} is kept as a literal", "info")
        return value

    def refer(self, record: dict) -> Reference:
        """The reference that a record means at this point; raises ``Unnamed``."""
        kind = record["Type"]
        if kind == "Variable":
            name = record["VariableName"]
            loop = re.fullmatch(r"Repeat (Item|Index)(?: ([0-9]{1,3}))?", name)
            own = loop and int(loop[2] or 1) == self.scope.loops
            if own and next(iter(record)) == "VariableName":
                return Handle(loop[1].lower())
            plain = sanitise(name)
            if self.spelled.get(plain, variable_name(plain)) != name:
                self.note(self.now, f"the variable {name!r} is renamed {plain}")
            return Var(plain)
        if kind == "ActionOutput":
            return Handle(self.handle(record["OutputUUID"], sanitise(record["OutputName"])))
        return Handle(next(name for name, fixed in FIXED.items() if fixed == kind))

    def handle(self, identifier: str, name: str) -> str:
        """The handle of an action's output: the name it is referred to by, if that finds it.

        Raises ``Unnamed`` where no handle stands for it here.
        """
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
        raise foreign.Unnamed(f"{name} is the output of action {index}, which no handle can name")
