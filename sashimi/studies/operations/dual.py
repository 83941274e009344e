"""The plan's two coupled VAEs: networks, coupling, losses, and their ensembles.

Letters: B operations, D = 16 latent numbers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.errors import BadInput
from sashimi.studies.operations.designs import cross_entropy, mlp
from sashimi.studies.operations.space import TRITS

LATENT = 16
BLOCK = 64
"""Operations that repel each other: the plan's batch, of which a larger one holds several."""
PLANNED = ("best_of_two", "voting", "confidence_weighted")
STRATEGIES = (*PLANNED, "operation_confidence", "mean_probability", "product_of_experts")


class Encoder(nn.Module):
    """(B, 9) to mean and logarithm of the variance: (B, 16) each."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(mlp(TRITS, 256, 128, 64), nn.ReLU())
        self.mean, self.logvar = nn.Linear(64, LATENT), nn.Linear(64, LATENT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(x)
        return self.mean(hidden), self.logvar(hidden)


class Residual(nn.Module):
    """x + W2 relu(W1 x): (B, W) to (B, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = mlp(width, width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class StateNet(nn.Module):
    """What the run looks like (9) to five numbers in (-1, 1): changes of the rate, of lambda 1, 2
    and 3, and of rho.

    It moves nothing by gradient: its outputs act through numbers. Five where the plan's first
    form has four; the fifth is schedule C's, and unused elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.Sequential(nn.Linear(9, 32), nn.LayerNorm(32), nn.Tanh(), nn.Linear(32, 8))
        self.writer = nn.Sequential(mlp(8, 32, 5), nn.Tanh())

    def forward(self, state: Tensor) -> Tensor:
        return self.writer(self.reader(state))


class Seen(NamedTuple):
    """One pass: logits (B, 9, 3), posteriors and z (B, 16), and an ensemble's trits (B, 9)."""

    logits_a: Tensor
    logits_b: Tensor
    mean_a: Tensor
    logvar_a: Tensor
    mean_b: Tensor
    logvar_b: Tensor
    z_a: Tensor
    z_b: Tensor
    ensemble: Tensor | None = None


class DualVAE(nn.Module):
    """Two VAEs, each of whose decoders reads a mix of both latents.

    A reads (1 - rho) z_A + rho sg(z_B), B the mirror image; sg stops the gradient. ``rho`` and the
    two temperatures are set from outside; they are saved with the weights. ``attention`` replaces
    rho by two weights that the network learns from z.
    """

    def __init__(self, attention: bool = False) -> None:
        super().__init__()
        self.encoder_a, self.encoder_b = Encoder(), Encoder()
        self.decoder_a = mlp(LATENT, 32, 64, 3 * TRITS)
        self.decoder_b = nn.Sequential(
            nn.Linear(LATENT, 128), nn.ReLU(), Residual(128), Residual(128), nn.ReLU(),
            nn.Linear(128, 3 * TRITS),
        )  # fmt: skip
        self.fusion = nn.Linear(2 * LATENT, 2) if attention else None
        self.register_buffer("rho", torch.tensor(0.1))
        self.register_buffer("temperature", torch.ones(2))

    def forward(
        self, x: Tensor, noise: bool = False, coupled: bool = True, use_ensemble: str = ""
    ) -> Seen:
        """Both networks on (B, 9) trits.

        ``noise`` draws z from the posteriors, times the temperature while training; without it z
        is their mean. ``coupled=False`` leaves the mixing out. ``use_ensemble`` names a strategy of
        `STRATEGIES`; BadInput for an unknown one, or while training.
        """
        if use_ensemble and self.training:
            raise BadInput("use_ensemble is for evaluation: call model.eval() first")
        mean_a, logvar_a = self.encoder_a(x)
        mean_b, logvar_b = self.encoder_b(x)
        z_a, z_b = mean_a, mean_b
        if noise:
            scale = self.temperature if self.training else torch.ones(2)
            z_a = mean_a + scale[0] * torch.randn_like(mean_a) * (logvar_a / 2).exp()
            z_b = mean_b + scale[1] * torch.randn_like(mean_b) * (logvar_b / 2).exp()
        logits_a, logits_b = self.decode(z_a, z_b, coupled)
        chosen = combine(logits_a, logits_b, use_ensemble, x) if use_ensemble else None
        return Seen(logits_a, logits_b, mean_a, logvar_a, mean_b, logvar_b, z_a, z_b, chosen)

    def decode(self, z_a: Tensor, z_b: Tensor, coupled: bool = True) -> tuple[Tensor, Tensor]:
        """Logits (B, 9, 3) of A and of B from (B, 16) each."""
        to_a, to_b = self.mixed(z_a, z_b) if coupled else (z_a, z_b)
        shape = (TRITS, 3)
        return self.decoder_a(to_a).unflatten(-1, shape), self.decoder_b(to_b).unflatten(-1, shape)

    def mixed(self, z_a: Tensor, z_b: Tensor) -> tuple[Tensor, Tensor]:
        """What the decoders read."""
        share_a = share_b = self.rho
        if self.fusion is not None:
            both = torch.cat([z_a.detach(), z_b.detach()], -1)
            share_a, share_b = torch.sigmoid(self.fusion(both)).split(1, -1)
        other_b, other_a = z_b.detach(), z_a.detach()
        return (1 - share_a) * z_a + share_a * other_b, (1 - share_b) * z_b + share_b * other_a

    @torch.no_grad()
    def ensemble_reconstruct(self, x: Tensor, strategy: str = "mean_probability") -> Tensor:
        """The trits (B, 9) that both networks together give for x, from the posteriors' means."""
        seen = self(x)
        return combine(seen.logits_a, seen.logits_b, strategy, x)


def combine(logits_a: Tensor, logits_b: Tensor, strategy: str, x: Tensor | None = None) -> Tensor:
    """Trits (B, 9) of two networks' logits (B, 9, 3).

    The plan's: ``best_of_two`` takes, an operation, the one with fewer wrong trits (a tie is A's):
    it is an oracle, which needs the answer x; ``voting`` takes B where they disagree, so always;
    ``confidence_weighted`` takes, a trit, the larger maximum of softmax (a tie is B's). Beside them
    ``operation_confidence`` (the larger sum of log max p), ``mean_probability`` and
    ``product_of_experts`` (Hinton 2002). Raises BadInput for a strategy that there is not.
    """
    if strategy not in STRATEGIES:
        raise BadInput(f"no strategy '{strategy}'; there are: {', '.join(STRATEGIES)}")
    a, b = logits_a.argmax(-1) - 1, logits_b.argmax(-1) - 1
    log_a, log_b = logits_a.log_softmax(-1), logits_b.log_softmax(-1)
    sure_a, sure_b = log_a.amax(-1), log_b.amax(-1)  # (B, 9)
    match strategy:
        case "voting":
            return torch.where(a == b, a, b)
        case "confidence_weighted":
            return torch.where(sure_a > sure_b, a, b)
        case "operation_confidence":
            return torch.where((sure_a.sum(-1) > sure_b.sum(-1))[:, None], a, b)
        case "mean_probability":
            return torch.logaddexp(log_a, log_b).argmax(-1) - 1
        case "product_of_experts":
            return (log_a + log_b).argmax(-1) - 1
    if x is None:
        raise BadInput("best_of_two is an oracle: it needs the operations x that are to be rebuilt")
    wrong_a, wrong_b = (a != x).sum(-1), (b != x).sum(-1)
    return torch.where((wrong_a <= wrong_b)[:, None], a, b)


def rate(mean: Tensor, logvar: Tensor, free: float = 0.0) -> Tensor:
    """KL from N(0, I) in nats an operation, from (B, D); each element at least ``free`` nats
    (free bits, Kingma et al. 2016, elementwise as the plan has it).
    """
    each = -0.5 * (1 + logvar - mean**2 - logvar.exp())
    return each.clamp_min(free).sum(-1).mean()


def output_entropy(logits: Tensor) -> Tensor:
    """Entropy of the batch's mean trit distribution, in nats a position: at most ln 3."""
    mean = logits.softmax(-1).mean(0)  # (9, 3)
    return -(mean * mean.clamp_min(1e-12).log()).sum(-1).mean()


def repulsion(z: Tensor) -> Tensor:
    """Mean of exp(-|zi - zj|^2 / 0.25) over the pairs of each block of 64: () from (B, D)."""
    size = min(BLOCK, len(z))
    blocks = z[: len(z) // size * size].unflatten(0, (-1, size))  # (N, 64, D)
    square = (blocks**2).sum(-1)
    apart = square[:, :, None] + square[:, None] - 2 * blocks @ blocks.mT
    near = torch.exp(-apart.clamp_min(0) / 0.25)
    return (near.sum((1, 2)) - size).mean() / (size * (size - 1)) if size > 1 else near.sum() * 0


def histogram_entropy(z: Tensor) -> float:
    """Mean over dimensions of the entropy of 50 bins on [-3, 3], in nats; values outside are lost,
    as in the public original. It has no gradient.
    """
    bins = ((z.detach() + 3) * (50 / 6)).floor().long()
    inside = (bins >= 0) & (bins < 50)
    places = (bins + 50 * torch.arange(z.shape[1]))[inside]
    counts = torch.bincount(places, minlength=50 * z.shape[1]).view(z.shape[1], 50).float()
    p = counts / counts.sum(-1, keepdim=True).clamp_min(1)
    return float(-(p * p.clamp_min(1e-12).log()).sum(-1).mean())


def gaussian_entropy(z: Tensor) -> Tensor:
    """The same with a gradient: mean over dimensions of ln(2 pi e var) / 2, in nats."""
    return 0.5 * (z.var(0) + 1e-6).log().mean() + 0.5 * math.log(2 * math.pi * math.e)


def losses(seen: Seen, x: Tensor, beta_a: float, beta_b: float, free: float) -> tuple:
    """The losses of A and of B, and their cross-entropies, all in nats an operation."""
    error_a, error_b = cross_entropy(seen.logits_a, x), cross_entropy(seen.logits_b, x)
    loss_a = error_a + beta_a * rate(seen.mean_a, seen.logvar_a, free)
    loss_b = (
        error_b
        + beta_b * rate(seen.mean_b, seen.logvar_b, free)
        - 0.05 * output_entropy(seen.logits_b)
        + 0.01 * repulsion(seen.z_b)
    )
    return loss_a, loss_b, error_a, error_b


def alignment(seen: Seen) -> Tensor:
    """How far the two posterior means lie apart: mean squared distance, ()."""
    return F.mse_loss(seen.mean_a, seen.mean_b)
