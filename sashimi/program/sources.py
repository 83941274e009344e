"""What the commands read: the text of a program, or of the plist that a file holds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.program.findings import Finding
from sashimi.program.text.render import render
from sashimi.program.tree import Program

SUFFIXES = frozenset({".shortcut", ".plist", ".wflow", ".xml", ".json"})
STORED = (b"bplist", b"<?xml", b"<plist", b"AEA1", b"AA01", b"YAA1")
"""Names end and files begin so that hold a plist, or something in its place."""


@dataclass(frozen=True)
class Source:
    """The text of an input; ``stored`` if it was a plist."""

    text: str
    stored: bool = False


def source(path: str) -> Source:
    """The text of a program, or of the plist that a file holds, whose notes go to stderr."""
    data = _bytes(path)
    if not data.startswith(STORED) and (
        Path(path).suffix not in SUFFIXES or data.lstrip().startswith(b"SHORTCUT")
    ):
        return Source(text(path, data))
    program, notes = decompiled(path, data)
    for note in notes:
        print(f"{path}: {note.severity}: {note.where}: {note.why}", file=sys.stderr)
    return Source(render(program), stored=True)


def decompiled(path: str, data: bytes | None = None) -> tuple[Program, list[Finding]]:
    """The program in a file, and what is to be said of it; its name is the file's if it has none.

    ``BadInput`` names the file.
    """
    from sashimi.program.plist.decompile import decompile_noted  # text need not wait for them
    from sashimi.program.plist.store import read_noted, shortcut_in

    try:
        if data is None and path != "-":
            plist, said = read_noted(path)
        else:
            plist, said = shortcut_in(_bytes(path) if data is None else data)
        program, notes = decompile_noted(plist, "Untitled" if path == "-" else Path(path).stem)
    except BadInput as error:
        told = str(error)
        raise BadInput(told if told.startswith(f"{path}: ") else f"{path}: {told}") from None
    return program, [Finding("read", 0, "file", why, "warning") for why in said] + notes


def _bytes(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def text(path: str, data: bytes | None = None) -> str:
    """The UTF-8 text of a file."""
    try:
        return (_bytes(path) if data is None else data).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: no UTF-8 text at byte {error.start}; save it as UTF-8") from None
