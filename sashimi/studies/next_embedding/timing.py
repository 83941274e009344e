"""Encoding beside the library's, and training steps beside a plain loader's."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sashimi import sentence_encoder
from sashimi.pieces import model_folder
from sashimi.studies.next_embedding import corpus, learn, models, rows, texts
from sashimi.study import Measurement

CHUNKS, ROUNDS, BATCH = 96, 3, 64


class Plain(Dataset):
    """One window an item, cut out of its document when it is asked for."""

    def __init__(self, documents: list[np.ndarray]) -> None:
        self.documents = [torch.from_numpy(document) for document in documents]
        self.items = [(d, at) for d, own in enumerate(documents) for at in range(len(own) - 5)]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        document, at = self.items[index]
        return self.documents[document][at : at + 5], self.documents[document][at + 5]


def measure() -> list[Measurement]:
    """Ratios of processor time, the least of three rounds each: the other over ours."""
    chunks = texts.chunks(texts.domains()["early"][50][1])[:CHUNKS]
    library = sentence_encoder.load(str(model_folder()))
    ours, theirs = _least(lambda: corpus._encode(chunks)), _least(lambda: library.encode(chunks))
    documents = list(np.random.default_rng(0).standard_normal((64, 40, 384)).astype(np.float32))
    windows = rows.windows(documents)
    model = models.build("amn")
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, fused=True)
    draw = learn.batches(windows, BATCH, 0)
    steps = len(windows) // BATCH

    def step(loss: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def fast() -> None:
        for index in range(1, steps + 1):
            step(learn.loss(model, [draw(index)])[0])

    def plain() -> None:
        for x, y in DataLoader(Plain(documents), BATCH, shuffle=True, drop_last=True):
            step(torch.nn.functional.mse_loss(model(x), y))

    quick, slow = _least(fast), _least(plain)
    return [
        Measurement("encoding, library over ours", theirs / ours, "times", ROUNDS, 1.2),
        Measurement("encoding, ours", 1000 * ours / len(chunks), "ms a chunk", ROUNDS),
        Measurement("training steps, plain loader over ours", slow / quick, "times", ROUNDS, 2.0),
        Measurement("training steps, ours", steps / quick, "steps a second", ROUNDS),
    ]


def _least(call: Callable[[], object]) -> float:
    """The least processor seconds of a call."""
    return min(timeit.repeat(call, timer=time.process_time, number=1, repeat=ROUNDS))
