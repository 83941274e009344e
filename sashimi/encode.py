"""Prompts to vectors: the frozen all-MiniLM-L6-v2 encoder, from a package's files, offline.

The pooled vector is the mean over all word pieces, then unit length, as the model's own card has
it; beside it a vector for every word piece of the prompt: the encoder's state, and surface features
that an uncased encoder loses and that say where a value to copy begins and ends.

Letters: N prompts, S word pieces of all prompts together, E = 384, F surface features.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sashimi import cache, sentence_encoder
from sashimi.bert import Bert
from sashimi.files import file_digest
from sashimi.pieces import (
    PIECE_WIDTH,
    WIDTH,
    cut,
    model_folder,
    surface,
    token_ids,
    tokenizer,
)

BUDGET = 1024
"""Word pieces that are encoded together; `sashimi bench encode` compares others."""
TRAINED = {"frozen": 0, "fine_tuned": 1, "adapted": 2, "scratch": 0}
"""How many of the published encoder's last blocks each encoder has as its own. Any other name is
that of a SentenceTransformer, or its folder."""
TOLD_EVERY = 4096
"""Prompts between two lines of progress."""
WEIGHTS = "53aa5117"
"""How the SHA-256 of the encoder's weights begins (the public all-MiniLM-L6-v2)."""
CODE_VERSION = "2"
"""Part of the cache's key: change it when this module computes something else."""


@dataclass(frozen=True)
class Encoded:
    """Encoded prompts. ``pieces(i)`` gives one prompt's slice of ``states`` and ``offsets``."""

    pooled: Float[Tensor, "n e"]  # float32, unit length
    states: Float[Tensor, "s ef"]  # float16, E + F wide
    offsets: Int[Tensor, "s 2"]  # int32: first and one past the last character in the prompt
    starts: Int[Tensor, " n+1"]  # int64: where each prompt's pieces begin
    raw: Shaped[Tensor, "s+2*n ..."] | None = None  # what a trained encoder reads, see `encode`

    def __len__(self) -> int:
        return len(self.pooled)

    def pieces(self, index: int) -> slice:
        return slice(int(self.starts[index]), int(self.starts[index + 1]))

    def marked(self, index: int) -> slice:
        """One prompt's slice of ``raw``: each prompt before it has its own two markers."""
        at = self.pieces(index)
        return slice(at.start + 2 * index, at.stop + 2 * index + 2)

    def padded(self, rows: Sequence[int]) -> Padded:
        """Some of the prompts as one batch, one at least."""
        slices = [self.pieces(i) for i in rows]
        raw = None
        if self.raw is not None:
            read = [self.raw[self.marked(i)] for i in rows]
            raw = pad_sequence([r.float() if r.is_floating_point() else r for r in read], True)
        sizes = torch.tensor([at.stop - at.start for at in slices])
        states = pad_sequence([self.states[at].float() for at in slices], True)
        pieces = torch.arange(states.shape[1]) < sizes[:, None]
        return Padded(self.pooled[list(rows)], states, pieces, raw)


def chosen(parts: Sequence[Encoded], places: Sequence[tuple[int, int]]) -> Encoded:
    """Prompts of several encodings as one, each named by its part and its row."""
    where = [(parts[part], row, parts[part].pieces(row)) for part, row in places]
    lengths = torch.tensor([at.stop - at.start for _, _, at in where], dtype=torch.long)
    raw = None
    if all(part.raw is not None for part in parts):
        raw = torch.cat([p.raw[p.marked(row)] for p, row, _ in where if p.raw is not None])
    return Encoded(
        pooled=torch.stack([part.pooled[row] for part, row, _ in where]),
        states=torch.cat([part.states[at] for part, _, at in where]),
        offsets=torch.cat([part.offsets[at] for part, _, at in where]),
        starts=torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
        raw=raw,
    )


@dataclass(frozen=True)
class Padded:
    """Encoded prompts of one batch, of P word pieces at most, zeros where there are fewer."""

    pooled: Float[Tensor, "b e"]
    states: Float[Tensor, "b p ef"]  # float32
    pieces: Bool[Tensor, "b p"]  # where a word piece stands
    raw: Shaped[Tensor, "b p+2 ..."] | None
    near: Int[Tensor, "b k t"] | None = None  # token ids of retrieved structures


@functools.cache
def weights_digest() -> str:
    """The sha256 of the encoder's weights."""
    return file_digest(model_folder() / "model.safetensors")


