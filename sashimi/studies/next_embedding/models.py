"""Networks from a context of vectors to the next one: they read (B, C, D) and give (B, D) of unit
length. `Residual` has a second head for retrieval, `Energy` gives samples as well.

Letters: B rows, C chunks of context, D width, d and h inner widths, K samples.
"""

from __future__ import annotations

import hashlib
import inspect

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.errors import BadInput
from sashimi.studies.next_embedding.panel import RECENCY

D = 384
"""Of the encoder's vectors."""
NOISE = 64
QUERY = ("weights", "less", "scale")
"""The weights of a residual network's second head."""
QUICK = 10
"""By how much more than other weights a step moves the few of the query."""


class Attentive(nn.Module):
    """The attention mixture network (AMN) of the plan: attention by the mean, then a perceptron.

    With b the mean of x_t, a = softmax over t of (Wq b)(Wk x_t) / sqrt(d) and w = sum a_t x_t, it
    gives b + MLP[b; w], at unit length. Without positions: the order of the context is not seen.
    """

    def __init__(self, width: int = D, d: int = 128, h: int = 256, context: int = 5) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(width, d), nn.Linear(width, d)
        enter = [nn.Linear(2 * width, h), nn.GELU(), nn.LayerNorm(h)]
        self.network = nn.Sequential(
            *enter, nn.Linear(h, d), nn.GELU(), nn.LayerNorm(d), nn.Linear(d, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1)
        scores = (self.key(x) @ self.query(mean)[:, :, None])[..., 0]  # (B, C)
        mixed = (F.softmax(scores / self.query.out_features**0.5, -1)[..., None] * x).sum(1)
        return F.normalize(mean + self.network(torch.cat([mean, mixed], -1)), dim=-1)


class LookAlike(Attentive):
    """Another network with the names and shapes of `Attentive`, such as the public original had:
    its weights load without a word, and it computes something else.
    """

    def forward(self, x: Tensor) -> Tensor:
        last = x[:, -1]
        scores = (self.key(x) @ self.query(last)[:, :, None])[..., 0]
        mixed = (F.softmax(scores, -1)[..., None] * x).sum(1)
        return F.normalize(self.network(torch.cat([mixed, last], -1)), dim=-1)


class Recurrent(nn.Module):
    """A GRU (Cho et al. 2014) of one layer over the context, then an affine map."""

    def __init__(self, width: int = D, h: int = 256, context: int = 5) -> None:
        super().__init__()
        self.gru, self.leave = nn.GRU(width, h, batch_first=True), nn.Linear(h, width)

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.leave(self.gru(x)[0][:, -1]), dim=-1)


class Transformer(nn.Module):
    """Two pre-norm blocks (Vaswani et al. 2017) with learned positions; the last place predicts."""

    def __init__(self, width: int = D, d: int = 128, context: int = 5) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(width, d), nn.Linear(d, width)
        self.positions = nn.Parameter(torch.randn(context, d) * 0.02)
        block = nn.TransformerEncoderLayer(
            d, 4, 2 * d, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(block, 2, nn.LayerNorm(d), enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.leave(self.blocks(self.enter(x) + self.positions)[:, -1]), dim=-1)


class Residual(nn.Module):
    """A closed-form affine base on centred contexts, and a correction that begins at zero.

    ``base`` (C D, D) and ``mean`` (D,) are buffers, and ``limits``: a context whose cosine with the
    mean is below the first is of another domain, where nothing that was learned holds, and gets the
    recency weights; from the second on it gets the prediction; in between a mixture. `query` is the
    second head: the last chunk and a weighted sum of the context, less a share of the mean, each
    dimension scaled. What predicts a direction best is near the mean, which finds nothing; what
    finds the next chunk is near the last one.
    """

    base: Tensor
    mean: Tensor
    limits: Tensor

    def __init__(self, width: int = D, h: int = 128, context: int = 5) -> None:
        super().__init__()
        self.register_buffer("base", torch.zeros(context * width, width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("limits", torch.tensor([-2.0, -1.0]))
        enter = [nn.Dropout(0.3), nn.Linear(context * width, h), nn.GELU(), nn.Dropout(0.3)]
        self.network = nn.Sequential(*enter, nn.Linear(h, width))
        nn.init.zeros_(self.network[-1].weight)
        nn.init.zeros_(self.network[-1].bias)
        self.weights = nn.Parameter(torch.zeros(context))
        self.less, self.scale = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        low, high = self.limits
        inside = ((self.near(x) - low) / (high - low)).clamp(0, 1)[:, None]
        outside = (x * x.new_tensor(RECENCY)[-x.shape[1] :, None]).sum(1)
        learned = inside * F.normalize(self.centre(x), dim=-1)
        return F.normalize(learned + (1 - inside) * F.normalize(outside, dim=-1), dim=-1)

    def near(self, x: Tensor) -> Tensor:
        """Cosine of the context's mean with the training mean, by which domains differ: (B,)."""
        return F.cosine_similarity(x.mean(1), self.mean, dim=-1)

    def centre(self, x: Tensor) -> Tensor:
        """The prediction before it is normalised, which is a conditional mean."""
        away = (x - self.mean).flatten(1)
        return self.mean + away @ self.base + self.network(away)

    def query(self, x: Tensor) -> Tensor:
        """What the document's chunks are searched by: (B, D) of unit length."""
        mixed = x[:, -1] + QUICK * ((self.weights[:, None] * x).sum(1) - self.less * self.mean)
        return F.normalize(mixed * (1 + QUICK * self.scale), dim=-1)


class Energy(Residual):
    """Samples around a residual centre: noise passes a perceptron beside the centre (after CALM,
    arXiv 2510.27688). Trained by the energy score, which is strictly proper; the prediction of one
    vector is the centre.
    """

    def __init__(self, width: int = D, h: int = 128, context: int = 5) -> None:
        super().__init__(width, h, context)
        self.spread = nn.Sequential(nn.Linear(width + NOISE, h), nn.GELU(), nn.Linear(h, width))

    def samples(self, x: Tensor, count: int, generator: torch.Generator | None = None) -> Tensor:
        """(B, K, D), not normalised."""
        centre = self.centre(x)[:, None].expand(-1, count, -1)
        noise = torch.randn(*centre.shape[:2], NOISE, generator=generator)
        return centre + self.spread(torch.cat([centre, noise], -1))


KINDS: dict[str, type[nn.Module]] = {
    "amn": Attentive,
    "gru": Recurrent,
    "transformer": Transformer,
    "residual": Residual,
    "energy": Energy,
}


def build(kind: str, context: int = 5) -> nn.Module:
    """A fresh network by the name of its kind; BadInput for an unknown one."""
    if kind not in KINDS:
        raise BadInput(f"no network is called '{kind}': choose one of {', '.join(KINDS)}")
    return KINDS[kind](context=context)


def code(kind: str) -> str:
    """The class of a kind, and a digest of its source and of its bases': ``Attentive 0f3a…``."""
    own = [c for c in KINDS[kind].__mro__ if c.__module__ == __name__]
    said = "\n".join(inspect.getsource(c) for c in own)
    return f"{KINDS[kind].__name__} {hashlib.sha256(said.encode()).hexdigest()[:16]}"
