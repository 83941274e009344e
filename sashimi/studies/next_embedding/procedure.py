"""The plan's smoke test as code: baseline, filter, warm start, gates, branch, what follows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from sashimi.studies.next_embedding import decide, learn
from sashimi.studies.next_embedding.corpus import Corpus
from sashimi.studies.next_embedding.decide import SEVEN, Branch
from sashimi.studies.next_embedding.learn import History, Recipe
from sashimi.studies.next_embedding.params import FilterParams, NextParams
from sashimi.studies.next_embedding.rows import Windows, coherence, diluted, windows

SALVAGE_EPOCHS = 4
FORCED: Mapping[str, Mapping[str, float]] = {
    "GREEN": {"epoch 1": 0.6, "epoch 5": 0.6, "ood": 0.6},
    "AMBER, hybrid": {"epoch 1": 0.6, "epoch 5": 0.6, "ood": 0.55, SEVEN: 0.6},
    "AMBER, context 5": {"epoch 1": 0.6, "epoch 5": 0.6, "ood": 0.55, SEVEN: 0.4},
    "RED": {"epoch 1": 0.4},
}
"""Values that lead into each branch, for rows that show that it runs; recorded as forced."""


@dataclass(frozen=True)
class Data:
    """Training rows of one context length: the baseline's, and diluted ones with their filter."""

    base: Windows
    expanded: Windows
    planted: np.ndarray
    """(R,) bool, of the expanded rows: whether the document was shuffled."""
    keep: np.ndarray
    """(R,) bool: whether the filter keeps a row."""
    threshold: float

    @property
    def filtered(self) -> Windows:
        return self.expanded.take(self.keep)

    @property
    def dropped(self) -> Windows:
        return self.expanded.take(~self.keep)

    def random(self, seed: int) -> Windows:
        """As many rows as the filter keeps, drawn from all."""
        order = np.random.default_rng(seed).permutation(len(self.keep))
        return self.expanded.take(order[: int(self.keep.sum())])

    def report(self) -> dict[str, float]:
        """What the filter finds of what was planted, and the coherences."""
        hit, values = float((~self.keep & self.planted).sum()), coherence(self.expanded.contexts)
        return {
            "rows": len(self.keep),
            "kept": int(self.keep.sum()),
            "precision": hit / max(1, int((~self.keep).sum())),
            "recall": hit / max(1, int(self.planted.sum())),
            "planted before": float(self.planted.mean()),
            "planted after": float(self.planted[self.keep].mean()),
            "coherence, baseline": float(coherence(self.base.contexts).mean()),
            "coherence, expanded": float(values.mean()),
            "coherence, filtered": float(values[self.keep].mean()),
            "threshold": self.threshold,
        }


def prepare(corpus: Corpus, settings: FilterParams, context: int = 5) -> Data:
    """Plants the dilution into the training documents and filters its rows by the coherence of
    their contexts: kept is what reaches the baseline rows' quantile ``keep_above``.

    The same documents are planted for every seed and context length.
    """
    documents, planted = diluted(corpus.documents["train"], settings.dilution, seed=0)
    clean = [d for d, shuffled in zip(documents, planted, strict=True) if not shuffled]
    base, expanded = windows(clean, context), windows(documents, context)
    threshold = float(np.quantile(coherence(base.contexts), settings.keep_above))
    keep = coherence(expanded.contexts) >= threshold
    return Data(base, expanded, planted[expanded.document], keep, threshold)


@dataclass(frozen=True)
class Stage:
    """What the steps of one run share."""

    corpus: Corpus
    settings: FilterParams
    folder: Path
    say: Callable[[str], None] = print

    def recipe(self, epochs: int, context: int = 5) -> Recipe:
        s = self.settings
        return Recipe(s.kind, epochs, s.batch, s.learning_rate, context, s.seed)

    def train(
        self, name: str, rows: Windows, recipe: Recipe, start: nn.Module | None = None, **more: Any
    ) -> tuple[nn.Module, History]:
        """Trains in a folder of the run, from a copy of ``start`` or from nothing, and judges each
        epoch on all of val; ``more`` is what `learn.fit` takes.
        """
        val = windows(self.corpus.documents["dev"], recipe.context)
        model = None if start is None else copy.deepcopy(start).train()
        return learn.fit(recipe, rows, val, self.folder / name, model, say=self.say, **more)

    def cosine(self, model: nn.Module, split: str, context: int = 5) -> float:
        return learn.cosine(model, windows(self.corpus.documents[split], context))


