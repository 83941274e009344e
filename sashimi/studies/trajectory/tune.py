"""A seeded search by successive halving that may be killed at any moment (Optuna).

All settings are drawn and written down before the first is trained, so that a search that goes on
after a kill asks for the same ones; a trial that was under way is trained again from its start or
checkpoint and reports the same values, which its place in the halving already holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from sashimi.files import digest, writable
from sashimi.pab import Profile
from sashimi.statistics import Interval, student
from sashimi.studies.trajectory import replay
from sashimi.studies.trajectory.params import TuningParams

RECORDS = 20
"""Checkpoints of a trial: the unit of the halving's rungs, whatever the trial's steps."""
FIRST_RUNG, FACTOR = 2, 2
JOURNAL = "journal.log"

Watch = Callable[[int, float], None]
Train = Callable[["Setting", int, Path, Watch], float]
"""Trains a setting at a seed into a folder, telling each record's place and dev loss; returns the
held-out share correct."""


@dataclass(frozen=True)
class Setting:
    """What is searched over. ``ternary_from`` is a share of the steps."""

    rate: float
    batch: int
    steps: int
    ternary_from: float

    @property
    def digest(self) -> str:
        return digest(asdict(self))


def drawn(settings: TuningParams) -> list[Setting]:
    """All settings of a search, by its seed: rates log-uniform, the others from their lists."""
    rng = np.random.default_rng(settings.seed)
    low, high = math.log(settings.rate_low), math.log(settings.rate_high)
    return [
        Setting(
            float(np.exp(rng.uniform(low, high))),
            int(rng.choice(settings.batches)),
            int(rng.choice(settings.steps)),
            float(rng.choice(settings.starts)),
        )
        for _ in range(settings.trials)
    ]


def search(settings: TuningParams, train: Train, folder: Path, halve: bool) -> optuna.Study:
    """The finished search in ``folder``, begun or gone on with. ``halve`` ends the worse half of
    trials at 2, 4, 8 and 16 of 20 records; without, each is trained to its end.

    A trial has its dev loss as value, and ``result``, ``stability_mean`` and ``steps`` (trained) as
    user attributes.
    """
    pruners = optuna.pruners
    pruner = (
        pruners.SuccessiveHalvingPruner(min_resource=FIRST_RUNG, reduction_factor=FACTOR)
        if halve
        else pruners.NopPruner()
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    backend = JournalFileBackend(str(writable(folder) / JOURNAL))
    study = optuna.create_study(
        storage=JournalStorage(backend),
        study_name="tuning",
        load_if_exists=True,
        pruner=pruner,
        sampler=optuna.samplers.RandomSampler(seed=settings.seed),
    )
    for setting in drawn(settings)[len(study.trials) :]:
        study.enqueue_trial(asdict(setting))
    for trial in _unfinished(study):
        _run(study, trial, settings, train, folder)
    return study


def _unfinished(study: optuna.Study) -> Iterator[optuna.Trial]:
    """The trial that a kill left under way, then those that wait."""
    for frozen in study.get_trials(states=[TrialState.RUNNING]):
        yield optuna.Trial(study, frozen._trial_id)
    while study.get_trials(deepcopy=False, states=[TrialState.WAITING]):
        yield study.ask()


def _run(study, trial: optuna.Trial, settings: TuningParams, train: Train, folder: Path) -> None:
    setting = _suggested(trial, settings)
    place = folder / f"{trial.number:03d}"
    losses: list[float] = []
    known = dict(study.trials[trial.number].intermediate_values)

    def watch(record: int, loss: float) -> None:
        losses.append(loss)
        if record not in known:
            trial.report(loss, record)
        if trial.should_prune() and record < RECORDS:
            raise optuna.TrialPruned

    try:
        result = train(setting, settings.seed, place, watch)
    except optuna.TrialPruned:
        trial.set_user_attr("steps", round(setting.steps * len(losses) / RECORDS))
        study.tell(trial, state=TrialState.PRUNED)
        return
    told = {"result": result, "steps": setting.steps}
    told["stability_mean"] = Profile.load(place).summary()["stability_mean"]
    for name, value in told.items():
        trial.set_user_attr(name, value)
    finite = bool(losses) and math.isfinite(losses[-1])
    study.tell(trial, losses[-1] if finite else None, None if finite else TrialState.FAIL)


def _suggested(trial: optuna.Trial, settings: TuningParams) -> Setting:
    return Setting(
        trial.suggest_float("rate", settings.rate_low, settings.rate_high, log=True),
        trial.suggest_categorical("batch", settings.batches),
        trial.suggest_categorical("steps", settings.steps),
        trial.suggest_categorical("ternary_from", settings.starts),
    )


def clusters(setting: Setting, seed: int, folder: Path, watch: Watch) -> float:
    """A network of `cheap` on noisy clusters, a fifth of whose training labels are drawn anew."""
    from sashimi.studies.trajectory import cheap

    every = max(1, setting.steps // RECORDS)
    recipe = cheap.Recipe(
        seed, setting.rate, noise=0.2, steps=every * RECORDS, interval=every, loss="mean",
        batch=setting.batch, ternary_from=setting.ternary_from,
    )  # fmt: skip
    return cheap.run(
        folder, recipe, lambda step, loss: watch(step // every, loss), setting.digest
    ).result


def trainer(settings: TuningParams) -> Train:
    """What trains a setting of the task that the parameters name."""
    if settings.task == "clusters":
        return clusters
    from sashimi.studies.trajectory.small import Small

    small = Small.of(settings.limit, settings.width)

    def flagship(setting: Setting, seed: int, folder: Path, watch: Watch) -> float:
        network = small.fit(
            folder, seed, lambda record, seen: watch(record, seen["val_loss"]),
            learning_rate=setting.rate, batch_size=setting.batch, steps=setting.steps,
            observations=RECORDS, ternary_start=setting.ternary_from,
            ternary_end=setting.ternary_from, checkpoint_every=max(1, setting.steps // 4),
        )  # fmt: skip
        return float(small.right(network).mean())

    return flagship


BY_SCORE, BY_STABILITY, BY_BOTH = "score", "stability", "both"


def choices(study: optuna.Study) -> dict[str, optuna.trial.FrozenTrial]:
    """The trial that is chosen by score (dev loss), by stability (mean), and by the mean of both
    ranks, among trials that were trained to their end."""
    done = study.get_trials(states=[TrialState.COMPLETE])
    score = np.array([trial.value for trial in done])
    unrest = np.array([trial.user_attrs["stability_mean"] for trial in done])
    ranks = score.argsort().argsort() + unrest.argsort().argsort()
    by = {BY_SCORE: score, BY_STABILITY: unrest, BY_BOTH: ranks}
    return {name: done[int(values.argmin())] for name, values in by.items()}


@dataclass(frozen=True)
class Chosen:
    """A choice trained at new seeds: held-out share correct, and mean stability."""

    by: str
    setting: Setting
    result: Interval
    stability: Interval
    each: tuple[float, ...]
    """The held-out share correct of each seed."""


def again(
    chosen: Mapping[str, optuna.trial.FrozenTrial], settings: TuningParams, train: Train, folder
) -> list[Chosen]:
    """Each choice at ``settings.seeds`` seeds that the search has not seen."""
    out = []
    for name, trial in chosen.items():
        setting, results, unrest = Setting(**trial.params), [], []
        for seed in range(settings.seed + 1, settings.seed + 1 + settings.seeds):
            place = Path(folder) / name / f"seed{seed}"
            results.append(train(setting, seed, place, lambda record, loss: None))
            unrest.append(Profile.load(place).summary()["stability_mean"])
        out.append(Chosen(name, setting, student(results), student(unrest), tuple(results)))
    return out


def rows(study: optuna.Study) -> list[tuple]:
    """Number, setting, dev loss, held-out share correct and mean stability of every trial."""
    keys, names = ("result", "stability_mean"), ("rate", "batch", "steps", "ternary_from")
    return [
        (
            t.number,
            *(t.params.get(name) for name in names),
            t.value,
            *(t.user_attrs.get(k) for k in keys),
            None,
        )
        for t in study.trials
    ]


def ended(study: optuna.Study) -> list[int]:
    """The record at which every trial ended, `RECORDS` for those that came to their end."""
    return [max(t.intermediate_values, default=0) for t in study.trials]


def stopped(folder: Path, study: optuna.Study) -> list[dict]:
    """Of each trial that was trained to its end: where each way of stopping would have ended it,
    as a share of its steps, and what that costs in dev loss (nats; negative is a gain)."""
    rows = []
    for trial in study.get_trials(states=[TrialState.COMPLETE]):
        profile = Profile.load(folder / f"{trial.number:03d}")
        dev = profile.scalars["val_loss"]
        for way, step in replay.stops(profile).items():
            at = profile.last_step() if step is None else step
            cost = dev.until(at).last() - dev.last()
            rows.append(
                {"way": way, "trial": trial.number, "share": at / profile.last_step(), "cost": cost}
            )
    return rows


def spent(study: optuna.Study) -> int:
    """Steps that a search has trained."""
    return sum(trial.user_attrs.get("steps", 0) for trial in study.trials)
