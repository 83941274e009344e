"""How a plist's value reads in the language: ``decode``, the inverse of ``wire.encode``."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import datetime

from sashimi.errors import BadInput
from sashimi.program.plist.wire import (
    ARRAY_ITEM,
    BOOLEAN,
    DICTIONARY,
    DICTIONARY_ITEM,
    ITEMS,
    MARK,
    NUMBER_ITEM,
    QUANTITY,
    TOKEN_ATTACHMENT,
    TOKEN_STRING,
    Plist,
)
from sashimi.program.text import values
from sashimi.program.tree import (
    Dict,
    Handle,
    Headers,
    Interp,
    List,
    Quantity,
    Reference,
    Value,
    Var,
)

Refer = Callable[[dict], Reference]

ATTACHMENT_KEYS = {
    "ActionOutput": {"OutputUUID", "OutputName"},
    "Ask": set(),
    "Clipboard": set(),
    "CurrentDate": set(),
    "DeviceDetails": set(),
    "ExtensionInput": set(),
    "Variable": {"VariableName"},
}
"""Per type of reference, what its record must hold; anything more is beyond the language."""

RANGE = re.compile(r"\{(\d{1,9}), ?1\}")
"""How ``attachmentsByRange`` names a reference: ``{position, 1}`` in UTF-16 code units."""

NUMBER = re.compile(r"[-+]?[0-9]{1,300}(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
"""Text that stands for a number in an item of that type."""


class Foreign(BadInput):
    """A record of a kind that this module knows, in a shape that it does not."""


def decode(plist: Plist, refer: Refer) -> Value:
    """The value of a plist; a record of an unknown kind becomes a dictionary of its keys.

    Bytes and dates, for which the language has no value, become ``{"$data": "<base64>"}`` and
    ``{"$date": "<ISO 8601>"}``. Raises ``Foreign`` for what nothing can hold.
    """
    match plist:
        case float() if not math.isfinite(plist):
            raise Foreign(f"no value of the language is {plist}")
        case int() if not -(2**63) <= plist < 2**64:
            raise Foreign(f"an integer of {plist.bit_length()} bits: a plist has 64")
        case bool() | int() | float() | str():
            return plist
        case bytes():
            return Dict((("$data", base64.b64encode(plist).decode("ascii")),))
        case datetime():
            return Dict((("$date", plist.isoformat()),))
        case list():
            return List(tuple(_element(item, refer) for item in plist))
        case {"Value": inner, "WFSerializationType": str(kind), **rest} if not rest:
            return _unwrapped(inner, kind, plist, refer)
        case dict() if is_attachment(plist):
            return refer(plist)
        case dict():
            return Dict(tuple((key, decode(value, refer)) for key, value in plist.items()))
    raise Foreign(f"no value of the language is a {type(plist).__name__}")


def is_attachment(plist: Plist) -> bool:
    """Whether a plist is the bare record of a reference that the language can write."""
    if not isinstance(plist, dict) or not isinstance(plist.get("Type"), str):
        return False
    named = ATTACHMENT_KEYS.get(plist["Type"]) == set(plist) - {"Type"}
    return named and all(isinstance(value, str) for value in plist.values())


def _unwrapped(inner: Plist, kind: str, whole: dict, refer: Refer) -> Value:
    if kind == TOKEN_STRING and _is_text(inner):
        return text_of(inner, refer)
    if kind == TOKEN_ATTACHMENT and is_attachment(inner):
        return refer(inner)
    if kind == QUANTITY and isinstance(inner, dict) and set(inner) == {"Magnitude", "Unit"}:
        return Quantity(decode(inner["Magnitude"], refer), decode(inner["Unit"], refer))
    if kind == BOOLEAN and isinstance(inner, bool):
        return inner
    if kind == DICTIONARY and _is_fields(inner):
        return _dictionary(inner[ITEMS], whole, refer)
    return Dict(
        tuple(
            (key, refer(value) if is_attachment(value) else decode(value, refer))
            for key, value in whole.items()
        )
    )


def _is_text(record: Plist) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("string"), str):
        return False
    attachments = record.get("attachmentsByRange", {})
    if not set(record) <= {"string", "attachmentsByRange"} or not isinstance(attachments, dict):
        return False
    return all(RANGE.fullmatch(k) and is_attachment(v) for k, v in attachments.items())


def text_of(record: dict, refer: Refer) -> str | Interp | Reference:
    """The text of a token string's record; a lone reference in attachment-first order is bare."""
    string, attachments = record["string"], record.get("attachmentsByRange", {})
    if "attachmentsByRange" not in record:
        return string
    if string == MARK and len(attachments) == 1 and next(iter(record)) == "attachmentsByRange":
        return refer(next(iter(attachments.values())))
    units = string.encode("utf-16-le", "surrogatepass")
    parts, end = [], 0
    for at, _, attachment in sorted(_placed(attachments)):
        parts += [units[2 * end : 2 * at], attachment]
        end = at + 1
    parts.append(units[2 * end :])
    texts = [
        refer(part) if isinstance(part, dict) else part.decode("utf-16-le", "surrogatepass")
        for part in parts
    ]
    return Interp(tuple(part for part in texts if part != ""))