def smoke_test(
    stage: Stage, data: Data, baseline: nn.Module
) -> tuple[nn.Module, History, dict[str, float | None]]:
    """Warm start on the filtered rows; the network, its history and the measured gates.

    Ends at epoch 1 where that gate is RED and ``abort`` is set: later gates are then missing.
    """

    def gate(epoch: int, cosine: float) -> bool:
        red = epoch == 1 and decide.colour("epoch 1", cosine) == decide.RED
        return not (red and stage.settings.abort)

    recipe = stage.recipe(stage.settings.epochs)
    model, history = stage.train("warm", data.filtered, recipe, baseline, gate=gate)
    gates: dict[str, float | None] = {
        f"epoch {n}": history.val[n - 1] if len(history.val) >= n else None for n in (1, 3, 5)
    }
    gates["ood"] = None if history.aborted else stage.cosine(model, "postwar")
    return model, history, gates


def deciding(settings: NextParams, gates: Mapping[str, float | None]) -> Branch:
    """The branch of the measured gates, or of a forced verdict, which its reason says."""
    if settings.follow == "measured":
        return decide.branch(gates)
    values = {k: v for k, v in FORCED[settings.follow].items() if k != SEVEN or SEVEN in gates}
    branch = decide.branch(values)
    return replace(branch, why=f"forced: {branch.why}")


def follow(
    stage: Stage, data: Data, gates: dict[str, float | None], baseline: nn.Module, model: nn.Module
) -> tuple[nn.Module, list[dict[str, Any]], list[Branch]]:
    """Does what the branch of the gates says: the network that stays, a record a step, and the
    branches that were taken, a second one where AMBER has measured context 7.
    """
    taken, steps = [deciding(stage.settings, gates)], []
    kept = model if taken[0].colour in (decide.GREEN, decide.AMBER) else baseline
    todo = list(taken[0].actions)
    while todo:
        action = todo.pop(0)
        model, context = act(action, stage, data, baseline, kept)
        kept = model if context == 5 else kept
        scores = {split: stage.cosine(model, split, context) for split in ("dev", "postwar")}
        steps.append({"action": action, "context": context, **scores})
        if action == decide.FULL_7:
            taken.append(deciding(stage.settings, gates | {SEVEN: scores["postwar"]}))
            todo += taken[-1].actions
    return kept, steps, taken


def act(
    action: str, stage: Stage, data: Data, baseline: nn.Module, kept: nn.Module
) -> tuple[nn.Module, int]:
    """One step of a branch: the network it gives, and its context length."""
    short = stage.recipe(SALVAGE_EPOCHS)
    if action == decide.FULL:
        recipe = stage.recipe(stage.settings.full_epochs)
        return stage.train("full", data.filtered, recipe, baseline)[0], 5
    if action == decide.KEEP:
        return baseline, 5
    seven = prepare(stage.corpus, stage.settings, 7)
    if action == decide.HYBRID:
        return stage.train("hybrid", data.filtered, short, kept, also=seven.dropped)[0], 5
    rows = seven.dropped if action == decide.FULL_7 else seven.expanded
    return stage.train("context_7", rows, stage.recipe(SALVAGE_EPOCHS, 7))[0], 7


def twins(stage: Stage, data: Data, baseline: nn.Module) -> dict[str, tuple[nn.Module, History]]:
    """The filter's row and its controls: warm or from nothing, on filtered rows, on as many drawn
    at random, and on all of them at about as many steps.
    """
    epochs = stage.settings.epochs
    less = max(1, round(epochs * data.keep.mean()))
    sets = {
        "filtered": (data.filtered, epochs),
        "random": (data.random(stage.settings.seed), epochs),
        "expanded": (data.expanded, less),
    }
    return {
        f"{start} {name}": stage.train(
            f"{start}_{name}", rows, stage.recipe(count), baseline if start == "warm" else None
        )
        for start in ("warm", "scratch")
        for name, (rows, count) in sets.items()
    }
