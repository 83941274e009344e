"""How a value stands in a plist, and back: ``encode`` and ``decode`` are inverses.

The language can write some things in two ways that Shortcuts stores in one (``@prev`` and
`` `{@prev}` `` in a text field, ``{…}`` and ``HEADERS {…}``). So that decompiling finds the one
that was written, the *order* of keys inside such a record differs: Shortcuts ignores it and
property lists keep it. A foreign plist's order may be any; its meaning is read all the same.

Token strings hold U+FFFC at each reference; positions count UTF-16 code units.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sashimi.program import values
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

Plist = Any
Attach = Callable[[Reference], dict]
Refer = Callable[[dict], Reference]

TOKEN_STRING = "WFTextTokenString"
TOKEN_ATTACHMENT = "WFTextTokenAttachment"
DICTIONARY = "WFDictionaryFieldValue"
ARRAY = "WFArrayParameterState"
QUANTITY = "WFQuantityFieldValue"
BOOLEAN = "WFNumberSubstitutableState"
ITEMS = "WFDictionaryFieldValueItems"
MARK = "\ufffc"
"""Stands in a token string where a reference is."""
RANGE = re.compile(r"\{(\d{1,9}), ?1\}")
"""How ``attachmentsByRange`` names a reference: ``{position, 1}`` in UTF-16 code units."""

TEXT_ITEM, DICTIONARY_ITEM, ARRAY_ITEM, NUMBER_ITEM, BOOLEAN_ITEM = range(5)
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


def wrapped(value: Plist, kind: str) -> dict:
    """A value with its serialization type, as Shortcuts stores anything that is not plain."""
    return {"Value": value, "WFSerializationType": kind}


def utf16(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text) + sum(char > "\uffff" for char in text)


# ---------------------------------------------------------------- encode


def encode(value: Value, attach: Attach, form: str = "plain") -> Plist:
    """The plist of a value.

    ``form`` says what the place is for: ``text`` (a lone reference becomes a token string),
    ``dictionary`` (a dictionary becomes a field of items), ``items`` (a list whose elements carry
    their type), or ``plain``. ``attach`` gives the record of a reference.
    """
    match value:
        case str() | bool() | int() | float():
            return value
        case Var() | Handle() if form == "text":
            record = {"attachmentsByRange": {"{0, 1}": attach(value)}, "string": MARK}
            return wrapped(record, TOKEN_STRING)
        case Var() | Handle():
            return wrapped(attach(value), TOKEN_ATTACHMENT)
        case Interp():
            return token_string(value, attach)
        case Quantity(magnitude=magnitude, unit=unit):
            record = {"Magnitude": encode(magnitude, attach), "Unit": encode(unit, attach)}
            return wrapped(record, QUANTITY)
        case List(items=items) if form == "items":
            return [item if isinstance(item, str) else _typed(item, attach, {}) for item in items]
        case List(items=items):
            return [encode(item, attach) for item in items]
        case Headers(items=items):
            return _fields(items, attach, "headers")
        case Dict(items=items) if form == "dictionary" and not _explicit(value):
            return _fields(items, attach, "dictionary")
        case Dict():
            return _record(value, attach)
    raise TypeError(f"not a value of a program: {value!r}")


def token_string(interp: Interp, attach: Attach) -> dict:
    """``{"string", "attachmentsByRange"}`` of an interpolated string, wrapped."""
    text, at, attachments = [], 0, {}
    for part in interp.parts:
        if isinstance(part, str):
            text.append(part)
            at += utf16(part)
        else:
            attachments[f"{{{at}, 1}}"] = attach(part)
            text.append(MARK)
            at += 1
    return wrapped({"string": "".join(text), "attachmentsByRange": attachments}, TOKEN_STRING)


def _explicit(value: Dict) -> bool:
    return any(key == "WFSerializationType" for key, _ in value.items)


def _record(value: Dict, attach: Attach) -> dict:
    """A dictionary that is Shortcuts' own record: its keys stay as they are."""
    keys = [key for key, _ in value.items]
    if len(set(keys)) < len(keys) or not all(isinstance(key, str) for key in keys):
        return _fields(value.items, attach, "dictionary")  # no plist key repeats or holds values
    kind = dict(value.items).get("WFSerializationType")
    out = {}
    for key, inner in value.items:
        if key == ITEMS and isinstance(inner, Dict):
            out[key] = _items(inner.items, attach, "explicit")
        elif key == "Value" and kind is not None and isinstance(inner, Var | Handle):
            out[key] = attach(inner)  # the record's own type says how to read it
        else:
            out[key] = encode(inner, attach)
    return out


