"""The toy problem: five tokens of fifty from one vector, learned by heart and, apart, in earnest.

Learned by heart, every prompt is a random vector and its tokens are random: there is nothing to
find out, and accuracy on the same prompts says how much the network can hold. In earnest, a
vector is a sum of one random direction a (position, token): tokens can be told from it for prompts
never seen, by whoever learned the directions from others.

Letters: N prompts, E width of a vector, L = 5 tokens, K = 50 tokens to choose from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from sashimi.flagship.params import ToyParams
from sashimi.studies.decoder_alone.phase_two import Fitted, Recipe, fit, write
from sashimi.studies.decoder_alone.sequences import Task, exact, floors
from sashimi.ternary import KINDS

LENGTH, CHOICES = 5, 50
VOCABULARY = CHOICES + 1
"""The tokens, and the start of a sequence before them."""


def by_heart(prompts: int, width: int, seed: int) -> Task:
    """Random unit vectors (N, E) and random tokens."""
    rng = np.random.default_rng([seed, 0])
    tokens = rng.integers(1, VOCABULARY, (prompts, LENGTH))
    return _task(tokens, rng.standard_normal((prompts, width)))


def in_earnest(prompts: int, width: int, seed: int, held_out: int) -> tuple[Task, Task]:
    """Prompts to learn from and prompts held out, of one set of directions; no answer is in both.

    A vector is the sum of its five directions, to unit length.
    """
    rng = np.random.default_rng([seed, 1])
    directions = rng.standard_normal((LENGTH, VOCABULARY, width))
    tokens = np.unique(rng.integers(1, VOCABULARY, (prompts + held_out, LENGTH)), axis=0)
    while len(tokens) < prompts + held_out:
        more = rng.integers(1, VOCABULARY, (prompts, LENGTH))
        tokens = np.unique(np.concatenate([tokens, more]), axis=0)
    tokens = rng.permutation(tokens)[: prompts + held_out]
    vectors = directions[np.arange(LENGTH), tokens].sum(1)
    return _task(tokens[:prompts], vectors[:prompts]), _task(tokens[prompts:], vectors[prompts:])


def _task(tokens: np.ndarray, vectors: np.ndarray) -> Task:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = tuple(tuple(row) for row in tokens.tolist())
    return Task(rows, ((0,) * LENGTH,) * len(rows), torch.from_numpy(unit.astype(np.float32)))


def learn(task: Task, recipe: Recipe, seed: int, directory: Path) -> Fitted:
    """A writer trained on a toy task."""
    return fit(task, task.first(64), recipe, VOCABULARY, seed, directory)


def score(fitted: Fitted, task: Task) -> list[float]:
    """1 for each prompt whose five tokens are written right, one after the other, else 0."""
    return exact(task, write(fitted.writer, task.vectors, LENGTH))


HEART, EARNEST = "learned by heart", "in earnest, held out"
LEARNED = "in earnest, learned"
TERNARY, CONTINUOUS = "ternary", "continuous twin"


@dataclass(frozen=True)
class Row:
    """What one network, or one floor, wrote of one task's prompts at one seed."""

    task: str
    model: str
    seed: int
    right: list[float]
    fitted: Fitted | None = None

    @property
    def share(self) -> float:
        """Share of prompts whose five tokens are right."""
        return sum(self.right) / len(self.right)


def networks(settings: ToyParams, iterations: int) -> dict[str, Recipe]:
    """The ternary network and its continuous twin."""
    own = Recipe(
        iterations,
        settings.batch_size,
        settings.learning_rate,
        settings.width,
        layers=1,
        ternary=True,
    )
    return {TERNARY: own, CONTINUOUS: replace(own, ternary=False)}


def contest(settings: ToyParams, folder: Path, say: Callable[[str], None]) -> list[Row]:
    """Every network on every task at every seed; other quantisers by heart at the first seed."""
    rows = []
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for row in (*_by_heart(settings, seed, folder), *_in_earnest(settings, seed, folder)):
            say(f"seed {seed}: {row.task}, {row.model}: {row.share:.3f}")
            rows.append(row)
    return rows


def _by_heart(settings: ToyParams, seed: int, folder: Path) -> Iterator[Row]:
    task = by_heart(settings.prompts, settings.width, seed)
    recipes = networks(settings, settings.iterations)
    if seed == settings.seed:
        others = [kind for kind in KINDS if kind != recipes[TERNARY].quantiser]
        recipes |= {f"{TERNARY}, {k}": replace(recipes[TERNARY], quantiser=k) for k in others}
    for name, recipe in recipes.items():
        fitted = learn(task, recipe, seed, folder / f"by heart, {name}, seed {seed}")
        yield Row(HEART, name, seed, score(fitted, task), fitted)


def _in_earnest(settings: ToyParams, seed: int, folder: Path) -> Iterator[Row]:
    known, asked = in_earnest(settings.prompts_in_earnest, settings.width, seed, settings.held_out)
    for name, recipe in networks(settings, settings.iterations_in_earnest).items():
        fitted = learn(known, recipe, seed, folder / f"in earnest, {name}, seed {seed}")
        yield Row(EARNEST, name, seed, score(fitted, asked), fitted)
        yield Row(LEARNED, name, seed, score(fitted, known.first(len(asked))))
    for name, written in floors(known, asked.vectors, VOCABULARY, None).items():
        yield Row(EARNEST, name, seed, exact(asked, written))


def together(rows: list[Row]) -> dict[str, dict[str, list[float]]]:
    """Right and wrong of every prompt over all seeds, by task and model."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        found.setdefault(row.task, {}).setdefault(row.model, []).extend(row.right)
    return found


def by_seed(rows: list[Row], task: str, model: str) -> list[Row]:
    """The rows of one model on one task, in order of their seeds."""
    return sorted((r for r in rows if (r.task, r.model) == (task, model)), key=lambda r: r.seed)
