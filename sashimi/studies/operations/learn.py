"""Training on the shared loop: the plan's two networks, and any other design."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sashimi import cache, params, ternary, train
from sashimi.files import write_json
from sashimi.studies.operations import benchmark, dual, schedules
from sashimi.studies.operations.control import Controller
from sashimi.studies.operations.designs import cross_entropy, make, right
from sashimi.studies.operations.params import DesignParams, DualParams
from sashimi.studies.operations.space import K, every
from sashimi.study import MODEL

SPLIT = 42
"""The seed of the one split of the operations; a run's seed changes all else."""
WATCHED = 2048
"""Operations that each epoch is judged on."""
COMPLETE = 5
"""Epochs from one to the next that is judged on all operations, once the watched are right."""


def operations() -> Tensor:
    """All operations as numbers: (19683, 9) float32."""
    return torch.from_numpy(every()).float()


def batches(x: Tensor, size: int, seed: int) -> tuple[Callable[[int], Tensor], int]:
    """A batch by its step, counted from 1, each epoch in another order; and the steps an epoch."""
    steps = -(-len(x) // size)

    def batch(step: int) -> Tensor:
        epoch, place = divmod(step - 1, steps)
        order = torch.randperm(len(x), generator=benchmark.seeded(seed * 100_003 + epoch))
        return x[order[place * size : (place + 1) * size]]

    return batch, steps


def design(settings: DesignParams, directory: Path, say: Callable[[str], None] = print) -> tuple:
    """Trains a design on all operations; returns it and the seconds of training."""
    train.seed_everything(settings.seed)
    model, x = make(settings.design, settings.width, settings.beta), operations()
    batch, steps = batches(x, settings.batch_size, settings.seed)
    schedule = train.Schedule(
        settings.epochs * steps,
        settings.learning_rate,
        weight_decay=0.0,
        checkpoint_every=10 * steps,
        observe_every=max(1, settings.epochs // 10) * steps,
    )

    def observe() -> dict[str, Any]:
        with torch.no_grad():
            logits = model.decode(model.latent(x))
        done = int(right(logits, x).sum())
        return {"val_loss": float(cross_entropy(logits, x)), "tiers": {"all": (done, K)}}

    def before_step(progress: float) -> None:
        ternary.set_progress(model, progress, 0.1, 0.5)

    watched = {"before_step": before_step, "observe": observe, "say": say}
    seconds = _fit(model, batch, schedule, directory, settings, **watched)
    cache.save(model.state_dict(), directory / MODEL)
    return model.eval(), seconds


def _fit(model, batch, schedule, directory, settings: DualParams | DesignParams, **watched):
    """The seconds of training a model that states its own loss of a batch."""
    digest = params.digest(settings)
    options = {"seed": settings.seed, "config_digest": digest} | watched
    return train.fit(model, lambda own, rows: own.loss(rows), batch, schedule, directory, **options)


class Coupled(nn.Module):
    """The networks and what steers them, as the one module that the loop trains and saves."""

    def __init__(self, settings: DualParams) -> None:
        super().__init__()
        self.networks = dual.DualVAE(settings.attention)
        scaled = not settings.repaired
        self.control = Controller(settings.schedule, settings.statenet, scaled, settings.seed)
        self.control.watch(self.networks)
        self.settings = settings
        self.epoch = 0.0

    def loss(self, x: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """The plan's total loss of a batch (B, 9), and its parts."""
        settings, state = self.settings, self.control.state
        seen = self.networks(x, noise=True)
        beta_a = schedules.beta_a(self.epoch)
        beta_b = schedules.beta_b(self.epoch, settings.repaired)
        loss_a, loss_b, *errors = dual.losses(seen, x, beta_a, beta_b, settings.free_nats)
        scale_a, scale_b = self.control.scales()
        if settings.repaired:
            gap = (dual.gaussian_entropy(seen.z_a) - dual.gaussian_entropy(seen.z_b)).abs()
        else:
            gap = abs(dual.histogram_entropy(seen.z_a) - dual.histogram_entropy(seen.z_b))
        total = scale_a * loss_a + scale_b * loss_b + state.lambda_3 * gap
        if settings.alignment:
            total = total + settings.alignment * dual.alignment(seen)
        names = ("loss A", "loss B", "error A", "error B")
        parts = zip(names, (loss_a, loss_b, *errors), strict=True)
        return total, {name: float(part.detach()) for name, part in parts}


@dataclass(frozen=True)
class Steps(train.Schedule):
    """The plan's learning rate in steps, times what StateNet makes of it."""

    control: Controller | None = None

    def rate(self, step: int) -> float:
        """The rate of a step counted from 1, whose place in the run gives the plan's epoch."""
        planned = schedules.rate(schedules.EPOCHS * (step - 1) / self.steps)
        return planned * (self.control.state.rate_scale if self.control else 1.0)


def parts_of(x: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """What is learned, and a tenth (the plan's) that no network learns: rows of x each."""
    order = torch.randperm(len(x), generator=benchmark.seeded(SPLIT))
    return x[order[: round(share * len(x))]], x[order[round(0.9 * len(x)) :]]


def plan(settings: DualParams, directory: Path, say: Callable[[str], None] = print) -> tuple:
    """Trains the plan's two networks; returns them and the seconds, benchmarks included.

    Leaves ``evolution/<epoch>.json`` and weights at each of the plan's benchmark epochs.
    """
    train.seed_everything(settings.seed)
    both, x = Coupled(settings), operations()
    learned, held_out = parts_of(x, settings.train_share)
    batch, steps = batches(learned, settings.batch_size, settings.seed)
    marks = {max(1, round(e * settings.epochs / schedules.EPOCHS)) for e in schedules.BENCHMARKS}
    schedule = Steps(
        settings.epochs * steps,
        schedules.RATES[0][1],
        weight_decay=1e-4,
        checkpoint_every=10 * steps,
        observe_every=steps,
        control=both.control,
    )

    def before_step(progress: float) -> None:
        whole = int(progress * settings.epochs + 1e-6)
        both.epoch = schedules.EPOCHS * progress
        if whole > both.control.state.epoch:
            both.control.end_epoch(whole, both.epoch, benchmark.glance(both.networks, held_out))
        both.control.set_step(both.networks, both.epoch)

    clock = [time.process_time()]

    def observe() -> dict[str, Any]:
        epoch = round(both.control.state.epoch)
        if epoch in marks:
            found = benchmark.full(both.networks, x, held_out, settings.seed, settings.draws)
            write_json(directory / "evolution" / f"{epoch:04d}.json", {"epoch": epoch} | found)
            cache.save(both.networks.state_dict(), directory / f"evolution/{epoch:04d}.safetensors")
        seen = both.control.state
        tiers = benchmark.watch(both.networks, x, WATCHED, epoch % COMPLETE == 0)
        steered = {k: v for k, v in vars(seen).items() if k not in ("epoch", "reward", "dev")}
        spent, clock[0] = time.process_time() - clock[0], time.process_time()
        return {
            "val_loss": seen.dev,
            "tiers": tiers,
            "components": steered | {"rho": float(both.networks.rho), "processor s": spent},
        }

    watched = {"before_step": before_step, "observe": observe, "say": say}
    seconds = _fit(both, batch, schedule, directory, settings, **watched)
    cache.save(both.networks.state_dict(), directory / MODEL)
    return both.networks.eval(), seconds
