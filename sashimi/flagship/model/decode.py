"""The ternary structural decoder: memory to Tier 1 and Tier 2 tokens, one after the other.

A transformer decoder whose every projection is a `TernaryLinear`; embeddings, norms and biases stay
in full precision (BitNet b1.58, §2). `answer.search` writes with it, under masks.

Letters: B prompts, L tokens, M memory positions, Z bridge width, W width of a word piece's state,
D width, V vocabulary, H heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.flagship.model.limits import MAX_TOKENS
from sashimi.flagship.model.packed import Packed, dropout
from sashimi.ternary import TernaryLinear


class Attention(nn.Module):
    """Multi-head attention with ternary projections, over itself or over a memory."""

    def __init__(self, width: int, source_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = TernaryLinear(width, width)
        self.key_value = TernaryLinear(source_width, 2 * width)
        self.out = TernaryLinear(width, width)

    def project(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values: (B, H, S, D / H) each from (B, S, source width)."""
        keys, values = self.key_value(source).chunk(2, dim=-1)
        return self.split(keys), self.split(values)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        return self.out(self.mixed(self.query(x), keys, values, mask, causal))

    def mixed(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """What queries (B, L, D) see: (B, L, D) before the last projection."""
        seen = F.scaled_dot_product_attention(
            self.split(queries), keys, values, attn_mask=mask, is_causal=causal
        )  # (B, H, L, D / H)
        return seen.transpose(1, 2).flatten(2)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Self-attention, attention to the memory, and a two-layer perceptron, each added back."""

    def __init__(self, width: int, memory_width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.itself = Attention(width, width, heads)
        self.memory = Attention(width, memory_width, heads)
        self.up = TernaryLinear(width, 4 * width)
        self.down = TernaryLinear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, past: tuple | None, memory: tuple, mask: Tensor) -> tuple:
        """One block; returns x (B, L, D) and the keys and values seen so far."""
        keys, values = self.itself.project(x)
        if past is not None:
            keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        x = x + self.dropout(self.itself(x, keys, values, None, causal=past is None))
        x = x + self.dropout(self.memory(x, *memory, mask, causal=False))
        x = x + self.dropout(self.down(F.gelu(self.up(x))))
        return x, (keys, values)

    def read(self, x: Tensor, packed: Packed, memory: tuple, mask: Tensor) -> Tensor:
        """One block over whole sequences: (T, D) to (T, D)."""
        rate, training = self.dropout.p, self.training
        itself, other = self.itself, self.memory
        keys, values = packed.spread(itself.key_value(x)).chunk(2, dim=-1)
        keys, values = itself.split(keys), itself.split(values)
        seen = itself.mixed(packed.spread(itself.query(x)), keys, values, None, causal=True)
        x = x + dropout(itself.out(packed.pack(seen)), rate, training)
        seen = other.mixed(packed.spread(other.query(x)), *memory, mask, causal=False)
        x = x + dropout(other.out(packed.pack(seen)), rate, training)
        return x + dropout(self.down(F.gelu(self.up(x))), rate, training)


class Decoder(nn.Module):
    """(B, L) token ids and a memory (B, M, Z) to hidden states (B, L, D) and logits (B, L, V)."""

    def __init__(
        self,
        vocabulary: int,
        memory_width: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        copies: int = 0,
    ) -> None:
        """``copies`` is the width W of the word pieces that are copied; 0 copies nothing."""
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(MAX_TOKENS, width)
        self.copied = nn.Linear(copies, width, bias=False) if copies else None
        self.blocks = nn.ModuleList(
            Block(width, memory_width, heads, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        nn.init.normal_(self.position.weight, std=0.1 * width**-0.5)

    def remember(self, memory: Tensor, present: Tensor) -> tuple[list[tuple], Tensor]:
        """Each block's keys and values of the memory, and the mask (B, 1, 1, M) of what stands."""
        return [block.memory.project(memory) for block in self.blocks], present[:, None, None, :]

    def forward(
        self,
        tokens: Tensor,
        copied: Tensor | None,
        memory: tuple[list[tuple], Tensor],
        past: list | None = None,
    ) -> tuple[Tensor, list]:
        """Hidden states (B, L, D) after the last norm, and the cache for the next call.

        ``copied`` (B, L, W) is at each token the state of the word piece that the slot before it
        copied from, or zeros; None for a decoder that copies nothing. With a cache, L is 1: the
        newest token only.
        """
        at = 0 if past is None else past[0][0].shape[2]
        places = torch.arange(at, at + tokens.shape[1], device=tokens.device)
        x = self.embed(tokens) * self.embed.embedding_dim**0.5 + self.position(places)
        x = self.dropout(x if self.copied is None else x + self.copied(copied))
        cache = []
        for index, block in enumerate(self.blocks):
            x, seen = block(x, past[index] if past else None, memory[0][index], memory[1])
            cache.append(seen)
        return self.norm(x), cache

    def read(
        self,
        tokens: Tensor,
        copied: Tensor | None,
        memory: tuple[list[tuple], Tensor],
        standing: Tensor,
    ) -> Tensor:
        """`forward` of whole sequences (B, L), computed where ``standing`` (B, L) bool only.

        Hidden states (B, L, D) after the last norm, zeros elsewhere. What stands of a row is its
        beginning, which looks at nothing behind it.
        """
        packed = Packed.of(standing)
        places = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        x = self.embed(packed.pack(tokens)) * self.embed.embedding_dim**0.5
        x = x + self.position(packed.pack(places))
        x = x if self.copied is None else x + self.copied(packed.pack(copied))
        x = dropout(x, self.dropout.p, self.training)
        for block, keys_values in zip(self.blocks, memory[0], strict=True):
            x = block.read(x, packed, keys_values, memory[1])
        return packed.spread(self.norm(x))

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, V) from (…, D); the output embedding is the input embedding."""
        return F.linear(hidden, self.embed.weight, self.bias)
