"""Designs beside the plan's two VAEs. Each is a prior, an encoder with noise, and a decoder.

A design has ``loss(x)``, ``latent(x, generator)`` (the mean without a generator), ``decode(z)`` and
``prior(n, generator)``; z from the prior through ``decode`` is the model's own generative path.
``boxed`` says that its prior is U[-1, 1]^9, in which every operation has a box of its own.

Letters: B operations, D latent numbers, S slots of a product code.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from vector_quantize_pytorch import FSQ, LFQ, SimVQ, VectorQuantize

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.runtime.trits import pack, unpack
from sashimi.studies.operations.space import TRITS, K
from sashimi.ternary import TernaryLinear, scale_of, ternary_layers, trits

GAUSSIAN, QUANTISED = ("vae", "vamp"), ("fsq", "ifsq", "ternary", "lfq", "simvq", "rotation")
DESIGNS = (*GAUSSIAN, "dither", *QUANTISED)
PSEUDO_INPUTS = 256


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with ReLU between them, none after the last."""
    layers: list[nn.Module] = []
    for wide, narrow in itertools.pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cross_entropy(logits: Tensor, x: Tensor) -> Tensor:
    """Nats an operation: summed over the nine trits, mean over (B, 9) in {-1, 0, 1}."""
    return F.cross_entropy(logits.flatten(0, 1), x.flatten().long() + 1, reduction="sum") / len(x)


def right(logits: Tensor, x: Tensor) -> Tensor:
    """Whether all nine most probable trits are those of x: (B,) bool from (B, 9, 3)."""
    return (logits.argmax(-1) - 1 == x).all(-1)


def make(design: str, width: int = 128, beta: float = 0.03) -> nn.Module:
    """A design by its name; BadInput for a name that there is not."""
    if design in GAUSSIAN:
        return Gaussian(width, beta, vamp=design == "vamp")
    if design == "dither":
        return Dither(width)
    if design in QUANTISED:
        return Quantised(design, width)
    raise BadInput(f"no design '{design}'; there are: {', '.join(DESIGNS)}")


