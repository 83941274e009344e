"""Plist to tree: ``decompile``, the inverse of ``compile``.

``decompile(compile(p)) == p`` but for what the plist cannot tell apart: an explicit ``UUID=`` is
dropped, ``ACTION setvariable`` with a variable's name and a reference reads ``SET``, ``HEADERS {}``
reads ``{}``, ``equals_number ""`` reads as without a value, and records that a program spells out
token by token read as the values they are.

A foreign plist may hold more than the language can say. What fits a literal is kept as one
(``{"$data": "<base64>"}`` for bytes, a record with its keys for an unknown kind of value), and a
block that no statement can say is kept as the actions that it is stored as. ``decompile_noted``
says so: its notes are ``info`` where something is kept as it is stored, ``warning`` where something
is left out or renamed. ``BadInput`` is raised for what is no Shortcut.
"""

from __future__ import annotations

import re
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import names
from sashimi.program.findings import Finding
from sashimi.program.plist.compile import compile
from sashimi.program.plist.foreign import MAX_DEPTH
from sashimi.program.plist.reader import Reader, Record
from sashimi.program.tree import Program

MAX_NODES = 2_000_000
"""Most values in a plist that is read; shared objects count each time they are met."""

_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")
_RECORD = frozenset({"WFWorkflowActionIdentifier", "WFWorkflowActionParameters"})
_VERSIONS = frozenset(
    {
        "WFWorkflowClientRelease",
        "WFWorkflowClientVersion",
        "WFWorkflowMinimumClientVersion",
        "WFWorkflowMinimumClientVersionString",
        "WFWorkflowHasShortcutInputVariables",
    }
)
"""Keys of the root that say what wrote it, or what its actions say themselves."""


def decompile(plist: dict) -> Program:
    """The tree of a Shortcut's plist; raises ``BadInput`` for what is none."""
    return decompile_noted(plist)[0]


def decompile_noted(plist: dict) -> tuple[Program, list[Finding]]:
    """The tree of a Shortcut's plist, and what the language could not say of it."""
    bounded(plist)
    if not isinstance(plist, dict) or not isinstance(plist.get("WFWorkflowActions"), list):
        raise BadInput("no Shortcut: the plist has no array WFWorkflowActions at its root")
    name = plist.get("WFWorkflowName", "Untitled")
    records = [_record(i, a) for i, a in enumerate(plist["WFWorkflowActions"])]
    reader = Reader(records)
    body = reader.block()
    if reader.spelled_out - reader.kept:  # outputs met after the actions whose UUID they need
        reader = Reader(records, reader.spelled_out)
        body = reader.block()
    notes = [*_root_notes(plist), *_record_notes(plist["WFWorkflowActions"]), *reader.notes]
    return Program(name if isinstance(name, str) else "Untitled", body), notes


def _root_notes(plist: dict) -> list[Finding]:
    """What of the whole Shortcut, beside its actions, the language does not say."""
    own = compile(Program("", ()))
    told = {"WFWorkflowName", "WFWorkflowActions", *_VERSIONS}
    out = [key for key in sorted(plist) if key not in told and plist[key] != own.get(key)]
    return [Finding("decompile", 0, key, "it is left out", "warning") for key in out]


def _record_notes(records: list[dict]) -> list[Finding]:
    found = []
    for index, record in enumerate(records):
        given = record["WFWorkflowActionIdentifier"]
        where = f"action {index} {names.short(given)}"
        for key in sorted(set(record) - _RECORD):
            found.append(Finding("decompile", 0, where, f"{key} is left out", "warning"))
        if names.identifier(names.short(given)) != given:
            why = f"its identifier is read as {names.identifier(names.short(given))}"
            found.append(Finding("decompile", 0, where, why, "warning"))
    return found


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


def _record(index: int, action: Any) -> Record:
    if not isinstance(action, dict):
        raise BadInput(f"action {index}: no dictionary")
    identifier = action.get("WFWorkflowActionIdentifier")
    if not isinstance(identifier, str) or not _NAME.fullmatch(identifier):
        raise BadInput(f"action {index}: no identifier: {identifier!r}")
    parameters = action.get("WFWorkflowActionParameters", {})
    if not isinstance(parameters, dict):
        raise BadInput(f"action {index}: its parameters are no dictionary")
    return names.short(identifier), parameters
