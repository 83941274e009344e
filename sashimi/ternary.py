"""Ternary weights {-1, 0, +1}: the quantiser, the layer, and the staged schedule.

The quantiser is BitNet b1.58's absmean (Ma et al. 2024, "The Era of 1-bit LLMs", eq. 1–3): the
scale is the mean magnitude of the weight, trits are the weight over its scale, rounded and clipped.
The scale is kept, so a ternary layer approximates its latent one. The gradient is straight-through
(Bengio et al. 2013): the latent weight receives the gradient of the quantised one unchanged.
Norms, biases and embeddings stay in full precision.

Letters: I inputs, O outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
"""Keeps the scale of an all-zero weight from dividing by zero (BitNet b1.58, eq. 2)."""


def scale_of(weight: Tensor) -> Tensor:
    """The absmean scale of a weight: () from (O, I)."""
    return weight.abs().mean().clamp_min(EPSILON)


def trits(weight: Tensor) -> Tensor:
    """The trits of a weight: (O, I) in {-1, 0, +1}, same dtype as ``weight``."""
    return (weight / scale_of(weight)).round().clamp(-1, 1)


def ternarize(weight: Tensor) -> Tensor:
    """Trits times their scale: (O, I) from (O, I). The gradient with respect to ``weight`` is 1."""
    quantised = trits(weight) * scale_of(weight)
    return weight + (quantised - weight).detach()


class TernaryLinear(nn.Module):
    """Layer norm, then a projection whose weight turns ternary by ``share``: (…, I) to (…, O).

    The norm in front keeps the inputs of every ternary projection at one scale, which is what lets
    absmean work (BitNet b1.58, §2). ``share`` is λ of the warm-up: 0 uses the latent weight, 1 the
    ternary one, in between their mix. It is set by `set_progress`, saved with the model, and never
    learned.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.weight, std=inputs**-0.5)
        self.register_buffer("share", torch.zeros(()))

    def effective_weight(self) -> Tensor:
        """The weight that the projection uses at the present ``share``: (O, I)."""
        share = float(self.share)
        if share == 0.0:
            return self.weight
        quantised = trits(self.weight) * scale_of(self.weight)
        return self.weight + share * (quantised - self.weight).detach()

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.effective_weight(), self.bias)


def ternary_layers(model: nn.Module) -> list[tuple[str, TernaryLinear]]:
    """The ternary layers of a model with their names, from input to output."""
    return [(name, m) for name, m in model.named_modules() if isinstance(m, TernaryLinear)]


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


def trit_arrays(model: nn.Module) -> list[tuple[str, object]]:
    """Each ternary layer's trits for the trajectory: (name, int8 numpy array of shape (O, I))."""
    with torch.no_grad():
        return [
            (name, trits(layer.weight).to(torch.int8).cpu().numpy())
            for name, layer in ternary_layers(model)
        ]
