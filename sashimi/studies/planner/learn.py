"""Training a policy in a world with the one loop of the house, and asking it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from sashimi import cache, train
from sashimi.calibration import temperature
from sashimi.errors import BadInput
from sashimi.params import digest
from sashimi.studies.planner import model as models
from sashimi.studies.planner.actions import DIGEST, UNION, VALID, best
from sashimi.studies.planner.data import Data, data
from sashimi.studies.planner.params import PlannerParams
from sashimi.studies.planner.world import Settings
from sashimi.study import MODEL

FOCUS = 2.0


def load(settings: PlannerParams) -> Data:
    """The data that the parameters name."""
    world = Settings(seed=settings.world, issues=settings.issues, signal=settings.signal)
    return data(world, settings.slots, settings.latents, settings.permuted)


def untrained(settings: PlannerParams, live: np.ndarray, d: int, inputs: int) -> models.Policy:
    """The policy of the parameters over ``inputs`` features, of which the first are live of d."""
    shape = {key: getattr(settings, key) for key in ("hidden", "layers", "dropout")}
    return models.make(settings.model, live, d, inputs, **shape)


def policy(settings: PlannerParams, told: Data) -> models.Policy:
    """An untrained policy; outcomes start at their mean over training."""
    made, rows = untrained(settings, told.live, told.width, told.x.shape[1]), told.rows(0)
    for job in range(2):
        here = told.world.outcome[:, rows[told.jobs[rows] == job]][:, :, VALID[job]]
        for buffer, values in ((made.mean, here.mean(1)), (made.scale, here.std(1) + 1e-3)):
            buffer.view(3, -1)[:, VALID[job]] = torch.from_numpy(values)
    return made


def fit(settings: PlannerParams, told: Data, directory: Path, say=print) -> tuple[Any, dict]:
    """The policy of the epoch with the least regret on the first half of validation, and its
    seconds and examples a processor second.
    """
    train.seed_everything(settings.seed)
    made, rows = policy(settings, told), told.rows(0)
    steps_an_epoch = max(1, len(rows) // settings.batch_size)
    schedule = train.Schedule(
        steps=settings.epochs * steps_an_epoch,
        learning_rate=settings.learning_rate,
        observe_every=steps_an_epoch,
        checkpoint_every=10**9,
    )
    half, least = halves(told)[0], {"regret": np.inf, "weights": None}

    def batch(step: int) -> np.ndarray:
        rng = np.random.default_rng([settings.seed, (step - 1) // steps_an_epoch])
        place = (step - 1) % steps_an_epoch * settings.batch_size
        return rng.permutation(rows)[place : place + settings.batch_size]

    def observe() -> dict[str, Any]:
        chosen = best(scores(made, told, half), told.jobs[half])
        regret = float(regrets(told, half, chosen).mean())
        if regret < least["regret"]:
            weights = {key: value.clone() for key, value in made.state_dict().items()}
            least.update(regret=regret, weights=weights)
        exact = int((chosen == told.labels[half]).sum())
        return {"components": {"regret": regret}, "shares": {"exact": {"all": (exact, len(half))}}}

    begun = time.process_time()
    seconds = train.fit(
        made, loss_of(settings, told), batch, schedule, directory, seed=settings.seed,
        config_digest=digest(settings), observe=observe, say=say,
    )  # fmt: skip
    used = time.process_time() - begun
    made.load_state_dict(least["weights"])
    speed = schedule.steps * settings.batch_size / used
    return made.eval(), {"seconds": seconds, "examples a processor second": speed}


def loss_of(settings: PlannerParams, told: Data):
    """The loss that `sashimi.train.fit` asks for: of rows, by what the policy is."""
    weights = None
    if settings.weighting == "class":  # inverse root of the frequency, mean 1 over training
        counts = np.bincount(told.labels[told.rows(0)], minlength=len(UNION)).clip(1)
        weights = torch.from_numpy(counts**-0.5 / (counts**0.5).sum() * counts.sum()).float()
    focus = FOCUS if settings.weighting == "focal" else 0.0

    def loss(made: models.Policy, rows: np.ndarray) -> tuple[torch.Tensor, dict[str, float]]:
        x, jobs, prices = tensors(told, rows)
        if made.kind == "value":
            outcome = torch.from_numpy(np.nan_to_num(told.world.outcome[:, rows])).transpose(0, 1)
            return models.outcome_loss(made, x, jobs, outcome, prices), {}
        labels = torch.from_numpy(told.labels[rows])
        return models.imitation(made, x, jobs, labels, settings.smoothing, focus, weights), {}

    return loss


def tensors(told: Data, rows: np.ndarray) -> tuple[torch.Tensor, ...]:
    """Features, jobs and prices of rows."""
    return (
        torch.from_numpy(told.x[rows]).float(),
        torch.from_numpy(told.jobs[rows]),
        torch.from_numpy(told.world.prices[rows]),
    )


def scores(made: models.Policy, told: Data, rows: np.ndarray) -> np.ndarray:
    """What the policy maximises, over all actions: (n, A)."""
    with torch.inference_mode():
        parts = [
            made.scores(*tensors(told, some)) for some in np.array_split(rows, 1 + len(rows) // 512)
        ]
    return torch.cat(parts).double().numpy()


def regrets(told: Data, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """What each choice loses of the best valid action's utility: (n,)."""
    values = told.utility[rows]
    return np.nanmax(values, 1) - values[np.arange(len(rows)), chosen]


def halves(told: Data) -> tuple[np.ndarray, np.ndarray]:
    """Validation in two, by issue: what chooses the epoch, and what calibrates."""
    rows = told.rows(1)
    odd = told.world.seen["issue"][rows] % 2
    return rows[odd == 0], rows[odd == 1]


def heat(made: models.Policy, told: Data) -> tuple[float, bool]:
    """The joint temperature, fitted on the second half of validation; whether it is at a bound."""
    rows = halves(told)[1]
    masked = np.where(VALID[told.jobs[rows]], scores(made, told, rows), -np.inf)
    return temperature(masked, told.labels[rows])


def save(
    made: models.Policy, settings: PlannerParams, told: Data, heat: float, folder: Path
) -> None:
    """Weights beside what they mean: parameters, live columns, action space, temperature."""
    meta = {
        "params": settings.model_dump(mode="json"), "width": told.width, "actions": DIGEST,
        "temperature": heat, "inputs": told.x.shape[1],
    }  # fmt: skip
    tensors = {**made.state_dict(), "live_columns": torch.from_numpy(told.live)}
    cache.save(tensors, folder / MODEL, {"planner": json.dumps(meta)})


def restore(folder: str | Path) -> tuple[models.Policy, np.ndarray, dict[str, Any]]:
    """A saved policy, its live columns, and what stands beside it.

    Raises BadInput for a file that is not there, or of another action space.
    """
    path = Path(folder) / MODEL
    if not path.is_file():
        raise BadInput(f"{path}: there is no policy; make one with sashimi run params/planner/…")
    with safe_open(path, "pt") as file:
        meta = json.loads((file.metadata() or {}).get("planner", "{}"))
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if meta.get("actions") != DIGEST:
        raise BadInput(f"{path}: actions {meta.get('actions')!r}; this space is {DIGEST!r}")
    settings, live = PlannerParams(**meta["params"]), tensors.pop("live_columns").numpy()
    made = untrained(settings, live, meta["width"], meta["inputs"])
    made.load_state_dict(tensors)
    return made.eval(), live, meta
