"""Plist to tree: ``decompile``, the inverse of ``compile``, exactly.

``compile(parse(render(decompile(f))))`` has the root keys and values and the actions of ``f``, up
to a consistent renaming of the identifiers of outputs and groups: each statement, and each value in
it, is compiled as soon as it is read, and what would not come back is kept as it is stored
(``{"$raw": …}``, ``key=value`` beside a block, ``ACTION ?`` for what is no action).
``decompile_noted`` says where. And ``decompile(compile(p)) == p`` but for what the plist cannot
tell apart: ``ACTION setvariable`` with a variable's name and a reference reads ``SET``,
``HEADERS {}`` reads ``{}``, ``equals_number ""`` reads as without a value, records and special
values that a program spells out read as the values they are.

``BadInput`` is raised for what is no Shortcut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import names
from sashimi.program.findings import Finding
from sashimi.program.plist.assemble import IDENTIFIER, PARAMETERS
from sashimi.program.plist.compile import settings
from sashimi.program.plist.elsewhere import elsewhere
from sashimi.program.plist.reader import Reader, Record
from sashimi.program.plist.refer import Unnamed
from sashimi.program.plist.same import same
from sashimi.program.plist.unwire import Decoder
from sashimi.program.tree import Block, Pairs, Program, Reference

MAX_NODES = 2_000_000
"""Most values in a plist that is read; shared objects count each time they are met."""

MAX_DEPTH = 200
"""Deepest nesting of a plist that is read."""

_NAME = re.compile(r"\.?[A-Za-z_][\w-]*(?:\.[\w-]+)*")


def decompile(plist: dict, name: str = "Untitled") -> Program:
    """The tree of a Shortcut's plist; raises ``BadInput`` for what is none.

    ``name`` is for a plist that holds none; it is not written back.
    """
    return decompile_noted(plist, name)[0]


def decompile_noted(plist: dict, name: str = "Untitled") -> tuple[Program, list[Finding]]:
    """The tree of a Shortcut's plist, and notes on what is kept as it is stored."""
    bounded(plist)
    if not isinstance(plist, dict) or not isinstance(plist.get("WFWorkflowActions"), list):
        raise BadInput("no Shortcut: the plist has no array WFWorkflowActions at its root")
    given = plist.get("WFWorkflowName")
    title = given if isinstance(given, str) else name
    actions = plist["WFWorkflowActions"]
    records = [_record(action) for action in actions]
    bare = {
        index
        for index, action in enumerate(actions)
        if records[index][0] != "?" and PARAMETERS not in action
    }
    body, notes = _body(records, bare, plist)
    draft = Program(title, body)
    return Program(title, body, _settings(plist, draft)), notes


def _body(records: Sequence[Record], bare: set[int], plist: dict) -> tuple[Block, list[Finding]]:
    root = {key: value for key, value in plist.items() if key != "WFWorkflowActions"}
    fixed = elsewhere(records, root)
    while True:
        reader = Reader(records, bare, fixed)
        body = reader.program()
        more = elsewhere(records, reader.decoder.packed) if reader.decoder.packed else set()
        if more <= fixed:
            return body, reader.notes
        fixed |= more


def _settings(plist: dict, draft: Program) -> Pairs:
    """What the root says beside the actions, where ``compile`` would say something else."""
    own = settings(draft)
    decoder = Decoder(_nothing, lambda reference: {})
    changed = [
        (key, decoder.value(value))
        for key, value in plist.items()
        if key != "WFWorkflowActions" and not (key in own and same(own[key], value))
    ]
    return (*changed, *((key, None) for key in own if key not in plist))


def _nothing(record: dict) -> Reference:
    raise Unnamed("no reference stands at the root")


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


def _record(action: Any) -> Record:
    """The short name and the parameters of an action; ``?`` and the whole for what is none."""
    if isinstance(action, dict) and set(action) <= {IDENTIFIER, PARAMETERS}:
        identifier, parameters = action.get(IDENTIFIER), action.get(PARAMETERS, {})
        if isinstance(identifier, str) and isinstance(parameters, dict):
            name = names.of(identifier)
            if _NAME.fullmatch(name):
                return name, parameters
    return "?", {"record": action}
