"""The toy problem: five tokens of fifty from one vector, memorised, and composed of directions.

Memorised, every prompt is a random vector and its tokens are random: there is nothing to
find out, and accuracy on the same prompts says how much the network can hold. Compositional, a
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
from sashimi.studies.decoder_alone.decoder import Fitted, Recipe, fit, write
from sashimi.studies.decoder_alone.tasks import Task, exact, floors

LENGTH, CHOICES = 5, 50
VOCABULARY = CHOICES + 1
"""The tokens, and the start of a sequence before them."""


def memorised(prompts: int, width: int, seed: int) -> Task:
    """Random unit vectors (N, E) and random tokens."""
    rng = np.random.default_rng([seed, 0])
    tokens = rng.integers(1, VOCABULARY, (prompts, LENGTH))
    return _task(tokens, rng.standard_normal((prompts, width)))


def compositional(prompts: int, width: int, seed: int, held_out: int) -> tuple[Task, Task]:
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
    return Task(rows, torch.from_numpy(unit.astype(np.float32)))


def learn(task: Task, recipe: Recipe, seed: int, directory: Path) -> Fitted:
    """A decoder trained on a toy task."""
    return fit(task, task.first(64), recipe, VOCABULARY, seed, directory)


def score(fitted: Fitted, task: Task) -> list[float]:
    """1 for each prompt whose five tokens are written right, one after the other, else 0."""
    return exact(task, write(fitted.network, task.vectors, LENGTH))


MEMORISED, COMPOSITIONAL = "memorised", "compositional, held out"
LEARNED = "compositional, learned"
TERNARY, CONTINUOUS = "ternary", "continuous twin"


@dataclass(frozen=True)
class ToyScore:
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


def contest(settings: ToyParams, folder: Path, say: Callable[[str], None]) -> list[ToyScore]:
    """Every network on every task at every seed."""
    rows = []
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for row in (*_memorised(settings, seed, folder), *_compositional(settings, seed, folder)):
            say(f"seed {seed}: {row.task}, {row.model}: {row.share:.3f}")
            rows.append(row)
    return rows


def _memorised(settings: ToyParams, seed: int, folder: Path) -> Iterator[ToyScore]:
    task = memorised(settings.prompts, settings.width, seed)
    recipes = networks(settings, settings.iterations)
    for name, recipe in recipes.items():
        fitted = learn(task, recipe, seed, folder / f"memorised, {name}, seed {seed}")
        yield ToyScore(MEMORISED, name, seed, score(fitted, task), fitted)


def _compositional(settings: ToyParams, seed: int, folder: Path) -> Iterator[ToyScore]:
    known, asked = compositional(
        settings.compositional_prompts, settings.width, seed, settings.held_out
    )
    for name, recipe in networks(settings, settings.compositional_iterations).items():
        fitted = learn(known, recipe, seed, folder / f"compositional, {name}, seed {seed}")
        yield ToyScore(COMPOSITIONAL, name, seed, score(fitted, asked), fitted)
        yield ToyScore(LEARNED, name, seed, score(fitted, known.first(len(asked))))
    for name, written in floors(known, asked.vectors, None).items():
        yield ToyScore(COMPOSITIONAL, name, seed, exact(asked, written))


def together(rows: list[ToyScore]) -> dict[str, dict[str, list[float]]]:
    """Right and wrong of every prompt over all seeds, by task and model."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        found.setdefault(row.task, {}).setdefault(row.model, []).extend(row.right)
    return found


def by_seed(rows: list[ToyScore], task: str, model: str) -> list[ToyScore]:
    """The rows of one model on one task, in order of their seeds."""
    return sorted((r for r in rows if (r.task, r.model) == (task, model)), key=lambda r: r.seed)