def _fields(items: tuple, attach: Attach, style: str) -> dict:
    return wrapped({ITEMS: _items(items, attach, style)}, DICTIONARY)


def _items(items: tuple, attach: Attach, style: str) -> list[dict]:
    return [_typed(value, attach, {"WFKey": _key(key, attach, style)}) for key, value in items]


def _key(key: str | Interp, attach: Attach, style: str) -> dict:
    """A key as a token string; its order tells the three ways to write a dictionary apart."""
    if isinstance(key, Interp):
        return token_string(key, attach)
    if style == "dictionary":
        return wrapped({"string": key}, TOKEN_STRING)
    record = {"string": key} if style == "explicit" else {"string": key, "attachmentsByRange": {}}
    return {"WFSerializationType": TOKEN_STRING, "Value": record}


def _typed(value: Value, attach: Attach, item: dict) -> dict:
    """An item of a dictionary or list, with its type."""
    match value:
        case bool():
            kind, stored = BOOLEAN_ITEM, wrapped(value, BOOLEAN)
        case int() | float():
            kind, stored = NUMBER_ITEM, wrapped({"string": values.spell(value)}, TOKEN_STRING)
        case str():
            kind, stored = TEXT_ITEM, wrapped({"string": value}, TOKEN_STRING)
        case Headers(items=items):
            kind, stored = DICTIONARY_ITEM, wrapped(_fields(items, attach, "headers"), DICTIONARY)
        case Dict(items=items):
            kind, stored = (
                DICTIONARY_ITEM,
                wrapped(_fields(items, attach, "dictionary"), DICTIONARY),
            )
        case List(items=items):
            kind, stored = ARRAY_ITEM, wrapped([_typed(v, attach, {}) for v in items], ARRAY)
        case _:
            kind, stored = TEXT_ITEM, encode(value, attach)
    return {"WFItemType": kind, **item, "WFValue": stored}


# ---------------------------------------------------------------- decode


class Foreign(ValueError):
    """A record of a kind that this module knows, in a shape that it does not."""


def decode(plist: Plist, refer: Refer) -> Value:
    """The value of a plist; a record of an unknown kind becomes a dictionary of its keys.

    Raises ``Foreign`` for what no value can hold (bytes and dates are the caller's business).
    """
    match plist:
        case bool() | int() | float() | str():
            return plist
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
    return ATTACHMENT_KEYS.get(plist["Type"]) == set(plist) - {"Type"}


def _unwrapped(inner: Plist, kind: str, whole: dict, refer: Refer) -> Value:
    if kind == TOKEN_STRING and _is_text(inner):
        return text_of(inner, refer)
    if kind == TOKEN_ATTACHMENT and is_attachment(inner):
        return refer(inner)
    if kind == QUANTITY and isinstance(inner, dict) and set(inner) == {"Magnitude", "Unit"}:
        return Quantity(decode(inner["Magnitude"], refer), decode(inner["Unit"], refer))
    if kind == BOOLEAN and isinstance(inner, bool):
        return inner
    if kind == DICTIONARY and isinstance(inner, dict) and list(inner) == [ITEMS]:
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


def _dictionary(items: Plist, whole: dict, refer: Refer) -> Dict | Headers:
    if not isinstance(items, list):
        raise Foreign("the items of a dictionary are no array")
    if not items:
        return Dict((("Value", Dict(((ITEMS, List(())),))), ("WFSerializationType", DICTIONARY)))
    pairs = tuple((_text_key(item, refer), _untyped(item, refer)) for item in items)
    style = _style(items[0]["WFKey"])
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
    if _style(key) != "dictionary" and not key["Value"].get("attachmentsByRange"):
        return key["Value"]["string"]
    value = decode(key, refer)
    if isinstance(value, Var | Handle):
        return Interp((value,))
    if not isinstance(value, str | Interp):
        raise Foreign("the key of a dictionary is no text")
    return value


def _untyped(item: dict, refer: Refer) -> Value:
    kind, stored = item.get("WFItemType"), item.get("WFValue")
    if kind == NUMBER_ITEM:
        text = decode(stored, refer)
        return values.number(text) if isinstance(text, str) and text else text
    if kind == DICTIONARY_ITEM and isinstance(stored, dict):
        inner = decode(stored.get("Value"), refer)
        if isinstance(inner, Dict | Headers):
            return inner
    if kind == ARRAY_ITEM and isinstance(stored, dict) and isinstance(stored.get("Value"), list):
        return List(tuple(_element(value, refer) for value in stored["Value"]))
    return decode(stored, refer)
