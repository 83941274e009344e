"""Keeps cells going: on this machine, or on a Dask cluster that is there already.

Both places take cells, say which have ended, and stop. Neither shares a process between cells, so
one that is killed, by hand or for its memory, takes nothing with it. (A pool of processes would
lose every cell with one of them; threads and Dask's own `cancel` leave kernels running.)
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sashimi.ablate import cell as cells_of
from sashimi.ablate.cell import Ended
from sashimi.ablate.rows import Cell
from sashimi.errors import BadInput

LOOK = 0.5
"""Seconds between two looks at what is running."""
ANSWER = 10.0
"""Seconds that a scheduler has to answer in."""


class Local:
    """At most ``jobs`` cells at once on this machine, a process each."""

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise BadInput(f"--jobs {jobs}: at least one job is needed")
        self.jobs = jobs
        self._waiting: list[Cell] = []
        self._running: dict[Cell, subprocess.Popen] = {}

    def submit(self, cells: Sequence[Cell]) -> None:
        """Take cells, to be started in their order."""
        self._waiting.extend(cells)

    def poll(self) -> list[tuple[Cell, Ended]]:
        """The cells that have ended since the last call; those that wait take their places."""
        over = [cell for cell, child in self._running.items() if child.poll() is not None]
        ended = [(c, cells_of.ending(self._running.pop(c), cells_of.task(c))) for c in over]
        while self._waiting and len(self._running) < self.jobs:
            cell = self._waiting.pop(0)
            self._running[cell] = cells_of.start(cells_of.task(cell))
        return ended

    def running(self) -> list[Cell]:
        """The cells that have a process now."""
        return list(self._running)

    def stop(self) -> None:
        """Kill what runs, and wait until the kernels are gone as well."""
        for child in self._running.values():
            child.kill()
        for cell, child in self._running.items():
            child.wait()
            cells_of.free(cells_of.task(cell))


class Cluster:
    """Cells on the workers of a Dask cluster that sees the same files.

    The scheduler runs the cells of a lost worker again on another, where they resume from their
    checkpoints. It gives a cell up when it has lost several workers with it.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise BadInput("--scheduler needs Dask: pip install 'sashimi[cluster]'") from error
        try:
            self._client = Client(address, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BadInput(f"--scheduler {address}: no Dask scheduler answers ({error})") from error
        self._futures: dict[Cell, Any] = {}
        self._logs: dict[Cell, int] = {}

    def submit(self, cells: Sequence[Cell]) -> None:
        """Hand all cells over at once: a cluster that grows with its queue has to see the queue."""
        for cell in cells:
            self._logs[cell] = _changed(cell)
            self._futures[cell] = self._client.submit(
                cells_of.execute,
                cells_of.task(cell),
                key=f"{cell.name}-{uuid.uuid4().hex}",  # Dask would give an old result again
                pure=False,
                priority=-len(self._futures),
            )

    def poll(self) -> list[tuple[Cell, Ended]]:
        """The cells that have ended since the last call."""
        over = [cell for cell, future in self._futures.items() if future.done()]
        return [(cell, _result(self._futures.pop(cell))) for cell in over]

    def running(self) -> list[Cell]:
        """The cells that a worker has begun: their logs say so."""
        return [cell for cell in self._futures if _changed(cell) != self._logs[cell]]

    def stop(self) -> None:
        """Take back what waits, kill what runs, and wait until the kernels are gone as well."""
        tasks = [cells_of.task(cell) for cell in self.running()]
        if self._futures:
            self._client.cancel(list(self._futures.values()), force=True)
            self._client.run(cells_of.interrupt, [given["log"] for given in tasks])
        for given in tasks:
            cells_of.free(given)
        self._client.close()


def work(
    cells: Sequence[Cell],
    place: Local | Cluster,
    show: Callable[[list[Cell], list[tuple[Cell, Ended]]], None],
) -> dict[Cell, Ended]:
    """Run cells to their ends; ``show(running, ended)`` is told twice a second.

    What runs is stopped when this is interrupted, by Ctrl-C or an error.
    """
    ends: dict[Cell, Ended] = {}
    try:
        place.submit(cells)
        while len(ends) < len(cells):
            news = [(cell, _arrived(cell, end)) for cell, end in place.poll()]
            ends |= dict(news)
            show(place.running(), news)
            if len(ends) < len(cells):
                time.sleep(LOOK)
    finally:
        place.stop()
    return ends


def _arrived(cell: Cell, end: Ended) -> Ended:
    """A cell that ended well has left its result where this process sees it."""
    from sashimi import result

    if end.code or (cell.folder / result.NAME).is_file():
        return end
    return Ended(1, f"no {result.NAME} in {cell.folder}: workers have to write to the same files")


def _result(future: Any) -> Ended:
    if future.status == "finished":
        return future.result()
    error: object = future.status
    with suppress(Exception):  # a future that was cancelled raises instead of telling
        error = future.exception()
    return Ended(1, f"its worker could not run it: {type(error).__name__}: {error}")


def _changed(cell: Cell) -> int:
    """When a cell's log was begun or written last, in the clock of its file system; 0 for never."""
    try:
        return cell.beside(".log").stat().st_mtime_ns
    except FileNotFoundError:
        return 0
