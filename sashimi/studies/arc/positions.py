"""Where a token is: codes of one and two dimensions, and the variants that are compared.

Letters: B examples, N tokens, d channels, h heads; r rows and c columns, counted from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from sashimi.studies.arc.batches import COLOURS, PAD, ROW, SIDE

KINDS = (
    "sequence", "grid", "ends", "index bug", "columns first", "learned", "relative", "rotary"
)  # fmt: skip
MOST = SIDE + 2


def sinusoid(place: Tensor, width: int) -> Tensor:
    """Sines on even channels and cosines on odd ones of ``place / 10000^(2i / width)``.

    Gives (..., width); an odd width has one cosine less (Vaswani et al. 2017, section 3.5).
    """
    even = torch.arange(0, width, 2)
    angle = place[..., None] * torch.exp(even * (-math.log(10_000) / width))
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)[..., :width]


def grid2d(row: Tensor, column: Tensor, width: int) -> Tensor:
    """Half of the channels tell the row, half the column: (..., width); width divisible by 4."""
    if width % 4:
        raise ValueError(f"width {width}: rows and columns need one that is divisible by 4")
    return torch.cat([sinusoid(row, width // 2), sinusoid(column, width // 2)], -1)


def coordinates(tokens: Tensor, following: bool = False) -> tuple[Tensor, Tensor]:
    """Row and column of each token (B, N), which ROW ends; ``following``: of the one after it.

    Padding counts for nothing, wherever it stands. BOS or SEP ends no row, but is no cell either.
    """
    ends, cells = (tokens == ROW).long(), (tokens < COLOURS).long()
    passed = cells.cumsum(1)
    before = torch.where(ends.bool(), passed, 0).cummax(1).values  # cells up to the latest ROW
    row, column = ends.cumsum(1), passed - before
    if following:
        return row, column
    behind = torch.cat([torch.zeros_like(before[:, :1]), before[:, :-1]], 1)
    return row - ends, passed - cells - behind


def size(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of each grid that is written as tokens (B, N): (B, 1) each."""
    rows, cells = ((tokens == ROW).sum(1, True), (tokens < COLOURS).sum(1, True))
    return rows, cells // rows.clamp(min=1)


class Places(nn.Module):
    """What positions of one kind add to embeddings, and what they do to attention."""

    def __init__(self, kind: str, width: int, heads: int) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"positions {kind!r}: one of {', '.join(KINDS)}")
        self.kind, self.width, self.heads = kind, width, heads
        if kind == "learned":
            self.rows, self.columns = nn.Embedding(MOST, width), nn.Embedding(MOST, width)
        if kind == "ends":
            self.far = nn.Linear(width, width, bias=False)

    def forward(self, row: Tensor, column: Tensor, index: Tensor, extent=None) -> Tensor:
        """Added to embeddings: (B, N, d). ``extent``: rows and columns of the grid, if known."""
        match self.kind:
            case "relative" | "rotary":
                return torch.zeros(*row.shape, self.width)
            case "sequence":
                return sinusoid(index, self.width)
            case "learned":
                return self.rows(row.clamp(max=MOST - 1)) + self.columns(column.clamp(max=MOST - 1))
            case "index bug":  # as the public original has it: the width of the grid is ignored
                row, column = index // SIDE, index % SIDE
            case "columns first":
                row, column = column, row
        code = grid2d(row, column, self.width)
        if self.kind == "ends" and extent is not None:
            code = code + self.far(grid2d(extent[0] - 1 - row, extent[1] - 1 - column, self.width))
        return code

    def turn(self, query: tuple[Tensor, Tensor], key: tuple[Tensor, Tensor]) -> Callable | None:
        """What attention does with rows and columns (B, N) of queries and (B, M) of keys."""
        if self.kind == "relative":
            return lambda q, k, mask: (q, k, _biased(mask, query, key, self.heads))
        if self.kind == "rotary":
            return lambda q, k, mask: (_rotated(q, *query), _rotated(k, *key), mask)
        return None


def _biased(mask: Tensor, query, key, heads: int) -> Tensor:
    """``-m |distance|``, m by head and by side of the query: halved from head to head, from 1/2
    where the key comes before it, from sqrt(1/2) where it comes after (ViTARC, section 3.3).
    """
    apart = (q[:, None, :, None] - k[:, None, None, :] for q, k in zip(query, key, strict=True))
    rows, columns = apart
    left = (rows > 0) | ((rows == 0) & (columns >= 0))
    slope = 0.5 ** (torch.arange(heads).view(1, heads, 1, 1) + torch.where(left, 1.0, 0.5))
    return (-slope * (rows.abs() + columns.abs())).masked_fill(~mask, -math.inf)


def _rotated(x: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Rotates pairs of channels of (B, h, N, d / h): half a head by the row, half by column."""
    out = []
    for part, place in zip(x.chunk(2, -1), (row, column), strict=True):
        code = sinusoid(place, part.shape[-1])[:, None]  # (B, 1, N, d / 2h)
        sin, cos = code[..., 0::2], code[..., 1::2]
        one, two = part[..., 0::2], part[..., 1::2]
        out.append(torch.stack([one * cos - two * sin, one * sin + two * cos], -1).flatten(-2))
    return torch.cat(out, -1)


def inside(grids: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns (..., 1) that are not padding, of grids (..., H, W)."""
    real = grids != PAD
    return real.any(-1).sum(-1, keepdim=True), real.any(-2).sum(-1, keepdim=True)
