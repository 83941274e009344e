"""How a plist's value reads in the language: ``Decoder``, the inverse of ``wire.encode``.

Exact by construction: whatever a plist seems to say is encoded again, and where that differs from
what is stored, the value is kept as it is stored (``$raw``, or ``$item`` for one item of a list).
"""

from __future__ import annotations

import base64
import math
import plistlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime

from sashimi.errors import BadInput
from sashimi.program import dates
from sashimi.program.plist.refer import Unnamed, is_attachment
from sashimi.program.plist.same import same
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

RANGE = re.compile(r"\{(\d{1,9}), ?1\}")
"""How ``attachmentsByRange`` names a reference: ``{position, 1}`` in UTF-16 code units."""

NUMBER = re.compile(r"[-+]?[0-9]{1,300}(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
"""Text that stands for a number in an item of that type."""

DEEPEST = 36
"""Most braces that a value is written with, one in another; what is deeper stays a plist."""

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
        return _packed(stored)

    def _checked(self, stored: Plist, form: str) -> Value:
        if isinstance(stored, str | bool):
            return stored
        try:
            for value in self._candidates(stored, form):
                if self._gives(value, form, stored):
                    return value
        except (Unnamed, Foreign):
            pass
        return self.kept(stored)

    def _gives(self, value: Value, form: str, stored: Plist) -> bool:
        try:
            return same(encode(value, self.attach, form), stored)
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
                if _is_fields(stored.get("Value")):
                    plain = self._dictionary(stored["Value"][ITEMS], stored, "dictionary")
                    yield from (plain, Dict((("$fields", plain),)))
            case List() if any(map(_is_item, stored)):
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
            case list() if form == "items" or any(map(_is_item, stored)):
                return List(tuple(self._text_element(item) for item in stored))
            case list():
                return List(tuple(self._checked(item, "plain") for item in stored))
            case {"Value": inner, "WFSerializationType": str(kind), **rest} if not rest:
                return self._unwrapped(inner, kind, stored)
            case dict() if is_attachment(stored):
                raise Foreign
            case dict():
                items = ((key, self._checked(value, "plain")) for key, value in stored.items())
                return Dict(tuple(items))
        raise Foreign

    def _unwrapped(self, inner: Plist, kind: str, whole: dict) -> Value:
        if kind == TOKEN_STRING and _is_text(inner):
            return self.text(inner)
        if kind == TOKEN_ATTACHMENT and is_attachment(inner):
            return self.refer(inner)
        if kind == QUANTITY and isinstance(inner, dict) and set(inner) == {"Magnitude", "Unit"}:
            unit = self._checked(inner["Unit"], "plain")
            if is_attachment(inner["Magnitude"]):
                return Quantity(self.refer(inner["Magnitude"]), unit)
            return Quantity(self._checked(inner["Magnitude"], "bare"), unit)
        if kind == DICTIONARY and _is_fields(inner):
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
        for at, _, attachment in sorted(_placed(attachments)):
            parts += [units[2 * end : 2 * at], attachment]
            end = at + 1
        parts.append(units[2 * end :])
        texts = [
            self.refer(part) if isinstance(part, dict) else part.decode("utf-16-le", "replace")
            for part in parts
        ]
        return Interp(tuple(part for part in texts if part != ""))

    def _dictionary(self, items: list, whole: dict, style: str = "") -> Dict | Headers:
        if not items and next(iter(whole)) == "WFSerializationType":
            return Dict(())
        if not items:
            fields = Dict(((ITEMS, List(())),))
            return Dict((("Value", fields), ("WFSerializationType", DICTIONARY)))
        style = style or _style(items)
        pairs = tuple((self._key(item, style), self._item(item)) for item in items)
        if style == "explicit":
            inner = {"Value": Dict(((ITEMS, Dict(pairs)),)), "WFSerializationType": DICTIONARY}
            return Dict(tuple((key, inner[key]) for key in whole))
        return Headers(pairs) if style == "headers" else Dict(pairs)

    def _key(self, item: dict, style: str) -> str | Interp:
        key = item.get("WFKey")
        if not _is_wrapped_text(key):
            raise Foreign
        if style == "headers" and _is_header(key):
            return key["Value"]["string"]
        value = self.text(key["Value"])
        return Interp((value,)) if isinstance(value, Var | Handle) else value

    def _element(self, item: Plist) -> Value:
        return self._item(item) if _is_item(item) else self._checked(item, "plain")

    def _text_element(self, item: Plist) -> Value:
        """An element of a list whose plain texts have no type: a text with one says so."""
        value = self._element(item)
        marked = isinstance(value, str) and not isinstance(item, str)
        return Dict((("$text", value),)) if marked else value

    def _item(self, item: dict) -> Value:
        """The value of an item of a dictionary or list, by its type; ``$item`` for an odd one."""
        rest = {key: value for key, value in item.items() if key != "WFKey"}
        try:
            for value in self._typed(item):
                if same(typed(value, self.attach, {}), rest):
                    return value
        except (Unnamed, Foreign, BadInput):
            pass
        return Dict((("$item", self._pairs(rest)),))

    def _typed(self, item: dict) -> Iterator[Value]:
        kind, stored = item.get("WFItemType"), item.get("WFValue")
        if not isinstance(stored, dict):
            return
        inner, state = stored.get("Value"), stored.get("WFSerializationType")
        if state in _STATES and isinstance(inner, dict):
            yield Dict(((_STATES[state], self._checked(inner, "plain")),))
        elif kind == BOOLEAN_ITEM and state == BOOLEAN and isinstance(inner, bool):
            yield inner
        elif kind == DICTIONARY_ITEM and state == DICTIONARY:
            yield self._read(inner, "dictionary")
        elif kind == ARRAY_ITEM and isinstance(inner, list):
            yield List(tuple(map(self._element, inner)))
        elif kind in (TEXT_ITEM, NUMBER_ITEM) and state == TOKEN_STRING and _is_text(inner):
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
                return _scalar(stored)
            case dict() if whole and not is_attachment(stored) and not _is_text(stored):
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
        try:
            if is_attachment(stored):
                return self.refer(stored)
            if _is_text(stored) and stored.get("attachmentsByRange"):
                text = self.text(stored)
                interp = text if isinstance(text, Interp) else Interp((text,))
                if self._gives(Dict((("$raw", interp),)), "plain", stored):
                    return interp
        except Unnamed:
            pass
        pairs = self._pairs(stored)
        return Dict((("$raw", pairs),)) if special(pairs) else pairs

    def _pairs(self, stored: dict) -> Dict:
        return Dict(tuple((k, self.kept(v, whole=False)) for k, v in stored.items()))


class Foreign(Exception):
    """A record of a kind that the decoder knows, in a shape that it does not."""


def _scalar(stored: Plist) -> Value:
    match stored:
        case bytes():
            return Dict((("$data", base64.b64encode(stored).decode("ascii")),))
        case datetime():
            return Dict((("$date", dates.spell(stored)),))
        case plistlib.UID():
            return Dict((("$uid", str(stored.data)),))
        case int() if not -(2**63) <= stored < 2**64:
            return Dict((("$integer", hex(stored)),))
        case float() if not math.isfinite(stored):
            return Dict((("$real", repr(stored)),))
    return stored


def _packed(stored: Plist) -> Value:
    """A value that is nested too deeply to be written out, as the bytes of a plist."""
    try:
        data = plistlib.dumps(stored, fmt=plistlib.FMT_BINARY, sort_keys=False)
    except OverflowError:
        raise BadInput("an integer beyond 64 bits, nested too deeply to be kept") from None
    return Dict((("$plist", base64.b64encode(data).decode("ascii")),))


def depth(stored: Plist) -> int:
    """How deep a plist nests."""
    level, deepest = [stored], -1
    while level:
        deepest += 1
        inner: list = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = inner
    return deepest


def nesting(value: Value) -> int:
    """How deep the braces of a value nest in its text."""
    match value:
        case Dict(items=items) | Headers(items=items):
            return 1 + max((nesting(inner) for _, inner in items), default=0)
        case List(items=items):
            return 1 + max(map(nesting, items), default=0)
        case Quantity(magnitude=magnitude, unit=unit):
            return 1 + max(nesting(magnitude), nesting(unit))
    return 0


def _is_text(record: Plist) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("string"), str):
        return False
    attachments = record.get("attachmentsByRange", {})
    if not set(record) <= {"string", "attachmentsByRange"} or not isinstance(attachments, dict):
        return False
    return all(RANGE.fullmatch(k) and is_attachment(v) for k, v in attachments.items())


