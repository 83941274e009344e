"""The tensor cache: named tensors under a digest, one safetensors file each.

The folder is ``$SASHIMI_CACHE``, else ``.cache/sashimi`` in the checkout, else the same in the home
folder, wherever a command is given. A damaged or foreign file is made anew; nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sashimi.errors import BadInput
from sashimi.files import atomic, locked, root, writable

NUMERICS = ("torch", "numpy", "scipy", "scikit-learn")
"""Packages whose version may change a computed number."""


def folder() -> Path:
    """Where cached tensors lie."""
    if "SASHIMI_CACHE" in os.environ:
        return Path(os.environ["SASHIMI_CACHE"])
    try:
        home = root()
    except BadInput:  # installed without a checkout
        home = Path.home()
    return home / ".cache" / "sashimi"


def clear() -> int:
    """Delete all that is cached; returns the bytes that were freed."""
    freed = 0
    for path in [*folder().glob("*.safetensors"), *folder().glob("*.lock")]:
        freed += path.stat().st_size
        path.unlink()
    return freed


def digest(parts: Iterable[str]) -> str:
    """A sha256 over strings, each with its length, so that no two lists of parts collide."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode()
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def code(*modules: ModuleType) -> str:
    """A part of a key: what these modules say, and the versions of what they compute with.

    The number of threads is part of it: sums over several threads are rounded otherwise.
    """
    said = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules]
    versions = [importlib.metadata.version(name) for name in NUMERICS]
    return digest([*said, *versions, str(torch.get_num_threads())])


def save(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes named tensors as safetensors, wholly or not at all.

    Raises `BadInput` where it cannot write.
    """
    with atomic(path) as temporary:
        save_file({key: t.contiguous() for key, t in tensors.items()}, temporary, metadata)


def fetch(key: Iterable[str], make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors that ``make`` makes, from the cache where an earlier call left them.

    Of several processes that want the same tensors one makes them, and the others wait for it.
    """
    path = folder() / f"{digest(key)}.safetensors"
    found = _load(path)
    if found is None:
        writable(path.parent)
        with locked(path.with_suffix(".lock")):
            found = _load(path)
            if found is None:
                found = make()
                save(found, path)
    return found


def _load(path: Path) -> dict[str, Tensor] | None:
    """A cached file; a damaged one counts as none."""
    try:
        return load_file(path)
    except (FileNotFoundError, SafetensorError):
        return None
