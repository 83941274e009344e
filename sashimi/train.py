"""The one training loop of the workbook: flat, seeded, resumable, and loud about NaN.

What differs between studies is passed in as plain functions. A batch is a function of the step
alone and random state is kept in the checkpoint, so a killed run that resumes ends bit for bit
where an unbroken one ends, and two runs of one seed are equal on a CPU.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.files import write_json
from sashimi.muon import Muon
from sashimi.pab import Tracker
from sashimi.pab.early_exit import ExitRule, early_exit
from sashimi.result import EXIT, PROGRESS

CHECKPOINT = "checkpoint.safetensors"
PRINT_EVERY = 0.05
"""Fraction of the run between two printed lines."""


class TrainingError(RuntimeError):
    """The loss or a gradient is not finite; the message names the step and the parameter."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: linear warm-up, then a cosine. Matrices are moved by AdamW (Loshchilov
    & Hutter 2019) or by `sashimi.muon.Muon`, everything else by AdamW.
    """

    steps: int
    learning_rate: float
    warmup: float = 0.05
    weight_decay: float = 0.01
    decay_until: float = 1.0
    """Fraction of the run after which nothing decays: half, in BitNet b1.58's two stages."""
    gradient_clip: float = 1.0
    checkpoint_every: int = 500
    observe_every: int = 100
    optimizer: Literal["adamw", "muon"] = "adamw"

    def rate(self, step: int) -> float:
        """The learning rate of a step counted from 1: linear warm-up, then cosine decay to 0."""
        rise = max(1, round(self.warmup * self.steps))
        if step <= rise:
            return self.learning_rate * step / rise
        done = (step - rise) / max(1, self.steps - rise)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def decay(self, step: int) -> float:
        """The weight decay of a step counted from 1: constant, then 0."""
        return self.weight_decay if step <= self.decay_until * self.steps else 0.0


def pick_device() -> torch.device:
    """cuda, then mps, then cpu."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def seed_everything(seed: int) -> None:
    """Seeds every generator in use and asks torch for deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # nothing reads what is not written
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def fit(
    model: nn.Module,
    loss: Callable[[nn.Module, Any], tuple[Tensor, Mapping[str, float]]],
    batch: Callable[[int], Any],
    schedule: Schedule,
    directory: Path,
    *,
    seed: int,
    config_digest: str,
    before_step: Callable[[float], None] = lambda progress: None,
    observe: Callable[[], Mapping[str, Any]] = dict,
    exit_rule: ExitRule | None = None,
    say: Callable[[str], None] = print,
) -> float:
    """Trains ``model`` in place and returns the seconds it took, earlier sittings included.

    ``loss(model, batch)`` gives a scalar and named parts (floats; "accuracy" is shown).
    ``batch(step)`` must depend on the step alone. ``before_step(progress)`` sets what a schedule
    stages; ``observe()`` gives what `Tracker.record` takes beside the training loss, whose parts
    join its ``components``. An
    ``exit_rule`` that fires ends the run and leaves its reason in ``exit.json``; without one a run
    never ends itself. Leaves ``journal.jsonl``, ``pab_profile.json``, ``checkpoint.safetensors``
    and ``progress.json``.
    Raises `TrainingError` on NaN or infinity, `BadInput` on a checkpoint of another run.
    """
    optimizer = _optimizer(model, schedule)
    # one batch's loss would make the trajectory measure the draw of the batch: record their mean,
    # which is not the quantity of the validation loss while there is dropout
    tracker = Tracker(
        directory, seed, config_digest, interval=schedule.observe_every, same_loss=False
    )
    done, before, total = _resume(model, optimizer, tracker, directory / CHECKPOINT, config_digest)
    begun = time.perf_counter()
    for step in range(done + 1, schedule.steps + 1):
        before_step((step - 1) / schedule.steps)
        value, parts, norm = _step(model, loss, batch(step), optimizer, schedule, step)
        total = (total[0] + value, total[1] + 1)
        seconds = before + time.perf_counter() - begun
        _report_progress(directory, schedule, step, value, parts, seconds, say)
        if tracker.due(step) or step == schedule.steps:
            before_step(step / schedule.steps)
            model.eval()
            _record(tracker, schedule, step, total, parts, norm, dict(observe()))
            model.train()
            total = (0.0, 0)
            if exit_rule and _leave(tracker, exit_rule, directory, say):
                return before + time.perf_counter() - begun
        if step % schedule.checkpoint_every == 0:
            meta = {"step": step, "seconds": seconds, "total": total, "config": config_digest}
            _save(model, optimizer, tracker, directory / CHECKPOINT, meta)
    before_step(1.0)
    tracker.finish()
    return before + time.perf_counter() - begun


