"""Plists to and from files: ``write``, ``read``, and the bytes of both formats."""

from __future__ import annotations

import os
import plistlib
import tempfile
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from sashimi.errors import BadInput

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
    """The bytes of a plist, its keys in their own order."""
    if fmt == plistlib.FMT_BINARY:
        return plistlib.dumps(plist, fmt=fmt, sort_keys=False)
    text = repr(plist)
    if "\\r" not in text:
        return plistlib.dumps(plist, fmt=fmt, sort_keys=False)
    # plistlib writes a carriage return as a newline; XML can hold one as a character reference.
    stand_in = next(c for c in map(chr, range(0xE000, 0xF8FF)) if c not in text)
    data = plistlib.dumps(_without_returns(plist, stand_in), fmt=fmt, sort_keys=False)
    return data.replace(stand_in.encode(), b"&#13;")


def read(path: Path | str) -> Any:
    """The plist in a file, binary or XML; ``BadInput`` if it cannot be read or holds none."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path}: more than {MAX_BYTES:,} bytes: no Shortcut is as large")
        return from_bytes(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def from_bytes(data: bytes) -> Any:
    """The plist in bytes. Entities, cycles and damage raise ``BadInput`` and nothing else."""
    if len(data) > MAX_BYTES:
        raise BadInput(f"more than {MAX_BYTES:,} bytes: no Shortcut is as large")
    if data.startswith(b"AEA1"):
        raise BadInput("the Shortcut is signed: only Apple's own tools open it; export a plist")
    try:
        return plistlib.loads(data)
    except RecursionError:
        raise BadInput("the plist is nested too deeply") from None
    except (plistlib.InvalidFileException, ExpatError, ValueError, OverflowError) as error:
        raise BadInput(f"no plist: {error or 'damaged'}") from None
    except (LookupError, TypeError, AttributeError, MemoryError) as error:
        raise BadInput(f"a damaged plist: {type(error).__name__}") from None


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
