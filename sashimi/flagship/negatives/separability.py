"""How well a trained whole tells a right program from a wrong one of the same prompt, in nats.

Held-out prompts, and programs that training never saw: perturbed ones for every row, whatever it
was trained with, so that rows compare; and the wrong beams of the study of negatives, where it has
run. Likelihoods are of Tiers 1 and 2 and without the legality masks, as in training: only legal
negatives are asked about, and masks would favour whichever program had fewer rivals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sashimi.flagship.answer.whole import BATCH, Sashimi
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.model.loss import costs_of, gaps
from sashimi.flagship.model.network import Network
from sashimi.flagship.negatives import margin
from sashimi.flagship.negatives.margin import KINDS, Negatives
from sashimi.statistics import bootstrap

SPLITS = ("dev", "test", "test_unseen")


def measure(
    whole: Sashimi, corpus: Corpus, dataset: Callable[[Sashimi, Sequence[Example]], Dataset]
) -> dict[str, dict[str, Any]]:
    """By source of negatives and split what `told` says; nothing for a whole that writes text.

    ``dataset`` prepares examples for the whole.
    """
    if whole.network.filler is None:
        return {}
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for split in SPLITS:
        data = dataset(whole, getattr(corpus, split))
        asked: dict[str, tuple[int, Path | None]] = {"perturbed": (margin.HELD_OUT_EACH, None)}
        beams = margin.beams_of(corpus.source, split)
        if beams.is_file():
            asked["adversarial"] = (0, beams)
        for source, (each, path) in asked.items():
            negatives = margin.of_split(corpus, split, each, path, data, whole.vocabulary)
            found[source][split] = told(measured(whole.network, data, negatives), negatives)
    return dict(found)


@torch.no_grad()
def measured(network: Network, data: Dataset, negatives: Negatives) -> np.ndarray:
    """`loss.gaps` of every negative (N,), in nats, without dropout."""
    network.eval()
    found = np.full(len(negatives), np.nan)
    having = sorted(negatives.of)
    for at in range(0, len(having), BATCH):
        batch = data.batch(having[at : at + BATCH])
        wrong, which = negatives.every(batch)
        seen = network(batch)
        costs = costs_of(seen, batch.targets)
        found[which] = gaps(network, seen, costs, wrong).numpy()
    return found


def told(nats: Sequence[float], negatives: Negatives) -> dict[str, Any]:
    """The mean over examples (of each example's mean), the median and share above 0 over negatives,
    the mean by kind, and how many were asked about."""
    nats = np.asarray(nats, dtype=float)
    single = [float(nats[own].mean()) for own in negatives.of.values()]
    kinds = negatives.kind.numpy()
    return {
        "mean": bootstrap(single).as_json(),
        "median": float(np.median(nats)) if len(nats) else None,
        "above_zero": bootstrap(nats > 0).as_json(),
        "kinds": {KINDS[k]: bootstrap(nats[kinds == k]).as_json() for k in np.unique(kinds)},
        "negatives": len(nats),
        "dropped": int(negatives.dropped),
    }


def gated(found: Mapping[str, Any]) -> float | None:
    """What the gate asks of `measure`: the lower end of the mean over test, of perturbed ones."""
    return found["perturbed"]["test"]["mean"]["low"] if found else None
