"""What a second worker is worth: a small matrix by one job and by two, in one run."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sashimi.ablate.matrix import ablate
from sashimi.errors import BadInput
from sashimi.study import Measurement

CELLS = 4
LIMIT = 0.6
"""Of the time of one job, what two may take, on two cores that do nothing else."""


def bench(row: Path, cells: int = CELLS) -> list[Measurement]:
    """Seconds of a row at ``cells`` seeds: one job, two jobs, one job of two threads.

    Each has an empty cache, so that none lives on what another has computed.
    """
    one, two, wide = (_seconds(row, cells, *pair) for pair in ((1, 1), (2, 1), (1, 2)))
    return [
        Measurement(f"{cells} cells, 1 job, 1 thread", one, "s", 1),
        Measurement(f"{cells} cells, 2 jobs, 1 thread each", two, "s", 1),
        Measurement(f"{cells} cells, 1 job, 2 threads", wide, "s", 1),
        Measurement("2 jobs against 1", two / one, "of its time", 1, LIMIT),
        Measurement("2 jobs against 1 of 2 threads", two / wide, "of its time", 1),
    ]


def _seconds(row: Path, cells: int, jobs: int, threads: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"SASHIMI_CACHE": str(Path(folder, "cache")), "OMP_NUM_THREADS": str(threads)}
        with _environment(chosen):
            begun = time.perf_counter()
            board = ablate([row], cells, jobs, out=folder, quiet=True)
            took = time.perf_counter() - begun
    if board.reasons:
        raise BadInput(f"a cell of the bench failed: {next(iter(board.reasons.values()))}")
    return took


@contextmanager
def _environment(chosen: Mapping[str, str]) -> Iterator[None]:
    """These variables while the block runs, and what was before after it."""
    before = dict(os.environ)
    os.environ.update(chosen)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
