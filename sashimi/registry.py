"""Finds studies by looking into folders: a ``study.py`` in any folder of a package is one.

Such a module sets ``STUDY`` (one `Study`) or ``STUDIES`` (several, as a tuple). Nothing heavy is
imported to list them: what a study needs to train it imports in its notebooks, and what it needs to
draw, measure or check inside the functions that do so.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from sashimi.errors import BadInput
from sashimi.study import Study

FILE = "study.py"


@cache
def load(package: str = "sashimi") -> Mapping[str, Study]:
    """Every study below a package by its name, in the order of their folders.

    Raises BadInput naming the file for a study with a missing or unknown field, a module without
    one, and two studies of one name.
    """
    home = Path(next(iter(importlib.import_module(package).__path__)))
    found: dict[str, Study] = {}
    files: dict[str, Path] = {}
    for path in sorted(home.glob(f"*/**/{FILE}")):
        for study in _studies(path, ".".join((package, *path.relative_to(home).parent.parts))):
            if study.name in found:
                raise BadInput(
                    f"{path} and {files[study.name]}: two studies are called '{study.name}'; "
                    "name one of them otherwise"
                )
            found[study.name], files[study.name] = study, path
    return MappingProxyType(found)


def of(row: str | Path, studies: Mapping[str, Study], default: str = "") -> Study:
    """The study that a row belongs to, by the name of its folder or of the folder above that.

    A row from elsewhere is one of the ``default``; without one, BadInput says what there is.
    """
    names = [*(folder.name for folder in Path(row).absolute().parents[:2]), default]
    known = next((studies[name] for name in names if name in studies), None)
    if known is None:
        raise BadInput(
            f"{row}: lies in the folder of no study: put it into one of "
            f"params/{{{','.join(sorted(studies))}}}"
        )
    return known


def _studies(path: Path, package: str) -> tuple[Study, ...]:
    try:
        module = importlib.import_module(f"{package}.{FILE.removesuffix('.py')}")
    except ValidationError as error:
        raise BadInput(f"{path}: {explained(error)}; see docs/new_study.md") from error
    found = getattr(module, "STUDIES", None) or (getattr(module, "STUDY", None),)
    if not all(isinstance(study, Study) for study in found):
        raise BadInput(f"{path}: sets neither STUDY nor STUDIES to a sashimi.study.Study")
    return tuple(found)


def explained(error: ValidationError) -> str:
    """``Metric.better: field required; Metric.heading: …``: class, field and what is wrong."""
    told = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        told.append(f"{error.title}{'.' if field else ': '}{field}{': ' if field else ''}{message}")
    return "; ".join(told)
