"""Trials of the decoder's first studies: configurations, seeds and representations side by side.

Letters: N examples, E width of a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from sashimi.encode import WIDTH
from sashimi.flagship.data.corpus import Corpus
from sashimi.flagship.params import SkeletonParams, TypedParametersParams
from sashimi.metrics import Interval, bootstrap, paired
from sashimi.program.ir.tokens import END
from sashimi.studies.decoder_alone.designs import DESIGNS
from sashimi.studies.decoder_alone.phase_two import Fitted, Recipe, fit, forced, names, write
from sashimi.studies.decoder_alone.sequences import (
    Material,
    Task,
    compiles,
    exact,
    floors,
    material,
    pooled,
    structure_exact,
)

ORACLE, ENCODER = "oracle", "MiniLM"
WATCHED = 64
"""Dev examples that the trajectory of a run watches."""
LONGEST = 256
"""Tokens that a writer may write; legal ones begin to close what is open 96 before."""
ASKED = ("dev", "test", "test_unseen")

Scores = dict[str, dict[str, list[float]]]
"""By split and measure, a value for each example."""


@dataclass(frozen=True)
class Trial:
    """One fitted writer and what it wrote of every split."""

    name: str
    seen_as: str
    seed: int
    recipe: Recipe
    fitted: Fitted
    scores: Scores


@dataclass(frozen=True)
class Tried:
    """A point of the sweep: its recipe and its share of right dev examples, right history given."""

    recipe: Recipe
    dev: float
    stability: float | None
    seconds: float

    def told(self) -> dict:
        """What a table shows."""
        shown = {k: getattr(self.recipe, k) for k in ("rate", "iterations", "batch", "width")}
        return shown | {"dev": self.dev, "stability": self.stability, "seconds": self.seconds}


@dataclass(frozen=True)
class Study:
    """What all trials of a study share. ``vectors[representation][split]`` are (N, E)."""

    found: Material
    vectors: Mapping[str, Mapping[str, Tensor]]
    evaluated: int
    folder: Path
    typed: bool
    """Whether parameters are written, whose programs can be compiled."""
    say: Callable[[str], None] = print
    done: dict[tuple[Recipe, int, str], Fitted] = field(default_factory=dict)
    """What has been trained already: a point of the sweep may be a trial too."""

    def task(self, split: str, seen_as: str) -> Task:
        """A split from a representation; evaluation splits are cut to what is evaluated."""
        task = self.found.tasks[split].seen_as(self.vectors[seen_as][split])
        return task if split == "train" else task.first(self.evaluated)

    def fit(self, name: str, recipe: Recipe, seed: int, seen_as: str) -> Fitted:
        """A writer of a recipe, trained at a seed from a representation, once."""
        key = (recipe, seed, seen_as)
        if key not in self.done:
            self.done[key] = self._fit(name, recipe, seed, seen_as)
        return self.done[key]

    def _fit(self, name: str, recipe: Recipe, seed: int, seen_as: str) -> Fitted:
        fitted = fit(
            self.task("train", seen_as),
            self.task("dev", seen_as).first(WATCHED),
            recipe,
            len(self.found.book.vocabulary),
            seed,
            self.folder / "runs" / f"{name}, {seen_as}, seed {seed}",
            self.found.book,
        )
        self.say(f"{name}, {seen_as}, seed {seed}: {fitted.seconds:.0f} s")
        return fitted

    def trial(self, name: str, recipe: Recipe, seed: int, seen_as: str = ORACLE) -> Trial:
        """A fitted writer and its scores."""
        fitted = self.fit(name, recipe, seed, seen_as)
        scores = {split: self.scores(fitted, split, seen_as) for split in ASKED}
        return Trial(name, seen_as, seed, recipe, fitted, scores)

    def scores(self, fitted: Fitted, split: str, seen_as: str) -> dict[str, list[float]]:
        """Every measure of every example of a split."""
        task, book = self.task(split, seen_as), self.found.book
        lines = {
            masked: write(fitted.writer, task.vectors, LONGEST, book, masked)
            for masked in (True, False)
        }
        scores = {
            "exact": exact(task, lines[True]),
            "exact, no masks": exact(task, lines[False]),
            "exact, right history": forced(fitted.writer, task),
        }
        return scores | (self._typed(split, lines) if self.typed else {})

    def _typed(self, split: str, lines: Mapping[bool, list[list[int]]]) -> dict[str, list[float]]:
        irs = self.found.irs[split][: self.evaluated]
        sequences = self.found.sequences[split][: self.evaluated]
        masked, free = (names(self.found.book, lines[one]) for one in (True, False))
        return {
            "structure exact": structure_exact(self.found.book, sequences, masked),
            "compiles": compiles(masked, irs, self.found.catalogue),
            "compiles, no masks": compiles(free, irs, self.found.catalogue),
        }

    def floors(self, seen_as: str) -> dict[str, Scores]:
        """Scores of what answers without a decoder, by name."""
        known, book = self.task("train", seen_as), self.found.book
        found: dict[str, Scores] = {}
        for split in ASKED:
            task = self.task(split, seen_as)
            end = book.vocabulary.ids[END]
            for name, written in floors(known, task.vectors, len(book.vocabulary), end).items():
                scores = {"exact": exact(task, written)}
                if self.typed:
                    made = names(book, [[max(t, 0) for t in own] for own in written])
                    own = self.found.sequences[split][: self.evaluated]
                    scores["structure exact"] = structure_exact(book, own, made)
                found.setdefault(name, {})[split] = scores
        return found


def plan(settings: SkeletonParams) -> Recipe:
    """The plan's configuration; how many layers it means it does not say."""
    return Recipe(
        settings.plan_iterations,
        settings.plan_batch_size,
        settings.plan_learning_rate,
        settings.plan_width,
        settings.layers,
    )


