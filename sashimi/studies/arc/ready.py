"""Readiness: what a rung and its loader must show before a step of training is paid for.

A check that says something of a network looks at nothing but its answers, so that any network with
a rung's call can be handed in. The last three train or copy it, and run only if the others pass.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace

import torch
from torch import nn

from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.params import REFERENCE, load
from sashimi.studies.arc import contracts, family, learn
from sashimi.studies.arc.batches import (
    COLOURS,
    PAD,
    ROW,
    VOCABULARY,
    Batch,
    collate,
)  # fmt: skip
from sashimi.studies.arc.params import ArcParams
from sashimi.studies.arc.rungs import RUNGS, count
from sashimi.study import Check

NEAR = 1e-4
"""Differences of logits below this are rounding."""
START = 0.3
"""How far from ln V the loss of an untrained rung may be, in nats."""
FITTED, STEPS = 4, 150
"""Examples that must be fitted exactly, and the most steps for it."""


def settings(rung: str) -> ArcParams:
    """The reference row with another rung. Raises BadInput for a rung that there is not."""
    if rung not in RUNGS:
        raise BadInput(f"rung {rung!r}: one of {', '.join(RUNGS)}")
    return load(root() / "params" / "arc" / REFERENCE, ArcParams, rung=rung)


def default_loader(rung: str) -> Iterator[Batch]:
    """Two training batches, each of two shapes padded to one size, with named and hidden rules."""
    asked = family.Asked(8, named=0.5, sides=(3, settings(rung).side))
    for n in range(2):
        parts = [family.draw(replace(asked, sides=(k, k)), n, k)[0] for k in (3, 4)]
        yield collate(parts)


def readiness(
    rung: str,
    model: nn.Module | Callable[[], nn.Module] | None = None,
    loader: Iterable[Batch] | None = None,
    chosen: ArcParams | None = None,
) -> list[Check]:
    """Every check of a rung, in order; all passed means ready.

    ``model`` is any module with the rung's call, or what makes one; ``loader`` any iterable of
    batches; without them the rung's own. Raises BadInput for an unknown rung.
    """
    chosen = chosen or settings(rung)
    torch.manual_seed(chosen.seed)
    reference = learn.network(chosen)
    if model is not None and not isinstance(model, nn.Module):
        model = model()
    model = (reference if model is None else model).eval()
    batches = list(itertools.islice(default_loader(rung) if loader is None else loader, 2))
    found = list(contracts.of_loader(batches))
    if not batches or not found[0].passed:
        return found
    masked = True
    for check, arguments in _of_model(rung, model, batches, reference):
        if check is not _rows_and_columns or masked:  # which pads, and so needs the other
            found.append(_tried(check, *arguments))
        masked &= check is not _padding or found[-1].passed
    if all(check.passed for check in found):
        found += [_tried(check, model, batches) for check in (_reload, _steps, _overfit)]
    return found


def _tried(check: Callable[..., Check], *arguments) -> Check:
    """A check that raises is red, with the error as evidence."""
    try:
        return check(*arguments)
    except Exception as error:  # whatever a foreign network raises
        return Check(
            check.__name__.strip("_").replace("_", " "), False, f"{type(error).__name__}: {error}"
        )


def _of_model(rung: str, model: nn.Module, batches: list[Batch], reference: nn.Module):
    batch, kind = batches[0], RUNGS[rung]
    yield _forward, (model, batch)
    yield _initial_loss, (model, batch)
    yield _gradients, (model, batches)
    yield _future_leak, (model, batch)
    yield _padding, (model, batch)
    yield _equivariance, (model, batch, kind.equivariant)
    if kind.positions not in ("none", "sequence"):
        yield _rows_and_columns, (model, batch)
    if kind.context:
        yield _context, (model, batch)
    yield _parity, (model, reference)
    yield _dropout, (model, reference)


@torch.no_grad()
def _forward(model: nn.Module, batch: Batch) -> Check:
    logits = model(batch)
    wanted = (*batch.target.shape, VOCABULARY)
    finite = bool(torch.isfinite(logits).all()) and _finite(model)
    return Check(
        "forward is finite",
        tuple(logits.shape) == wanted and finite,
        f"{tuple(logits.shape)}, finite: {finite}",
    )


def _finite(model: nn.Module) -> bool:
    return all(bool(torch.isfinite(p).all()) for p in model.parameters())


@torch.no_grad()
def _initial_loss(model: nn.Module, batch: Batch) -> Check:
    value, chance = float(learn.loss(model, batch)[0]), math.log(VOCABULARY)
    return Check(
        "initial loss is ln V",
        abs(value - chance) <= START,
        f"{value:.3f} nats, ln {VOCABULARY} = {chance:.3f}",
    )


def _gradients(model: nn.Module, batches: list[Batch]) -> Check:
    model.zero_grad()
    sum(learn.loss(model, batch)[0] for batch in batches).backward()
    dead = [
        name for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.any() or not p.grad.isfinite().all())
    ]  # fmt: skip
    total = sum(1 for _ in model.parameters())
    model.zero_grad()
    return Check(
        "gradients reach every parameter",
        not dead,
        f"{total - len(dead)} of {total}" + (f"; not {dead[0]}" if dead else ""),
    )


@torch.no_grad()
def _future_leak(model: nn.Module, batch: Batch) -> Check:
    logits, worst = model(batch), 0.0
    for place in range(1, batch.before.shape[1], 3):
        other = batch.before.clone()
        other[:, place] = torch.where(other[:, place] < COLOURS, (other[:, place] + 1) % COLOURS, 0)
        moved = (model(replace(batch, before=other)) - logits)[:, :place].abs()
        worst = max(worst, float(moved[batch.target[:, :place] != PAD].max()))
    return Check("no future leak", worst <= NEAR, f"earlier logits move by {worst:.1e}")


def _moved(model: nn.Module, batch: Batch, other: Batch) -> float:
    """The largest difference of logits at real places of ``batch``."""
    length, real = batch.target.shape[1], batch.target != PAD
    return float((model(other)[:, :length] - model(batch))[real].abs().max())


@torch.no_grad()
def _padding(model: nn.Module, batch: Batch) -> Check:
    moved = _moved(model, batch, batch.padded(3))
    return Check("padding changes nothing", moved <= NEAR, f"logits move by {moved:.1e}")


@torch.no_grad()
def _equivariance(model: nn.Module, batch: Batch, wanted: bool) -> Check:
    """f(Px) = P f(x); of a rung that only looks colours up, that it is seen not to hold."""
    order = torch.randperm(COLOURS, generator=torch.Generator().manual_seed(1))
    names = torch.cat([order, torch.arange(COLOURS, VOCABULARY)])
    renamed = {f.name: names[getattr(batch, f.name)] for f in fields(Batch) if f.name != "task"}
    gap = (model(replace(batch, **renamed))[..., names] - model(batch))[batch.target != PAD]
    worst = float(gap.abs().max())
    name = "colours are equivariant" if wanted else "a colour table is seen as one"
    return Check(name, (worst <= NEAR) == wanted, f"f(Px) - P f(x) is up to {worst:.1e}")


@torch.no_grad()
def _rows_and_columns(model: nn.Module, batch: Batch) -> Check:
    """Padding between the rows of the query moves every index and no row or column."""
    spread = [
        torch.tensor([x for token in row for x in ([ROW, PAD] if token == ROW else [token])])
        for row in batch.source.tolist()
    ]
    source = torch.nn.utils.rnn.pad_sequence(spread, batch_first=True, padding_value=PAD)
    moved = _moved(model, batch, replace(batch, source=source))
    return Check(
        "positions are rows and columns",
        moved <= NEAR,
        f"logits move by {moved:.1e} with gaps between rows",
    )


@torch.no_grad()
def _context(model: nn.Module, batch: Batch) -> Check:
    other = batch.context_out.clone()  # two cells change places: no colour comes or goes
    other[:, 0, 0, :2] = other[:, 0, 0, :2].flip(-1)
    moved = _moved(model, batch, replace(batch, context_out=other))
    return Check(
        "every context cell is seen",
        moved > 0,
        f"two cells that change places move logits by {moved:.1e}",
    )


def _parity(model: nn.Module, reference: nn.Module) -> Check:
    ours, theirs = count(model), count(reference)
    return Check(
        "parameters are on par", abs(ours / theirs - 1) <= 0.02, f"{ours:,} and {theirs:,}"
    )


def _dropout(model: nn.Module, reference: nn.Module) -> Check:
    ours, theirs = (
        {m.p for m in net.modules() if isinstance(m, nn.Dropout)} for net in (model, reference)
    )
    return Check(
        "dropout is on par",
        ours in (theirs, set()) and (ours == theirs or theirs == {0.0}),
        f"{sorted(ours)} and {sorted(theirs)}",
    )


@torch.no_grad()
def _reload(model: nn.Module, batches: list[Batch]) -> Check:
    other = copy.deepcopy(model)
    for p in other.parameters():
        p.fill_(0.1)
    other.load_state_dict(model.state_dict())
    same = torch.equal(other(batches[0]), model(batches[0]))
    return Check("reload gives identical logits", same, f"{len(model.state_dict())} tensors")


def _steps(model: nn.Module, batches: list[Batch]) -> Check:
    net = copy.deepcopy(model).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for step in range(1, 4):
        value = learn.loss(net, batches[step % len(batches)])[0]
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if not (math.isfinite(float(value.detach())) and _finite(net)):
            return Check(
                "no NaN in the first steps", False, f"at step {step}: loss {float(value):.3g}"
            )
    return Check("no NaN in the first steps", True, "3 steps, loss and weights finite")


def _overfit(model: nn.Module, batches: list[Batch]) -> Check:
    net, few = copy.deepcopy(model), batches[0].take(slice(0, FITTED))
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    share = 0.0
    for step in range(1, STEPS + 1):
        value, parts = learn.loss(net, few)
        share = parts["accuracy"]
        if share == 1:
            return Check(
                "one batch is overfitted", True, f"{FITTED} examples exact after {step} steps"
            )
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return Check("one batch is overfitted", False, f"{share:.0%} of tokens after {STEPS} steps")


def every() -> Iterator[Check]:
    """The readiness of every rung, by name, and that the rungs are equally large."""
    sizes = {}
    for rung in RUNGS:
        sizes[rung] = count(learn.network(settings(rung)))
        for check in readiness(rung):
            yield replace(check, name=f"{rung}: {check.name}")
    spread = max(sizes.values()) / min(sizes.values()) - 1
    told = ", ".join(f"{rung} {size:,}" for rung, size in sizes.items())
    yield Check("rungs are equally large", spread <= 0.02, f"{told}: {spread:.2%} apart")
