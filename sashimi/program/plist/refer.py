"""References and their records, both ways: ``Names.attach`` and its inverse ``Names.refer``.

Where several references are stored alike (``@prev``, ``@ask`` and ``@First`` may all be one
output), the *order* of the record's keys says which was written: Shortcuts ignores it and property
lists keep it. A foreign plist's order may be any; what is read is checked by attaching it again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from sashimi.program import catalogue as catalogues
from sashimi.program import names
from sashimi.program.check.parts import SETTERS, sanitise
from sashimi.program.check.scope import LOOP_HANDLES, OUTPUT, Scope
from sashimi.program.plist import steps
from sashimi.program.plist.same import same
from sashimi.program.tree import Handle, Reference, Step, Var

FIXED = {
    "input": "ExtensionInput",
    "date": "CurrentDate",
    "Ask": "Ask",
    "Clipboard": "Clipboard",
    "DeviceDetails": "DeviceDetails",
}
"""The type of attachment of each handle that stands for itself."""

BLOCK_RESULTS = {
    "conditional": "If Result",
    "choosefrommenu": "Menu Result",
    "repeat.count": "Repeat Results",
    "repeat.each": "Repeat Results",
}
"""The names under which the results of blocks are shown."""

SPACE = uuid.UUID("8c1b8f2e-5d0a-5c1b-9b57-6f0a3d0b7a11")
"""Names what no Shortcut holds: literals that ``SET`` needs, outputs that are nowhere."""

ATTACHMENT_KEYS = {
    "ActionOutput": (frozenset({"OutputUUID"}), frozenset({"OutputUUID", "OutputName"})),
    "Variable": (frozenset({"VariableName"}),),
    **dict.fromkeys(FIXED.values(), (frozenset(),)),
    "Ask": (frozenset(), frozenset({"Prompt"})),
}
"""Per type of reference, the keys that its record may hold beside its type and its steps."""

_UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


class Unnamed(Exception):
    """A record that no reference stands for."""


def is_attachment(record: object) -> bool:
    """Whether a plist is the bare record of a reference that the language can write."""
    if not isinstance(record, dict) or not isinstance(record.get("Type"), str):
        return False
    more = set(record) - {"Type"}
    if "Aggrandizements" in more:
        if steps.read(record["Aggrandizements"]) is None:
            return False
        more.remove("Aggrandizements")
    texts = all(isinstance(record[key], str) for key in more)
    return texts and frozenset(more) in ATTACHMENT_KEYS.get(record["Type"], ())


def spellings(given: Iterable[tuple[str, object]]) -> dict[str, str]:
    """How variables are spelled that are no identifiers, from the names that actions set.

    ``given`` are the actions' short names, each with its ``WFVariableName``.
    """
    out: dict[str, str] = {}
    for action, variable in given:
        if action in SETTERS and isinstance(variable, str) and sanitise(variable) != variable:
            out.setdefault(sanitise(variable), variable)
    return out


def variable_name(name: str) -> str:
    """How Shortcuts spells a loop's variable: ``Repeat_Item_2`` is ``Repeat Item 2``."""
    return name.replace("_", " ") if re.fullmatch(r"Repeat_(Item|Index)(_\d+)?", name) else name


