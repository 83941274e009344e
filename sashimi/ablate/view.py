"""A matrix while it runs: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from sashimi import result
from sashimi.ablate.cell import Ended
from sashimi.ablate.rows import Cell

STEP = 0.25
"""The part of a training between two printed lines."""
OPEN = ("finished", "waiting", "running")
"""States that say how long the rest will take."""
MARKS = {"finished": "✓", "skipped": "✓", "failed": "✗", "killed": "✗", "running": "▶"}


class Board:
    """What is known of every cell: waiting, running, finished, skipped, failed or killed."""

    def __init__(
        self, cells: Sequence[Cell], again: Sequence[Cell], say: Callable[[str], None]
    ) -> None:
        """``again`` are the cells that will run; the others keep their state, or are skipped."""
        settled = {"finished": "skipped", "failed": "failed"}
        self.states = {c: "waiting" if c in again else settled[c.state] for c in cells}
        self.reasons = {c: reason(c) for c in cells if self.states[c] == "failed"}
        self.seconds: dict[Cell, float] = {}
        self._say = say
        self._begun: dict[Cell, float] = {}
        self._told: dict[Cell, float] = {}
        self._jobs = 1

    @property
    def cells(self) -> list[Cell]:
        """All of them, in their order."""
        return list(self.states)

    def update(self, running: Sequence[Cell], ended: Sequence[tuple[Cell, Ended]]) -> None:
        """Take up what has begun and what has ended, and say it."""
        self._jobs = max(self._jobs, len(running))
        for cell, end in ended:
            self.states[cell] = _state(end)
            self.seconds[cell] = time.monotonic() - self._begun.get(cell, time.monotonic())
            if end.code:
                self.reasons[cell] = end.reason
            note = result.early_exit(cell.folder) if end.code == 0 else end.reason
            took = f"{self.seconds[cell]:.0f} s"
            self._say(f"{cell.name}: {self.states[cell]}, {took}{f': {note}' if note else ''}")
        for cell in running:
            if self.states[cell] == "waiting":
                self.states[cell] = "running"
                self._begun[cell] = time.monotonic()
                self._say(f"{cell.name}: running{' on' if cell.state == 'interrupted' else ''}")
            self._tell(cell)

    def _tell(self, cell: Cell) -> None:
        """A line for every quarter of a training."""
        known = progress(cell)
        share = known["step"] / known["steps"] if known else 0.0
        if known and share < 1 and share - self._told.get(cell, 0.0) >= STEP:
            self._told[cell] = share
            left = clock(known["seconds_left"])
            self._say(f"{cell.name}: step {known['step']}/{known['steps']}, {left} of it left")

    def left(self) -> float | None:
        """Seconds until all is done, by the mean of the cells that have ended; None if unknown."""
        cells = {state: [c for c in self.cells if self.states[c] == state] for state in OPEN}
        done = [self.seconds[cell] for cell in cells["finished"] if self.seconds[cell]]
        if not done:
            return None
        mean, now = sum(done) / len(done), time.monotonic()
        left = [mean] * len(cells["waiting"])
        left += [max(0.0, mean - (now - self._begun[cell])) for cell in cells["running"]]
        return sum(left) / self._jobs if left else None

    def counts(self) -> str:
        """``3 finished, 1 running, 4 waiting``."""
        return ", ".join(
            f"{n} {state}" for state, n in sorted(Counter(self.states.values()).items())
        )

    def table(self) -> Table:
        """All cells, one a line."""
        left = self.left()
        about = f"; about {clock(left)} left" if left is not None else ""
        shown = Table(title=self.counts() + about, title_justify="left", box=None, pad_edge=False)
        for head in ("", "cell", "state"):
            shown.add_column(head, no_wrap=True)
        for head in ("step", "loss", "training left"):
            shown.add_column(head, no_wrap=True, justify="right")
        shown.add_column("")
        for cell, state in self.states.items():
            known = progress(cell) if state == "running" else None
            numbers = [""] * 3
            if known:
                step, rest = f"{known['step']}/{known['steps']}", clock(known["seconds_left"])
                numbers = [step, f"{known['loss']:.3f}", rest]
            early = None if state == "running" else result.early_exit(cell.folder)
            note = self.reasons.get(cell) or early or ""
            shown.add_row(MARKS.get(state, ""), cell.name, state, *numbers, note)
        return shown

    def record(self) -> list[dict[str, Any]]:
        """Every cell for a script."""
        return [
            {
                "cell": cell.name,
                "folder": str(cell.folder),
                "state": state,
                "seconds": round(self.seconds[cell], 1) if cell in self.seconds else None,
                "changes": {key: list(pair) for key, pair in cell.changes.items()},
                "reason": self.reasons.get(cell),
                "notebook": str(cell.folder / "run.ipynb") if cell in self.reasons else None,
                "early_exit": result.early_exit(cell.folder),
            }
            for cell, state in self.states.items()
        ]


def failures(board: Board) -> list[str]:
    """What failed, why, and where the partial notebook lies, a line each; the remedy last."""
    lines = [
        f"{cell.name}: {board.states[cell]}: {why}; see {cell.folder / 'run.ipynb'}"
        for cell, why in board.reasons.items()
    ]
    if any(board.states[cell] == "failed" for cell in board.reasons):
        lines.append("--retry-failed runs what failed again, from its last checkpoint")
    return lines


def live(board: Board, console: Console) -> Live:
    """The board on a terminal, drawn anew four times a second."""
    return Live(get_renderable=board.table, console=console, refresh_per_second=4)


def console(quiet: bool) -> Console:
    """Where a matrix is shown: stdout, or stderr where stdout is for a script."""
    return Console(stderr=quiet, file=sys.stderr if quiet else None)


def reason(cell: Cell) -> str:
    """Why a cell failed, by the first line of what it left."""
    from sashimi.run import FAILED

    return (cell.folder / FAILED).read_text(encoding="utf-8").partition("\n")[0]


def progress(cell: Cell) -> dict[str, Any] | None:
    """How far its training is, or None where it has not begun."""
    try:
        return json.loads((cell.folder / result.PROGRESS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def clock(seconds: float) -> str:
    """``42 s`` or ``3.5 min``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _state(end: Ended) -> str:
    if end.code == 0:
        return "finished"
    return "killed" if end.code < 0 else "failed"
