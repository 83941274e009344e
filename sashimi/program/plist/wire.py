"""How a value stands in a plist: ``encode``, whose inverse is ``unwire.decode``.

The language can write some things in two ways that Shortcuts stores in one (``@prev`` and
`` `{@prev}` `` in a text field, ``{…}`` and ``HEADERS {…}``). So that decompiling finds the one
that was written, the *order* of keys inside such a record differs: Shortcuts ignores it and
property lists keep it. A foreign plist's order may be any; its meaning is read all the same.

Token strings hold U+FFFC at each reference; positions count UTF-16 code units.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sashimi.errors import BadInput
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

Plist = Any
Attach = Callable[[Reference], dict]

TOKEN_STRING = "WFTextTokenString"
TOKEN_ATTACHMENT = "WFTextTokenAttachment"
DICTIONARY = "WFDictionaryFieldValue"
ARRAY = "WFArrayParameterState"
QUANTITY = "WFQuantityFieldValue"
BOOLEAN = "WFNumberSubstitutableState"
ITEMS = "WFDictionaryFieldValueItems"
MARK = "\ufffc"
"""Stands in a token string where a reference is."""


TEXT_ITEM, DICTIONARY_ITEM, ARRAY_ITEM, NUMBER_ITEM, BOOLEAN_ITEM = range(5)


def wrapped(value: Plist, kind: str) -> dict:
    """A value with its serialization type, as Shortcuts stores anything that is not plain."""
    return {"Value": value, "WFSerializationType": kind}


def utf16(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text) + sum(char > "\uffff" for char in text)


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
        case Dict(items=((("$data", str() as text)),)):
            return _foreign(base64.b64decode, text)
        case Dict(items=((("$date", str() as text)),)):
            return _foreign(datetime.fromisoformat, text)
        case Dict():
            return _record(value, attach)
    raise TypeError(f"not a value of a program: {value!r}")


def _foreign(read: Callable[[str], Plist], text: str) -> Plist:
    """Bytes or a date that a foreign plist held, from the text that the language keeps."""
    try:
        return read(text)
    except ValueError as error:
        raise BadInput(f"a literal of bytes or a date cannot be read: {error}") from None


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
    if not items:  # the order tells it from the record that a program spells out
        return {"WFSerializationType": DICTIONARY, "Value": {ITEMS: []}}
    return wrapped({ITEMS: _items(items, attach, style)}, DICTIONARY)


def _items(items: tuple, attach: Attach, style: str) -> list[dict]:
    return [_typed(value, attach, {"WFKey": _key(key, attach, style)}) for key, value in items]


def _key(key: str | Interp, attach: Attach, style: str) -> dict:
    """A key as a token string; its order tells the three ways to write a dictionary apart."""
    if isinstance(key, Interp):
        record = token_string(key, attach)["Value"]
    elif style == "headers":
        record = {"attachmentsByRange": {}, "string": key}
    else:
        record = {"string": key}
    if style == "dictionary" or (style == "explicit" and isinstance(key, Interp)):
        return wrapped(record, TOKEN_STRING)
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