def _record(tracker: Tracker, schedule: Schedule, step, total, parts, norm, seen: dict) -> None:
    """One checkpoint of the trajectory: the mean loss since the last one, and what was seen."""
    losses = {name: value for name, value in parts.items() if name != "accuracy"}
    tracker.record(
        step,
        train_loss=total[0] / total[1],
        components=losses | seen.pop("components", {}),
        learning_rate=schedule.rate(step),
        gradient_norm=norm,
        **seen,
    )


def _leave(tracker: Tracker, rule: ExitRule, directory: Path, say: Callable[[str], None]) -> bool:
    """Whether the rule ends the run here; if so, the reason is written and the profile closed."""
    found = early_exit(tracker.profile(), rule)
    if found.stop:
        write_json(directory / EXIT, asdict(found))
        say(f"stopped early at step {found.step}, case {found.case}: {found.reason}")
        tracker.finish(f"stopped early, case {found.case}: {found.reason}")
    return found.stop


def _optimizer(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """The optimiser; its first group decays: matrices only, never norms, biases or embeddings."""
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1 and id(p) not in embeddings]
    kept = {id(p) for p in decayed}
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": [p for p in trained if id(p) not in kept], "weight_decay": 0.0},
    ]
    kind = Muon if schedule.optimizer == "muon" else torch.optim.AdamW
    return kind(groups, lr=schedule.learning_rate, betas=(0.9, 0.98), fused=True)


def _step(model, loss, batch, optimizer, schedule: Schedule, step: int) -> tuple:
    """One step; returns the loss, its parts and the gradient norm before clipping, as floats."""
    for group in optimizer.param_groups:
        group["lr"] = schedule.rate(step)
    optimizer.param_groups[0]["weight_decay"] = schedule.decay(step)
    optimizer.zero_grad(set_to_none=True)
    total, parts = loss(model, batch)
    value = float(total.detach())
    if not math.isfinite(value):
        raise TrainingError(f"step {step}: the loss is {value}; its parts are {dict(parts)}")
    total.backward()
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), schedule.gradient_clip))
    if not math.isfinite(norm):
        raise TrainingError(
            f"step {step}: the gradient of {_first_not_finite(model)} is not finite"
        )
    optimizer.step()
    return value, parts, norm


def _first_not_finite(model: nn.Module) -> str:
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
            return name
    return "no single parameter (their common norm overflows)"


def _report_progress(directory, schedule: Schedule, step, value, parts, seconds, say) -> None:
    """Prints a line twenty times a run; keeps ``progress.json`` for who watches from outside."""
    steps = schedule.steps
    quarter = max(1, round(PRINT_EVERY * steps / 4))
    if step % quarter and step != steps:
        return
    left = seconds / step * (steps - step)
    known = {"step": step, "steps": steps, "loss": value, "accuracy": parts.get("accuracy")}
    write_json(directory / PROGRESS, {**known, "seconds": seconds, "seconds_left": left})
    if step % (4 * quarter) == 0 or step == steps:
        accuracy = f"  accuracy {parts['accuracy']:.3f}" if "accuracy" in parts else ""
        bar = "█" * round(20 * step / steps)
        say(f"{bar:<20} {step:>6}/{steps}  loss {value:.4f}{accuracy}  {left / 60:.1f} min left")


def _save(model, optimizer, tracker, path: Path, meta: Mapping[str, Any]) -> None:
    tensors = {f"model/{k}": v for k, v in model.state_dict().items()}
    state = optimizer.state_dict()["state"]
    for index, entry in state.items():
        tensors |= {f"adam/{index}/{k}": torch.as_tensor(v) for k, v in entry.items()}
    tensors |= {f"tracker/{k}": torch.from_numpy(v) for k, v in tracker.state().items()}
    tensors["random/torch"] = torch.get_rng_state()
    cache.save(tensors, path, {"sashimi": json.dumps(meta)})


def _resume(model, optimizer, tracker, path: Path, config_digest: str) -> tuple:
    """Loads a checkpoint where there is one.

    Returns the steps done, the seconds they took, and the (sum, number) of losses not yet recorded.
    """
    if not path.exists():
        tracker.resume_from(0)
        return 0, 0.0, (0.0, 0)
    try:
        with safe_open(path, "pt") as file:
            meta = json.loads((file.metadata() or {}).get("sashimi", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise BadInput(
            f"{path}: the checkpoint is damaged ({error}); delete it to train from the start"
        ) from None
    if meta.get("config") != config_digest:
        raise BadInput(f"{path}: the checkpoint is of other parameters; delete it or its folder")
    part = _grouped(tensors)
    model.load_state_dict(part["model"])
    entries = {int(index): entry for index, entry in _grouped(part.get("adam", {})).items()}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": entries})
    tracker.resume_from(meta["step"], {k: v.numpy() for k, v in part.get("tracker", {}).items()})
    torch.set_rng_state(tensors["random/torch"])
    return meta["step"], meta["seconds"], tuple(meta["total"])


def _grouped(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        group, _, rest = key.partition("/")
        groups.setdefault(group, {})[rest] = tensor
    return groups
