"""The information bottleneck: a linear map and a layer norm, of a width that is a parameter, and
after them, if asked for, the nearest of learned codes.

Letters: B prompts, M memory positions, N vectors, I intent width, Z bridge width, G groups, K
codes of a group, W = Z / G.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.flagship.params import GROUPS

CODES = 64
"""Codes of each slice: with 8 slices a position is 48 bits."""
COMMITMENT = 0.25
DECAY = 0.99
"""Of the moving averages, as van den Oord et al. have it."""
DEAD = 0.01
"""A code that is chosen for less than this share of its fair part is moved to where vectors are."""


class Bridge(nn.Module):
    """(B, M, I) to (B, M, Z); the decoder sees a prompt through these Z numbers a position only."""

    def __init__(self, intent_width: int, bridge_width: int, quantised: bool = False) -> None:
        super().__init__()
        self.project = nn.Linear(intent_width, bridge_width)
        self.norm = nn.LayerNorm(bridge_width)
        self.codes = Codes(bridge_width) if quantised else None

    def forward(self, intent: Tensor, present: Tensor | None = None) -> Tensor:
        """``present`` (B, M) bool says which positions stand, None that all do."""
        z = self.norm(self.project(intent))
        if self.codes is None:
            return z
        return self.codes(z, z.new_ones(z.shape[:-1]).bool() if present is None else present)

    @property
    def commitment(self) -> Tensor | None:
        """The loss () that keeps the newest memory near its codes; None for a linear bridge."""
        return self.codes.commitment if self.codes is not None else None


class Codes(nn.Module):
    """A codebook (van den Oord et al. 2017, VQ-VAE), one for each of G slices of a vector.

    Slices make a vector of K^G codes from G K of them (product quantisation, Jégou et al. 2011; in
    a learned bottleneck, Kaiser et al. 2018, "Fast Decoding in Sequence Models using Discrete
    Latent Variables", §3.2). The gradient passes straight through (eq. 3 of VQ-VAE, its last term
    is `commitment`); codes are moving averages of what chose them (its appendix A.1). A code that
    nothing chooses is moved to a vector of the batch (Dhariwal et al. 2020, Jukebox, §3).
    """

    def __init__(self, width: int, groups: int = GROUPS, codes: int = CODES) -> None:
        """Raises ValueError where ``width`` is no multiple of ``groups``."""
        super().__init__()
        if width % groups:
            raise ValueError(f"a width of {width} has no {groups} equal slices")
        self.register_buffer("table", torch.randn(groups, codes, width // groups))
        self.register_buffer("chosen", torch.zeros(groups, codes))  # moving count of choices
        self.register_buffer("total", torch.zeros(groups, codes, width // groups))  # and their sum
        self.commitment: Tensor | None = None

    def forward(self, z: Tensor, present: Tensor) -> Tensor:
        """(…, Z) to the same of codes; ``present`` (…) bool. Leaves the commitment loss."""
        vectors = self._slices(z[present])
        if self.training:
            self._begin(vectors.detach())
        found = self._nearest(vectors)  # (G, N)
        nearest = self._look_up(found)
        self.commitment = COMMITMENT * F.mse_loss(vectors, nearest)
        if self.training:
            self._learn(vectors.detach(), found)
        straight = vectors + (nearest - vectors).detach()
        return torch.zeros_like(z).index_put((present,), straight.transpose(0, 1).flatten(1))

    def indices(self, z: Tensor) -> Tensor:
        """The codes (G, N) of vectors (N, Z), which may be codes themselves."""
        return self._nearest(self._slices(z))

    def _slices(self, z: Tensor) -> Tensor:
        return z.unflatten(-1, (len(self.table), -1)).transpose(0, 1)  # (G, N, W)

    def _nearest(self, vectors: Tensor) -> Tensor:
        """The index (G, N) of the code nearest to each slice (G, N, W)."""
        inner = vectors @ self.table.transpose(1, 2)  # (G, N, K)
        return (self.table.square().sum(-1)[:, None] - 2 * inner).argmin(-1)

    def _look_up(self, found: Tensor) -> Tensor:
        groups = torch.arange(len(found), device=found.device)[:, None]
        return self.table[groups, found]  # (G, N, W)

    def _begin(self, vectors: Tensor) -> None:
        """Before the first step every code is a vector of the first batch."""
        if not self.chosen.any():
            self._move(torch.ones_like(self.chosen, dtype=torch.bool), vectors)

    def _move(self, away: Tensor, vectors: Tensor) -> None:
        """Puts the codes that ``away`` (G, K) marks on slices drawn from ``vectors`` (G, N, W)."""
        drawn = torch.randint(vectors.shape[1], away.shape, device=away.device)
        fresh = vectors[torch.arange(len(away), device=away.device)[:, None], drawn]
        fair = vectors.shape[1] / away.shape[1]
        self.table[away] = fresh[away]
        self.chosen[away] = fair
        self.total[away] = fair * fresh[away]

    @torch.no_grad()
    def _learn(self, vectors: Tensor, found: Tensor) -> None:
        hot = F.one_hot(found, self.table.shape[1]).to(vectors.dtype)  # (G, N, K)
        self.chosen.lerp_(hot.sum(1), 1 - DECAY)
        self.total.lerp_(hot.transpose(1, 2) @ vectors, 1 - DECAY)
        self.table.copy_(self.total / self.chosen.clamp_min(1e-6)[..., None])
        dead = self.chosen < DEAD * vectors.shape[1] / self.table.shape[1]
        if dead.any():
            self._move(dead, vectors)


def perplexity(found: Tensor, codes: int = CODES) -> Tensor:
    """How many codes each group (G,) uses: exp of the entropy of the choices ``found`` (G, N)."""
    shares = F.one_hot(found, codes).double().mean(1)  # (G, K)
    return torch.special.entr(shares).sum(1).exp()