def shared(settings: TypedParametersParams) -> Recipe:
    """The configuration that the three designs share."""
    return Recipe(
        settings.iterations,
        settings.batch_size,
        settings.learning_rate,
        settings.width,
        settings.layers,
    )


def sweep(study: Study, settings: SkeletonParams) -> list[Tried]:
    """One seed of every point: rates in the plan's place, then one factor at the best rate."""
    first = [replace(plan(settings), rate=rate) for rate in settings.learning_rates]
    tried = [_try(study, recipe, settings.seed) for recipe in first]
    at = best(tried).recipe
    others = [
        *(replace(at, iterations=value) for value in settings.iterations),
        *(replace(at, batch=value) for value in settings.batch_sizes),
        *(replace(at, width=value) for value in settings.widths),
    ]
    return tried + [_try(study, recipe, settings.seed) for recipe in others]


def _try(study: Study, recipe: Recipe, seed: int) -> Tried:
    name = f"rate {recipe.rate}, {recipe.iterations} of {recipe.batch}, width {recipe.width}"
    fitted = study.fit(name, recipe, seed, ORACLE)
    right = forced(fitted.writer, study.task("dev", ORACLE))
    return Tried(recipe, sum(right) / len(right), fitted.stability, fitted.seconds)


def best(tried: Sequence[Tried]) -> Tried:
    """The point with most right dev examples; of several the first."""
    return max(tried, key=lambda one: one.dev)


def of(trials: Iterable[Trial], name: str, seen_as: str = ORACLE) -> list[Trial]:
    """The trials of a name and representation, in order of their seeds."""
    chosen = (t for t in trials if (t.name, t.seen_as) == (name, seen_as))
    return sorted(chosen, key=lambda trial: trial.seed)


def ceiling(study: Study) -> dict[str, Interval]:
    """Share of the true programs of each split that compile: what `compiles` can reach."""
    found = study.found
    own = {split: found.irs[split][: study.evaluated] for split in ASKED}
    return {
        split: bootstrap(compiles([ir.merged() for ir in irs], irs, found.catalogue))
        for split, irs in own.items()
    }


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


def contest(study: Study, settings: TypedParametersParams) -> list[Trial]:
    """Every design at every seed, from the oracle's vectors and from the encoder's."""
    counts = {ORACLE: settings.seeds, ENCODER: settings.encoder_seeds}
    return [
        study.trial(design, replace(shared(settings), design=design), settings.seed + seed, seen_as)
        for seen_as, count in counts.items()
        for seed in range(count)
        for design in DESIGNS
    ]


def lowest(trials: Sequence[Trial], measure: str) -> list[float]:
    """Per seed the lower share of the two test splits: what gates judge."""
    return [
        min(sum(t.scores[s][measure]) / len(t.scores[s][measure]) for s in ASKED[1:])
        for t in trials
    ]


def inputs(found: Material, seen: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The two representations by split: the oracle's vectors, and the encoder's."""
    oracle = {split: task.vectors for split, task in found.tasks.items()}
    return {ORACLE: oracle, ENCODER: dict(seen)}


def prepare(
    settings: SkeletonParams | TypedParametersParams, corpus: Corpus, folder: Path, typed: bool
) -> Study:
    """The study of a corpus: its sequences, the oracle's vectors, and the encoder's as wide."""
    found = material(corpus, typed, settings.noise, WIDTH, seed=0)
    return Study(found, inputs(found, pooled(found)), settings.evaluated, folder, typed)
