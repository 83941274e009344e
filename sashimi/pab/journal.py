"""The append-only journal of a run: one strict-JSON object a line, readable after a kill.

Line kinds: "start" (seed, digest, versions), "record" (one checkpoint), "resume", "finish".
A line is flushed to the operating system when written, so it survives the death of the process;
the last line may be torn, and is then dropped with a note.
"""

import json
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.files import write_text


def encode(entry: dict) -> str:
    """One line of strict JSON; raises ValueError on NaN, which must have become null before."""
    return json.dumps(entry, allow_nan=False, separators=(",", ":")) + "\n"


def read(path: Path) -> tuple[list[dict], str | None]:
    """All whole entries of the journal at `path`, and a note when a torn last line was dropped.

    Raises BadInput naming the file and line when a line before the last is damaged.
    """
    entries: list[dict] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict) or "kind" not in entry:
                raise ValueError("no kind")
        except ValueError as error:
            if any(lines[number:]):
                raise BadInput(
                    f"{path}:{number}: damaged line; remove it or start with resume=False"
                ) from error
            return entries, f"{path.name}:{number}: torn last line dropped ({len(line)} bytes)"
        entries.append(entry)
    return entries, None


def write(path: Path, entries: list[dict]) -> None:
    """Replace the journal by `entries`, all or nothing."""
    write_text(path, "".join(encode(entry) for entry in entries))
