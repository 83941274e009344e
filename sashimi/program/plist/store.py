"""Plists to and from files: ``write``, ``read``, and the bytes of both formats."""

from __future__ import annotations

import os
import plistlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sashimi.errors import BadInput
from sashimi.program.check.storable import UNFIT_FOR_XML
from sashimi.program.plist import kinds

FORMATS = {
    ".shortcut": plistlib.FMT_BINARY,
    ".plist": plistlib.FMT_XML,
    ".xml": plistlib.FMT_XML,
}
"""The format of each suffix that can be written."""

MAX_BYTES = 64 * 2**20
"""Largest file that is read."""


def write(plist: dict, path: Path | str) -> None:
    """Write a plist: binary to ``.shortcut``, XML to ``.plist`` and ``.xml``; whole or not at all.

    Raises ``BadInput`` for another suffix or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadInput(f"{path}: write to a name that ends in {', '.join(FORMATS)}")
    data = to_bytes(plist, FORMATS[path.suffix])
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        reason = f"{error.strerror}; choose a folder that can be written"
        raise BadInput(f"{path}: {reason}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(draft, path)
    except OSError as error:
        os.unlink(draft)
        raise BadInput(f"{path}: {error.strerror}; choose another place") from error


def to_bytes(plist: Any, fmt: plistlib.PlistFormat = plistlib.FMT_BINARY) -> bytes:
    """The bytes of a plist, its keys in their own order.

    Raises ``BadInput`` where the format cannot hold a value: XML no control character, no fraction
    of a second and no reference of an archive, neither an integer beyond 64 bits.
    """
    fault = unfit(plist, fmt)
    if fault:
        raise BadInput(fault)
    if fmt == plistlib.FMT_BINARY:
        return plistlib.dumps(plist, fmt=fmt, sort_keys=False)
    text = repr(plist)
    if "\\r" not in text:
        return plistlib.dumps(plist, fmt=fmt, sort_keys=False)
    # plistlib writes a carriage return as a newline; XML can hold one as a character reference.
    stand_in = next(c for c in map(chr, range(0xE000, 0xF8FF)) if c not in text)
    data = plistlib.dumps(_without_returns(plist, stand_in), fmt=fmt, sort_keys=False)
    return data.replace(stand_in.encode(), b"&#13;")


def unfit(plist: Any, fmt: plistlib.PlistFormat) -> str | None:
    """What a format cannot hold of a plist, where, and the remedy; None if it holds all."""
    xml = fmt == plistlib.FMT_XML
    if not any(_unfit(value, xml) for value in _values(plist)):
        return None
    stack = [("", plist)]  # places cost more than values: they are spelled out for a fault only
    while stack:
        where, value = stack.pop()
        why = _unfit(value, xml)
        if why:
            return f"{where.lstrip('/')}: {why}"
        if isinstance(value, dict):
            stack += [(f"{where}/{key}", inner) for key, inner in value.items()]
            stack += [(f"{where} (a key)", key) for key in value]
        elif isinstance(value, list):
            stack += [(f"{where}/{index}", inner) for index, inner in enumerate(value)]
    return None


def _values(plist: Any) -> Iterator[Any]:
    """Every value of a plist and every key."""
    stack = [plist]
    while stack:
        value = stack.pop()
        yield value
        if isinstance(value, dict):
            stack += value
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _unfit(value: Any, xml: bool) -> str | None:
    binary = "only a binary plist can: write to a name that ends in .shortcut"
    match value:
        case str() if xml and (found := UNFIT_FOR_XML.search(value)):
            return f"XML cannot hold the character U+{ord(found[0]):04X}; {binary}"
        case datetime() if xml and value.microsecond:
            return f"XML cannot hold the fraction of a second of {value.isoformat()}Z; {binary}"
        case plistlib.UID() if xml:
            return f"XML cannot hold the reference {value!r} of an archive; {binary}"
        case int() if not -(2**63) <= value < 2**64:
            return (
                f"no plist can be written with an integer of {value.bit_length()} bits: it has 64"
            )
        case datetime() if value.tzinfo is not None:
            return f"the date {value.isoformat()} has a zone: plists hold instants in UTC"
    return None


def read(path: Path | str) -> Any:
    """The Shortcut's plist in a file of any kind that `kinds` knows; ``BadInput`` for others."""
    return read_noted(path)[0]


def read_noted(path: Path | str) -> tuple[dict, list[str]]:
    """The Shortcut's plist in a file, and what is to be said of the file.

    ``BadInput`` names the file and says what it is and what to do.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"more than {MAX_BYTES:,} bytes: no Shortcut is as large")
        return shortcut_in(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def shortcut_in(data: bytes) -> tuple[dict, list[str]]:
    """The Shortcut's plist in bytes, and what is to be said of them."""
    plist, notes = kinds.plist_in(data)
    found, more = kinds.shortcut(plist)
    return found, notes + more


def from_bytes(data: bytes) -> Any:
    """The plist in bytes. Entities, cycles and damage raise ``BadInput`` and nothing else."""
    if len(data) > MAX_BYTES:
        raise BadInput(f"more than {MAX_BYTES:,} bytes: no Shortcut is as large")
    return kinds.plist_in(data)[0]


def _without_returns(plist: Any, stand_in: str) -> Any:
    match plist:
        case str():
            return plist.replace("\r", stand_in)
        case list():
            return [_without_returns(item, stand_in) for item in plist]
        case dict():
            return {
                _without_returns(key, stand_in): _without_returns(value, stand_in)
                for key, value in plist.items()
            }
    return plist
