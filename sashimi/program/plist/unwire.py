"""How a plist's value reads in the language: ``Decoder``, the inverse of ``wire.encode``.

Exact by construction: whatever a plist seems to say is encoded again, and where that differs from
what is stored, the value is kept as it is stored (``$raw``, or ``$item`` for one item of a list).
"""

from __future__ import annotations

import math
import plistlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from sashimi.errors import BadInput
from sashimi.program.plist.literals import DEEPEST, depth, nesting, packed, scalar
from sashimi.program.plist.refer import Unnamed, is_attachment
from sashimi.program.plist.same import same
from sashimi.program.plist.shapes import (
    is_fields,
    is_header,
    is_item,
    is_text,
    is_wrapped_text,
    placed,
    style_of,
)
from sashimi.program.plist.wire import (
    ARRAY_ITEM,
    BOOLEAN,
    BOOLEAN_ITEM,
    DICTIONARY,
    DICTIONARY_ITEM,
    ITEMS,
    MARK,
    NUMBER_ITEM,
    QUANTITY,
    REFERRING,
    TEXT_ITEM,
    TOKEN_ATTACHMENT,
    TOKEN_STRING,
    Attach,
    Plist,
    encode,
    typed,
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
    special,
)

NUMBER = re.compile(r"[-+]?[0-9]{1,300}(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
"""Text that stands for a number in an item of that type."""

_STATES = {state: name for name, (_, state) in REFERRING.items()}


class Decoder:
    """Reads values at one point of a program: references by ``refer``, checked by ``attach``.

    ``refer`` raises ``Unnamed`` where no reference stands for a record.
    """

    def __init__(self, refer: Callable[[dict], Reference], attach: Attach):
        self.refer, self.attach = refer, attach
        self.packed: list[Plist] = []
        """Values that are nested too deeply to be written out."""

    def value(self, stored: Plist, form: str = "plain") -> Value:
        """The value of a plist at a place of this form; ``encode`` gives the plist back."""
        if isinstance(stored, str | bool):
            return stored
        if isinstance(stored, int | float) or depth(stored) <= DEEPEST:
            value = self._checked(stored, form)
            if nesting(value) <= DEEPEST:
                return value
        self.packed.append(stored)
        return packed(stored)

    def encode(self, value: Value, form: str = "plain") -> Plist:
        """What a plist stores of a value at this point of the program."""
        return encode(value, self.attach, form)

    def _checked(self, stored: Plist, form: str) -> Value:
        if isinstance(stored, str | bool):
            return stored
        with suppress(Unnamed, Foreign):  # then it is kept as it is
            for value in self._candidates(stored, form):
                if self._gives(value, form, stored):
                    return value
        return self.kept(stored)

    def _gives(self, value: Value, form: str, stored: Plist) -> bool:
        try:
            return same(self.encode(value, form), stored)
        except BadInput:
            return False

    def _candidates(self, stored: Plist, form: str) -> Iterator[Value]:
        value = self._read(stored, form)
        yield value
        match value:
            case Var() | Handle():
                yield Dict((("$attachment", value),))
                yield Interp((value,))
            case Dict() | Headers() if not special(value):
                yield Dict((("$fields", value),))
                if is_fields(stored.get("Value")):
                    plain = self._dictionary(stored["Value"][ITEMS], stored, "dictionary")
                    yield from (plain, Dict((("$fields", plain),)))
            case List() if any(map(is_item, stored)):
                yield Dict((("$items", List(tuple(map(self._element, stored)))),))
                yield Dict((("$list", value),))
            case str():
                yield Dict((("$text", value),))

    def _read(self, stored: Plist, form: str) -> Value:
        """What a plist seems to say."""
        match stored:
            case float() if math.isfinite(stored):
                return stored
            case int() if -(2**63) <= stored < 2**64:
                return stored
            case list() if form == "items" or any(map(is_item, stored)):
                return List(tuple(self._text_element(item) for item in stored))
            case list():
                return List(tuple(self._checked(item, "plain") for item in stored))
            case {"Value": inner, "WFSerializationType": str(kind), **rest} if not rest:
                return self._unwrapped(inner, kind, stored)
            case dict() if is_attachment(stored):
                return Dict((("$bare", self.refer(stored)),))
            case dict() if is_text(stored) and stored.get("attachmentsByRange"):
                return Dict((("$bare", self._interp(stored)),))
            case dict():
                items = ((key, self._checked(value, "plain")) for key, value in stored.items())
                return Dict(tuple(items))
        raise Foreign

    def _unwrapped(self, inner: Plist, kind: str, whole: dict) -> Value:
        if kind == TOKEN_STRING and is_text(inner):
            return self.text(inner)
        if kind == TOKEN_ATTACHMENT and is_attachment(inner):
            return self.refer(inner)
        if kind == QUANTITY and isinstance(inner, dict) and set(inner) == {"Magnitude", "Unit"}:
            unit = self._checked(inner["Unit"], "plain")
            if is_attachment(inner["Magnitude"]):
                return Quantity(self.refer(inner["Magnitude"]), unit)
            return Quantity(self._checked(inner["Magnitude"], "bare"), unit)
        if kind == DICTIONARY and is_fields(inner):
            return self._dictionary(inner[ITEMS], whole)
        value = self.refer(inner) if is_attachment(inner) else self._checked(inner, "plain")
        record = {"Value": value, "WFSerializationType": kind}
        return Dict(tuple((key, record[key]) for key in whole))

    def text(self, record: dict) -> str | Interp | Reference:
        """The text of a token string's record; a lone reference, its range first, is bare."""
        string, attachments = record["string"], record.get("attachmentsByRange", {})
        if "attachmentsByRange" not in record:
            return string
        first = next(iter(record)) == "attachmentsByRange"
        if string == MARK and len(attachments) == 1 and first:
            return self.refer(next(iter(attachments.values())))
        units = string.encode("utf-16-le", "surrogatepass")
        parts, end = [], 0
        for at, _, attachment in sorted(placed(attachments)):
            parts += [units[2 * end : 2 * at], attachment]
            end = at + 1
        parts.append(units[2 * end :])
        texts = [
            self.refer(part) if isinstance(part, dict) else part.decode("utf-16-le", "replace")
            for part in parts
        ]
        return Interp(tuple(part for part in texts if part != ""))

    def _interp(self, record: dict) -> Interp:
        text = self.text(record)
        return text if isinstance(text, Interp) else Interp((text,))

    def _dictionary(self, items: list, whole: dict, style: str = "") -> Dict | Headers:
        if not items and next(iter(whole)) == "WFSerializationType":
            return Dict(())
        if not items:
            fields = Dict(((ITEMS, List(())),))
            return Dict((("Value", fields), ("WFSerializationType", DICTIONARY)))
        style = style or style_of(items)
        pairs = tuple((self._key(item, style), self._item(item)) for item in items)
        if style == "explicit":
            inner = {"Value": Dict(((ITEMS, Dict(pairs)),)), "WFSerializationType": DICTIONARY}
            return Dict(tuple((key, inner[key]) for key in whole))
        return Headers(pairs) if style == "headers" else Dict(pairs)

    def _key(self, item: dict, style: str) -> str | Interp:
        key = item.get("WFKey")
        if not is_wrapped_text(key):
            raise Foreign
        if style == "headers" and is_header(key):
            return key["Value"]["string"]
        value = self.text(key["Value"])
        return Interp((value,)) if isinstance(value, Var | Handle) else value

    def _element(self, item: Plist) -> Value:
        return self._item(item) if is_item(item) else self._checked(item, "plain")

    def _text_element(self, item: Plist) -> Value:
        """An element of a list whose plain texts have no type: a text with one says so."""
        value = self._element(item)
        marked = isinstance(value, str) and not isinstance(item, str)
        return Dict((("$text", value),)) if marked else value

    def _item(self, item: dict) -> Value:
        """The value of an item of a dictionary or list, by its type; ``$item`` for an odd one."""
        rest = {key: value for key, value in item.items() if key != "WFKey"}
        with suppress(Unnamed, Foreign, BadInput):  # then it is kept as it is
            for value in self._typed(item):
                if same(typed(value, self.attach, {}), rest):
                    return value
        return Dict((("$item", self._pairs(rest)),))

    def _typed(self, item: dict) -> Iterator[Value]:
        kind, stored = item.get("WFItemType"), item.get("WFValue")
        if not isinstance(stored, dict):
            return
        inner, state = stored.get("Value"), stored.get("WFSerializationType")
        if kind == BOOLEAN_ITEM and state == BOOLEAN and isinstance(inner, bool):
            yield inner
        elif isinstance(state, str) and state in _STATES:
            yield Dict(((_STATES[state], self._checked(inner, "plain")),))
        elif kind == DICTIONARY_ITEM and state == DICTIONARY:
            yield self._read(inner, "dictionary")
            yield Dict(())
        elif kind == ARRAY_ITEM and isinstance(inner, list):
            yield List(tuple(map(self._text_element, inner)))
        elif kind in (TEXT_ITEM, NUMBER_ITEM) and state == TOKEN_STRING and is_text(inner):
            text = self.text(inner)
            if kind == NUMBER_ITEM:
                if isinstance(text, str) and NUMBER.fullmatch(text):
                    yield values.number(text)
                yield Dict((("$number", text),))
                yield Dict((("$number", Interp((text,))),))
            else:
                yield text
                yield Interp((text,))
        elif kind == TEXT_ITEM:
            yield from self._candidates(stored, "text")

    def kept(self, stored: Plist, whole: bool = True) -> Value:
        """A value as it is stored, references in it read; what is ``whole`` says so itself."""
        match stored:
            case bool() | str():
                return stored
            case bytes() | datetime() | plistlib.UID() | int() | float():
                return scalar(stored)
            case dict() if whole and not is_attachment(stored) and not is_text(stored):
                return Dict((("$raw", self._pairs(stored)),))
            case _ if whole:
                return Dict((("$raw", self.kept(stored, whole=False)),))
            case list():
                return List(tuple(self.kept(item, whole=False) for item in stored))
            case dict():
                return self._bare(stored)
        raise BadInput(f"no value of the language is a {type(stored).__name__}")

    def _bare(self, stored: dict) -> Value:
        """A dictionary inside of what is kept: a reference or text where that gives it back."""
        with suppress(Unnamed):  # then it stays a dictionary
            if is_attachment(stored):
                return self.refer(stored)
            if is_text(stored) and stored.get("attachmentsByRange"):
                interp = self._interp(stored)
                if self._gives(Dict((("$raw", interp),)), "plain", stored):
                    return interp
        pairs = self._pairs(stored)
        return Dict((("$raw", pairs),)) if special(pairs) else pairs

    def _pairs(self, stored: dict) -> Dict:
        return Dict(tuple((k, self.kept(v, whole=False)) for k, v in stored.items()))


class Foreign(Exception):
    """A record of a kind that the decoder knows, in a shape that it does not."""
