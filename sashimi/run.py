"""One run: a row of parameters, executed through papermill into its folder.

The path ``reports/<study>/<row>/seed<k>`` is the key. A finished run is skipped, an interrupted one
is resumed by the training loop from its checkpoint, a failed one leaves its partial notebook and
``failed.txt``. Success is taken from the absence of an exception, never from the written notebook:
after a dead kernel papermill marks cells that never ran as completed.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from sashimi import notebooks, params, result
from sashimi.errors import BadInput
from sashimi.files import locked, root, writable, write_json, write_text
from sashimi.study import Study

UNFINISHED = "unfinished.json"
"""The parameters of a run that has begun and not ended; removed at the end."""
FAILED = "failed.txt"
PATIENCE = 10.0
"""Seconds to wait for the kernel of a killed run, which ends within two or so."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A run before anything is written: its parameters, folder and state, all of them checked."""

    study: Study
    row: Path
    params: params.Params
    folder: Path
    state: str
    """``fresh``, ``interrupted`` or ``finished``."""
    arguments: Mapping[str, Mapping[str, Any]]
    """By notebook, what it is given."""


class RunFailed(RuntimeError):
    """A notebook raised, or its kernel died. The message says where; the folder keeps the rest."""


def run(
    study: Study,
    row: str | Path | None = None,
    corpus: str | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
    patience: float = PATIENCE,
) -> Path:
    """Train one row and execute the notebooks that read it; returns the run's folder.

    Raises BadInput before anything is written when the input is wrong, or when another process
    works in the folder and does not end within ``patience`` seconds; RunFailed when a notebook
    fails. ``force`` throws an earlier run in the same folder away.
    """
    planned = plan(study, row, corpus, seed, out, force)
    run_dir, chosen = planned.folder, planned.params
    if planned.state != "finished":
        study.check(chosen)
        study.needs(chosen, run_dir)
    writable(run_dir.parent)
    with locked(run_dir.with_name(f"{run_dir.name}.lock"), patience):
        state = "fresh" if force else _state(study, run_dir, chosen)
        writable(run_dir)
        if state == "finished":
            say(f"{run_dir} is finished: {study.train} skipped (--force runs it again)")
        else:
            _train(study, planned.arguments[study.train], run_dir, chosen, state, say)
        for name in study.read:
            if state == "finished" and (run_dir / f"{name}.html").is_file():
                continue
            took = _execute(name, planned.arguments[name], run_dir, name, None)
            say(f"{name}: {took:.0f} s")
        (run_dir / FAILED).unlink(missing_ok=True)
    return run_dir


