"""The plan's tensor cache, and an audit of the caches of this machine.

An entry is one safetensors file whose header says what it is. It is keyed by a digest of what it
was made of, and always holds CPU tensors.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.files import root

HEADER = "operations"
ALERT = 500 * 2**20
"""Bytes of all known caches from which the audit warns."""


@dataclass(frozen=True)
class TensorCache:
    """Named tensors in a folder, by a name and the parts of its key (content, code, epoch, row)."""

    folder: Path

    def path(self, name: str, key: Iterable[str]) -> Path:
        """The file of an entry, whether it is there or not."""
        return self.folder / f"{name}-{cache.digest(key)[:16]}.safetensors"

    def exists(self, name: str, key: Iterable[str]) -> bool:
        """Whether there is such an entry."""
        return self.path(name, key).is_file()

    def save(self, name: str, key: Iterable[str], tensors: Mapping[str, Tensor], made_by: str):
        """Writes an entry wholly or not at all; ``made_by`` is the command that makes it again."""
        plain = {k: t.detach().cpu().contiguous() for k, t in tensors.items()}
        told = {
            "name": name,
            "key": list(key),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "tensors": {k: [list(t.shape), str(t.dtype)] for k, t in plain.items()},
            "digest": _digest(plain),
            "torch": torch.__version__,
            "made_by": made_by,
        }
        path = self.path(name, told["key"])
        cache.save(plain, path, {HEADER: json.dumps(told)})
        return path

    def load(self, name: str, key: Iterable[str]) -> dict[str, Tensor]:
        """The tensors of an entry. Raises BadInput where it is missing, damaged or of other content
        than its header says, and leaves the file as it is.
        """
        path = self.path(name, key)
        told, tensors = header(path), load_file(path)
        if _digest(tensors) != told["digest"]:
            raise BadInput(
                f"{path}: its content is not what its header says; delete it and run "
                f"'{told['made_by']}'"
            )
        return tensors

    def list(self) -> list[dict[str, Any]]:
        """What there is, newest first, from the headers alone; a damaged file says so."""
        found = []
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                told = header(path)
            except BadInput as error:
                told = {"error": str(error)}
            found.append(told | {"path": str(path), "bytes": path.stat().st_size})
        return sorted(found, key=lambda one: one.get("created", ""), reverse=True)


def header(path: Path) -> dict[str, Any]:
    """The header of an entry; BadInput where the file is missing, damaged or no entry."""
    try:
        with safe_open(path, "pt") as file:
            return json.loads((file.metadata() or {})[HEADER])
    except (FileNotFoundError, IsADirectoryError):
        raise BadInput(f"{path}: there is no such entry; save it first") from None
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadInput(
            f"{path}: damaged or no entry ({error}); delete it and make it again"
        ) from None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names, shapes, dtypes and bytes."""
    return hashlib.sha256(to_bytes(dict(tensors))).hexdigest()


@dataclass(frozen=True)
class Known:
    """A cache of this machine."""

    name: str
    path: str
    purpose: str
    safe: bool
    """Whether it is made again by itself when it is gone."""
    files: int
    bytes: int


def audit(home: Path | None = None, checkout: Path | None = None) -> list[Known]:
    """The known caches with their sizes, whether they are there or not; nothing is changed, and
    `sashimi doctor --clear-cache` empties that of tensors.

    Those of the graphics card's driver, of the system and of editors are not looked for.
    """
    home, checkout = home or Path.home(), checkout or root()
    reports, downloads = checkout / "reports", home / ".cache"
    places = [
        ("bytecode", checkout, "**/__pycache__/*", "Python's compiled modules", True),
        ("tensors", cache.folder(), "**/*.safetensors", "computed tensors of this workbook", True),
        ("checkpoints", reports, "**/checkpoint.safetensors", "resuming of broken runs", False),
        ("weights", reports, "**/model.safetensors", "trained networks", False),
        ("results", reports, "**/*.json", "what every table is made of", False),
        ("torch", downloads / "torch", "**/*", "torch's downloads", False),
        ("hugging face", downloads / "huggingface", "**/*", "models and data sets", False),
        ("pip", downloads / "pip", "**/*", "packages that were installed", False),
        ("driver", home / ".nv", "**/*", "unknown: kernels of the graphics card's driver", False),
    ]
    return [Known(n, str(p), why, safe, *_size(p, pattern)) for n, p, pattern, why, safe in places]


def _size(folder: Path, pattern: str) -> tuple[int, int]:
    hidden = {".venv", ".git"}
    paths = folder.glob(pattern) if folder.is_dir() else ()
    kept = [p for p in paths if p.is_file() and not hidden & set(p.relative_to(folder).parts)]
    return len(kept), sum(p.stat().st_size for p in kept)
