"""Readiness: what a rung and its loader must show before a step of training is paid for.

A check that says something of a network looks at nothing but its answers, so that any network with
a rung's call can be handed in. Each gives whether it passes, and the evidence. The last three train
or copy the network, and run only if the others pass.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace

import torch
from torch import Tensor, nn

from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.params import REFERENCE, load
from sashimi.studies.arc import contracts, family, learn
from sashimi.studies.arc.batches import COLOURS, PAD, ROW, VOCABULARY, Batch, collate
from sashimi.studies.arc.params import ArcParams
from sashimi.studies.arc.rungs import RUNGS, count
from sashimi.study import Check

NEAR = 1e-4
"""Differences of logits below this are rounding."""
START = 0.3
"""How far from ln V the loss of an untrained rung may be, in nats."""
FITTED, STEPS = 4, 150
"""Examples that must be fitted exactly, and the most steps for it."""
PADDING, PLACES = "padding changes nothing", "positions are rows and columns"
Found = tuple[bool, str]


def settings(rung: str) -> ArcParams:
    """The reference row with another rung. Raises BadInput for a rung that there is not."""
    if rung not in RUNGS:
        raise BadInput(f"rung {rung!r}: one of {', '.join(RUNGS)}")
    return load(root() / "params" / "arc" / REFERENCE, ArcParams, rung=rung)


def default_loader(rung: str) -> Iterator[Batch]:
    """Two training batches, each of two shapes padded to one size, with named and hidden rules: the
    same for every rung.
    """
    asked = family.Asked(8, named=0.5)
    for n in range(2):
        yield collate([family.draw(replace(asked, sides=(k, k)), n, k)[0] for k in (3, 4)])


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
    found = {check.name: check for check in contracts.of_loader(batches)}
    if not found["batches load"].passed:
        return [*found.values()]
    for name, (look, *given) in _looks(rung, model, batches, reference).items():
        if name != PLACES or found[PADDING].passed:  # which pads, and so needs the other
            found[name] = _tried(name, look, *given)
    if all(check.passed for check in found.values()):
        found |= {name: _tried(name, look, model, batches) for name, look in LAST.items()}
    return [*found.values()]


def _tried(name: str, look: Callable[..., Found], *given) -> Check:
    """A check that raises is red, with the error as evidence."""
    try:
        with torch.no_grad():
            return Check(name, *look(*given))
    except Exception as error:  # whatever a foreign network raises
        return Check(name, False, f"{type(error).__name__}: {error}")


def _looks(rung: str, model: nn.Module, batches: list[Batch], reference: nn.Module) -> dict:
    """By name, a check and what it is given."""
    batch, kind = batches[0], RUNGS[rung]
    looks: dict[str, tuple] = {
        "forward is finite": (_forward, model, batch),
        "initial loss is ln V": (_initial_loss, model, batch),
        "gradients reach every parameter": (_gradients, model, batches),
        "no future leak": (_future_leak, model, batch),
        PADDING: (_padding, model, batch),
    }
    if kind.equivariant:
        looks["colours are equivariant"] = (_equivariance, model, batch)
    else:
        looks["a colour table is seen as one"] = (_table, model, batch)
    if kind.positions != "sequence":
        looks[PLACES] = (_rows_and_columns, model, batch)
    if kind.context:
        looks["every context cell is seen"] = (_context, model, batch)
    looks["parameters are on par"] = (_parity, model, reference)
    looks["dropout is on par"] = (_dropout, model, reference)
    return looks


def _forward(model: nn.Module, batch: Batch) -> Found:
    logits = model(batch)
    finite = bool(logits.isfinite().all()) and _finite(model)
    right = logits.shape == (*batch.target.shape, VOCABULARY)
    return right and finite, f"{tuple(logits.shape)}, finite: {finite}"


def _finite(model: nn.Module) -> bool:
    return all(bool(p.isfinite().all()) for p in model.parameters())


def _initial_loss(model: nn.Module, batch: Batch) -> Found:
    value, chance = float(learn.loss(model, batch)[0]), math.log(VOCABULARY)
    return abs(value - chance) <= START, f"{value:.3f} nats, ln {VOCABULARY} = {chance:.3f}"


@torch.enable_grad()
def _gradients(model: nn.Module, batches: list[Batch]) -> Found:
    model.zero_grad()
    sum(learn.loss(model, batch)[0] for batch in batches).backward()
    dead = [
        name for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.any() or not p.grad.isfinite().all())
    ]  # fmt: skip
    total = sum(1 for _ in model.parameters())
    model.zero_grad()
    return not dead, f"{total - len(dead)} of {total}" + (f"; not {dead[0]}" if dead else "")


def _future_leak(model: nn.Module, batch: Batch) -> Found:
    logits, worst = model(batch), 0.0
    for place in range(1, batch.before.shape[1], 3):
        other = batch.before.clone()
        other[:, place] = torch.where(other[:, place] < COLOURS, (other[:, place] + 1) % COLOURS, 0)
        moved = (model(replace(batch, before=other)) - logits)[:, :place].abs()
        worst = max(worst, float(moved[batch.target[:, :place] != PAD].max()))
    return worst <= NEAR, f"earlier logits move by {worst:.1e}"


def _moved(model: nn.Module, batch: Batch, other: Batch) -> float:
    """The largest difference of logits at real places of ``batch``."""
    length, real = batch.target.shape[1], batch.target != PAD
    return float((model(other)[:, :length] - model(batch))[real].abs().max())


def _padding(model: nn.Module, batch: Batch) -> Found:
    moved = _moved(model, batch, collate([batch], 3))
    return moved <= NEAR, f"logits move by {moved:.1e}"


def _equivariance(model: nn.Module, batch: Batch) -> Found:
    """f(Px) = P f(x)."""
    order = torch.randperm(COLOURS, generator=torch.Generator().manual_seed(1))
    names = torch.cat([order, torch.arange(COLOURS, VOCABULARY)])
    renamed = {f.name: names[getattr(batch, f.name)] for f in fields(Batch) if f.name != "task"}
    gap = (model(replace(batch, **renamed))[..., names] - model(batch))[batch.target != PAD]
    worst = float(gap.abs().max())
    return worst <= NEAR, f"f(Px) - P f(x) is up to {worst:.1e}"


def _table(model: nn.Module, batch: Batch) -> Found:
    """Of a rung that only looks colours up, that equivariance is seen not to hold."""
    holds, evidence = _equivariance(model, batch)
    return not holds, evidence


def _rows_and_columns(model: nn.Module, batch: Batch) -> Found:
    """Padding between the rows of the query moves every index and no row or column."""
    spread = [
        torch.tensor([x for token in row for x in ([ROW, PAD] if token == ROW else [token])])
        for row in batch.source.tolist()
    ]
    source = nn.utils.rnn.pad_sequence(spread, batch_first=True, padding_value=PAD)
    moved = _moved(model, batch, replace(batch, source=source))
    return moved <= NEAR, f"logits move by {moved:.1e} with gaps between rows"


def _context(model: nn.Module, batch: Batch) -> Found:
    other = batch.context_out.clone()  # two cells change places: no colour comes or goes
    other[:, 0, 0, :2] = other[:, 0, 0, :2].flip(-1)
    moved = _moved(model, batch, replace(batch, context_out=other))
    return moved > 0, f"two cells that change places move logits by {moved:.1e}"


def _parity(model: nn.Module, reference: nn.Module) -> Found:
    ours, theirs = count(model), count(reference)
    return abs(ours / theirs - 1) <= 0.02, f"{ours:,} and {theirs:,}"


def _dropout(model: nn.Module, reference: nn.Module) -> Found:
    ours, theirs = (
        {m.p for m in net.modules() if isinstance(m, nn.Dropout)} for net in (model, reference)
    )
    on_par = ours == theirs or (not ours and theirs == {0.0})
    return on_par, f"{sorted(ours)} and {sorted(theirs)}"


def _reload(model: nn.Module, batches: list[Batch]) -> Found:
    other = copy.deepcopy(model)
    for p in other.parameters():
        p.fill_(0.1)
    other.load_state_dict(model.state_dict())
    same = torch.equal(other(batches[0]), model(batches[0]))
    return same, f"{len(model.state_dict())} tensors"


def _trained(net: nn.Module, batches: list[Batch], rate: float) -> Iterator[tuple[Tensor, float]]:
    """Trains without an end: the loss and the share of tokens right, of each step."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate)
    for batch in itertools.cycle(batches):
        value, parts = learn.loss(net, batch)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        yield value.detach(), parts["accuracy"]


