"""One small net for each task, fitted to the task's own pairs at test time, with no training set.

In the manner of CompressARC (Liao and Gu 2025), of our own design: one plane of features for
each colour, the same weights for all of them, so that f(Px) = P f(x) but for a small learned mark
of each colour, which decays, for rules that name colours. The input is laid into the output's frame
in every way that the sizes allow. Letters: n pairs, C colours, w channels, H x W output cells.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.studies.arc.batches import COLOURS
from sashimi.studies.arc.data import Task, hits, key
from sashimi.studies.arc.params import FittedParams
from sashimi.studies.arc.rungs import count

LAID = 9
"""Planes an input is laid into: parts of it, enlargements, copies. Unused ones are empty."""
RESTARTS = 2
"""Nets a task; both vote."""


@dataclass(frozen=True)
class Answer:
    """What was answered to one task."""

    name: str
    solved: bool
    """Whether every test output is among the two most frequent answers."""
    seconds: float
    """Of the processor."""
    parameters: int
    reason: str = ""
    """Why nothing was answered, where nothing was."""


def sizes(task: Task) -> Callable[[np.ndarray], tuple[int, int]] | None:
    """Rows and columns of an output from an input, as in all pairs that show the rule: as many
    times the input's, or always the same; None where they follow neither.
    """
    shapes = np.array([[one.shape, two.shape] for one, two in task.train])  # (n, 2, 2)
    ratios = shapes[:, 1] / shapes[:, 0]
    if (ratios == ratios[0]).all() and (ratios[0] % 1 == 0).all():
        down, across = ratios[0].astype(int).tolist()
        return lambda x: (down * x.shape[0], across * x.shape[1])
    if (shapes[:, 1] == shapes[0, 1]).all():
        return lambda x: task.train[0][1].shape
    return None


def laid(source: np.ndarray, size: tuple[int, int]) -> Tensor:
    """An input as planes of colours in the output's frame: (LAID, C, H, W) float.

    A larger input gives its parts, with or without lines between them; a smaller one is enlarged,
    repeated, and repeated in mirrors.
    """
    (h, w), (rows, columns) = source.shape, size
    if rows > h or columns > w:
        down, across = -(-rows // h), -(-columns // w)
        mirrors = [[source[:: (-1) ** i, :: (-1) ** j] for j in range(across)] for i in range(down)]
        enlarged = np.kron(source, np.ones((down, across), dtype=source.dtype))
        parts = [enlarged, np.tile(source, (down, across)), np.block(mirrors)]
    else:
        tops, lefts = (
            [i * ((have - want) // max(1, have // want - 1)) for i in range(have // want)]
            for have, want in ((h, rows), (w, columns))
        )
        parts = [source[top:, left:] for top in tops for left in lefts]
    out = torch.zeros(LAID, COLOURS, rows, columns)
    for plane, part in zip(out, parts[:LAID], strict=False):
        cut = torch.from_numpy(part[:rows, :columns].copy()).long()
        plane[:, : cut.shape[0], : cut.shape[1]] = F.one_hot(cut, COLOURS).permute(2, 0, 1)
    return out


class Block(nn.Module):
    """What a cell of a colour learns from its neighbours, its lines, the mirrors, the colours."""

    SOURCES = 17

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Linear(self.SOURCES * width, 2 * width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, C, H, W, w), the same."""
        u = self.norm(x)
        padded = F.pad(u, (0, 0, 1, 1, 1, 1))
        h, w = u.shape[2:4]
        near = [padded[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
        lines = [u.amax(axis, keepdim=True).expand_as(u) for axis in (1, 2, 3, (2, 3))]
        means = [u.mean(axis, keepdim=True).expand_as(u) for axis in (1, (2, 3))]
        seen = torch.cat([*near, *lines, *means, u.flip(2), u.flip(3)], -1)
        return x + self.out(self.mix(seen).relu())


class Net(nn.Module):
    """Logits of the colour of each output cell."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.read = nn.Linear(LAID, width)
        self.mark = nn.Parameter(torch.zeros(COLOURS, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.say = nn.Linear(width, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """(n, LAID, C, H, W) to (n, C, H, W)."""
        x = self.read(planes.permute(0, 2, 3, 4, 1)) + self.mark[None, :, None, None]
        for block in self.blocks:
            x = block(x)
        return self.say(x)[..., 0]


def solve(task: Task, settings: FittedParams) -> Answer:
    """Fits nets to a task's train pairs and votes on its test inputs; sees no test output but to
    score. Stops at the processor seconds that a task may take.
    """
    begun = time.process_time()
    size = sizes(task)
    if size is None:
        return Answer(task.name, False, 0.0, 0, "the sizes of outputs follow no known rule")
    asked = [laid(one, size(one))[None] for one, _ in task.test]
    votes: list[Counter] = [Counter() for _ in task.test]
    for restart in range(RESTARTS):
        torch.manual_seed(settings.seed * 1000 + restart)
        net = Net(settings.width, settings.blocks)
        until = begun + settings.seconds * (restart + 1) / RESTARTS
        _fit(net, task, asked, settings, until, votes)
    solved = all(hits(own, right)[1] for own, (_, right) in zip(votes, task.test, strict=True))
    return Answer(task.name, solved, time.process_time() - begun, count(net))


def _fit(net: Net, task: Task, asked, settings: FittedParams, until: float, votes) -> None:
    """Trains a net on the train pairs; in the last half, every tenth step casts a vote on each of
    the inputs that are asked for.
    """
    optimizer = torch.optim.AdamW(net.parameters(), settings.learning_rate, weight_decay=0.1)
    shapes: dict[tuple, list] = {}
    for one, two in task.train:
        pair = laid(one, two.shape), torch.from_numpy(two).long()
        shapes.setdefault(two.shape, []).append(pair)
    batches = [[*map(torch.stack, zip(*pairs, strict=True))] for pairs in shapes.values()]
    for step in range(1, settings.steps + 1):
        total = sum(F.cross_entropy(net(x), y, reduction="sum") for x, y in batches)
        optimizer.zero_grad()
        (total / sum(y.numel() for _, y in batches)).backward()
        optimizer.step()
        if (step > settings.steps / 2 and step % 10 == 0) or time.process_time() > until:
            for count, x in zip(votes, asked, strict=True):
                count[key(net(x)[0].argmax(0).numpy())] += 1
        if time.process_time() > until:
            return


def smallest(tasks: Sequence[Task], number: int) -> list[Task]:
    """The tasks with the fewest cells over all pairs, ties by name."""
    return sorted(tasks, key=lambda task: (task.cells, task.name))[:number]