def _placed(attachments: dict) -> list[tuple[int, int, dict]]:
    return [(int(RANGE.fullmatch(k)[1]), n, v) for n, (k, v) in enumerate(attachments.items())]


def _is_item(item: Plist) -> bool:
    return isinstance(item, dict) and set(item) == {"WFItemType", "WFValue"}


def _is_fields(record: Plist) -> bool:
    return (
        isinstance(record, dict)
        and list(record) == [ITEMS]
        and isinstance(record[ITEMS], list)
        and all(isinstance(item, dict) and "WFKey" in item for item in record[ITEMS])
    )


def _is_wrapped_text(key: Plist) -> bool:
    return (
        isinstance(key, dict)
        and set(key) == {"Value", "WFSerializationType"}
        and key["WFSerializationType"] == TOKEN_STRING
        and _is_text(key["Value"])
    )


def _is_header(key: dict) -> bool:
    """Whether a key is stored as those of ``HEADERS``: no references, and they stand first."""
    return (
        _of_headers(key)
        and next(iter(key["Value"])) == "attachmentsByRange"
        and not key["Value"]["attachmentsByRange"]
    )


def _of_headers(key: dict) -> bool:
    return next(iter(key)) == "WFSerializationType" and "attachmentsByRange" in key["Value"]


def _style(items: list) -> str:
    """How a dictionary was written, as the order of its records says."""
    if any(next(iter(item)) == "WFValue" for item in items):
        return "explicit"
    keys = [item["WFKey"] for item in items if _is_wrapped_text(item["WFKey"])]
    return "headers" if any(map(_of_headers, keys)) else "dictionary"
