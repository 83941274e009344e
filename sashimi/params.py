"""Parameters: frozen, flat, and refusing what nobody reads.

A study states every value in ``params/<study>/00_full.yaml``; every other file of that folder, or
of a folder in it, is a row and holds only what it changes. The model of the parameters belongs to
the study; this module reads, merges, explains mistakes and gives digests.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sashimi.errors import BadInput
from sashimi.files import digest as digest_of
from sashimi.files import root

REFERENCE = "00_full.yaml"
"""The file of a study that states every parameter."""
SMOKE = "90_smoke"
"""The row of a study that only shows that every stage works: no part of a matrix."""


class Params(BaseModel):
    """Base of a study's parameters: frozen, strict about types, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


P = TypeVar("P", bound=Params)


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice; plain YAML silently keeps the last."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            raise BadInput(f"line {key.start_mark.line + 1}: key '{key.value}' is given twice")
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_row(path: str | Path) -> dict[str, Any]:
    """What one file states, before it is merged. Raises BadInput naming the file and the line."""
    return read_mapping(path, _meant(Path(path)))


def read_mapping(path: str | Path, remedy: str = "") -> dict[str, Any]:
    """A YAML file of keys and values, {} for an empty one, none of them given twice.

    Raises BadInput naming the file and the line; ``remedy`` is for a file that is not there.
    """
    try:
        row = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}{remedy}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise BadInput(f"{where}: not YAML: {getattr(error, 'problem', error)}") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    if row is None:
        return {}
    if not isinstance(row, dict) or not all(isinstance(key, str) for key in row):
        raise BadInput(f"{path}: expected lines of the form 'key: value', a mapping")
    return row


def _meant(path: Path) -> str:
    """Where rows of this name are, or where rows are at all; "" for a file that is there."""
    if path.exists():
        return ""
    try:
        home = root()
    except BadInput:
        return ""
    alike = sorted((home / "params").rglob(f"{path.stem}.yaml"))
    names = [file.relative_to(home).as_posix() for file in alike]
    return f"; did you mean {' or '.join(names)}?" if names else "; rows lie in params/<study>/"


def reference_of(row: str | Path) -> Path:
    """``00_full.yaml`` beside a row, or else in the folder above, where it may not be either."""
    beside, above = (folder / REFERENCE for folder in Path(row).absolute().parents[:2])
    return beside if beside.is_file() else above


def row_of(study: str, name: str) -> Path | None:
    """The file of a row of the checkout: in the study's folder, or in a folder of that one."""
    home = root() / "params" / study
    found = [path for place in ("", "*/") for path in sorted(home.glob(f"{place}{name}.yaml"))]
    return found[0] if found else None


def load(
    path: str | Path, model: type[P], reference: str | Path | None = None, **overrides: Any
) -> P:
    """Read a row over the reference row and return the study's parameters.

    ``reference`` defaults to that of `reference_of`; ``overrides`` win over both, and
    those that are ``None`` are left out. Raises BadInput naming the file, the key and the remedy.
    """
    path = Path(path)
    row = read_row(path)
    reference = Path(reference) if reference else reference_of(path)
    if not reference.is_file():
        raise BadInput(f"{path}: there is no {REFERENCE} beside it or above, to read it over")
    base = read_row(reference)
    given = {key: value for key, value in overrides.items() if value is not None}
    for values, source in ((base, reference), (row, path), (given, "overrides")):
        refuse_unknown(values, model.model_fields, source)
    return build(model, {**base, **row, **given}, path)


def build(model: type[P], values: Mapping[str, Any], source: str | Path) -> P:
    """Check ``values`` against ``model``; BadInput names ``source``, the key and what is wrong."""
    refuse_unknown(values, model.model_fields, source)
    try:
        return model(**values)
    except ValidationError as error:
        raise BadInput(
            "; ".join(_explain(problem, source) for problem in error.errors())
        ) from error


def gather(model: type[P], namespace: Mapping[str, Any]) -> P:
    """The parameters assigned in a notebook: ``gather(FlagshipParams, globals())``."""
    missing = [key for key in model.model_fields if key not in namespace]
    if missing:
        raise BadInput(f"the parameters cell does not assign {', '.join(missing)}")
    return build(model, {key: namespace[key] for key in model.model_fields}, "parameters cell")


def digest(params: Params) -> str:
    """16 hex digits that change when any parameter changes."""
    return digest_of(params.model_dump(mode="json"))


def changes(params: Params, other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys whose value differs: ``{key: (value in other or None, value in params)}``."""
    mine = params.model_dump(mode="json")
    keys = sorted(mine.keys() | other.keys())
    return {k: (other.get(k), mine.get(k)) for k in keys if other.get(k) != mine.get(k)}


def refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any], source: object) -> None:
    """Raise BadInput for the first key of ``given`` that ``known`` lacks, with the closest one."""
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(known)}"
            raise BadInput(f"{source}: unknown key '{key}'; {hint}")


def _explain(problem: Mapping[str, Any], source: object) -> str:
    if not problem["loc"]:  # a rule over several keys, whose message names them
        return f"{source}: {problem['msg'].removeprefix('Value error, ')}"
    key = ".".join(str(part) for part in problem["loc"])
    text = f"{source}: key '{key}': {problem['msg'][0].lower()}{problem['msg'][1:]}"
    if problem["type"] == "missing":
        return text
    value = problem["input"]
    if isinstance(value, str) and problem["type"] in {"float_type", "int_type"}:
        return text + f", got the text {value!r} (YAML needs a point before an exponent: 1.0e-3)"
    return text + f", got {value!r}"
