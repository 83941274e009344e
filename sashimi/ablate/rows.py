"""Rows × seeds: the cells of a matrix, each of them proved before the first one starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sashimi import params, registry
from sashimi.errors import BadInput
from sashimi.params import SMOKE
from sashimi.run import FAILED, plan
from sashimi.study import Study


@dataclass(frozen=True, slots=True)
class Cell:
    """One row at one seed: one run, in a folder of its own."""

    study: str
    row: Path
    seed: int
    corpus: str | None
    out: Path | None
    folder: Path
    state: str
    """``fresh``, ``interrupted``, ``failed`` or ``finished`` when the matrix was expanded."""
    changes: Mapping[str, tuple[Any, Any]] = field(hash=False)
    """What the row changes of the reference row: key to (old, new)."""
    studies: str = "sashimi"

    @property
    def name(self) -> str:
        """``flagship/10_continuous/seed0``."""
        return "/".join(self.folder.parts[-3:])

    def beside(self, suffix: str) -> Path:
        """A file beside the folder: ``seed0.log``."""
        return self.folder.with_name(f"{self.folder.name}{suffix}")


def known(studies: str = "sashimi") -> dict[str, Study]:
    """The studies of a package, without the notebooks that only read: a cell trains, once."""
    found = registry.load(studies)
    return {name: study.model_copy(update={"read": ()}) for name, study in found.items()}


def expand(
    rows: Sequence[str | Path],
    seeds: int,
    corpus: str | None = None,
    out: str | Path | None = None,
    studies: str = "sashimi",
    default: str = "",
) -> list[Cell]:
    """Every row at seeds 0 to ``seeds - 1``; the first seed of all rows comes first.

    A row from outside any study's folder is one of the study ``default``. `SMOKE` is left out
    beside other rows, so that ``params/flagship/*.yaml`` names a matrix.
    Raises BadInput, before anything is written, for whatever `sashimi.run.plan` refuses, a row that
    changes nothing or states what its reference has anyway, two rows of equal parameters or of one
    folder, and a corpus that cannot be used.
    """
    if not rows:
        raise BadInput("no rows: name files such as params/STUDY/*.yaml")
    if seeds < 1:
        raise BadInput(f"--seeds {seeds}: at least one seed is needed")
    chosen = known(studies)
    paths = [Path(row) for row in rows if Path(row).stem != SMOKE] or [Path(row) for row in rows]
    cells, proved = [], set()
    digests: dict[tuple[str, str], Path] = {}
    folders: dict[Path, Path] = {}
    for seed in range(seeds):
        for row in paths:
            study = registry.of(row, chosen, default)
            planned = plan(study, row, corpus, seed, out)
            changes = _changes(study, row, planned.params, corpus, seed)
            _once(digests, (study.name, params.digest(planned.params)), row, "parameters")
            _once(folders, planned.folder, row, "folder")
            source = (study.name, getattr(planned.params, "corpus", None))
            if source not in proved and planned.state != "finished":
                study.check(planned.params)
                proved.add(source)
            failed = planned.state == "interrupted" and (planned.folder / FAILED).is_file()
            state = "failed" if failed else planned.state
            where = (corpus, Path(out) if out else None, planned.folder)
            cells.append(Cell(study.name, row, seed, *where, state, changes, studies))
    return cells


def _changes(
    study: Study, row: Path, chosen: params.Params, corpus: str | None, seed: int
) -> dict[str, tuple[Any, Any]]:
    """What a row changes; BadInput for one that changes nothing, or states what changes nothing."""
    reference = params.reference_of(row)
    if not reference.is_file() or row.name == params.REFERENCE:
        return {}
    parent = params.load(reference, study.params, reference, corpus=corpus, seed=seed)
    changes = params.changes(chosen, parent.model_dump(mode="json"))
    idle = [key for key in params.read_row(row) if key not in changes]
    if idle:
        raise BadInput(
            f"{row}: {', '.join(idle)} changes nothing of {params.REFERENCE}, with the corpus and "
            "the seeds of this command: a row states only what it changes"
        )
    if not changes:
        raise BadInput(f"{row}: changes nothing of {params.REFERENCE}: leave it out")
    return changes


def _once(seen: dict[Any, Path], key: Any, row: Path, what: str) -> None:
    other = seen.setdefault(key, row)
    if other != row:
        raise BadInput(f"{other} and {row} have the same {what}: leave one of them out")
