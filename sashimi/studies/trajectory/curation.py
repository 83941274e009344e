"""A piece of the stream curated by how a short run learned its structures, and what that is worth.

A structure is a skeleton. Letters: N examples, G structures, T records, V tokens.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from sashimi.files import digest, writable
from sashimi.flagship.data.batches import Batch, epoch_of
from sashimi.flagship.data.curated import drawn, structure
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.stream import end_with_parent
from sashimi.pab import Profile
from sashimi.pab.curate import (
    CLASSES,
    DESTABILIZING,
    EASY,
    HARD,
    INSUFFICIENT,
    UNLEARNABLE,
    Report,
)
from sashimi.pab.dynamics import Trajectories
from sashimi.statistics import bootstrap
from sashimi.studies.trajectory.params import CurationParams
from sashimi.studies.trajectory.small import Small, examined

WEIGHTS = {EASY: 0.5, HARD: 2.0, UNLEARNABLE: 0.0, DESTABILIZING: 0.0, INSUFFICIENT: 1.0}
"""How often a structure of each class is shown: fewer easy ones, more that are hard but learnable;
the unlearnable are set aside for somebody to read, the destabilising dropped."""
CONTROL, CURATED, RANDOM = "control", "curated", "random"
RECORDS = 12
"""Records of a run, at least."""
KINDS = {"MENU": "menu", "IF": "condition", "FOREACH": "each", "REPEAT": "repeat"}


def probe(small: Small, settings: CurationParams, folder: Path) -> Trajectories:
    """How each example of the chunk is learned by a run of ``probe_steps``: its mean token loss in
    nats, and whether all its tokens are right behind right ones. The journal holds, for each
    action, how often its token is right. A finished probe is read back."""
    kept = writable(folder) / "losses.npz"
    if not kept.exists():
        _recorded(small, settings, folder, kept)
    with np.load(kept) as file:
        steps, loss, correct = (file[name] for name in ("steps", "loss", "correct"))
    ids = tuple(str(n) for n in range(len(small.data)))
    return Trajectories(ids, steps, loss, correct, np.full_like(loss, np.nan))


def _recorded(small: Small, settings: CurationParams, folder: Path, kept: Path) -> None:
    every = max(1, settings.probe_steps // RECORDS)
    losses, rights = [], []
    names = small.words.vocabulary.tokens

    def watch(record: int, seen: dict) -> None:
        loss, right, counts = measured(small, seen["network"])
        losses.append(loss)
        rights.append(right)
        seen["actions"] = {
            names[token].removeprefix("ACTION "): pair
            for token, pair in counts.items()
            if names[token].startswith("ACTION ")
        }

    small.fit(
        folder, settings.seed, watch, batches_of(small, np.ones(len(small.data)), settings, 0),
        steps=settings.probe_steps, batch_size=settings.batch_size, observations=RECORDS,
        checkpoint_every=settings.probe_steps + 1,  # half a probe is begun anew: losses are here
    )  # fmt: skip
    last = settings.probe_steps // every * every
    steps = sorted({*range(every, last + 1, every), settings.probe_steps})
    np.savez(kept, steps=steps, loss=np.array(losses).T, correct=np.array(rights).T)


def measured(small: Small, network) -> tuple[np.ndarray, np.ndarray, dict]:
    """Of each example of the chunk its mean token loss and whether it is all right (N,), and of
    each token (times right, times due)."""
    loss, right = np.empty(len(small.data)), np.empty(len(small.data))
    tokens = len(small.words.vocabulary)
    due, good = np.zeros(tokens, dtype=int), np.zeros(tokens, dtype=int)
    for places, targets, costs, first in examined(network, small.data):
        counted = ~costs.isnan()
        loss[places] = costs.nanmean(1).numpy()
        right[places] = (first | ~counted).all(1).numpy()
        due += np.bincount(targets[counted].numpy(), minlength=tokens)
        good += np.bincount(targets[counted & first].numpy(), minlength=tokens)
    return loss, right, {t: (int(good[t]), int(due[t])) for t in np.flatnonzero(due)}


def by_structure(examples: Trajectories, names: Sequence[str]) -> Trajectories:
    """Means over the examples of each structure; ``names`` (N,) says of which each example is."""
    groups = dict.fromkeys(names)
    place = {name: g for g, name in enumerate(groups)}
    which = np.array([place[name] for name in names])
    size = np.bincount(which)[:, None]

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.zeros((len(groups), values.shape[1]))
        np.add.at(total, which, values)
        return total / size

    parts = map(mean, (examples.loss, examples.correct, examples.margin))
    return Trajectories(tuple(groups), examples.steps, *parts)


def weights_of(report: Report) -> dict[str, float]:
    """The weight of each structure by its class."""
    return {name: WEIGHTS[one.kind] for name, one in report.examples.items()}


def permuted(weights: Mapping[str, float], seed: int) -> dict[str, float]:
    """The same weights, dealt among the structures at random."""
    values = np.random.default_rng(seed).permutation(list(weights.values()))
    return dict(zip(weights, values.tolist(), strict=True))


def batches_of(
    small: Small, weights: np.ndarray, settings: CurationParams, seed: int
) -> Callable[[int], Batch]:
    """Batches by step of epochs as long as the chunk, each example as often as its weight (N,)."""
    data, size = small.data, settings.batch_size

    @lru_cache(maxsize=1)
    def epoch(number: int) -> list[list[int]]:
        places = drawn(weights, np.random.default_rng([seed, number]))
        lengths = tuple(data.lengths[place] for place in places)
        return [places[batch].tolist() for batch in epoch_of(lengths, size, seed, number)]

    def at(step: int) -> Batch:
        number, index = divmod(step - 1, len(data) // size)
        return data.batch(epoch(number)[index])

    return at


def arms(
    small: Small, weights: Mapping[str, float], settings: CurationParams, folder: Path
) -> tuple[dict[str, list[Profile]], dict[str, list[np.ndarray]]]:
    """Every way to weigh, trained at every seed for equal steps: profiles, and of each test example
    the share of tokens that are right (N,). A seed begins with one network in all arms, and has
    a random dealing of its own."""
    names = [structure(example.program) for example in small.corpus.train]
    tasks = []
    for seed in range(settings.seed + 1, settings.seed + 1 + settings.seeds):
        dealt = {CONTROL: {}, CURATED: weights, RANDOM: permuted(weights, seed)}
        for arm, own in dealt.items():
            each = np.array([own.get(name, 1.0) for name in names])
            tasks.append((arm, seed, each, settings, folder / arm / f"seed{seed}"))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(settings.jobs, spawn, _begin, (small,)) as pool:
        found = list(pool.map(_trained, tasks))
    profiles: dict[str, list[Profile]] = {CONTROL: [], CURATED: [], RANDOM: []}
    right: dict[str, list[np.ndarray]] = {CONTROL: [], CURATED: [], RANDOM: []}
    for (arm, *_, place), own in zip(tasks, found, strict=True):
        profiles[arm].append(Profile.load(place))
        right[arm].append(own)
    return profiles, right


_small: Small | None = None
"""In a process beside the notebook: what it trains on."""


def _begin(small: Small) -> None:
    global _small
    torch.set_num_threads(1)
    threading.Thread(target=end_with_parent, daemon=True).start()
    _small = small


def _trained(task: tuple[str, int, np.ndarray, CurationParams, Path]) -> np.ndarray:
    _, seed, each, settings, place = task
    network = _small.fit(
        place, seed, batches=batches_of(_small, each, settings, seed), told=digest(each.tolist()),
        steps=settings.steps, batch_size=settings.batch_size, observations=RECORDS,
        checkpoint_every=max(1, settings.steps // 2),
    )  # fmt: skip
    return _small.right(network)


def facts_of(example: Example) -> dict[str, str]:
    """The domain, the kind and the complexity of an example, as the difficulty report groups."""
    tokens = structure(example.program).split()
    kind = next((name for token, name in KINDS.items() if token in tokens), "plain")
    actions = tokens.count("ACTION")
    size = "5 and more" if actions >= 5 else str(actions)
    return {"domain": example.domain, "kind": kind, "actions": size}


def difficulty(examples: Sequence[Example], found: Report, by: str) -> list[dict]:
    """Of each group of examples, its size, its late loss in nats with an interval over examples,
    and the share of every class; the hardest first. ``found`` sorts examples, in this order."""
    groups: dict[str, list] = {}
    for example, one in zip(examples, found.examples.values(), strict=True):
        groups.setdefault(facts_of(example)[by], []).append(one)
    rows = []
    for name, members in groups.items():
        late = bootstrap([np.nan if one.late is None else one.late for one in members])
        shares = {kind: float(np.mean([one.kind == kind for one in members])) for kind in CLASSES}
        rows.append({by: name, "n": len(members), "late loss": late, **shares})
    return sorted(rows, key=lambda row: -row["late loss"].value)
