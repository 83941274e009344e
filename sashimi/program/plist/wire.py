"""How a value stands in a plist: ``encode``, whose inverse is ``unwire.Decoder``.

The language can write some things in two ways that Shortcuts stores in one (``@prev`` and
`` `{@prev}` `` in a text field, ``{…}`` and ``HEADERS {…}``). So that decompiling finds the one
that was written, the *order* of keys inside such a record differs: Shortcuts ignores it and
property lists keep it. A foreign plist's order may be any; its meaning is read all the same.

Token strings hold U+FFFC at each reference; positions count UTF-16 code units. ``special`` values
are in the table of docs/language.md.
"""

from __future__ import annotations

import base64
import plistlib
from collections.abc import Callable
from typing import Any

from sashimi.errors import BadInput
from sashimi.program import dates
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
    special,
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

TEXT_ITEM, DICTIONARY_ITEM, ARRAY_ITEM, NUMBER_ITEM, BOOLEAN_ITEM, FILE_ITEM = range(6)

REFERRING = {
    "$boolean": (BOOLEAN_ITEM, BOOLEAN),
    "$array": (ARRAY_ITEM, "WFArraySubstitutableParameterState"),
    "$dictionary": (DICTIONARY_ITEM, "WFDictionarySubstitutableParameterState"),
    "$file": (FILE_ITEM, "WFTokenAttachmentParameterState"),
}
"""Items of a type whose value is a reference: the type, and how the reference is wrapped."""

SCALARS: dict[str, Callable[[str], Plist]] = {
    "$data": lambda text: base64.b64decode(text, validate=True),
    "$date": dates.read,
    "$real": float,
    "$integer": lambda text: int(text, 16),
    "$uid": lambda text: plistlib.UID(int(text)),
    "$plist": lambda text: plistlib.loads(base64.b64decode(text, validate=True)),
}
"""What reads the text of a value for which the language has no word."""


def wrapped(value: Plist, kind: str) -> dict:
    """A value with its serialization type, as Shortcuts stores anything that is not plain."""
    return {"Value": value, "WFSerializationType": kind}


