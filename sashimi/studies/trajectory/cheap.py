"""A small matrix of cheap runs, in numpy: real training, half a second each, to try tools on.

A network with one hidden layer, ternary (absmean, straight-through) or not, learns to tell noisy
clusters apart. Runs differ in learning rate, width, label noise, and whether they are ternary.

Letters: B batch, D inputs, H hidden units, C classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.predict import Run
from sashimi.pab.tracker import Tracker

INPUTS, CLASSES, BATCH = 24, 8, 32
TRAIN, HELD = 800, 400


@dataclass(frozen=True)
class Recipe:
    """What one run does. `rate` is the learning rate, `noise` the share of wrong train labels.

    `loss` is the training loss that is recorded: of the whole training set ("set"), the mean of
    the batches since the last record ("mean"), or of the last batch alone ("batch"). A ternary
    network is quantised from the share ``ternary_from`` of its steps on.
    """

    seed: int
    rate: float = 0.1
    hidden: int = 32
    noise: float = 0.1
    ternary: bool = True
    steps: int = 400
    interval: int = 10
    loss: str = "set"
    batch: int = BATCH
    ternary_from: float = 0.0


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs (N, D) and labels (N,) of three splits of one task."""

    train: tuple[np.ndarray, np.ndarray]
    dev: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


@dataclass
class Network:
    """Two weight matrices, (D, H) and (H, C), quantised on the way forward if `ternary`."""

    ternary: bool
    weights: list[np.ndarray] = field(default_factory=list)

    def used(self) -> list[np.ndarray]:
        """The weights of the forward pass."""
        return [t * s for t, s in map(ternarize, self.weights)] if self.ternary else self.weights

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hidden activations (B, H) and log-probabilities (B, C)."""
        first, second = self.used()
        hidden = np.maximum(x @ first, 0)
        logits = hidden @ second
        logits = logits - logits.max(axis=1, keepdims=True)
        return hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def learn(self, x: np.ndarray, y: np.ndarray, rate: float) -> float:
        """One step of gradient descent; the gradient passes straight through the quantiser.

        Returns the mean loss (nats) of the batch before the step.
        """
        hidden, log_p = self.forward(x)
        loss = float(-log_p[np.arange(len(y)), y].mean())
        error = np.exp(log_p)
        error[np.arange(len(y)), y] -= 1
        error /= len(y)
        back = (error @ self.used()[1].T) * (hidden > 0)
        self.weights[1] -= rate * hidden.T @ error
        self.weights[0] -= rate * x.T @ back
        return loss

    def score(self, x: np.ndarray, y: np.ndarray) -> tuple[float, int]:
        """Mean negative log-likelihood (nats) and the number that are right."""
        log_p = self.forward(x)[1]
        return float(-log_p[np.arange(len(y)), y].mean()), int((log_p.argmax(axis=1) == y).sum())


def ternarize(weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Trits (int8, same shape) and scale: round(w / mean|w|), clipped (BitNet b1.58)."""
    scale = float(np.abs(weight).mean()) + 1e-8
    return np.clip(np.round(weight / scale), -1, 1).astype(np.int8), scale


def task(seed: int, noise: float) -> Data:
    """Clusters with one mean each; the train labels are wrong with probability `noise`."""
    rng = np.random.default_rng(seed)
    centres = 0.8 * rng.standard_normal((CLASSES, INPUTS))

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.integers(0, CLASSES, n)
        return centres[y] + rng.standard_normal((n, INPUTS)), y

    (x, y), dev, test = draw(TRAIN), draw(HELD), draw(HELD)
    wrong = rng.random(TRAIN) < noise
    return Data((x, np.where(wrong, rng.integers(0, CLASSES, TRAIN), y)), dev, test)


def run(
    folder: str | Path,
    recipe: Recipe,
    watch: Callable[[int, float], None] = lambda step, loss: None,
    digest: str | None = None,
) -> Run:
    """Train by a recipe, recording into `folder`; the result is the held-out share correct.

    ``watch(step, dev loss)`` is called at every record, and may raise to end the run.
    """
    if recipe.loss not in ("set", "mean", "batch"):
        raise BadInput(f"loss is {recipe.loss!r}; one of set, mean, batch")
    data = task(recipe.seed, recipe.noise)
    rng = np.random.default_rng([recipe.seed, 1])
    shapes = ((INPUTS, recipe.hidden), (recipe.hidden, CLASSES))
    network = Network(recipe.ternary, [rng.standard_normal(s) / np.sqrt(s[0]) for s in shapes])
    settings = {"seed": recipe.seed, "interval": recipe.interval, "config_digest": digest}
    tracker = Tracker(folder, resume=False, **settings)
    losses = []  # of the batches since the last record
    for step in range(1, recipe.steps + 1):
        network.ternary = recipe.ternary and step > recipe.ternary_from * recipe.steps
        pick = rng.integers(0, TRAIN, recipe.batch)
        losses.append(network.learn(data.train[0][pick], data.train[1][pick], recipe.rate))
        if tracker.due(step):
            loss = {"mean": np.mean(losses), "batch": losses[-1]}.get(recipe.loss)
            watch(step, _record(tracker, step, network, data, loss))
            losses.clear()
    return Run(tracker.finish(), network.score(*data.test)[1] / HELD)


def _record(tracker: Tracker, step: int, network: Network, data: Data, loss: float | None) -> float:
    """Record a checkpoint; returns the loss on dev."""
    if loss is None:
        loss, _ = network.score(*data.train)
    val_loss, right = network.score(*data.dev)
    quantised = [(str(i), ternarize(w)[0]) for i, w in enumerate(network.weights)]
    signs = [(str(i), np.sign(w).astype(np.int8)) for i, w in enumerate(network.weights)]
    tracker.record(
        step,
        loss,
        val_loss=val_loss,
        tiers={"tier1": (right, HELD)},
        trits=quantised if network.ternary else None,
        signs=signs,
        embeddings=network.forward(data.dev[0][:64])[0],
    )
    return val_loss


def matrix(folder: str | Path, n: int = 36, seed: int = 0, steps: int = 400) -> list[Run]:
    """n runs with rates, widths, noise and kinds drawn at random, each into its own folder."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        recipe = Recipe(
            seed=i,
            rate=float(10 ** rng.uniform(-2.5, 0.3)),
            hidden=int(rng.choice([8, 16, 32, 64])),
            noise=float(rng.uniform(0.0, 0.5)),
            ternary=bool(rng.integers(2)),
            steps=steps,
        )
        out.append(run(Path(folder) / f"{i:03d}", recipe))
    return out