class Gaussian(nn.Module):
    """A VAE (Kingma & Welling 2014) of 16 dimensions, or one with a VampPrior (Tomczak & Welling
    2018, eq. 9): a mixture of the posteriors of learned inputs.
    """

    boxed = False

    def __init__(self, width: int, beta: float, vamp: bool, latent: int = 16) -> None:
        super().__init__()
        self.width, self.beta = latent, beta
        self.encoder = mlp(TRITS, width, width, 2 * latent)
        self.decoder = mlp(latent, width, 3 * TRITS)
        self.pseudo = nn.Parameter(torch.randn(PSEUDO_INPUTS, TRITS)) if vamp else None

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance: (B, D) each."""
        return self.encoder(x).chunk(2, -1)

    def loss(self, x: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        mean, logvar = self.posterior(x)
        z = mean + torch.randn_like(mean) * (logvar / 2).exp()
        error, rate = cross_entropy(self.decode(z), x), self.rate(mean, logvar, z)
        return error + self.beta * rate, {
            "error": float(error.detach()),
            "rate": float(rate.detach()),
        }

    def rate(self, mean: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
        """KL of the posterior from the prior in nats an operation; a sample of it for VampPrior."""
        if self.pseudo is None:
            return -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum(-1).mean()
        means, logvars = self.posterior(self.pseudo)  # (P, D)
        scale = (-logvars).exp()
        apart = z**2 @ scale.T - 2 * z @ (means * scale).T + (means**2 * scale + logvars).sum(-1)
        own = ((z - mean) ** 2 * (-logvar).exp() + logvar).sum(-1)
        mixture = torch.logsumexp(-apart / 2, -1) - math.log(PSEUDO_INPUTS)
        return (-own / 2 - mixture).mean()

    def latent(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        mean, logvar = self.posterior(x)
        if generator is None:
            return mean
        return mean + torch.randn(mean.shape, generator=generator) * (logvar / 2).exp()

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).unflatten(-1, (TRITS, 3))

    def prior(self, n: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn((n, self.width), generator=generator)
        if self.pseudo is None:
            return noise
        chosen = self.pseudo[torch.randint(PSEUDO_INPUTS, (n,), generator=generator)]
        mean, logvar = self.posterior(chosen)
        return mean + noise * (logvar / 2).exp()


class Dither(nn.Module):
    """z = 2/3 tanh(e(x)) + U(-1/3, 1/3)^9 with the prior U[-1, 1]^9 and cross-entropy alone.

    The boxes of two operations that are never confused do not meet; 3^9 boxes of side 2/3 fill the
    cube, so the rate is 9 ln 3 = ln K, and no error means that the prior's draws are uniform.
    """

    boxed = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp(TRITS, width, width, TRITS), mlp(TRITS, width, 3 * TRITS)

    def loss(self, x: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        middle = self.latent(x)
        error = cross_entropy(self.decode(middle + (torch.rand_like(middle) - 0.5) * 2 / 3), x)
        return error, {"error": float(error.detach()), "rate": math.log(K)}

    def latent(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        middle = 2 / 3 * self.encoder(x).tanh()
        if generator is None:
            return middle
        return middle + (torch.rand(middle.shape, generator=generator) - 0.5) * 2 / 3

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).unflatten(-1, (TRITS, 3))

    def prior(self, n: int, generator: torch.Generator) -> Tensor:
        return 2 * torch.rand((n, TRITS), generator=generator) - 1


class Quantised(nn.Module):
    """Product codes of `vector_quantize_pytorch`, with a uniform prior over codes.

    ``fsq``: 3^9 levels (Mentzer et al. 2024); ``ifsq``: its tanh made 2 sigmoid(1.6 x) - 1 (Lin et
    al. 2026), which keeps the levels equally used; ``ternary``: ifsq with a decoder of ternary
    weights. Their z is the code with noise within its box of side 2/3, which the decoder's
    rounding takes away: a VAE with the prior U[-1, 1]^9 whose rate is 9 ln 3 = ln K. ``lfq``:
    five codes of three bits (Yu et al. 2024); ``simvq`` (Zhu et al. 2024), ``rotation`` (Fifty et
    al. 2024): three codes of 27.
    """

    def __init__(self, kind: str, width: int) -> None:
        super().__init__()
        self.kind = kind
        quantisers = {
            "lfq": lambda: LFQ(codebook_size=8, num_codebooks=5, dim=15),
            "simvq": lambda: SimVQ(8, 27),
            "rotation": lambda: VectorQuantize(8, 27, rotation_trick=True, freeze_codebook=False),
        }
        levels = lambda: FSQ([3] * TRITS, bound_hard_clamp=kind != "fsq")  # noqa: E731
        self.quantiser = quantisers.get(kind, levels)()
        self.slots, self.size = {"lfq": (1, 15), "simvq": (3, 8), "rotation": (3, 8)}.get(
            kind, (1, TRITS)
        )
        self.boxed = kind not in quantisers
        self.encoder = mlp(TRITS, width, width, self.slots * self.size)
        self.decoder = mlp(self.slots * self.size, width, 3 * TRITS)
        if kind == "ternary":
            self.decoder = nn.Sequential(
                TernaryLinear(3 * TRITS, width), nn.ReLU(), TernaryLinear(width, 3 * TRITS)
            )

    def code(self, x: Tensor) -> tuple[Tensor, Tensor | float]:
        """The code that is decoded, (B, S·D), and what the quantiser adds to the loss."""
        z = self.encoder(x)
        if self.boxed and self.kind != "fsq":
            z = 2 * torch.sigmoid(1.6 * z) - 1
        code, _, *more = self.quantiser(z.unflatten(-1, (self.slots, self.size)))
        return code.flatten(1), more[0].sum() if more else 0.0

    def loss(self, x: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        code, extra = self.code(x)
        error = cross_entropy(self._write(code), x)
        return error + extra, {
            "error": float(error.detach()),
            "quantiser": float(torch.as_tensor(extra).detach()),
        }

    def _write(self, code: Tensor) -> Tensor:
        if self.kind == "ternary":  # a level as one of three, which a layer norm leaves apart
            code = torch.cat([code * (code - 1) / 2, 1 - code**2, code * (code + 1) / 2], -1)
        return self.decoder(code).unflatten(-1, (TRITS, 3))

    def latent(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        code = self.code(x)[0]
        if not self.boxed:
            return code
        middle = 2 / 3 * code
        if generator is None:
            return middle
        return middle + (torch.rand(middle.shape, generator=generator) - 0.5) * 2 / 3

    def decode(self, z: Tensor) -> Tensor:
        return self._write((1.5 * z).round().clamp(-1, 1) if self.boxed else z)

    def prior(self, n: int, generator: torch.Generator) -> Tensor:
        if self.boxed:
            return 2 * torch.rand((n, TRITS), generator=generator) - 1
        if self.kind == "lfq":
            return 2.0 * torch.randint(2, (n, self.size), generator=generator) - 1
        chosen = torch.randint(27, (n, self.slots), generator=generator)
        return self.quantiser.codebook[chosen].flatten(1)


def written(model: Quantised, path: Path) -> Path:
    """Stores a ternary decoder: five trits a byte, float32 for the rest. Returns the path."""
    state = model.decoder.state_dict()
    kept = {name: value for name, value in state.items() if not name.endswith("share")}
    for name, layer in ternary_layers(model.decoder):
        kept[f"{name}.weight"] = torch.from_numpy(pack(trits(layer.weight.detach()).numpy()))
        kept[f"{name}.scale"] = scale_of(layer.weight.detach()).reshape(1)
    cache.save(kept, path)
    return path


def errors(model: Quantised, path: Path, x: Tensor) -> int:
    """Operations of x that the decoder of a file writes wrong, from the codes of the encoder."""
    kept = load_file(path)
    read = copy.deepcopy(model)
    nn.init.zeros_(read.decoder[0].weight)  # nothing of the trained weights may help
    nn.init.zeros_(read.decoder[2].weight)
    for name, layer in ternary_layers(read.decoder):
        packed = kept.pop(f"{name}.weight").numpy()
        whole = torch.from_numpy(unpack(packed, tuple(layer.weight.shape))).float()
        layer.fixed = whole * kept.pop(f"{name}.scale")
    read.decoder.load_state_dict(kept, strict=False)
    with torch.no_grad():
        return int((~right(read.decode(read.latent(x)), x)).sum())
