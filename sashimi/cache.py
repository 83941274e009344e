"""The tensor cache: named tensors under a digest, one safetensors file each.

The folder is ``$SASHIMI_CACHE``, or ``.cache/sashimi`` under the current directory. A damaged or
foreign file is made anew; nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sashimi.files import atomic


def folder() -> Path:
    """Where cached tensors lie."""
    return Path(os.environ.get("SASHIMI_CACHE", Path(".cache") / "sashimi"))


def digest(parts: Iterable[str]) -> str:
    """A sha256 over strings, each with its length, so that no two lists of parts collide."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode()
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def save(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes named tensors as safetensors, wholly or not at all.

    Raises `BadInput` where it cannot write.
    """
    with atomic(path) as temporary:
        save_file({key: t.contiguous() for key, t in tensors.items()}, temporary, metadata)


def fetch(key: Iterable[str], make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors that ``make`` makes, from the cache where an earlier call left them."""
    path = folder() / f"{digest(key)}.safetensors"
    if path.exists():
        try:
            return load_file(path)
        except SafetensorError:
            path.unlink()  # a damaged file is worth no more than a missing one
    tensors = make()
    save(tensors, path)
    return tensors