def plan(
    study: Study,
    row: str | Path | None = None,
    corpus: str | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> Planned:
    """What `run` would do, proved as far as it can be without writing; raises BadInput."""
    full = root() / "params" / study.name / params.REFERENCE
    row = Path(row) if row else full
    near = params.reference_of(row)
    reference = near if near.is_file() else full
    chosen = params.load(row, study.params, reference, corpus=corpus, seed=seed)
    arguments = {name: arguments_of(study, name, chosen) for name in (study.train, *study.read)}
    run_dir = folder(study, row, chosen, out)
    state = "fresh" if force else _state(study, run_dir, chosen)
    return Planned(study, row, chosen, run_dir, state, arguments)


def folder(study: Study, row: Path, chosen: params.Params, out: str | Path | None) -> Path:
    """``<out>/<study>/<row>[-<corpus>]/seed<k>``, relative where it lies in the working folder."""
    source = getattr(chosen, "corpus", "builtin")
    name = row.stem if source == "builtin" else f"{row.stem}-{result.corpus_name(source)}"
    base = Path(out) if out else root() / "reports"
    path = base / study.name / name / f"seed{getattr(chosen, 'seed', 0)}"
    try:
        return path.absolute().relative_to(Path.cwd())
    except ValueError:
        return path.absolute()


def _state(study: Study, run_dir: Path, chosen: params.Params) -> str:
    """``fresh``, ``interrupted`` or ``finished``; BadInput if other parameters ran there."""
    unfinished = run_dir / UNFINISHED
    if unfinished.is_file():
        before, state = json.loads(unfinished.read_text(encoding="utf-8")), "interrupted"
    elif (run_dir / result.NAME).is_file() and (run_dir / study.keeps).is_file():
        before, state = result.read(run_dir / result.NAME)["params"], "finished"
    else:
        return "fresh"
    changed = params.changes(chosen, before)
    if changed:
        told = ", ".join(f"{key}: {old} is now {new}" for key, (old, new) in changed.items())
        raise BadInput(
            f"{run_dir} holds a run with other parameters ({told}): "
            "choose another --out, name the row otherwise, or replace it with --force"
        )
    return state


def arguments_of(study: Study, name: str, chosen: params.Params) -> dict[str, Any]:
    """What a notebook is given, proved against its parameters cell before anything runs."""
    path = root() / "notebooks" / f"{name}.ipynb"
    assigned = notebooks.parameters(notebooks.read(path), path)
    # all of them, also what a digest leaves out; papermill writes a tuple or a path as its text
    values = to_jsonable_python(dict(chosen)) | {"run_dir": ""}
    if name == study.train:
        params.refuse_unknown(assigned, values, f"{path}: parameters cell")
    required = values if name == study.train else {"run_dir": ""}
    missing = [key for key in required if key not in assigned]
    if missing:
        raise BadInput(f"{path}: the parameters cell does not assign {', '.join(missing)}")
    return {key: value for key, value in values.items() if key in assigned}


def _train(
    study: Study,
    arguments: Mapping[str, Any],
    run_dir: Path,
    chosen: params.Params,
    state: str,
    say: Callable[[str], None],
) -> None:
    if state == "fresh" and run_dir.exists():
        shutil.rmtree(run_dir)
    writable(run_dir)
    write_json(run_dir / UNFINISHED, chosen.model_dump(mode="json"))
    again = "resuming" if state == "interrupted" else "running"
    say(f"{again} {study.train} into {run_dir}")
    took = _execute(study.train, arguments, run_dir, "run", sys.stdout)
    _same_parameters(run_dir, chosen)
    (run_dir / UNFINISHED).unlink()
    say(f"{study.train}: {took / 60:.1f} min")


def _same_parameters(run_dir: Path, chosen: params.Params) -> None:
    """Compare what the notebook recorded with what it was given: papermill's traps end here."""
    if not (run_dir / result.NAME).is_file():
        raise RunFailed(f"{run_dir}: the notebook ended without writing {result.NAME}")
    changed = params.changes(chosen, result.read(run_dir / result.NAME)["params"])
    if changed:
        raise RunFailed(f"{run_dir}: {result.NAME} records other parameters than given: {changed}")


def _execute(name: str, arguments: Mapping[str, Any], run_dir: Path, stem: str, live: Any) -> float:
    """Execute ``notebooks/<name>.ipynb`` into ``<run_dir>/<stem>.ipynb`` and ``.html``.

    ``live`` receives the notebook's output as it appears. Returns seconds.
    """
    import papermill

    from sashimi import kernel

    started = time.monotonic()
    target = run_dir / f"{stem}.ipynb"
    try:
        papermill.execute_notebook(
            _unformatted(root() / "notebooks" / f"{name}.ipynb"),
            _unformatted(target),
            parameters={**arguments, "run_dir": str(run_dir)},
            kernel_name="python3",
            language="python",
            kernel_manager_class="sashimi.kernel.OwnKernel",
            coalesce_streams=True,
            progress_bar=False,
            stdout_file=live,
            stderr_file=live,
        )
    except KeyboardInterrupt:
        kernel.end()
        raise
    except Exception as error:  # a cell raised, the kernel died or never started: all end the run
        reason = _reason(name, error)
        write_text(run_dir / FAILED, f"{reason}\n\n{_plain(str(error))}\n")
        if vars(error).get("ename") in _names(BadInput):
            raise BadInput(vars(error)["evalue"]) from error
        raise RunFailed(f"{reason}; see {run_dir / FAILED} and {target}") from error
    write_text(target, notebooks.text(notebooks.stripped(notebooks.read(target))))
    notebooks.html(target, run_dir / f"{stem}.html")
    return time.monotonic() - started


def _unformatted(path: Path) -> str:
    """A path that survives papermill's ``str.format`` of paths."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _names(kind: type) -> set[str]:
    """The names of a class and of all that inherit from it: a kernel tells no more than a name."""
    children: list[type] = kind.__subclasses__()
    return {kind.__name__}.union(*(_names(child) for child in children))


def _reason(name: str, error: Exception) -> str:
    told = vars(error)  # papermill's own, of a cell that raised
    if "ename" in told:
        return f"{name}, cell {told['cell_index']}: {told['ename']}: {told['evalue']}"
    return f"{name}: {type(error).__name__}: {_plain(str(error))}"


def _plain(text: str) -> str:
    """Text without the terminal's colour codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
