"""Contracts of real batches: what a loader must give, and what may not be in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from sashimi.studies.arc import family
from sashimi.studies.arc.batches import BOS, COLOURS, EOS, PAD, SEP, VOCABULARY, Batch, query
from sashimi.study import Check

AXES = {"task": 1, "context_in": 4, "context_out": 4}
"""Of a batch's tensors; the others have two."""


def of_loader(batches: list[Batch]) -> Iterator[Check]:
    """The contracts of real batches; the first one alone where it is broken."""
    wrong = [problem for batch in batches for problem in shapes(batch)]
    loads = bool(batches) and not wrong
    yield Check("batches load", loads, "; ".join(wrong) or f"{len(batches)} batches")
    for name, kept in LOOKS.items() if loads else ():
        broken = ~torch.cat([kept(batch) for batch in batches])
        evidence = f"{int(broken.sum())} of {len(broken)} examples break it"
        yield Check(name, not broken.any(), evidence)


def shapes(batch: Batch) -> Iterator[str]:
    """What is wrong with the tensors of a batch: type, shape, range, sizes of context pairs."""
    for name, tensor in vars(batch).items():
        if tensor.dtype != torch.int64 or tensor.ndim != AXES.get(name, 2):
            yield f"{name}: {tensor.dtype}, {tensor.ndim} axes"
            continue
        low, high = int(tensor.min()), int(tensor.max())
        if len(tensor) != len(batch) or low < 0 or high >= VOCABULARY:
            yield f"{name}: {len(tensor)} rows, from {low} to {high}"
    if batch.before.shape != batch.target.shape:
        yield f"before {tuple(batch.before.shape)}, target {tuple(batch.target.shape)}"
    given, output = batch.context_in, batch.context_out
    if given.shape != output.shape:
        yield f"context pairs of two sizes: {tuple(given.shape[2:])}, {tuple(output.shape[2:])}"
    elif not torch.equal(given == PAD, output == PAD):
        yield "a context pair whose grids have two sizes"
    if given.ndim == 4 and given.shape[1] != family.PAIRS:
        yield f"{given.shape[1]} context pairs, {family.PAIRS} needed"


def _shifted(batch: Batch) -> Tensor:
    """Examples that are read as they are predicted one place before."""
    padding = batch.target[:, 1:] == PAD
    return ((batch.before[:, 1:] == batch.target[:, :-1]) | padding).all(1)


def _begun(batch: Batch) -> Tensor:
    """Examples that begin with BOS and no given cell, or are not even shifted."""
    return (batch.before[:, 0] == BOS) | ~_shifted(batch)


def _outputs_alone(batch: Batch) -> Tensor:
    """Examples whose target holds one grid and its end."""
    alien = ((batch.target == SEP) | (batch.target == BOS)).any(1)
    return ((batch.target == EOS).sum(1) == 1) & ~alien


def _separated(batch: Batch) -> Tensor:
    return (batch.sequence == SEP).long().argmax(1) == batch.source.shape[1]


def _not_shown(batch: Batch) -> Tensor:
    """Examples whose query is none of their context inputs."""
    shown = [[grid[grid < COLOURS].tolist() for grid in pairs] for pairs in batch.context_in]
    queries = [row[row < COLOURS].tolist() for row in batch.source]
    return torch.tensor([one not in pairs for one, pairs in zip(queries, shown, strict=True)])


def _of_training(batch: Batch) -> Tensor:
    """Examples whose query, colours renamed, is one of training."""
    residues = [family.digests(query(row)[None])[0] % 10 for row in batch.source]
    return torch.tensor([residue in family.SPLITS["train"] for residue in residues])


LOOKS: dict[str, Callable[[Batch], Tensor]] = {
    "first cell is predicted": _begun,
    "targets are shifted by one": _shifted,
    "targets are outputs alone": _outputs_alone,
    "separator is a token of its own": _separated,
    "query is not in its context": _not_shown,
    "no query of another split": _of_training,
}
"""Which examples (B,) of a batch keep a contract."""
