"""Contracts of real batches: what a loader must give, and what may not be in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

import torch
from torch import Tensor

from sashimi.studies.arc import family
from sashimi.studies.arc.batches import BOS, COLOURS, EOS, PAD, ROW, SEP, VOCABULARY, Batch
from sashimi.study import Check


def of_loader(batches: list[Batch]) -> Iterator[Check]:
    """The contracts of real batches: what is loaded, and what may not be in it."""
    wrong = [problem for batch in batches for problem in shapes(batch)]
    yield Check(
        "batches load", bool(batches) and not wrong, "; ".join(wrong) or f"{len(batches)} batches"
    )
    if not batches or wrong:
        return
    for name, look in LOOKS.items():
        bad = [n for batch in batches for n in look(batch)]
        yield Check(name, not bad, f"{len(bad)} of {sum(map(len, batches))} examples break it")


def shapes(batch: Batch) -> Iterator[str]:
    """What is wrong with the tensors of a batch: type, shape, range, sizes of context pairs."""
    wanted = {"task": 1, "context_in": 4, "context_out": 4}
    for field in fields(Batch):
        tensor = getattr(batch, field.name)
        if tensor.dtype != torch.int64 or tensor.ndim != wanted.get(field.name, 2):
            yield f"{field.name}: {tensor.dtype}, {tensor.ndim} axes"
        elif (
            len(tensor) != len(batch)
            or not 0 <= int(tensor.min()) <= int(tensor.max()) < VOCABULARY
        ):
            low, high = int(tensor.min()), int(tensor.max())
            yield f"{field.name}: {len(tensor)} rows, from {low} to {high}"
    if batch.before.shape != batch.target.shape:
        yield f"before {tuple(batch.before.shape)}, target {tuple(batch.target.shape)}"
    if batch.context_in.shape != batch.context_out.shape:
        sizes = [tuple(part.shape[2:]) for part in (batch.context_in, batch.context_out)]
        yield f"context pairs of two sizes: {sizes[0]}, {sizes[1]}"
    elif not torch.equal(batch.context_in == PAD, batch.context_out == PAD):
        yield "a context pair whose grids have two sizes"
    if batch.context_in.ndim == 4 and batch.context_in.shape[1] != family.PAIRS:
        yield f"{batch.context_in.shape[1]} context pairs, {family.PAIRS} needed"


def _failing(good: Tensor) -> list[int]:
    return torch.nonzero(~good).flatten().tolist()


def _shifts(batch: Batch) -> list[int]:
    """Examples that are read otherwise than predicted one place before."""
    real = (batch.target != PAD)[:, 1:]
    return _failing(((batch.before[:, 1:] == batch.target[:, :-1]) | ~real).all(1))


def _begins(batch: Batch) -> list[int]:
    """Examples that are shifted well, but begin with a cell that is given instead of BOS."""
    return sorted({*_failing(batch.before[:, 0] == BOS)} - {*_shifts(batch)})


def _outputs_only(batch: Batch) -> list[int]:
    """Examples whose target holds more than one grid and its end."""
    alien = ((batch.target == SEP) | (batch.target == BOS)).any(1)
    return _failing(((batch.target == EOS).sum(1) == 1) & ~alien)


def _separator(batch: Batch) -> list[int]:
    special = {PAD, BOS, EOS, ROW, SEP}
    place = batch.source.shape[1]
    good = ((batch.sequence == SEP).long().argmax(1) == place) & (batch.sequence[:, place] == SEP)
    return _failing(good & torch.tensor(len(special) == 5 and min(special) >= COLOURS))


def _context_leak(batch: Batch) -> list[int]:
    """Examples whose query is one of their context inputs."""
    found = []
    for n in range(len(batch)):
        tokens = batch.source[n][batch.source[n] < COLOURS].tolist()
        shown = [pair[pair != PAD].tolist() for pair in batch.context_in[n]]
        found += [n] if tokens in shown else []
    return found


def _split_leak(batch: Batch) -> list[int]:
    """Examples whose query, colours renamed, belongs to another split than training."""
    found = []
    for n, row in enumerate(batch.source):
        row = row[row != PAD]
        rows = int((row == ROW).sum())
        cells = row[row < COLOURS].view(1, rows, -1).numpy()
        found += [n] if family.digests(cells)[0] % 10 not in family.SPLITS["train"] else []
    return found


LOOKS: dict[str, Callable[[Batch], list[int]]] = {
    "first cell is predicted": _begins,
    "targets are shifted by one": _shifts,
    "targets are outputs alone": _outputs_only,
    "separator is a token of its own": _separator,
    "query is not in its context": _context_leak,
    "no query of another split": _split_leak,
}
