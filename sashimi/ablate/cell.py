"""One cell in a process of its own: a killed one takes nothing else with it.

``python -m sashimi.ablate.cell TASK`` runs the row that TASK (JSON) names. It ends when the process
that started it is gone, and its kernel with it; the lock on its folder is free when both are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sashimi.ablate.rows import Cell, known
from sashimi.errors import BadInput
from sashimi.files import locked, writable
from sashimi.kernel import THREADS
from sashimi.run import FAILED, PATIENCE, RunFailed, run

LOOK = 0.5
"""Seconds between two looks at the parent process."""
GRACE = 120.0
"""Seconds for a cell to wait for an earlier one: a worker that retires may take half a minute."""
CHILDREN: dict[str, subprocess.Popen] = {}
"""The cells that this process has running, by their logs."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a cell ended: 0, or an exit code and the reason; a negative code is a signal."""

    code: int
    reason: str = ""


def task(cell: Cell) -> dict[str, Any]:
    """What a process, here or on another machine with the same files, needs to run a cell.

    A cell has one thread, unless ``OMP_NUM_THREADS`` says otherwise: the order in which threads
    add changes the last bits, so the result must not hang on how many cells run at once.
    """
    passed = {**THREADS, "SASHIMI_CACHE": None}
    environment = {key: os.environ.get(key, default) for key, default in passed.items()}
    return {
        "studies": cell.studies,
        "study": cell.study,
        "row": str(cell.row),
        "corpus": cell.corpus,
        "seed": cell.seed,
        "out": str(cell.out) if cell.out else None,
        "failed": str(cell.folder / FAILED),
        "log": str(cell.beside(".log")),
        "lock": str(cell.beside(".lock")),
        "cwd": str(Path.cwd()),
        "environment": {key: value for key, value in environment.items() if value is not None},
    }


def start(given: Mapping[str, Any]) -> subprocess.Popen:
    """Start a task; its output goes to its log. OSError where its folders are not to be had."""
    log = Path(given["cwd"], given["log"])
    writable(log.parent)
    with open(log, "wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "sashimi.ablate.cell", json.dumps(dict(given))],
            cwd=given["cwd"],
            env=os.environ | given["environment"] | {"SASHIMI_PARENT": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    CHILDREN[given["log"]] = child
    return child


def ending(child: subprocess.Popen, given: Mapping[str, Any]) -> Ended:
    """How a child that is no more has ended, in a sentence."""
    CHILDREN.pop(given["log"], None)
    if child.returncode == 0:
        return Ended(0)
    if child.returncode < 0:
        return Ended(child.returncode, f"killed by {signal.Signals(-child.returncode).name}")
    failed, log = (Path(given["cwd"], given[key]) for key in ("failed", "log"))
    told = failed.is_file()
    lines = (failed if told else log).read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line for line in lines if line.strip()] or [f"exit code {child.returncode}"]
    return Ended(child.returncode, said[0 if told else -1])


def execute(given: Mapping[str, Any]) -> Ended:
    """Run a task to its end: what a worker of a cluster does."""
    child = start(given)
    child.wait()
    return ending(child, given)


def interrupt(logs: Iterable[str]) -> None:
    """Kill those of the cells with these logs that this process has running."""
    for log in logs:
        if log in CHILDREN:
            CHILDREN[log].kill()


def free(given: Mapping[str, Any]) -> None:
    """Wait until a killed cell's kernel is gone too. Raises BadInput if it does not go."""
    with locked(Path(given["cwd"], given["lock"]), PATIENCE):
        pass


def main(words: list[str]) -> int:
    """0 finished, 1 failed, 2 bad input."""
    given = json.loads(words[0])
    parent = int(os.environ["SASHIMI_PARENT"])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    study = known(given["studies"])[given["study"]]
    Path(given["failed"]).unlink(missing_ok=True)  # of the attempt before
    try:
        chosen = {key: given[key] for key in ("row", "corpus", "seed", "out")}
        run(study, **chosen, patience=GRACE)
    except RunFailed as error:
        print(error)
        return 1
    except BadInput as error:
        print(error)
        return 2
    return 0


def _end_with(parent: int) -> None:
    """End this process, whatever it does, when its parent is no more."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
