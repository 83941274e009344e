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
from sashimi.files import root

CELLS = 4
LIMIT = 0.6
"""Of the time of one job, what two may take, on two cores that do nothing else."""


def bench(cells: int = CELLS) -> list[dict]:
    """Seconds of the smoke row at ``cells`` seeds: one job, two jobs, one job of two threads.

    Each has an empty cache, so that none lives on what another has computed.
    """
    one, two, wide = (_seconds(cells, *pair) for pair in ((1, 1), (2, 1), (1, 2)))
    return [
        _row(f"{cells} cells, 1 job, 1 thread", one, "s"),
        _row(f"{cells} cells, 2 jobs, 1 thread each", two, "s"),
        _row(f"{cells} cells, 1 job, 2 threads", wide, "s"),
        _row("2 jobs against 1", two / one, "of its time", limit=LIMIT, ratio=two / one / LIMIT),
        _row("2 jobs against 1 of 2 threads", two / wide, "of its time"),
    ]


def _row(what: str, value: float, unit: str, **more: float) -> dict:
    return {"what": what, "value": value, "unit": unit, "n": 1, **more}


def _seconds(cells: int, jobs: int, threads: int) -> float:
    row = root() / "params" / "flagship" / "90_smoke.yaml"
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
