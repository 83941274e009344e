"""Speeds of the flagship: a training step beside its continuous twin's, and prompts a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from sashimi import params, train
from sashimi.bench import ablate
from sashimi.files import root
from sashimi.flagship import learn, pack, people, way
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.model.loss import training_loss
from sashimi.flagship.params import FlagshipParams
from sashimi.runtime import bench as runtime
from sashimi.study import Measurement
from sashimi.ternary import set_progress

EXAMPLES, STEPS = 400, 24
PROMPTS, ALONE = 300, 60
LIMIT = 1.15
"""What a ternary step may cost over a continuous one."""


def training(examples: int = EXAMPLES, steps: int = STEPS) -> list[Measurement]:
    """Milliseconds of a step of either kind on the same batches in turn, and their paired ratio."""
    settings = params.load(root() / "params" / "flagship" / params.REFERENCE, FlagshipParams)
    known = corpora.load("builtin", limit=examples)
    ternary, continuous = (_stepper(known, settings, share) for share in (1.0, 0.0))
    ternary(1), continuous(1)  # the first step allocates
    taken = np.array([(_seconds(ternary, k), _seconds(continuous, k)) for k in range(2, steps + 2)])
    ratios = taken[:, 0] / taken[:, 1]
    rows = [
        Measurement(what, 1000 * float(np.median(column)), "ms", steps)
        for what, column in zip(("ternary step", "continuous step"), taken.T, strict=True)
    ]
    ratio = float(np.median(ratios))
    return [*rows, Measurement("ternary over continuous", ratio, "times", steps, LIMIT)]


def generating() -> list[Measurement]:
    """The network that the package ships: stages of a prompt, bytes, and torch beside numpy.

    All times are of the processor, on one thread if the environment says so. Torch reads the same
    packed file.
    """
    prompts = [item.prompt for item in people.test()][:PROMPTS]
    ours, theirs = way.load(), pack.read()
    rows = runtime.measure(prompts)
    for name, whole in (("numpy", ours), ("torch", theirs)):
        whole.generate(prompts[:2], refuse=False)
        alone = [_busy(lambda p=p, w=whole: w.generate(p, refuse=False)) for p in prompts[:ALONE]]
        for share in (50, 95):
            value = float(np.percentile(alone, share))
            rows.append(Measurement(f"one prompt in {name}, p{share}", value, "ms", len(alone)))
        together = _busy(lambda w=whole: w.generate(prompts, refuse=False)) / 1000
        speed = len(prompts) / together
        rows.append(Measurement(f"together in {name}", speed, "prompts/s", len(prompts)))
    return rows


def matrix() -> list[Measurement]:
    """What a second worker is worth for the smoke row."""
    return ablate.bench(root() / "params" / "flagship" / "90_smoke.yaml")


def _stepper(corpus: Corpus, settings: FlagshipParams, share: float) -> Callable[[int], None]:
    """A function that takes one step of training, all ternary layers at this share."""
    train.seed_everything(settings.seed)
    words = learn.Words.of(corpus.train, settings.output)
    targets = words.vocabulary, words.literals, words.labels
    data, probe = (Dataset(examples, *targets) for examples in (corpus.train, corpus.dev))
    learn.retrieve(corpus, settings, data, probe)
    network = words.network(settings)
    set_progress(network, share, 0.0, 1.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, fused=True)

    def step(number: int) -> None:
        batch = data.training_batch(number, settings.batch_size, settings.seed)
        optimizer.zero_grad(set_to_none=True)
        training_loss(network, batch)[0].backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
        optimizer.step()

    return step


def _seconds(step: Callable[[int], object], number: int) -> float:
    begun = time.perf_counter()
    step(number)
    return time.perf_counter() - begun


def _busy(work: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)
