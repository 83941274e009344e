"""The flagship's network alone, small, on the built-in corpus: a training of seconds to compare.

What surrounds it in a run of the flagship (domain head, retrieval, hard negatives) is left out.
Letters: N examples, L tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sashimi import params, train
from sashimi.files import root
from sashimi.flagship import learn
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.model.loss import losses_of, training_loss
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams

LONGEST = 64
"""Tokens of a program that are targets: its first ones."""
PROBE = 128
DEVICE = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Small:
    """A corpus prepared once, for any number of trainings."""

    settings: FlagshipParams
    corpus: Corpus
    words: learn.Words
    data: Dataset
    probe: Dataset
    test: Dataset

    @staticmethod
    def of(limit: int, width: int) -> Small:
        """The first ``limit`` training examples, and a network whose layers are all as wide."""
        plain = params.load(root() / "params" / "flagship" / "90_smoke.yaml", FlagshipParams)
        widths = dict.fromkeys(("intent_width", "bridge_width", "decoder_width"), width)
        settings = plain.model_copy(
            update=widths | {"limit": limit, "neighbours": 0, "negatives": "none", "dropout": 0.0}
        )
        corpus = corpora.load(settings.corpus, limit=limit)
        words = learn.Words.of(corpus.train, settings.output)
        targets = words.vocabulary, words.literals, words.labels
        parts = corpus.train, corpus.dev[:PROBE], corpus.test
        data, probe, test = (Dataset(some, *targets, longest=LONGEST) for some in parts)
        return Small(settings, corpus, words, data, probe, test)

    def fit(
        self,
        folder: Path,
        seed: int,
        watch: Callable[[int, dict], None] = lambda record, seen: None,
        **changes: Any,
    ) -> Network:
        """A network trained with ``changes`` to the parameters; ``watch(record, seen)`` gets what
        the trajectory records, and may raise to end the run."""
        settings = self.settings.model_copy(update=changes | {"seed": seed})
        train.seed_everything(seed)
        network = self.words.network(settings)
        records = [0]

        def batch(step: int):
            rng = np.random.default_rng([seed, step])
            drawn = rng.integers(len(self.data), size=settings.batch_size)
            return self.data.batch(drawn.tolist())

        def observe() -> dict:
            seen = learn.observe(network, self.probe, self.corpus.dev[:PROBE], DEVICE)
            records[0] += 1
            watch(records[0], seen | {"network": network})
            return seen

        train.fit(
            network, training_loss, batch, learn.schedule_of(settings), folder, seed=seed,
            config_digest=params.digest(settings), observe=observe, say=lambda line: None,
            before_step=lambda progress: learn.stage(network, settings, progress),
        )  # fmt: skip
        return network.eval()

    @torch.no_grad()
    def right(self, network: Network) -> np.ndarray:
        """Of each test example, the share of tokens that are right behind right ones: (N,)."""
        batch = self.test.batch(range(len(self.test)))
        right = losses_of(network, batch)[1]
        counted = network(batch).counted
        return ((right & counted).sum(1) / counted.sum(1)).numpy()
