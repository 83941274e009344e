"""Ternary weights {-1, 0, +1}: the quantiser, the layer, and the staged schedule.

The quantiser is absmean (BitNet b1.58, Ma et al. 2024, "The Era of 1-bit LLMs", eq. 1-3): +1 and -1
stand for the mean of |w|, and a weight of at most half of it becomes 0. The gradient is
straight-through (Bengio et al. 2013): the latent weight receives that of the quantised one
unchanged. Norms, biases and embeddings stay in full precision.

Letters: I inputs, O outputs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
"""Keeps the scale of an all-zero weight from dividing by zero (BitNet b1.58, eq. 2)."""


def scale_of(weight: Float[Tensor, "*w"]) -> Float[Tensor, ""]:
    """Scale () of a weight (O, I): the value of trit +1, the mean of |w|."""
    return weight.detach().abs().mean().clamp_min(EPSILON)


def trits(weight: Float[Tensor, "*w"]) -> Float[Tensor, "*w"]:
    """The trits of a weight: (O, I) in {-1, 0, +1}, same dtype as ``weight``."""
    return weight.sign() * (weight.abs() > 0.5 * scale_of(weight))


def ternarize(weight: Float[Tensor, "*w"], share: float = 1.0) -> Float[Tensor, "*w"]:
    """Trits times their scale: (O, I) from (O, I). The gradient with respect to ``weight`` is 1.

    ``share`` mixes them with the weight itself, of which 1 - share is kept.
    """
    return _Straight.apply(weight, share)


class _Straight(torch.autograd.Function):
    """`ternarize`: forward quantises without temporaries to spare, backward passes through."""

    @staticmethod
    def forward(ctx, weight: Tensor, share: float) -> Tensor:
        scale = scale_of(weight)
        quantised = F.hardshrink(weight, float(0.5 * scale)).sign_().mul_(scale)
        return quantised if share == 1.0 else torch.lerp(weight, quantised, share)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class TernaryLinear(nn.Module):
    """Layer norm, then a projection whose weight turns ternary by ``share``: (…, I) to (…, O).

    The norm in front keeps the inputs of every ternary projection at one scale, which is what lets
    absmean work (BitNet b1.58, §2). ``share`` is λ of the warm-up: 0 uses the latent weight, 1 the
    ternary one, in between their mix. It is set by `set_progress`, saved with the model, and never
    learned.
    """

    share: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.weight, std=inputs**-0.5)
        self.register_buffer("share", torch.zeros(()))
        self.fixed: Tensor | None = None

    def effective_weight(self) -> Float[Tensor, "o i"]:
        """The weight that the projection uses at the present ``share``: (O, I)."""
        share = float(self.share)
        if share == 0.0:
            return self.weight
        return ternarize(self.weight, share)

    def forward(self, x: Float[Tensor, "*b i"]) -> Float[Tensor, "*b o"]:
        weight = self.effective_weight() if self.fixed is None else self.fixed
        return F.linear(self.norm(x), weight, self.bias)


def ternary_layers(model: nn.Module) -> list[tuple[str, TernaryLinear]]:
    """The ternary layers of a model with their names, from input to output."""
    return [(name, m) for name, m in model.named_modules() if isinstance(m, TernaryLinear)]


@contextlib.contextmanager
def fixed(model: nn.Module) -> Iterator[None]:
    """Within it no weight changes, so that each ternary one is made once: for decoding, not to
    train in.
    """
    layers = [layer for _, layer in ternary_layers(model)]
    try:
        for layer in layers:
            layer.fixed = layer.effective_weight().detach()
        yield
    finally:
        for layer in layers:
            layer.fixed = None


def set_progress(model: nn.Module, progress: float, start: float, end: float) -> float:
    """Sets every layer's share for a run that is ``progress`` (0…1) done; returns the mean share.

    Staged from output to input: the interval [start, end] is cut into one equal stage per layer,
    the last layer first; within its stage a layer's share climbs linearly from 0 to 1.
    ``start > 1`` leaves the model continuous.
    """
    layers = [layer for _, layer in reversed(ternary_layers(model))]
    if not layers:
        return 0.0
    stage = (end - start) / len(layers)
    shares = []
    for index, layer in enumerate(layers):
        begun = progress - (start + index * stage)
        share = min(max(begun / stage, 0.0), 1.0) if stage > 0 else float(begun >= 0)
        layer.share.fill_(share)
        shares.append(share)
    return sum(shares) / len(shares)


@torch.no_grad()
def trit_arrays(model: nn.Module) -> list[tuple[str, object]]:
    """Each ternary layer's trits for the trajectory: (name, int8 numpy array of shape (O, I))."""
    return [
        (name, trits(layer.weight).to(torch.int8).cpu().numpy())
        for name, layer in ternary_layers(model)
    ]


@torch.no_grad()
def trit_shares(model: nn.Module) -> dict[str, dict[str, float]]:
    """What share of trits is -1, 0 and +1: of "all", and of each layer that is wholly ternary."""
    whole = [(name, layer) for name, layer in ternary_layers(model) if float(layer.share) == 1.0]
    counts = {
        name: torch.bincount(trits(layer.weight).long().flatten() + 1, minlength=3)
        for name, layer in whole
    }
    if not counts:
        return {}
    counts = {"all": torch.stack(list(counts.values())).sum(0), **counts}
    shares = {
        name: [n / int(found.sum()) for n in found.tolist()] for name, found in counts.items()
    }
    return {
        name: {trit: round(n, 6) for trit, n in zip(("-1", "0", "+1"), own, strict=True)}
        for name, own in shares.items()
    }