class Names:
    """The references at one point of a program; its scope's keys are numbers of actions.

    ``actions`` are the records so far, as (short name, parameters), ``uuid`` gives an output's
    identifier by the number of its action, ``outputs`` the number by the identifier.
    """

    def __init__(
        self,
        actions: Sequence[tuple[str, dict]],
        spelled: dict[str, str],
        uuid_of: Callable[[int], str | None],
        outputs: dict[str, int] | None = None,
        label: Callable[[int], str | None] = lambda index: None,
    ):
        self.scope = Scope()
        self.actions, self.spelled, self.uuid_of = actions, spelled, uuid_of
        self.outputs, self.label = outputs or {}, label

    def attach(self, reference: Reference) -> dict:
        """The record of a reference, as it stands at this point of the program."""
        record = (
            self._variable(reference) if isinstance(reference, Var) else self._handle(reference)
        )
        stored = steps.stored(reference.steps) if reference.steps else []
        return {**record, "Aggrandizements": stored} if stored else record

    def _variable(self, variable: Var) -> dict:
        name = variable.name
        spelled = self.spelled.get(name, variable_name(name))
        if sanitise(name) != name:
            return {"VariableName": spelled, "Type": "Variable"}
        return {"Type": "Variable", "VariableName": spelled}

    def _handle(self, handle: Handle) -> dict:
        name = handle.name
        shown = next((step for step in handle.steps if step.kind == "name"), None)
        if name == "Ask" and shown and shown.value is not None:
            return {"Type": "Ask", "Prompt": shown.value}
        if name in FIXED:
            return {"Type": FIXED[name]}
        if name in LOOP_HANDLES and self.scope.loops:
            level = f" {self.scope.loops}" if self.scope.loops > 1 else ""
            return {"VariableName": f"Repeat {name.title()}{level}", "Type": "Variable"}
        explicit = OUTPUT.fullmatch(name)
        if explicit or not self.scope.allows(handle):
            spelled = explicit[1].replace("_", "-") if explicit else nowhere(name)
            return _output(spelled, shown.value if shown else name, "prev")
        index = self.scope.resolve(handle)
        default = self.shown(index) if shown is None else shown.value
        kind = "action" if name == names.handle(self.actions[index][0]) else "custom"
        return _output(self.uuid_of(index), default, "prev" if name == "prev" else kind)

    def shown(self, index: int) -> str:
        """The name under which an action's output is shown unless a reference says otherwise."""
        action, parameters = self.actions[index]
        custom = parameters.get("CustomOutputName")
        if isinstance(custom, str):
            return custom
        spec = catalogues.find(action)
        return BLOCK_RESULTS.get(action) or (spec and spec.output_name) or "Result"

    def refer(self, record: dict, now: int) -> Reference:
        """The reference that a record means in action number ``now``; raises ``Unnamed``."""
        found = steps.read(record["Aggrandizements"]) if "Aggrandizements" in record else ()
        for candidate in self._candidates(record, now):
            full = replace(candidate, steps=candidate.steps + found) if found else candidate
            if same(self.attach(full), record):
                return full
        raise Unnamed(
            f"no reference stands for {record.get('OutputName') or record['Type']!r} here"
        )

    def _candidates(self, record: dict, now: int) -> Iterator[Reference]:
        kind = record["Type"]
        if kind == "Variable":
            yield from self._variables(record["VariableName"], next(iter(record)) == "VariableName")
        elif kind == "ActionOutput":
            yield from self._outputs(record, now)
        else:
            asked = (Step("name", record["Prompt"]),) if "Prompt" in record else ()
            yield Handle(next(name for name, fixed in FIXED.items() if fixed == kind), asked)

    def _variables(self, name: str, quoted: bool) -> Iterator[Reference]:
        loop = re.fullmatch(r"Repeat (Item|Index)(?: ([0-9]{1,3}))?", name)
        if quoted and loop and int(loop[2] or 1) == self.scope.loops:
            yield Handle(loop[1].lower())
        if quoted and not loop:
            yield Var(name)
        yield Var(sanitise(name))
        yield Var(name)

    def _outputs(self, record: dict, now: int) -> Iterator[Handle]:
        identifier, shown = record["OutputUUID"], record.get("OutputName")
        index = self.outputs.get(identifier, now)
        if index < now:
            default = self.shown(index)
            named = () if shown == default else (Step("name", shown),)
            for name in self._handles(index, next(iter(record))):
                yield Handle(name, named)
        elif shown is not None and sanitise(shown) == shown and shown not in FIXED:
            yield Handle(shown)
        if _UUID.fullmatch(identifier):
            yield Handle("output_" + identifier.replace("-", "_"), (Step("name", shown),))

    def _handles(self, index: int, first: str) -> Iterator[str]:
        """Handles that may stand for an action's output, the most likely one first."""
        action, parameters = self.actions[index]
        custom = parameters.get("CustomOutputName")
        own = [sanitise(custom)] if isinstance(custom, str) else []
        tries = {
            "Type": ["prev", *own, names.handle(action)],
            "OutputUUID": [names.handle(action), *own, "prev"],
        }.get(first, [*own, "prev", names.handle(action)])
        yield from (name for name in tries if name not in FIXED and name not in LOOP_HANDLES)
        if label := self.label(index):
            yield label


def nowhere(name: str) -> str:
    """The identifier of an output that a handle names and no action gives."""
    return str(uuid.uuid5(SPACE, f"nothing {name}")).upper()


def _output(identifier: str | None, name: str | None, order: str) -> dict:
    record = {"Type": "ActionOutput", "OutputUUID": identifier, "OutputName": name}
    if name is None:
        del record["OutputName"]
    elif order == "custom":
        return dict(reversed(record.items()))
    elif order == "action":
        return {"OutputUUID": identifier, "Type": "ActionOutput", "OutputName": name}
    return record
