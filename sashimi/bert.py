"""The forward pass of the encoder (BERT, Devlin et al. 2018), for prompts of one length at a time.

No padding, hence no mask, and matrix products through oneDNN with weights laid out once: on some
processors PyTorch's own product reaches less than half of what oneDNN does. What is computed is the
reference's to 1e-6, in the same float32.

Letters: B prompts, T word pieces each, E = 384, H heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from sashimi.pieces import WIDTH

LAYERS, INNER, HEADS = 6, 1536, 12
EPSILON = 1e-12
TOKENS_HINT = 512
"""About how many rows a product has, which oneDNN lays its weights out for."""


@dataclass(frozen=True)
class Dense:
    """An affine map: weight (out, in) as published, or as oneDNN lays it out, and bias (out,)."""

    weight: Tensor
    bias: Tensor
    packed: bool

    def __call__(self, x: Tensor, activation: str = "none") -> Tensor:
        """``activation`` is none or gelu (the exact one, with erf)."""
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise(
                x, self.weight, self.bias, activation, [], "none"
            )
        y = F.linear(x, self.weight, self.bias)
        return F.gelu(y) if activation == "gelu" else y


@dataclass(frozen=True)
class Norm:
    """Layer normalisation over E."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (len(self.weight),), self.weight, self.bias, EPSILON)


@dataclass(frozen=True)
class Layer:
    """One block: self-attention, then the two-layer network, each with its residual and norm."""

    enter: Dense  # query, key and value in one product: (B, T, E) to (B, T, 3 E)
    leave: Dense
    norm: Norm
    widen: Dense
    narrow: Dense
    last: Norm

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """``mask`` (B, 1, 1, T) is True where something stands, if there is padding."""
        b, t, e = x.shape
        q, k, v = self.enter(x).view(b, t, 3, HEADS, e // HEADS).permute(2, 0, 3, 1, 4)
        mixed = (
            F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, t, e)
        )
        x = self.norm(self.leave(mixed) + x)
        return self.last(self.narrow(self.widen(x, "gelu")) + x)


@dataclass(frozen=True)
class Bert:
    """The encoder: ``bert(ids)`` is the last hidden state."""

    words: Tensor  # (vocabulary, E)
    places: Tensor  # (READS or more, E): positions, with the one token type's vector added
    norm: Norm
    layers: tuple[Layer, ...]

    def __call__(self, ids: Tensor) -> Tensor:
        """Ids (B, T), special tokens among them and no padding, to (B, T, E) float32."""
        return self.states(ids)[-1]

    @torch.inference_mode()
    def states(self, ids: Tensor) -> list[Tensor]:
        """As ``bert(ids)``, before the first block and after each: 1 + `LAYERS` of (B, T, E)."""
        states = [self.norm(self.words[ids] + self.places[: ids.shape[1]])]
        for layer in self.layers:
            states.append(layer(states[-1]))
        return states

    @staticmethod
    @torch.inference_mode()
    def load(path: str | Path, packed: bool | None = None) -> Bert:
        """Reads published weights; ``packed`` lays them out for oneDNN, by default where it is."""
        known = load_file(path)
        packed = torch.backends.mkldnn.is_available() if packed is None else packed

        def dense(*names: str) -> Dense:
            weight = torch.cat([known[f"{name}.weight"] for name in names])
            if packed:
                weight = torch.ops.mkldnn._reorder_linear_weight(weight, TOKENS_HINT)
            return Dense(weight, torch.cat([known[f"{name}.bias"] for name in names]), packed)

        def norm(name: str) -> Norm:
            return Norm(known[f"{name}.LayerNorm.weight"], known[f"{name}.LayerNorm.bias"])

        def layer(n: int) -> Layer:
            at = f"encoder.layer.{n}"
            own = f"{at}.attention.self"
            return Layer(
                dense(f"{own}.query", f"{own}.key", f"{own}.value"),
                dense(f"{at}.attention.output.dense"),
                norm(f"{at}.attention.output"),
                dense(f"{at}.intermediate.dense"),
                dense(f"{at}.output.dense"),
                norm(f"{at}.output"),
            )

        places = known["embeddings.position_embeddings.weight"]
        kinds = known["embeddings.token_type_embeddings.weight"]
        return Bert(
            known["embeddings.word_embeddings.weight"],
            places + kinds[0],
            norm("embeddings"),
            tuple(layer(n) for n in range(LAYERS)),
        )


def flops(pieces: int) -> float:
    """Floating-point operations of one prompt of T word pieces, markers included.

    Two for each multiply-and-add of the matrix products: T (4 E² + 2 E I) + 2 T² E a layer, with
    I the inner width. Norms, activations and look-ups are left out.
    """
    products = pieces * (4 * WIDTH**2 + 2 * WIDTH * INNER) + 2 * pieces**2 * WIDTH
    return 2.0 * LAYERS * products
