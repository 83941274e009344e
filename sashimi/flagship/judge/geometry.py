"""The shape of the bottleneck: how many directions z uses, and what it is alike to.

Letters: N examples, Z bridge width, A actions, D, E widths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sashimi.encode import encode
from sashimi.flagship.answer.whole import BATCH, Sashimi, read
from sashimi.flagship.data.example import Example
from sashimi.geometry import LEAST, cka, effective_rank, participation
from sashimi.program import tiers
from sashimi.program.tree import Program, actions

MOST = 1000
"""Rows that are looked at, evenly spaced: similarity takes memory by their square."""


def bags(programs: Sequence[Program]) -> np.ndarray:
    """How often each program uses each action, comments aside: (N, A) float64."""
    used = [[a.name for a in actions(tiers.without_comments(p))] for p in programs]
    column = {name: i for i, name in enumerate(sorted({n for own in used for n in own}))}
    counts = np.zeros((len(programs), len(column)))
    for row, own in enumerate(used):
        for name in own:
            counts[row, column[name]] += 1
    return counts


@torch.no_grad()
def bottleneck(whole: Sashimi, prompts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """z of each whole prompt (N, Z), and of every word piece of all of them (S, Z)."""
    network = whole.network
    encoded = encode(prompts, encoder=network.reads)
    pooled, pieces = [], []
    for at in range(0, len(prompts), BATCH):
        batch = encoded.padded(range(at, min(at + BATCH, len(prompts))))
        z = network.bridge(network.intent_of(network.encode(batch)))  # (B, 1 + P, Z)
        pooled.append(z[:, 0])
        pieces.append(z[:, 1:][batch.pieces])
    return torch.cat(pooled).numpy(), torch.cat(pieces).numpy()


def facts(whole: Sashimi, examples: Sequence[Example]) -> dict[str, Any]:
    """What a result says of the bottleneck on some examples.

    ``rank`` and ``participation`` of z, of whole prompts and, where the decoder sees them, of word
    pieces; ``cka`` (debiased) of the whole prompts' z with the frozen encoder's vectors, which is
    form, and with the programs' bags of actions, which is meaning; beside them the encoder's own
    with the bags. What cannot be measured is None; of fewer than 4 examples only ``n`` is given.
    """
    examples = _spaced(examples)
    if len(examples) < LEAST:
        return {"n": len(examples)}
    prompts = [e.prompt for e in examples]
    whole_z, pieces = bottleneck(whole, prompts)
    vectors, meaning = encode(prompts).pooled.numpy(), bags([e.program for e in examples])
    seen = {"prompts": whole_z}
    if not whole.network.pooled_only:
        seen["pieces"] = np.stack(_spaced(pieces))
    return {
        "n": len(examples),
        "width": whole_z.shape[1],
        "rank": {name: _known(effective_rank(z)) for name, z in seen.items()},
        "participation": {name: _known(participation(z)) for name, z in seen.items()},
        "cka": {
            "z, encoder": _known(cka(whole_z, vectors)),
            "z, actions": _known(cka(whole_z, meaning)),
            "encoder, actions": _known(cka(vectors, meaning)),
        },
    }


def between(runs: Mapping[str, Path], prompts: Sequence[str]) -> dict[str, dict[str, float]]:
    """The debiased CKA of z of every two finished runs on the same prompts: ``[one][other]``.

    ``runs`` are folders by the name to call them by. Raises `BadInput` as `whole.read` does.
    """
    prompts = _spaced(prompts)
    known = {name: bottleneck(read(folder), prompts)[0] for name, folder in runs.items()}
    return {a: {b: cka(x, y) for b, y in known.items()} for a, x in known.items()}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)


def _spaced(rows: Sequence) -> list:
    """At most `MOST` of some rows, evenly spaced."""
    return [rows[i] for i in np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(int)]
