"""Prompts to vectors, intent and memory in numpy: `encode`, `flagship.model.intent` and `bridge`.

Letters: N prompts, P word pieces, E encoder width, F surface features, W = E + F, I intent width, Z
bridge width, M = 1 + P.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.pieces import cut, surface, tokenizer
from sashimi.runtime.encoder import Encoder, gelu, layer_norm
from sashimi.runtime.layers import EPSILON, Dense, standard
from sashimi.runtime.store import Packed

TOGETHER = 16
"""Prompts that are encoded together, of like lengths."""
HEADS = ("domain", "intent", "complexity", "constraints", "entities")


@dataclass(frozen=True)
class Encoded:
    """One prompt as the encoder gives it."""

    prompt: str
    offsets: list[tuple[int, int]]  # (P, 2): characters of its word pieces
    pooled: np.ndarray  # (E,) unit length
    states: np.ndarray  # (P, W); of float16's precision where the encoder is as published


@dataclass(frozen=True)
class Read:
    """One prompt as the network reads it."""

    memory: np.ndarray  # (M, Z)
    pieces: np.ndarray  # (P, I), the intent of its word pieces
    heads: Mapping[str, np.ndarray]  # (classes,) logits, entities (P,)


def encode(encoder: Encoder, prompts: Sequence[str]) -> list[Encoded]:
    """Each prompt's vectors; those of like lengths go through the encoder together."""
    cuts = [tokenizer().encode(prompt) for prompt in prompts]
    ids = [cut(one.ids) for one in cuts]
    made: dict[int, Encoded] = {}
    order = sorted(range(len(prompts)), key=lambda i: len(ids[i]))
    for at in range(0, len(order), TOGETHER):
        chosen = order[at : at + TOGETHER]
        for i, vectors in zip(chosen, encoder([ids[i] for i in chosen]), strict=True):
            size = len(ids[i])
            offsets = cuts[i].offsets[1 : size - 1]
            pooled, states = _parts(vectors[:size], surface(prompts[i], offsets))
            if encoder.adapted is None:  # as training keeps them
                states = states.astype(np.float16).astype(np.float32)
            made[i] = Encoded(prompts[i], offsets, pooled, states)
    return [made[i] for i in range(len(prompts))]


def _parts(vectors: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pooled vector (E,) and the word pieces (P, W) of one prompt's vectors (P + 2, E)."""
    pooled = vectors.mean(0)
    pooled /= max(float(np.sqrt(pooled @ pooled)), 1e-12)
    return pooled, np.concatenate([vectors[1:-1], features], 1)


@dataclass(frozen=True)
class Reader:
    """Encoded prompts to intent, frame and memory."""

    enter: Dense
    norm: tuple[np.ndarray, np.ndarray]
    widen: Dense
    narrow: Dense
    last: tuple[np.ndarray, np.ndarray]
    heads: Mapping[str, Dense]
    bridge: Dense
    bridged: tuple[np.ndarray, np.ndarray]

    @staticmethod
    def load(packed: Packed) -> Reader:
        """The intent extractor and the bridge of a packed network."""

        def dense(name: str) -> Dense:
            return Dense.load(packed, f"network/{name}")

        def norm(name: str) -> tuple[np.ndarray, np.ndarray]:
            weight, bias = (packed.array(f"network/{name}.{part}") for part in ("weight", "bias"))
            return weight, bias

        return Reader(
            dense("intent.enter"),
            norm("intent.body.0"),
            dense("intent.body.1"),
            dense("intent.body.4"),
            norm("intent.norm"),
            {head: dense(f"intent.heads.{head}") for head in HEADS},
            dense("bridge.project"),
            norm("bridge.norm"),
        )

    def __call__(self, encoded: Sequence[Encoded]) -> list[Read]:
        """Every prompt's frame and memory; all word pieces go through in one product."""
        sizes = [1 + len(one.states) for one in encoded]
        states = np.zeros((sum(sizes), encoded[0].states.shape[1]), np.float32)
        width, ends = len(encoded[0].pooled), np.cumsum(sizes)
        for one, end, size in zip(encoded, ends, sizes, strict=True):
            states[end - size, :width] = one.pooled  # which has no surface features
            states[end - size + 1 : end] = one.states
        states[:, :width] = standard(states[:, :width])
        entered = self.enter(states)
        body = self.narrow(gelu(self.widen(layer_norm(entered, *self.norm, EPSILON))))
        intent = layer_norm(entered + body, *self.last, EPSILON)
        memory = layer_norm(self.bridge(intent), *self.bridged, EPSILON)
        return [
            Read(memory[at], intent[at][1:], self._heads(intent[at]))
            for at in (slice(end - size, end) for end, size in zip(ends, sizes, strict=True))
        ]

    def _heads(self, intent: np.ndarray) -> dict[str, np.ndarray]:
        """The frame's logits of one prompt's (M, I)."""
        pooled = {k: head(intent[:1])[0] for k, head in self.heads.items() if k != "entities"}
        return {**pooled, "entities": self.heads["entities"](intent[1:])[:, 0]}