@torch.enable_grad()
def _steps(model: nn.Module, batches: list[Batch]) -> Found:
    net = copy.deepcopy(model).train()
    for step, (value, _) in enumerate(itertools.islice(_trained(net, batches, 1e-3), 3), 1):
        if not (value.isfinite() and _finite(net)):
            return False, f"at step {step}: loss {float(value):.3g}"
    return True, "3 steps, loss and weights finite"


@torch.enable_grad()
def _overfit(model: nn.Module, batches: list[Batch]) -> Found:
    few = [batches[0].take(slice(0, FITTED))]
    steps = itertools.islice(_trained(copy.deepcopy(model), few, 3e-3), STEPS)
    for step, (_, share) in enumerate(steps, 1):
        if share == 1:
            return True, f"{FITTED} examples exact after {step} steps"
    return False, f"{share:.0%} of tokens after {STEPS} steps"


LAST = {
    "reload gives identical logits": _reload,
    "no NaN in the first steps": _steps,
    "one batch is overfitted": _overfit,
}


def every() -> Iterator[Check]:
    """The readiness of every rung, by name, and that the rungs are equally large."""
    sizes = {rung: count(learn.network(settings(rung))) for rung in RUNGS}
    for rung in RUNGS:
        for check in readiness(rung):
            yield replace(check, name=f"{rung}: {check.name}")
    spread = max(sizes.values()) / min(sizes.values()) - 1
    told = ", ".join(f"{rung} {size:,}" for rung, size in sizes.items())
    yield Check("rungs are equally large", spread <= 0.02, f"{told}: {spread:.2%} apart")
