"""``reports/published/``: what the README cites. Only `publish` writes it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import root, writable
from sashimi.pab.profile import FILE
from sashimi.report import readme
from sashimi.report.read import PUBLISHED, Run
from sashimi.study import Study

KEPT = (result.NAME, FILE)
"""Files of a run that are published: its numbers and its trajectory."""


def folder() -> Path:
    """``reports/published`` of the checkout."""
    return root() / "reports" / PUBLISHED


def publish(runs: Sequence[str | Path], studies: Mapping[str, Study]) -> list[Path]:
    """Copy finished runs (folders) into `folder`, and rewrite what is generated from it.

    Raises BadInput, before anything is written, for a folder without a result and for a run of a
    study that there is not. Without runs only what is generated is rewritten.
    """
    found = [Run(Path(path), result.read(Path(path) / result.NAME)) for path in runs]
    for run in found:
        if run.record["study"] not in studies:
            raise BadInput(f"{run.folder}: there is no study '{run.record['study']}'")
    made = []
    for run in found:
        target = folder() / run.name
        writable(target)
        for name in KEPT:
            if (run.folder / name).is_file():
                shutil.copyfile(run.folder / name, target / name)
        made.append(target)
    readme.write(root(), folder(), studies)
    return made
