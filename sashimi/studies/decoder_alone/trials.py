"""Configurations, seeds and representations of the decoder alone, side by side.

Letters: N examples, E width of a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from sashimi.encode import WIDTH
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.params import SkeletonParams
from sashimi.program.ir.tokens import END
from sashimi.statistics import Interval, bootstrap, paired
from sashimi.studies.decoder_alone.decoder import Fitted, Recipe, fit, forced, write
from sashimi.studies.decoder_alone.tasks import Material, Task, exact, floors, material

ORACLE, ENCODER = "oracle", "MiniLM"
WATCHED = 64
"""Dev examples that the trajectory of a run watches."""
LONGEST = 256
"""Tokens that may be written; legal ones begin to close what is open 96 before."""
ASKED = ("dev", "test", "test_unseen")

Scores = dict[str, dict[str, list[float]]]
"""By split and measure, a value for each example."""


@dataclass(frozen=True)
class Trial:
    """One trained decoder and the scores of what it wrote of every split."""

    name: str
    representation: str
    seed: int
    recipe: Recipe
    fitted: Fitted
    scores: Scores


@dataclass(frozen=True)
class SweepPoint:
    """A recipe and its share of right dev examples, right history given, at one seed."""

    recipe: Recipe
    dev: float
    stability: float | None
    seconds: float

    def as_row(self) -> dict:
        """What a table shows."""
        shown = {k: getattr(self.recipe, k) for k in ("rate", "iterations", "batch", "width")}
        return shown | {"dev": self.dev, "stability": self.stability, "seconds": self.seconds}


@dataclass(frozen=True)
class DecoderRuns:
    """What all trials share. ``vectors[representation][split]`` are (N, E)."""

    material: Material
    vectors: Mapping[str, Mapping[str, Tensor]]
    evaluated: int
    folder: Path
    say: Callable[[str], None] = print
    done: dict[tuple[Recipe, int, str], Fitted] = field(default_factory=dict)
    """What has been trained already: a point of the sweep may be a trial too."""

    @staticmethod
    def of(settings: SkeletonParams, corpus: Corpus, folder: Path) -> DecoderRuns:
        """The runs of a corpus: its sequences, the oracle's vectors, and the encoder's as wide."""
        found = material(corpus, settings.noise, WIDTH, seed=0)
        oracle = {split: task.vectors for split, task in found.tasks.items()}
        return DecoderRuns(
            found, {ORACLE: oracle, ENCODER: found.pooled()}, settings.evaluated, folder
        )

    def task(self, split: str, representation: str) -> Task:
        """A split from a representation; evaluation splits are cut to what is evaluated."""
        task = self.material.tasks[split].with_vectors(self.vectors[representation][split])
        return task if split == "train" else task.first(self.evaluated)

    def fit(self, name: str, recipe: Recipe, seed: int, representation: str) -> Fitted:
        """A decoder of a recipe, trained at a seed from a representation, once."""
        key = (recipe, seed, representation)
        if key not in self.done:
            fitted = fit(
                self.task("train", representation),
                self.task("dev", representation).first(WATCHED),
                recipe,
                len(self.material.vocabulary),
                seed,
                self.folder / "runs" / f"{name}, {representation}, seed {seed}",
            )
            self.say(f"{name}, {representation}, seed {seed}: {fitted.seconds:.0f} s")
            self.done[key] = fitted
        return self.done[key]

    def trial(self, name: str, recipe: Recipe, seed: int, representation: str = ORACLE) -> Trial:
        """A trained decoder and its scores."""
        fitted = self.fit(name, recipe, seed, representation)
        scores = {}
        for split in ASKED:
            task, words = self.task(split, representation), self.material.vocabulary
            network = fitted.network
            scores[split] = {
                "exact": exact(task, write(network, task.vectors, LONGEST, words, masked=True)),
                "exact, no masks": exact(task, write(network, task.vectors, LONGEST, words)),
                "exact, right history": forced(network, task),
            }
        return Trial(name, representation, seed, recipe, fitted, scores)

    def floors(self, representation: str) -> dict[str, Scores]:
        """Scores of what answers without a decoder, by name."""
        train, end = self.task("train", representation), self.material.vocabulary.ids[END]
        scores: dict[str, Scores] = {}
        for split in ASKED:
            task = self.task(split, representation)
            for name, written in floors(train, task.vectors, end).items():
                scores.setdefault(name, {})[split] = {"exact": exact(task, written)}
        return scores

    def point(self, recipe: Recipe, seed: int) -> SweepPoint:
        """A point of the sweep, from the oracle's vectors."""
        fitted = self.fit(recipe.label, recipe, seed, ORACLE)
        right = forced(fitted.network, self.task("dev", ORACLE))
        return SweepPoint(recipe, sum(right) / len(right), fitted.stability, fitted.seconds)


def published_recipe(settings: SkeletonParams) -> Recipe:
    """The research plan's configuration; how many layers it means it does not say."""
    return Recipe(
        settings.plan_iterations,
        settings.plan_batch_size,
        settings.plan_learning_rate,
        settings.plan_width,
        settings.layers,
    )


def sweep(runs: DecoderRuns, settings: SkeletonParams) -> list[SweepPoint]:
    """One seed of every point: rates in the plan's place, then one factor at the best rate."""
    recipes = [replace(published_recipe(settings), rate=rate) for rate in settings.learning_rates]
    points = [runs.point(recipe, settings.seed) for recipe in recipes]
    at = best(points).recipe
    others = [
        *(replace(at, iterations=value) for value in settings.iterations),
        *(replace(at, batch=value) for value in settings.batch_sizes),
        *(replace(at, width=value) for value in settings.widths),
    ]
    return points + [runs.point(recipe, settings.seed) for recipe in others]


def best(points: Sequence[SweepPoint]) -> SweepPoint:
    """The point with most right dev examples; of several the first."""
    return max(points, key=lambda point: point.dev)


def of(trials: Iterable[Trial], name: str, representation: str = ORACLE) -> list[Trial]:
    """The trials of a name and representation, in order of their seeds."""
    chosen = (t for t in trials if (t.name, t.representation) == (name, representation))
    return sorted(chosen, key=lambda trial: trial.seed)


def mean(trials: Sequence[Trial], split: str, measure: str) -> list[float]:
    """Each example's mean over seeds: what intervals over examples and pairs are made of."""
    return np.mean([trial.scores[split][measure] for trial in trials], axis=0).tolist()


def table(trials: Sequence[Trial], split: str) -> dict[str, Interval]:
    """Every measure on a split: mean over seeds and examples, interval over examples."""
    return {m: bootstrap(mean(trials, split, m)) for m in trials[0].scores[split]}


def difference(
    ours: Sequence[Trial], theirs: Sequence[Trial], split: str, measure: str
) -> Interval:
    """Ours less theirs on a split, paired by example after the mean over seeds."""
    return paired(mean(ours, split, measure), mean(theirs, split, measure))


def lowest(trials: Sequence[Trial], measure: str) -> list[float]:
    """Per seed the lower share of the two test splits: what gates judge."""
    return [
        min(sum(t.scores[s][measure]) / len(t.scores[s][measure]) for s in ASKED[1:])
        for t in trials
    ]
