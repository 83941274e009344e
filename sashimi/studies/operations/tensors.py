"""The plan's tensor cache, and an audit of the caches of this machine.

An entry is one safetensors file whose header says what it is. It is keyed by a digest of what it
was made of, lies beside those of `sashimi.cache`, and always holds CPU tensors.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
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
        told = header(path)
        with safe_open(path, "pt") as file:
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        if _digest(tensors) != told["digest"]:
            raise BadInput(f"{path}: its content is not what its header says; {_remedy(told)}")
        return tensors

    def list(self) -> list[dict[str, Any]]:
        """What there is, newest first, from the headers alone; a damaged file says so."""
        found = []
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                found.append(header(path) | {"path": str(path), "bytes": path.stat().st_size})
            except BadInput as error:
                found.append({"path": str(path), "bytes": path.stat().st_size, "error": str(error)})
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


def _remedy(told: Mapping[str, Any]) -> str:
    return f"delete it and run '{told['made_by']}'"


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names, shapes, dtypes and bytes."""
    parts = []
    for name in sorted(tensors):
        t = tensors[name]
        parts += [name, str(tuple(t.shape)), str(t.dtype)]
        parts.append(t.contiguous().view(torch.uint8).numpy().tobytes().hex())
    return cache.digest(parts)


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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def audit(home: Path | None = None, checkout: Path | None = None) -> list[Known]:
    """The known caches with their sizes, whether they are there or not; nothing is changed.

    Those of the graphics card's driver, of the system and of editors are not looked for.
    """
    home, checkout = home or Path.home(), checkout or root()
    reports = checkout / "reports"
    places = [
        ("bytecode", checkout, "**/__pycache__/*", "Python's compiled modules", True),
        ("tensors", cache.folder(), "**/*.safetensors", "computed tensors of this workbook", True),
        (
            "checkpoints",
            reports,
            "**/checkpoint.safetensors",
            "resuming of interrupted runs",
            False,
        ),
        ("weights", reports, "**/model.safetensors", "trained networks", False),
        ("results", reports, "**/*.json", "what every table is made of", False),
        ("torch", home / ".cache/torch", "**/*", "torch's downloads", False),
        ("hugging face", home / ".cache/huggingface", "**/*", "models and data sets", False),
        ("pip", home / ".cache/pip", "**/*", "packages that were installed", False),
        ("driver", home / ".nv", "**/*", "unknown: kernels of the graphics card's driver", False),
    ]
    return [Known(n, str(p), why, safe, *_size(p, pattern)) for n, p, pattern, why, safe in places]


def _size(folder: Path, pattern: str) -> tuple[int, int]:
    hidden = {".venv", ".git"}
    paths = folder.glob(pattern) if folder.is_dir() else ()
    kept = [p for p in paths if p.is_file() and not hidden & set(p.relative_to(folder).parts)]
    return len(kept), sum(p.stat().st_size for p in kept)


def clean(names: Iterable[str], found: Iterable[Known]) -> list[Known]:
    """Deletes the named caches, and only those; BadInput for one that is unknown or not safe,
    before anything is deleted.
    """
    known = {one.name: one for one in found}
    chosen = []
    for name in names:
        if name not in known or not known[name].safe:
            safe = ", ".join(sorted(n for n, one in known.items() if one.safe))
            raise BadInput(f"no cache '{name}' that may be cleaned; there are: {safe}")
        chosen.append(known[name])
    for one in chosen:
        folder = Path(one.path)
        if one.name == "tensors":
            for path in folder.glob("**/*.safetensors"):
                path.unlink()
        else:
            for path in [p for p in folder.glob("**/__pycache__") if ".venv" not in p.parts]:
                shutil.rmtree(path)
    return chosen