def _placed(attachments: dict) -> list[tuple[int, int, dict]]:
    return [(int(RANGE.fullmatch(k)[1]), n, v) for n, (k, v) in enumerate(attachments.items())]


def _element(item: Plist, refer: Refer) -> Value:
    if isinstance(item, dict) and set(item) == {"WFItemType", "WFValue"}:
        return _untyped(item, refer)
    return decode(item, refer)


def _is_fields(record: Plist) -> bool:
    if (
        not isinstance(record, dict)
        or list(record) != [ITEMS]
        or not isinstance(record[ITEMS], list)
    ):
        return False
    return all(
        isinstance(item, dict)
        and set(item) == {"WFItemType", "WFKey", "WFValue"}
        and (isinstance(item["WFKey"], str) or _is_wrapped_text(item["WFKey"]))
        for item in record[ITEMS]
    )


def _is_wrapped_text(key: Plist) -> bool:
    return (
        isinstance(key, dict)
        and set(key) == {"Value", "WFSerializationType"}
        and key["WFSerializationType"] == TOKEN_STRING
        and _is_text(key["Value"])
    )


def _dictionary(items: list, whole: dict, refer: Refer) -> Dict | Headers:
    if not items and next(iter(whole)) == "WFSerializationType":
        return Dict(())
    if not items:
        return Dict((("Value", Dict(((ITEMS, List(())),))), ("WFSerializationType", DICTIONARY)))
    pairs = tuple((_text_key(item, refer), _untyped(item, refer)) for item in items)
    styles = {_style(item["WFKey"]) for item in items} - {"dictionary"}
    style = styles.pop() if len(styles) == 1 else "dictionary"
    if style == "explicit":
        inner = {"Value": Dict(((ITEMS, Dict(pairs)),)), "WFSerializationType": DICTIONARY}
        return Dict(tuple((key, inner[key]) for key in whole))
    return Headers(pairs) if style == "headers" else Dict(pairs)


def _style(key: Plist) -> str:
    if not isinstance(key, dict) or next(iter(key), None) != "WFSerializationType":
        return "dictionary"
    return "headers" if "attachmentsByRange" in key["Value"] else "explicit"


def _text_key(item: dict, refer: Refer) -> str | Interp:
    key = item.get("WFKey")
    if isinstance(key, str):
        return key
    if _style(key) == "headers" and next(iter(key["Value"])) == "attachmentsByRange":
        return key["Value"]["string"]
    value = decode(key, refer)
    if isinstance(value, Var | Handle):
        return Interp((value,))
    return value


def _untyped(item: dict, refer: Refer) -> Value:
    kind, stored = item.get("WFItemType"), item.get("WFValue")
    if kind == NUMBER_ITEM:
        text = decode(stored, refer)
        return values.number(text) if isinstance(text, str) and NUMBER.fullmatch(text) else text
    if kind == DICTIONARY_ITEM and isinstance(stored, dict):
        inner = decode(stored.get("Value"), refer)
        if isinstance(inner, Dict | Headers):
            return inner
    if kind == ARRAY_ITEM and isinstance(stored, dict) and isinstance(stored.get("Value"), list):
        return List(tuple(_element(value, refer) for value in stored["Value"]))
    return decode(stored, refer)
