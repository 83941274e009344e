"""Every notebook checked at its smoke settings, several at once; what has not changed is not run.

``python -m sashimi.every notebooks/*.ipynb``, or ``make notebooks``. Notebooks at smoke settings
read nothing that another one writes, so that only time orders them: the longest of last time first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sashimi import files
from sashimi.files import root, writable, write_json
from sashimi.kernel import THREADS

RECORD = "notebooks.json"
FOLDERS = ("sashimi", "params")
"""What any notebook may read, beside itself: a change in them runs all of them again."""


@dataclass(frozen=True)
class Checked:
    """One notebook's check: whether it passed, what it said, and seconds."""

    path: Path
    passed: bool
    said: str
    seconds: float


def digest(paths: Iterable[Path]) -> str:
    """Of files, by name and content."""
    return files.digest({str(path): files.file_digest(path) for path in paths})


def sources() -> list[Path]:
    """The files of `FOLDERS`, without what Python compiled."""
    every = (path for name in FOLDERS for path in (root() / name).rglob("*"))
    return [path for path in every if path.is_file() and path.suffix != ".pyc"]


def nbval(path: Path) -> Checked:
    """Execute one notebook in a process of its own and compare its checked cells."""
    begun = time.monotonic()
    words = ["-m", "pytest", "-n", "0", "-q", "--nbval-lax", "--nbval-current-env", str(path)]
    ended = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=THREADS | dict(os.environ)
    )
    return Checked(path, ended.returncode == 0, ended.stdout, time.monotonic() - begun)


def check(
    paths: Sequence[Path],
    jobs: int = 2,
    run: Callable[[Path], Checked] = nbval,
    record: Path | None = None,
    shared: Sequence[Path] | None = None,
) -> list[Checked]:
    """Check the notebooks that changed since they last passed, or whose ``shared`` files did."""
    record = record or writable(root() / ".cache") / RECORD
    before = _read(record)
    common = digest(sources() if shared is None else shared)
    now = {path: digest([path]) + common for path in paths}
    due = [path for path in paths if before.get(path.name, {}).get("digest") != now[path]]
    due.sort(key=lambda path: -before.get(path.name, {}).get("seconds", 0.0))
    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(run, due))
    passed = {
        one.path.name: {"digest": now[one.path], "seconds": one.seconds}
        for one in done
        if one.passed
    }
    failed = {one.path.name for one in done if not one.passed}
    kept = {name: entry for name, entry in before.items() if name not in failed}
    write_json(record, kept | passed)
    return done


def _read(record: Path) -> Mapping[str, Mapping]:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # nothing is known to have passed


def main(words: Sequence[str]) -> int:
    """Prints a line a notebook that ran, and what a failed one said; 1 if one failed."""
    done = check([Path(word) for word in words])
    for one in done:
        print(f"{'ok ' if one.passed else 'BAD'} {one.path.name}: {one.seconds:.0f} s")
        if not one.passed:
            print(one.said)
    print(f"{len(done)} of {len(words)} notebooks run, {len(words) - len(done)} unchanged")
    return 0 if all(one.passed for one in done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
