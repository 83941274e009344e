"""The steps of a reference and the ``Aggrandizements`` that a plist stores them as, both ways."""

from __future__ import annotations

import math
import re
from typing import Any

from sashimi.program.tree import Step

PROPERTY = "WFPropertyVariableAggrandizement"
KEY = "WFDictionaryValueVariableAggrandizement"
COERCION = "WFCoercionVariableAggrandizement"
FORMAT = "WFDateFormatVariableAggrandizement"
_WORD = re.compile(r"[^\W\d]\w*")


def stored(steps: tuple[Step, ...]) -> list[dict]:
    """What a plist stores of a reference's steps, less the name of its output."""
    return [_stored(step) for step in steps if step.kind != "name"]


def _stored(step: Step) -> dict:
    match step.kind:
        case "property":
            return {"Type": PROPERTY, "PropertyName": step.value, **dict(step.args)}
        case "key":
            return {"Type": KEY, "DictionaryKey": step.value}
        case "as":
            return {"Type": COERCION, "CoercionItemClass": step.value}
        case "format":
            return {"Type": FORMAT, "WFDateFormatStyle": "Custom", "WFDateFormat": step.value}
    return {"Type": step.value, **dict(step.args)}


def read(records: Any) -> tuple[Step, ...] | None:
    """The steps of a list of aggrandizements; None where one is beyond the language."""
    if not isinstance(records, list) or not records:
        return None
    steps = tuple(map(_read, records))
    return None if None in steps else steps


def _read(record: Any) -> Step | None:
    if not isinstance(record, dict) or not _writable(record.get("Type")):
        return None
    fields = {key: value for key, value in record.items() if key != "Type"}
    if not all(_WORD.fullmatch(key) and _scalar(value) for key, value in fields.items()):
        return None
    match record["Type"], fields:
        case ("WFPropertyVariableAggrandizement", {"PropertyName": str() as name, **info}):
            if set(info) <= {"PropertyUserInfo"}:
                return Step("property", name, tuple(info.items()))
        case ("WFDictionaryValueVariableAggrandizement", {"DictionaryKey": str() as name, **rest}):
            if not rest:
                return Step("key", name)
        case ("WFCoercionVariableAggrandizement", {"CoercionItemClass": str() as name, **rest}):
            if not rest:
                return Step("as", name)
        case ("WFDateFormatVariableAggrandizement", {"WFDateFormat": str() as pattern}):
            if fields == {"WFDateFormatStyle": "Custom", "WFDateFormat": pattern}:
                return Step("format", pattern)
    return Step("with", record["Type"], tuple(fields.items()))


def _writable(type_: Any) -> bool:
    return isinstance(type_, str) and _WORD.fullmatch(type_) is not None


def _scalar(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return isinstance(value, str)
