"""A matrix from the command to its last cell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from sashimi.ablate import view
from sashimi.ablate.engine import Cluster, Local, work
from sashimi.ablate.rows import Cell, expand
from sashimi.files import writable


def ablate(
    rows: Sequence[str | Path],
    seeds: int = 1,
    jobs: int = 1,
    corpus: str | None = None,
    out: str | Path | None = None,
    retry_failed: bool = False,
    scheduler: str | None = None,
    quiet: bool = False,
    studies: str = "sashimi",
    default: str = "",
) -> view.Board:
    """Run every cell that is not finished and did not fail before; returns what became of them.

    ``jobs`` cells at once on this machine, or as many as the cluster behind ``scheduler`` has room
    for. ``quiet`` keeps stdout free. Raises BadInput before anything starts.
    """
    cells = expand(rows, seeds, corpus, out, studies, default)
    again = [cell for cell in cells if due(cell, retry_failed)]
    for folder in {cell.folder.parent for cell in again}:
        writable(folder)
    console = view.console(quiet)
    say = (lambda line: None) if console.is_terminal else console.out
    board = view.Board(cells, again, say)
    say(f"{len(cells)} cells: {board.counts()}")
    if again:
        place = Cluster(scheduler) if scheduler else Local(jobs)
        with view.live(board, console) if console.is_terminal else nullcontext():
            work(again, place, board.update)
    return board


def due(cell: Cell, retry_failed: bool) -> bool:
    """Whether a cell has to run: what is finished stays, what failed only runs on request."""
    return cell.state in ("fresh", "interrupted") or (cell.state == "failed" and retry_failed)