def utf16(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def encode(value: Value, attach: Attach, form: str = "plain") -> Plist:
    """The plist of a value; ``BadInput`` for a special value that cannot be read.

    ``form`` says what the place is for: ``text`` (a lone reference becomes a token string),
    ``bare`` (it becomes its record alone), ``dictionary`` (a dictionary becomes a field of items),
    ``items`` (a list whose elements carry their type), or ``plain``. ``attach`` gives the record
    of a reference.
    """
    match value:
        case str() | bool() | int() | float():
            return value
        case Var() | Handle() if form == "text":
            record = {"attachmentsByRange": {"{0, 1}": attach(value)}, "string": MARK}
            return wrapped(record, TOKEN_STRING)
        case Var() | Handle():
            return attach(value) if form == "bare" else wrapped(attach(value), TOKEN_ATTACHMENT)
        case Interp():
            return token_string(value, attach)
        case Quantity(magnitude=magnitude, unit=unit):
            record = {"Magnitude": encode(magnitude, attach, "bare"), "Unit": encode(unit, attach)}
            return wrapped(record, QUANTITY)
        case List(items=items) if form == "items":
            return _elements(items, attach)
        case List(items=items):
            return [encode(item, attach) for item in items]
        case Headers(items=items):
            return _fields(items, attach, "headers")
        case Dict(items=((str() as kind, inner),)) if kind in SPECIAL:
            return SPECIAL[kind](inner, attach)
        case Dict(items=items) if form == "dictionary" and not _explicit(value):
            return _fields(items, attach, "dictionary")
        case Dict():
            return _record(value, attach)
    raise TypeError(f"not a value of a program: {value!r}")


def _scalar(kind: str) -> Callable[[Value, Attach], Plist]:
    def read(text: Value, attach: Attach) -> Plist:
        try:
            return SCALARS[kind](text)
        except (ValueError, TypeError, OverflowError, plistlib.InvalidFileException) as error:
            raise BadInput(f"a {kind} cannot be read: {error}") from None

    return read


def _listed(value: Value, attach: Attach) -> Plist:
    """``$items``: a list each of whose elements carries its type, texts too."""
    if not isinstance(value, List):
        raise BadInput("a $items holds no list")
    return [typed(item, attach, {}) for item in value.items]


def _elements(items: tuple[Value, ...], attach: Attach) -> list:
    """Elements of a list as Shortcuts stores them: only what is no plain text carries its type."""
    return [item if isinstance(item, str) else typed(item, attach, {}) for item in items]


def raw(value: Value, attach: Attach) -> Plist:
    """``$raw``: a value as it is stored; in it a reference, or a text with some, is bare."""
    match value:
        case Var() | Handle():
            return attach(value)
        case Interp():
            return token_string(value, attach)["Value"]
        case List(items=items):
            return [raw(item, attach) for item in items]
        case Dict(items=((str() as kind, inner),)) if kind in SCALARS:
            return SPECIAL[kind](inner, attach)
        case Dict(items=(("$raw", Dict(items=items)),)):  # keys that would read as a special value
            return {_name(key): raw(inner, attach) for key, inner in items}
        case Dict(items=items):
            return {_name(key): raw(inner, attach) for key, inner in items}
    return encode(value, attach)


def _outer(value: Value, attach: Attach) -> Plist:
    if isinstance(value, Dict):  # its keys are told apart only further in
        return {_name(key): raw(inner, attach) for key, inner in value.items}
    return raw(value, attach)


def _name(key: str | Interp) -> str:
    if not isinstance(key, str):
        raise BadInput("a key of a $raw dictionary holds a reference")
    return key


def _plain_text(value: Value, attach: Attach) -> Plist:
    if not isinstance(value, str):
        return encode(value, attach, "text")
    return wrapped({"string": value}, TOKEN_STRING)


def _bare(value: Value, attach: Attach) -> Plist:
    """``$bare``: the record of a reference, or of a text with some, not wrapped."""
    match value:
        case Var() | Handle():
            return attach(value)
        case Interp():
            return token_string(value, attach)["Value"]
    raise BadInput("a $bare holds neither a reference nor a text with references")


SPECIAL: dict[str, Callable[[Value, Attach], Plist]] = {
    **{kind: _scalar(kind) for kind in SCALARS},
    "$raw": _outer,
    "$bare": _bare,
    "$attachment": lambda value, attach: encode(value, attach),
    "$text": _plain_text,
    "$items": _listed,
    "$list": lambda value, attach: encode(value, attach, "items"),
    "$fields": lambda value, attach: encode(value, attach, "dictionary"),
}
"""What encodes the dictionaries of one key that begins with ``$``, wherever they stand."""


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
    made = [typed(value, attach, {"WFKey": _key(key, attach, style)}) for key, value in items]
    return [dict(reversed(item.items())) for item in made] if style == "explicit" else made


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


def typed(value: Value, attach: Attach, item: dict) -> dict:
    """An item of a dictionary or list, with its type."""
    match value:
        case bool():
            kind, stored = BOOLEAN_ITEM, wrapped(value, BOOLEAN)
        case int() | float():
            kind, stored = NUMBER_ITEM, _plain_text(values.spell(value), attach)
        case str():
            kind, stored = TEXT_ITEM, _plain_text(value, attach)
        case Dict(items=((str() as name, inner),)) if special(value):
            return _special_item(name, inner, attach, item)
        case Headers(items=items):
            kind, stored = DICTIONARY_ITEM, wrapped(_fields(items, attach, "headers"), DICTIONARY)
        case Dict(items=items):
            fields = _fields(items, attach, "dictionary")
            kind, stored = DICTIONARY_ITEM, wrapped(fields, DICTIONARY)
        case List(items=items):
            kind, stored = ARRAY_ITEM, wrapped(_elements(items, attach), ARRAY)
        case _:
            kind, stored = TEXT_ITEM, encode(value, attach, "text")
    return {"WFItemType": kind, **item, "WFValue": stored}


def _special_item(name: str, inner: Value, attach: Attach, item: dict) -> dict:
    if name == "$number":
        return {"WFItemType": NUMBER_ITEM, **item, "WFValue": _plain_text(inner, attach)}
    if name in REFERRING:
        kind, state = REFERRING[name]
        return {"WFItemType": kind, **item, "WFValue": wrapped(encode(inner, attach), state)}
    if name == "$item" and isinstance(inner, Dict):
        return {**item, **_outer(inner, attach)}
    if name in SPECIAL:
        return {"WFItemType": TEXT_ITEM, **item, "WFValue": SPECIAL[name](inner, attach)}
    fields = _fields(((name, inner),), attach, "dictionary")
    return {"WFItemType": DICTIONARY_ITEM, **item, "WFValue": wrapped(fields, DICTIONARY)}
