"""Whether two programs do the same: their plists compared without what never runs.

Comments, the title, UUIDs, names of outputs and the spelling of variables say nothing about what a
Shortcut does; nor does a number written as text, or an input that is the output before it anyway.
Two programs with one meaning may still count as two here (an order that does not matter), so a
negative is never called one for its layout alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sashimi.program import compile, tiers
from sashimi.program.plist.assemble import CompileError
from sashimi.program.tree import Program

_LOOP = re.compile(r"Repeat (Item|Index)( \d+)?")
_LABELS = frozenset({"UUID", "CustomOutputName", "OutputName"})
_WHOLE = {"{0, 1}"}


def meaning(program: Program) -> str | None:
    """A digest that programs share when their plists differ in labels alone.

    None for a program that no plist can hold.
    """
    try:
        records = compile(tiers.without_comments(program))["WFWorkflowActions"]
    except CompileError:
        return None
    plain = json.dumps(canonical(records), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()[:20]


def canonical(records: list[dict]) -> list[Any]:
    """The records of ``WFWorkflowActions`` with numbers for identifiers and variables.

    An output is named by the position of its action, ``nothing`` where no action has the UUID;
    groups and variables are numbered in order of appearance.
    """
    given = [record["WFWorkflowActionParameters"].get("UUID") for record in records]
    owners = {uuid: index for index, uuid in enumerate(given) if isinstance(uuid, str)}
    numbers: dict[tuple[str, str], int] = {}
    made = []
    for index, record in enumerate(records):
        parameters = _plain(record["WFWorkflowActionParameters"], owners, numbers)
        if parameters.get("WFInput") == _output_of(index - 1):
            del parameters["WFInput"]
        made.append([record["WFWorkflowActionIdentifier"], parameters])
    return made


def _output_of(index: int) -> dict:
    value = {"Type": "ActionOutput", "OutputUUID": index}
    return {"Value": value, "WFSerializationType": "WFTextTokenAttachment"}


def _plain(value: Any, owners: dict[str, int], numbers: dict[tuple[str, str], int]) -> Any:
    match value:
        case bool():
            return value
        case int() | float():
            return str(int(value)) if value == int(value) else str(value)
        case list():
            return [_plain(item, owners, numbers) for item in value]
        case dict():
            pairs = ((key, inner) for key, inner in value.items() if key not in _LABELS)
            return _unwrapped({k: _named(k, inner, owners, numbers) for k, inner in pairs})
    return value


def _named(
    key: str, value: Any, owners: dict[str, int], numbers: dict[tuple[str, str], int]
) -> Any:
    if key == "OutputUUID":
        return owners.get(value, "nothing")
    variable = key in ("VariableName", "WFVariableName")
    if isinstance(value, str) and (key == "GroupingIdentifier" or variable):
        if variable and _LOOP.fullmatch(value):
            return value
        kind = "variable" if variable else "group"
        same_kind = sum(known == kind for known, _ in numbers)
        return numbers.setdefault((kind, value), same_kind)
    return _plain(value, owners, numbers)


def _unwrapped(value: dict) -> Any:
    """A text that is one reference as that reference, a text without any as its characters."""
    if value.get("WFSerializationType") != "WFTextTokenString":
        return value
    inner = value["Value"]
    if not isinstance(inner, dict):
        return value
    places = inner.get("attachmentsByRange") or {}
    if not places:
        return inner.get("string", "")
    if inner.get("string") == "\ufffc" and places.keys() == _WHOLE:
        return {"Value": places["{0, 1}"], "WFSerializationType": "WFTextTokenAttachment"}
    return value
