"""Reads the actions of a plist, one after the other, into statements that give them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sashimi.program import names
from sashimi.program.check.parts import kind, named, sanitise
from sashimi.program.check.scope import LOOP_HANDLES, pass_simple
from sashimi.program.findings import Finding
from sashimi.program.plist import flow, openings
from sashimi.program.plist.assemble import LITERALS, PARAMETERS, form, literal_records, literal_uuid
from sashimi.program.plist.refer import FIXED, Names, spellings
from sashimi.program.plist.same import same
from sashimi.program.plist.unwire import Decoder
from sashimi.program.tree import (
    Action,
    Block,
    Case,
    Handle,
    Interp,
    Menu,
    Pairs,
    Reference,
    Set,
    Statement,
    Var,
    map_blocks,
    special,
)

Record = tuple[str, dict]
"""An action as it is stored: its short name and its parameters; ``?`` for what is no action."""

KINDS = {action: kind for kind, action in flow.BLOCK_ACTIONS.items()}


class Reader:
    """Reads actions one after the other; the scope's keys are their numbers.

    ``fixed`` are identifiers that stand elsewhere too, so that actions must keep them.
    """

    def __init__(self, records: Sequence[Record], bare: set[int], fixed: set[str]):
        self.records, self.bare = records, bare
        self.at = self.now = 0  # the next action to read, and the one being read
        self.notes: list[Finding] = []
        self.parts = flow.parts(records)
        self.groups = Counter(repr(p.get("GroupingIdentifier")) for _, p in records)
        self.fixed = fixed
        self.outputs, self.labels = self._outputs()
        self.referred: set[int] = set()
        self.by_label: set[int] = set()
        given = [(name, p.get("WFVariableName")) for name, p in records]
        uuids = [None, *(p.get("UUID") for _, p in records)]
        self.kept_names = spellings(
            pair for i, pair in enumerate(given) if i == 0 or uuids[i] != literal_uuid(i - 1)
        )
        """Names that are no identifiers, of variables that an action sets which stays one."""
        self.names = Names(records, spellings(given), self.uuid_of, self.outputs, self.labels.get)
        self.decoder = Decoder(self.refer, self.names.attach)

    def _outputs(self) -> tuple[dict[str, int], dict[int, str]]:
        """Which action gives the output of each identifier, and what its handle may be called."""
        stated = ((i, p.get("UUID")) for i, (_, p) in enumerate(self.records))
        given = [(i, identifier) for i, identifier in stated if isinstance(identifier, str)]
        counts = Counter(identifier for _, identifier in given)
        inner = {n for numbers in self.parts.values() for n in numbers[:-1]}
        outputs = {u: i for i, u in given if counts[u] == 1 and i not in inner}
        taken = {"prev", *FIXED, *LOOP_HANDLES}
        for name, parameters in self.records:
            taken |= {names.handle(name), *named(tuple(parameters.items()))}
        labels: dict[int, str] = {}
        numbers: Counter[str] = Counter()
        for identifier, index in outputs.items():
            if identifier not in self.fixed:
                base = self._base(index)
                numbers[base] += 1
                label = base if numbers[base] == 1 else f"{base}_{numbers[base]}"
                while label in taken:
                    numbers[base] += 1
                    label = f"{base}_{numbers[base]}"
                taken.add(label)
                labels[index] = label
        return outputs, labels

    def _base(self, index: int) -> str:
        name, parameters = self.records[index]
        custom = parameters.get("CustomOutputName")
        return (
            sanitise(Names(self.records, {}, str).shown(index))
            if not custom
            else (sanitise(custom) if isinstance(custom, str) else names.handle(name))
        )

    def uuid_of(self, index: int) -> str | None:
        """An action's identifier, or None, which no plist can write ("" it can)."""
        given = self.records[index][1].get("UUID")
        return given if isinstance(given, str) else None

    def refer(self, record: dict) -> Reference:
        found = self.names.refer(record, self.now)
        if isinstance(found, Handle) and record["Type"] == "ActionOutput":
            index = self.outputs.get(record["OutputUUID"])
            if index is not None:
                self.referred.add(index)
                if found.name == self.labels.get(index):
                    self.by_label.add(index)
        return found

    def program(self) -> Block:
        """All statements; outputs keep a handle of their own only where it is needed."""
        body = self.block(len(self.records))
        needless = {
            label
            for index, label in self.labels.items()
            if index in self.referred and index not in self.by_label
        }
        return _without(body, needless) if needless else body

    def note(self, index: int, why: str, severity: str = "info") -> None:
        where = f"action {index} {self.records[index][0]}"
        found = Finding("decompile", 0, where, why, severity)
        if found not in self.notes[-3:]:
            self.notes.append(found)

    def block(self, end: int) -> Block:
        """The statements of the actions before number ``end``."""
        out: list[Statement] = []
        while self.at < end:
            self.now = self.at
            if self.at in self.parts:
                out.append(self.group(self.parts[self.at]))
            else:
                out.append(self.simple(*self.records[self.at]))
        return tuple(out)

    def simple(self, name: str, parameters: dict) -> Action | Set:
        index = self.at
        self.at += 1
        statement = self.literal(index, name, parameters) or self.set(name, parameters)
        if statement is None:
            self._note_kept(index, name, parameters)
            pairs = self.pairs(index, parameters)
            pairs += ((PARAMETERS, None),) if index in self.bare else ()
            statement = Action(name, pairs)
        pass_simple(self.names.scope, statement, key=index)
        return statement

    def _note_kept(self, index: int, name: str, parameters: dict) -> None:
        if name not in KINDS:
            return
        mode = parameters.get("WFControlFlowMode", flow.START)
        if type(mode) is not int:
            why = f"WFControlFlowMode is a {type(mode).__name__}, {mode!r}, and no integer"
            self.note(index, f"{why}: it is kept as an action", "warning")
        else:
            self.note(index, "it makes no block that nests: it is kept as an action")

    def literal(self, index: int, name: str, parameters: dict) -> Set | None:
        """A SET with a literal: an action that makes it, then one that keeps it."""
        held = [key for action, key in LITERALS.values() if action == name and key in parameters]
        if not held or "UUID" not in parameters or self.at >= len(self.records):
            return None
        if parameters["UUID"] != literal_uuid(index):
            return None
        after, kept = self.records[self.at]
        variable = kept.get("WFVariableName")
        if after != "setvariable" or not isinstance(variable, str):
            return None
        value = self.decoder.value(parameters[held[0]], form(name, held[0]))
        candidate = Set(sanitise(variable), value)
        if isinstance(value, Var | Handle) or {index, self.at} & self.bare:
            return None
        if self.kept_names.get(candidate.name, candidate.name) != variable:
            return None  # no other action would tell how it is spelled
        made = literal_records(candidate, index, self.decoder.encode, self.names.spelled)
        if not same([list(pair) for pair in made], [[name, parameters], [after, kept]]):
            return None
        self.at += 1
        return candidate

    def set(self, name: str, parameters: dict) -> Set | None:
        variable = parameters.get("WFVariableName")
        if name != "setvariable" or set(parameters) != {"WFInput", "WFVariableName"}:
            return None
        if not isinstance(variable, str) or sanitise(variable) != variable or self.now in self.bare:
            return None
        if variable in self.names.spelled:
            return None  # the action keeps the name as it is spelled
        value = self.decoder.value(parameters["WFInput"])
        return Set(variable, value) if isinstance(value, Var | Handle) else None

    def pairs(self, index: int, parameters: dict, said: dict | None = None) -> Pairs:
        """Keys and values of an action, less what a statement says of them by itself."""
        said = said or {}
        name, out = self.records[index][0], []
        for key, stored in parameters.items():
            if key in said and same(said[key], stored):
                continue
            if key == "UUID" and index in self.labels:
                out.append((key, Handle(self.labels[index])))
            else:
                value = self.decoder.value(stored, form(name, key))
                if key == "UUID" and isinstance(value, Handle):
                    value = self.decoder.kept(stored)  # a handle would name this action's output
                if special(value) in ("$raw", "$plist"):
                    self.note(index, f"{key} is kept as it is stored")
                out.append((key, value))
        return (*out, *((key, None) for key in said if key not in parameters))

    def group(self, numbers: list[int]) -> Statement:
        opening = openings.opening(*self.records[self.at], self.decoder)
        titles = self.titles(numbers[1:-1]) if isinstance(opening, Menu) else []
        if isinstance(opening, Menu):
            opening = replace(opening, cases=tuple(Case(title, ()) for title in titles))
        start = self.part(numbers, 0, flow.said(opening, self.decoder.encode))
        scope = self.names.scope
        scope.enter(kind(opening))
        self.at += 1
        bodies, beside = [self.block(numbers[1])], []
        for n, number in enumerate(numbers[1:-1], 1):
            scope.branch()
            self.now = number
            title = {"WFMenuItemTitle": self.decoder.encode(titles[n - 1])} if titles else {}
            beside.append(self.part(numbers, n, title))
            self.at = number + 1
            bodies.append(self.block(numbers[n + 1]))
        self.now = numbers[-1]
        end = self.part(numbers, len(numbers) - 1, {})
        scope.leave(numbers[-1], named(end))
        self.at = numbers[-1] + 1
        return openings.closed(opening, start, titles, bodies, beside, end)

    def titles(self, numbers: list[int]) -> list[str | Interp]:
        stored = (self.records[number][1].get("WFMenuItemTitle", "") for number in numbers)
        return [openings.title(title, self.decoder) for title in stored]

    def part(self, numbers: list[int], n: int, said: dict) -> Pairs:
        """What stands beside a part of a block."""
        index = numbers[n]
        parameters = self.records[index][1]
        group = parameters.get("GroupingIdentifier")
        own = isinstance(group, str) and group not in self.fixed
        own = own and self.groups[repr(group)] == len(numbers)
        mode = flow.START if n == 0 else flow.END if n == len(numbers) - 1 else flow.MIDDLE
        control = {"GroupingIdentifier": group if own else "", "WFControlFlowMode": mode}
        bare = ((PARAMETERS, None),) if index in self.bare else ()
        return (*self.pairs(index, parameters, {**control, **said}), *bare)


def _without(block: Block, labels: set[str]) -> Block:
    """The block less ``UUID=@label`` of these labels."""

    def pairs(given: Pairs) -> Pairs:
        return tuple(
            (key, value)
            for key, value in given
            if not (key == "UUID" and isinstance(value, Handle) and value.name in labels)
        )

    def inside(statement: Statement) -> Statement:
        if isinstance(statement, Action):
            return replace(statement, params=pairs(statement.params))
        if isinstance(statement, Set):
            return statement
        bodies = map_blocks(statement, lambda inner: _without(inner, labels))
        return replace(bodies, end=pairs(statement.end))

    return tuple(map(inside, block))
