"""Encoders that are trained along with the network; what they read is `Encoded.raw`.

`FineTuned` is the published encoder's last block, learning; `Scratch` a small transformer that
begins from nothing and shares with the published encoder only the way it cuts text into word
pieces; `Mapped` maps what a SentenceTransformer gives. The domain head and the floors read the
frozen encoder, whatever is trained here.

Letters: B prompts, P word pieces, T = P + 2 with the markers, E = 384, D width of `Scratch`, W of
another encoder's vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi import sentence_encoder
from sashimi.bert import Bert, Dense, Layer, Norm
from sashimi.encode import TRAINED, Encoded
from sashimi.flagship.model.adapted import Adapted
from sashimi.pieces import READS, WIDTH, model_folder

RATE = 0.05
"""How fast the published weights move beside all others."""
SCRATCH_WIDTH, SCRATCH_LAYERS, SCRATCH_HEADS = 128, 2, 4


class Product(torch.autograd.Function):
    """``F.linear`` with oneDNN's matrix products, forwards and backwards.

    At these sizes they take half of the time that PyTorch's own take on some processors.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _times(x, weight, bias)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        flat = gradient.flatten(0, -2)
        to_x = _times(gradient.contiguous(), weight.T.contiguous()) if x.requires_grad else None
        to_weight = _times(flat.T.contiguous(), x.flatten(0, -2).T.contiguous())
        return to_x, to_weight, flat.sum(0)


def _times(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(…, O) of x (…, I) and weight (O, I), both contiguous."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "none")


@dataclass(frozen=True)
class Learning(Dense):
    """An affine map whose weights learn."""

    def __call__(self, x: Tensor, activation: str = "none") -> Tensor:
        there = x.device.type == "cpu" and torch.backends.mkldnn.is_available()
        y = (Product.apply if there else F.linear)(x, self.weight, self.bias)
        return F.gelu(y) if activation == "gelu" else y


class FineTuned(nn.Module):
    """The encoder's last block: (B, T, E) states before it to those after it, and pooled ones.

    Each weight is the published one plus `RATE` times a parameter that begins at zero: under Adam,
    whose steps do not depend on a gradient's scale, that is a learning rate of its own, and weight
    decay pulls back to the published weights (L2-SP, Li et al. 2018, eq. 4) and not to zero.
    """

    def __init__(self) -> None:
        super().__init__()
        layer = Bert.load(model_folder() / "model.safetensors", packed=False).layers[-1]
        self.kinds = {name: type(part) for name, part in vars(layer).items()}
        self.moved = nn.ParameterDict()
        for name, part in vars(layer).items():
            for kind in ("weight", "bias"):
                known = getattr(part, kind).clone()  # made outside inference mode
                self.register_buffer(f"{name}_{kind}", known, persistent=False)
                self.moved[f"{name}_{kind}"] = nn.Parameter(torch.zeros_like(known))

    def forward(self, raw: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, E) and pooled (B, E) of states ``raw``; ``present`` is (B, T) bool."""
        weights = {key: getattr(self, key) + RATE * moved for key, moved in self.moved.items()}
        parts = {}
        for name, kind in self.kinds.items():
            own = weights[f"{name}_weight"], weights[f"{name}_bias"]
            parts[name] = Norm(*own) if kind is Norm else Learning(*own, packed=False)
        vectors = Layer(**parts)(raw, present[:, None, None])
        return vectors, _pooled(vectors, present)


class Scratch(nn.Module):
    """A transformer over word pieces (B, T), from nothing, to vectors (B, T, E) and pooled ones."""

    def __init__(self, words: Sequence[int], dropout: float) -> None:
        """``words`` are the ids that have a vector of their own; all others share one."""
        super().__init__()
        self.register_buffer("words", torch.tensor(words, dtype=torch.long), persistent=False)
        self.embed = nn.Embedding(len(words) + 1, SCRATCH_WIDTH)
        self.position = nn.Embedding(READS, SCRATCH_WIDTH)
        layer = nn.TransformerEncoderLayer(
            SCRATCH_WIDTH,
            SCRATCH_HEADS,
            4 * SCRATCH_WIDTH,
            dropout=0.0,  # in the blocks it costs as much as their products do
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.body = nn.TransformerEncoder(layer, SCRATCH_LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(SCRATCH_WIDTH)
        self.out = nn.Linear(SCRATCH_WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def places(self, ids: Tensor) -> Tensor:
        """Each id's row of the embedding: 0 for those that have none of their own."""
        at = torch.searchsorted(self.words, ids).clamp_max(len(self.words) - 1)
        return torch.where(self.words[at] == ids, at + 1, 0)

    def forward(self, raw: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, E) and pooled (B, E) of ids ``raw``; ``present`` is (B, T) bool."""
        where = torch.arange(raw.shape[1], device=raw.device)
        x = self.dropout(self.embed(self.places(raw)) + self.position(where))
        vectors = self.out(self.norm(self.body(x, src_key_padding_mask=~present)))
        return vectors, _pooled(vectors, present)


class Mapped(nn.Module):
    """Vectors (B, T, W) of another encoder to (B, T, E); the first, of the sentence, is pooled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, WIDTH)

    def forward(self, raw: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        vectors = self.out(raw)
        return vectors, F.normalize(vectors[:, 0], dim=-1)


def _pooled(vectors: Tensor, present: Tensor) -> Tensor:
    """The mean over markers and word pieces, then unit length, as the frozen encoder's."""
    return F.normalize((vectors * present[..., None]).sum(1), dim=-1)


def build(encoder: str, words: Sequence[int], dropout: float) -> nn.Module | None:
    """What is trained of the encoder of that name, None for the frozen one."""
    if encoder not in TRAINED:
        return Mapped(sentence_encoder.width(encoder))
    return {
        "frozen": lambda: None,
        "adapted": Adapted,
        "fine_tuned": FineTuned,
        "scratch": lambda: Scratch(words, dropout),
    }[encoder]()


def words_of(encoded: Encoded, encoder: str, least: int = 2) -> list[int]:
    """Ids that stand ``least`` times in training prompts, in order; only `Scratch` needs them.

    Those that stand there once teach the vector of what is unknown.
    """
    if encoder != "scratch":
        return []
    return sorted(i for i, n in Counter(encoded.raw.tolist()).items() if n >= least)
