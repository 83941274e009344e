"""The flagship's network alone, small, on the built-in corpus or a piece of the stream: a training
of seconds or minutes to compare.

What surrounds it in a run of the flagship (domain head, retrieval, hard negatives) is left out.
Letters: N examples, L tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sashimi import params, train
from sashimi.files import root
from sashimi.flagship import learn
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import spoken
from sashimi.flagship.data.batches import Batch, Dataset
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.model.loss import costs_of, losses_of, training_loss
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

    @staticmethod
    def streamed(number: int, watched: int, limit: int | None, width: int) -> Small:
        """The stream's chunk of a number, after which seeds are not told apart, as ``train`` and as
        data; ``watched`` dev prompts are looked at while it is learned."""
        row = params.load(root() / "params/flagship/more/98_stream.yaml", FlagshipParams)
        widths = dict.fromkeys(("intent_width", "bridge_width", "decoder_width"), width)
        settings = row.model_copy(update=widths | {"limit": limit, "decoder_layers": 2})
        corpus = spoken.load(limit)
        words = learn.Words.of(corpus.train, settings.output, streamed=True)
        chunk = spoken.mixture(0, limit)(number)
        corpus = replace(corpus, train=chunk)
        targets = words.vocabulary, words.literals, words.labels
        parts = chunk, corpus.dev[:watched], corpus.test
        data, probe, test = (Dataset(some, *targets, longest=learn.LEARNED) for some in parts)
        return Small(settings, corpus, words, data, probe, test)

    def fit(
        self,
        folder: Path,
        seed: int,
        watch: Callable[[int, dict], None] = lambda record, seen: None,
        batches: Callable[[int], Batch] | None = None,
        told: str = "",
        **changes: Any,
    ) -> Network:
        """A network trained with ``changes`` to the parameters; ``watch(record, seen)`` gets what
        the trajectory records, may add to it, and may raise to end the run. ``batches(step)`` are
        what is learned, without them examples drawn alike; ``told`` tells them from others of one
        setting."""
        settings = self.settings.model_copy(update=changes | {"seed": seed})
        train.seed_everything(seed)
        network = self.words.network(settings)
        records = [0]

        def batch(step: int):
            rng = np.random.default_rng([seed, step])
            drawn = rng.integers(len(self.data), size=settings.batch_size)
            return self.data.batch(drawn.tolist())

        def observe() -> dict:
            seen = learn.observe(network, self.probe, self.corpus.dev[: len(self.probe)], DEVICE)
            records[0] += 1
            told = seen | {"network": network}
            watch(records[0], told)
            return {key: value for key, value in told.items() if key != "network"}

        train.fit(
            network, training_loss, batches or batch, learn.schedule_of(settings), folder,
            seed=seed, config_digest=params.digest(settings) + told, observe=observe,
            say=lambda line: None,
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


@torch.no_grad()
def examined(network: Network, data: Dataset) -> Iterator[tuple[list[int], Tensor, Tensor, Tensor]]:
    """Of every example, by its place: targets (B, L), -log p of each in nats, NaN where none
    counts, and whether it is the first choice."""
    order = np.argsort(data.lengths, kind="stable").tolist()
    for at in range(0, len(order), PROBE):
        places = order[at : at + PROBE]
        batch = data.batch(places)
        seen = network(batch)
        right = torch.zeros_like(seen.counted)
        right[seen.counted] = seen.logits.argmax(-1) == batch.targets[seen.counted]
        costs = costs_of(seen, batch.targets).masked_fill(~seen.counted, torch.nan)
        yield places, batch.targets, costs, right
