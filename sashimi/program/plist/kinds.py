"""What a file is that people have for a Shortcut: its plist, or one line that says what to do.

Read are plists (binary, XML), JSON that ``plutil`` writes, signed Shortcuts, the array of actions
alone as the app's database and pasteboard hold it, and iCloud's record of a link where it holds
the file itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import plistlib
import re
from collections.abc import Iterator
from typing import Any
from xml.parsers.expat import ExpatError

from sashimi.errors import BadInput
from sashimi.program.plist import signed

ACTIONS = "WFWorkflowActions"
UNVERIFIED = "the file is signed: its signature was not verified, and what is written has none"
ONLY_ACTIONS = "the plist is an array of actions only: it has no name, icon or version"
FROM_JSON = "the file is JSON: it has no dates or data, which a plist can have"
FROM_LINK = "the file is iCloud's record of a link, and holds the Shortcut itself"

STARTS = (
    (b"PK\x03\x04", "a ZIP archive: unpack it, and read the Shortcut inside"),
    (b"\x1f\x8b", "a gzip archive: unpack it, and read the Shortcut inside"),
    (b"SQLite format 3", "an SQLite database: export the Shortcut from the app instead"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer: 'git lfs pull' fetches the file it stands for",
    ),
    (b"SHORTCUT", "a program as text: 'sashimi compile' makes a plist of it"),
    (b"\x89PNG", "an image: the Shortcut itself is another file"),
)
"""How other files begin, and what they are."""

_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html|<head|<body)",
    re.I | re.S,
)
_LINK = re.compile(r"https://www\.icloud\.com/shortcuts/([0-9a-fA-F-]{32,36})")


def plist_in(data: bytes) -> tuple[Any, list[str]]:
    """The plist that bytes hold, and what is to be said of how; ``BadInput`` says what they are.

    Entities, cycles and damage raise ``BadInput`` and nothing else.
    """
    if not data.strip():
        raise BadInput("an empty file: export or download the Shortcut again")
    if data.startswith((signed.MAGIC, *signed.ARCHIVES)):
        return _plist(signed.unsigned(data)), [UNVERIFIED]
    for start, meaning in STARTS:
        if data.startswith(start):
            raise BadInput(meaning)
    if _MARKUP.match(data):
        raise BadInput("HTML, a web page: download the Shortcut itself, not the page that shows it")
    if data.lstrip()[:1] in (b"{", b"["):
        return _json(data)
    if len(data) < 2_000 and (link := _LINK.search(data.decode("utf-8", "replace"))):
        raise BadInput(
            "a link to a Shortcut in iCloud: fetch the record at "
            f"https://www.icloud.com/shortcuts/api/records/{link[1]}, and what it names"
        )
    return _plist(data), []


def shortcut(plist: Any) -> tuple[dict, list[str]]:
    """A Shortcut's root and what is to be said of it; ``BadInput`` says what else a plist is."""
    if isinstance(plist, list) and plist and all(_is_action(item) for item in plist):
        return {ACTIONS: plist}, [ONLY_ACTIONS]
    if isinstance(plist, dict) and isinstance(plist.get(ACTIONS), list):
        return plist, []
    if isinstance(plist, dict) and (
        "AMApplicationBuild" in plist or "AMApplicationVersion" in plist
    ):
        raise BadInput("an Automator workflow, no Shortcut: Shortcuts on a Mac can import it")
    if isinstance(plist, dict) and "$archiver" in plist:
        raise BadInput(
            f"a keyed archive ({plist['$archiver']}), no Shortcut: export it from the app"
        )
    if isinstance(plist, dict):
        keys = ", ".join(sorted(map(str, plist))[:5]) or "none"
        raise BadInput(f"no Shortcut: a plist without {ACTIONS}; its keys are {keys[:200]}")
    raise BadInput(f"no Shortcut: a plist that holds a {type(plist).__name__} and no {ACTIONS}")


def _is_action(item: Any) -> bool:
    return isinstance(item, dict) and "WFWorkflowActionIdentifier" in item


def _plist(data: bytes) -> Any:
    try:
        return plistlib.loads(data)
    except RecursionError:
        raise BadInput("the plist is nested too deeply") from None
    except plistlib.InvalidFileException as error:
        raise BadInput(_other(data, error)) from None
    except (ExpatError, ValueError, OverflowError) as error:
        raise BadInput(f"no plist, or a damaged one: {error or 'damaged'}") from None
    except (LookupError, TypeError, AttributeError, MemoryError) as error:
        raise BadInput(f"a damaged plist: {type(error).__name__}") from None


def _other(data: bytes, error: Exception) -> str:
    if data.startswith(b"bplist"):
        return "a damaged binary plist: export or download the Shortcut again"
    return f"no plist, no signed Shortcut and no JSON: {error or 'damaged'}"


def _json(data: bytes) -> tuple[Any, list[str]]:
    try:
        value = json.loads(data, parse_constant=_no_number)
        if _fields_of(value):
            return _record(value)
        null = any(item is None for item in _leaves(value))
    except RecursionError:
        raise BadInput("the JSON is nested too deeply") from None
    except BadInput:
        raise
    except ValueError as error:
        old = data.lstrip()[:1] == b"{" and re.search(rb'\w"?\s*=\s*', data[:400])
        kind = "a plist in the old text format" if old else f"damaged JSON ({error})"
        raise BadInput(f"{kind}: 'plutil -convert xml1' writes one that can be read") from None
    if null:
        raise BadInput("JSON that holds null, which no plist does: convert the plist itself")
    return value, [FROM_JSON]


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _fields_of(value: Any) -> dict | None:
    """The fields of the record that iCloud gives for a link."""
    if isinstance(value, dict) and isinstance(value.get("records"), list) and value["records"]:
        value = value["records"][0]
    fields = value.get("fields") if isinstance(value, dict) else None
    return fields if isinstance(fields, dict) else None


def _record(value: Any) -> tuple[Any, list[str]]:
    """The plist that the record itself holds; else ``BadInput`` says what to fetch."""
    fields = _fields_of(value)
    held = [fields[key] for key in ("shortcut", "signedShortcut") if key in fields]
    for leaf in _leaves(held):
        found = _decoded(leaf) if isinstance(leaf, str) else None
        if found is not None:
            plist, notes = plist_in(found)
            return plist, [FROM_LINK, *notes]
    for part in _dicts(held):
        if isinstance(part.get(ACTIONS), list):
            return part, [FROM_LINK]
    urls = [
        part["downloadURL"] for part in _dicts(held) if isinstance(part.get("downloadURL"), str)
    ]
    fetch = f"fetch its downloadURL, {urls[0][:300]}" if urls else "download the Shortcut itself"
    raise BadInput(f"iCloud's record of a link, without the Shortcut itself: {fetch}")


def _decoded(text: str) -> bytes | None:
    """The file in a base64 text; None if it holds none."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data.startswith((b"bplist", b"<?xml", b"<plist", signed.MAGIC)) else None


def _dicts(value: Any) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _dicts(inner)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value
