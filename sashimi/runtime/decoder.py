"""The ternary decoder in numpy, one token of every open sequence a step: `flagship.model.decode`.

Letters: R sequences, P prompts, M memory positions, Z bridge width, W width of a word piece's
vector, D width, V vocabulary, H heads, T tokens so far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sashimi.runtime.encoder import gelu, softmax
from sashimi.runtime.layers import Dense, Normed, standard
from sashimi.runtime.store import Packed

Cache = list[tuple[np.ndarray, np.ndarray]]
"""Keys (…, H, D / H, T) and values (…, H, T, D / H) of each block."""


@dataclass(frozen=True)
class Block:
    """Self-attention, attention to the memory, and a two-layer perceptron, each added back."""

    heads: int
    enter: Normed  # query, key and value
    leave: Normed
    query: Normed
    key_value: Normed
    out: Normed
    up: Normed
    down: Normed

    @staticmethod
    def load(packed: Packed, name: str, heads: int, width: int) -> Block:
        """The block of this name; the attention's scale is part of its query."""
        scale = (width // heads) ** -0.5
        itself, memory = f"{name}.itself", f"{name}.memory"
        return Block(
            heads,
            Normed.load(packed, f"{itself}.query", f"{itself}.key_value", scale=scale),
            Normed.load(packed, f"{itself}.out"),
            Normed.load(packed, f"{memory}.query", scale=scale),
            Normed.load(packed, f"{memory}.key_value"),
            Normed.load(packed, f"{memory}.out"),
            Normed.load(packed, f"{name}.up"),
            Normed.load(packed, f"{name}.down"),
        )

    def remember(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keys (P, H, D / H, M) and values (P, H, M, D / H) of a memory (P, M, Z)."""
        prompts, places, width = memory.shape
        both = self.key_value(memory.reshape(-1, width)).reshape(prompts, places, 2, self.heads, -1)
        return both[:, :, 0].transpose(0, 2, 3, 1), both[:, :, 1].transpose(0, 2, 1, 3)

    def step(
        self, x: np.ndarray, past: tuple | None, memory: tuple, missing: np.ndarray | None
    ) -> tuple[np.ndarray, tuple]:
        """One token further: x (R, D), and the keys and values seen so far."""
        rows = len(x)
        query, key, value = self.enter(x).reshape(rows, 3, self.heads, -1).transpose(1, 0, 2, 3)
        keys, values = key[..., None], value[:, :, None]
        if past is not None:
            keys = np.concatenate([past[0], keys], 3)
            values = np.concatenate([past[1], values], 2)
        mixed = softmax(query[:, :, None] @ keys) @ values  # (R, H, 1, D / H)
        x = x + self.leave(mixed.reshape(rows, -1))
        mixed = self.looks(x, memory, missing) @ memory[1]
        x = x + self.out(mixed.reshape(rows, -1))
        return x + self.down(gelu(self.up(x))), (keys, values)

    def looks(self, x: np.ndarray, memory: tuple, missing: np.ndarray | None) -> np.ndarray:
        """How much each head looks at each place of the memory: (R, H, 1, M), of sum 1."""
        scores = self.query(x).reshape(len(x), self.heads, 1, -1) @ memory[0]
        return softmax(scores if missing is None else scores + missing)


@dataclass(frozen=True)
class Decoder:
    """Newest tokens (R,) to hidden states (R, D), and those to logits (R, V)."""

    leave: np.ndarray  # (D, V): the embedding, contiguous for its product
    entered: np.ndarray  # (V, D): as tokens enter, times sqrt(D)
    places: np.ndarray  # (positions, D)
    copied: Dense  # (…, W) to (…, D)
    blocks: tuple[Block, ...]
    gain: np.ndarray  # (D,) of the last norm
    shift: np.ndarray
    bias: np.ndarray  # (V,)

    @staticmethod
    def load(packed: Packed, layers: int, heads: int) -> Decoder:
        """The decoder of a packed network."""
        embed = packed.array("network/decoder.embed.weight")
        width = embed.shape[1]
        blocks = (f"network/decoder.blocks.{n}" for n in range(layers))
        return Decoder(
            np.ascontiguousarray(embed.T),
            embed * np.float32(width**0.5),
            packed.array("network/decoder.position.weight"),
            Dense.load(packed, "network/decoder.copied"),
            tuple(Block.load(packed, name, heads, width) for name in blocks),
            packed.array("network/decoder.norm.weight"),
            packed.array("network/decoder.norm.bias"),
            packed.array("network/decoder.bias"),
        )

    def remember(self, memory: np.ndarray) -> Cache:
        """Each block's keys and values of the memory (P, M, Z)."""
        return [block.remember(memory) for block in self.blocks]

    def step(
        self,
        tokens: np.ndarray,
        place: int,
        fed: np.ndarray | None,
        memory: Cache,
        missing: np.ndarray | None,
        past: Cache | None,
    ) -> tuple[np.ndarray, Cache]:
        """Hidden states (R, D) at a place, and the cache for the next one.

        ``fed`` (R, W) is what the slots before copied; ``missing`` (R, 1, 1, M) is -inf where
        nothing stands in the memory, else 0.
        """
        x = self.entered[tokens] + self.places[place]
        if fed is not None:
            x = x + self.copied(fed)
        cache = []
        for index, block in enumerate(self.blocks):
            x, seen = block.step(x, past[index] if past else None, memory[index], missing)
            cache.append(seen)
        return standard(x) * self.gain + self.shift, cache

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        """(R, V) from (R, D); the output embedding is the input embedding."""
        return hidden @ self.leave + self.bias
