"""Writing without halves, digests, and where the checkout lies."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sashimi.errors import BadInput


def root() -> Path:
    """The folder of the checkout, which holds ``notebooks/`` and ``params/``.

    Raises BadInput when the package was installed without them.
    """
    folder = Path(__file__).resolve().parents[1]
    if not (folder / "notebooks").is_dir() or not (folder / "params").is_dir():
        raise BadInput(
            f"{folder} holds no notebooks/ and params/: run from a clone of the repository, "
            "installed with 'pip install -e .'"
        )
    return folder


def writable(folder: str | Path) -> Path:
    """Make ``folder`` and prove that a file can be written there; raise BadInput if not."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(
            f"cannot write to {folder} ({error.strerror}): choose another folder"
        ) from error
    return folder


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; it takes the place of ``path`` only on success.

    Raises BadInput when the folder cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise BadInput(f"cannot write {path}: it is a folder; name a file")
    writable(path.parent)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: str | Path, patience: float = math.inf) -> Iterator[None]:
    """Hold ``path`` as a lock between processes, waiting for it at most ``patience`` seconds.

    The system frees it when the last process that has inherited it is gone, however that ended,
    so a killed run is over when its kernel is. Raises BadInput when patience is at its end.
    """
    path, deadline = Path(path), time.monotonic() + patience
    while (descriptor := _hold(path)) is None:
        if time.monotonic() > deadline:
            raise BadInput(f"{path} is held by another process: wait until it ends, or stop it")
        time.sleep(0.1)
    try:
        yield
    except Exception:
        path.unlink(missing_ok=True)
        raise
    else:
        path.unlink(missing_ok=True)
    finally:  # an interrupted holder may leave a process behind: then the file has to stay
        os.close(descriptor)


def _hold(path: Path) -> int | None:
    """The descriptor of the locked file, or None while somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except (BlockingIOError, FileNotFoundError):  # held, or removed by its holder in between
        ours = False
    if not ours:
        os.close(descriptor)
        return None
    os.set_inheritable(descriptor, True)
    return descriptor


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 ``text`` to ``path``, wholly or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write ``value`` as JSON with sorted keys; refuses NaN, which is not JSON."""
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def digest(value: object) -> str:
    """The first 16 hex digits of the SHA-256 of ``value`` as compact JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """The SHA-256 of a file, 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
