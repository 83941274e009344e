"""The shapes of plist records that the language has words for."""

from __future__ import annotations

import re

from sashimi.program.plist.refer import is_attachment
from sashimi.program.plist.wire import ITEMS, TOKEN_STRING, Plist

RANGE = re.compile(r"\{(\d{1,9}), ?1\}")
"""How ``attachmentsByRange`` names a reference: ``{position, 1}`` in UTF-16 code units."""


def is_text(record: Plist) -> bool:
    """Whether a record is that of a token string whose references the language can write."""
    if not isinstance(record, dict) or not isinstance(record.get("string"), str):
        return False
    attachments = record.get("attachmentsByRange", {})
    if not set(record) <= {"string", "attachmentsByRange"} or not isinstance(attachments, dict):
        return False
    return all(RANGE.fullmatch(k) and is_attachment(v) for k, v in attachments.items())


def placed(attachments: dict) -> list[tuple[int, int, dict]]:
    """Position, order and record of each reference of a token string."""
    return [(int(RANGE.fullmatch(k)[1]), n, v) for n, (k, v) in enumerate(attachments.items())]


def is_item(item: Plist) -> bool:
    """Whether an element of a list states its type."""
    return isinstance(item, dict) and set(item) == {"WFItemType", "WFValue"}


def is_fields(record: Plist) -> bool:
    """Whether a record is that of a dictionary of typed items."""
    return (
        isinstance(record, dict)
        and list(record) == [ITEMS]
        and isinstance(record[ITEMS], list)
        and all(isinstance(item, dict) and "WFKey" in item for item in record[ITEMS])
    )


def is_wrapped_text(key: Plist) -> bool:
    """Whether a key is stored as a token string."""
    return (
        isinstance(key, dict)
        and set(key) == {"Value", "WFSerializationType"}
        and key["WFSerializationType"] == TOKEN_STRING
        and is_text(key["Value"])
    )


def is_header(key: dict) -> bool:
    """Whether a key is stored as those of ``HEADERS``: no references, and they stand first."""
    return (
        _of_headers(key)
        and next(iter(key["Value"])) == "attachmentsByRange"
        and not key["Value"]["attachmentsByRange"]
    )


def _of_headers(key: dict) -> bool:
    return next(iter(key)) == "WFSerializationType" and "attachmentsByRange" in key["Value"]


def style_of(items: list) -> str:
    """How a dictionary was written, as the order of its records says."""
    if any(next(iter(item)) == "WFValue" for item in items):
        return "explicit"
    keys = [item["WFKey"] for item in items if is_wrapped_text(item["WFKey"])]
    return "headers" if any(map(_of_headers, keys)) else "dictionary"
