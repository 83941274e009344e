"""What training learned beside the encoder's last blocks, added to their weights.

`sashimi.flagship.model.adapted` has the source and what is learned. Letters: I inputs, O outputs,
R rank.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sashimi.runtime.encoder import Encoder
from sashimi.runtime.store import Packed

MAPS = ("enter", "leave", "widen", "narrow")
"""The matrices of a block that have something beside them."""
NAME = "network/encoder.blocks"


def scale(width: int) -> float:
    """What the product of two matrices is multiplied with before it is added, of I inputs."""
    return 0.5 * width**-0.5


def adapted(encoder: Encoder, packed: Packed) -> Encoder:
    """The encoder as a packed network adapted it; itself where that did not."""
    count = len({name.split(".")[2] for name in packed.entries if name.startswith(NAME)})
    if not count:
        return encoder
    first, blocks = len(encoder.layers) - count, []
    for place, layer in enumerate(encoder.layers[first:]):
        moved = {}
        for name in MAPS:
            weight, bias = getattr(layer, name)
            at = f"{NAME}.{place}.{name}"
            down, up = packed.array(f"{at}.down"), packed.array(f"{at}.up")  # (R, I), (O, R)
            moved[name] = weight + (down * np.float32(scale(len(weight)))).T @ up.T, bias
        blocks.append(replace(layer, **moved))
    return replace(encoder, layers=(*encoder.layers[:first], *blocks), adapted=first)
