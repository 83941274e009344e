"""The domain head in numpy: `flagship.model.domain`.

Letters: E encoder width, F surface features, P word pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sashimi.runtime.encoder import gelu
from sashimi.runtime.layers import Dense
from sashimi.runtime.store import Packed


@dataclass(frozen=True)
class Domain:
    """A prompt's probability of being in domain, and from where on it is admitted."""

    pieces: Dense
    strongest: Dense
    pooled: Dense
    whole: Dense
    threshold: float

    @staticmethod
    def load(packed: Packed) -> Domain:
        """The domain head of a packed network."""
        names = ("pieces", "strongest", "pooled", "whole")
        dense = {name: Dense.load(packed, f"domain/{name}") for name in names}
        return Domain(**dense, threshold=float(packed.array("domain/threshold")[0]))

    def score(self, pooled: np.ndarray, states: np.ndarray) -> float:
        """Of one prompt's vectors (E,) and (P, E + F)."""
        width = len(pooled)
        evidence = gelu(self.pieces(states[:, :width])).max(0, initial=-1.0)  # gelu > -1
        whole = gelu(self.pooled(pooled[None] * np.float32(width**0.5)))
        odds = self.strongest(evidence[None]) + self.whole(whole)
        return 1 / (1 + math.exp(-float(odds[0, 0])))
