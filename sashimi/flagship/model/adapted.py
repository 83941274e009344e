"""The encoder's last blocks, fixed, and what is learned beside them: a product of low rank.

LoRA (Hu et al. 2021, §4.1): beside each matrix W (O, I) stand two small ones, so that it maps x to
W x + s B A x, with A (R, I), B (O, R) and B = 0 at first. So few numbers fit into the packed
network, whose reader adds s B A to W once.

Letters: B prompts, T word pieces of the longest, markers included, K that stand, E = 384, R rank.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.bert import EPSILON, HEADS, TOKENS_HINT, Bert, Dense, Layer, Norm
from sashimi.encode import TRAINED
from sashimi.flagship.model.packed import Packed
from sashimi.pieces import model_folder
from sashimi.runtime.adapters import MAPS, scale

RANK = 16


class Fixed(torch.autograd.Function):
    """An affine map that does not learn, and the gradient of what it reads."""

    @staticmethod
    def forward(ctx, x: Tensor, ahead: Dense, back: Dense) -> Tensor:
        ctx.back = back
        return ahead(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, None, None]:
        asked = ctx.needs_input_grad[0]
        return ctx.back(gradient.contiguous()) if asked else None, None, None


class Adapter(nn.Module):
    """One affine map (K, I) to (K, O), and the two matrices that learn beside it."""

    def __init__(self, known: Dense) -> None:
        super().__init__()
        wide, width = known.weight.shape
        self.register_buffer("weight", known.weight.clone(), persistent=False)
        self.register_buffer("bias", known.bias.clone(), persistent=False)
        self.down = nn.Parameter(torch.randn(RANK, width))
        self.up = nn.Parameter(torch.zeros(wide, RANK))
        self.scale = scale(width)
        self.both = (None, None)
        if torch.backends.mkldnn.is_available():
            none = torch.zeros(width)
            self.both = _laid_out(self.weight, self.bias), _laid_out(self.weight.T, none)

    def forward(self, x: Tensor) -> Tensor:
        there = x.device.type == "cpu" and all(self.both)
        fixed = Fixed.apply(x, *self.both) if there else F.linear(x, self.weight, self.bias)
        return torch.addmm(fixed, F.linear(x, self.down), self.up.T, alpha=self.scale)


def _laid_out(weight: Tensor, bias: Tensor) -> Dense:
    """As oneDNN wants it, whose products are twice as fast on some processors."""
    weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), TOKENS_HINT)
    return Dense(weight, bias, packed=True)


class Block(nn.Module):
    """One block (`sashimi.bert.Layer`) with adapters beside its four products."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        for name in MAPS:
            setattr(self, name, Adapter(getattr(layer, name)))
        self.norm, self.last = _fixed(layer.norm), _fixed(layer.last)

    def forward(self, x: Tensor, places: Packed, mask: Tensor) -> Tensor:
        """(K, E) to the same; ``mask`` (B, 1, 1, T) is True where something stands."""
        (b, t), e = places.shape, x.shape[-1]
        parts = places.spread(self.enter(x)).view(b, t, 3, HEADS, e // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts, attn_mask=mask).transpose(1, 2)
        x = self.norm(self.leave(places.pack(mixed.reshape(b, t, e))) + x)
        return self.last(self.narrow(F.gelu(self.widen(x))) + x)


def _fixed(known: Norm) -> nn.LayerNorm:
    """A norm that does not learn, with nothing for a checkpoint to keep."""
    norm = nn.LayerNorm(len(known.weight), EPSILON, elementwise_affine=False)
    for name in ("weight", "bias"):
        delattr(norm, name)
        norm.register_buffer(name, getattr(known, name).clone(), persistent=False)
    return norm


class Adapted(nn.Module):
    """(B, T, E) states before the last blocks to those after them, and pooled ones."""

    def __init__(self) -> None:
        super().__init__()
        known = Bert.load(model_folder() / "model.safetensors", packed=False)
        self.blocks = nn.ModuleList(map(Block, known.layers[-TRAINED["adapted"] :]))

    def forward(self, raw: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, E) and pooled (B, E) of states ``raw``; ``present`` is (B, T) bool."""
        places = Packed.of(present)
        x = places.pack(raw)
        for block in self.blocks:
            x = block(x, places, present[:, None, None])
        vectors = places.spread(x)
        return vectors, F.normalize(vectors.sum(1), dim=-1)
