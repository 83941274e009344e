"""What one pass of the network over prompts gives, and the word pieces that a decoder is fed with.

Letters: B prompts, L tokens, C of them that count, P word pieces, M memory positions, I, Z, D, W
widths, V vocabulary, K rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

Prompts = TypeVar("Prompts")
"""`encode.Padded` or `batches.Batch`: what has pooled, states, pieces, raw and near."""


@dataclass(frozen=True)
class Understood(Generic[Prompts]):
    """Prompts as decoder and filler read them, before anything is written."""

    prompts: Prompts  # whose states (B, P, I) are the intent's: what is copied, and pointed at
    intent: Tensor  # (B, 1 + P, I)
    memory: Tensor  # (B, M, Z)
    present: Tensor  # (B, M) bool: which positions of the memory stand


@dataclass(frozen=True)
class Read(Understood):
    """The same, and the scores of the C tokens that count behind the right ones."""

    remembered: tuple[list[tuple], Tensor]  # as `Decoder.remember` gives it
    hidden: Tensor  # (B, L, D)
    counted: Tensor  # (B, L) bool: which targets count
    logits: Tensor  # (C, V)


def fed_states(states: Tensor, rows: Tensor, copied: Tensor) -> Tensor:
    """The word pieces (K, L, W) of these rows (K,) of states (B, P, W), zeros at -1 in (K, L)."""
    return states[rows[:, None], copied.clamp_min(0)] * (copied >= 0)[..., None]


def copied_states(states: Tensor, copied: Tensor | None) -> Tensor | None:
    """The word pieces (B, L, W) of ``copied`` (B, L), each of its own row; None copies nothing."""
    if copied is None:
        return None
    return fed_states(states, torch.arange(len(copied), device=copied.device), copied)