def encoder_digest(encoder: str) -> str:
    """Changes when what an encoder of that name gives does, but for what is trained of it."""
    ours = weights_digest()
    return ours if encoder in TRAINED else f"{ours}, {sentence_encoder.digest(encoder)}"


@functools.cache
def _model() -> Bert:
    return Bert.load(model_folder() / "model.safetensors")


def encode(
    prompts: Sequence[str],
    say: Callable[[str], None] | None = None,
    encoder: str = "frozen",
    fetch: Callable[..., dict[str, Tensor]] = cache.fetch,
) -> Encoded:
    """Encodes prompts, through the tensor cache. Text past `MAX_PIECES` word pieces is not read.

    ``say`` is told now and then how far a long encoding is. For an ``encoder`` that is trained,
    ``raw`` is what that one reads, the two markers around each prompt among it: the states before
    its `TRAINED` blocks, (S + 2 N, E) float16; for "scratch" ids, (S + 2 N,) int64; for another
    encoder its vectors, see `sashimi.sentence_encoder.states`.
    """
    own = TRAINED.get(encoder, 0)
    key = ["encode", CODE_VERSION, weights_digest(), *prompts]
    key = [f"below {own}", *key] if own else key
    encoded = Encoded(**fetch(key, lambda: _encode(prompts, say, own)))
    if encoder == "scratch":
        ids = [i for own in token_ids(prompts) for i in own]
        return replace(encoded, raw=torch.tensor(ids, dtype=torch.long))
    if encoder not in TRAINED:
        offsets = encoded.offsets.split(encoded.starts.diff().tolist())
        key = ["another", sentence_encoder.digest(encoder), *key]
        made = fetch(key, lambda: {"raw": sentence_encoder.states(encoder, prompts, offsets)})
        return replace(encoded, **made)
    return encoded


def encode_uncached(prompts: Sequence[str], encoder: str = "frozen") -> Encoded:
    """As `encode`, leaving nothing on disk: for prompts that arrive one at a time."""
    return encode(prompts, encoder=encoder, fetch=lambda key, make: make())


@torch.inference_mode()
def _encode(
    prompts: Sequence[str], say: Callable[[str], None] | None = None, own: int = 0
) -> dict[str, Tensor]:
    """The tensors of `Encoded`; with ``own`` blocks that are another's, ``raw`` for these."""
    tokenized = [tokenizer().encode(prompt) for prompt in prompts]
    ids = [cut(t.ids) for t in tokenized]
    pooled = torch.zeros(len(prompts), WIDTH)
    states: list[Tensor] = [torch.zeros(0, PIECE_WIDTH)] * len(prompts)
    below: list[Tensor] = [torch.zeros(0, WIDTH)] * len(prompts)
    done = 0
    for chosen in batches([len(i) for i in ids], BUDGET):
        *_, output = every = _model().states(torch.tensor([ids[i] for i in chosen]))  # (B, T, E)
        pooled[chosen] = torch.nn.functional.normalize(output.mean(1), dim=-1)
        for row, i in enumerate(chosen):
            places = tokenized[i].offsets[1 : len(ids[i]) - 1]
            states[i] = torch.cat(
                [output[row, 1:-1], torch.from_numpy(surface(prompts[i], places))], 1
            ).half()
            below[i] = every[-1 - own][row].half() if own else below[i]
        done += len(chosen)
        if say and done // TOLD_EVERY > (done - len(chosen)) // TOLD_EVERY and done < len(prompts):
            say(f"encoded {done} of {len(prompts)} prompts, the shortest first")
    lengths = torch.tensor([len(s) for s in states], dtype=torch.long)
    offsets = [o for t, n in zip(tokenized, lengths, strict=True) for o in t.offsets[1 : n + 1]]
    raw = {"raw": torch.cat([*below, torch.zeros(0, WIDTH)]).half()} if own else {}
    return raw | {
        "pooled": pooled,
        "states": torch.cat([*states, torch.zeros(0, PIECE_WIDTH)]).half(),
        "offsets": torch.tensor(offsets, dtype=torch.int32).reshape(-1, 2),
        "starts": torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
    }


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices of prompts of equal length, the shortest first: no padding, hence no mask.

    A batch holds at most ``budget`` word pieces, and one prompt at least.
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    for length, same in itertools.groupby(order, key=lambda i: lengths[i]):
        group, step = list(same), max(1, budget // length)
        yield from (group[at : at + step] for at in range(0, len(group), step))
