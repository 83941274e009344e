"""Any encoder of the library sentence-transformers, by its folder or its name, offline and frozen.

Its tokens are its own: a word piece of ours has the mean of the states of those that overlap it.

Letters: N prompts, S word pieces of ours, W width of its states, or of its sentence vectors where
these are wider.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import pad

from sashimi.errors import BadInput

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TOGETHER = 32
"""Prompts that are encoded together."""


@functools.cache
def load(name: str) -> SentenceTransformer:
    """The encoder. Raises `BadInput` where none of that name lies on this machine."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # the unused pooler is reported else
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=True)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"encoder '{name}': no SentenceTransformer on this machine "
            f"({str(error).partition(chr(10))[0]}); give the folder of one, or another encoder"
        ) from error


@functools.cache
def digest(name: str) -> str:
    """Of its modules and weights."""
    model = load(name)
    sha = hashlib.sha256(str(model).encode())
    for key, tensor in sorted(model.state_dict().items()):
        sha.update(key.encode())
        sha.update(tensor.contiguous().view(torch.uint8).numpy())
    return sha.hexdigest()


@torch.inference_mode()
def states(name: str, prompts: Sequence[str], offsets: Sequence[Tensor]) -> Tensor:
    """The vectors (S + 2 N, W) float16 of word pieces whose ``offsets`` (P, 2) are given by prompt.

    Before and behind a prompt's pieces stands its sentence vector, and at pieces that the encoder
    does not read.
    """
    model, found = load(name), [torch.zeros(0)] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for at in range(0, len(order), TOGETHER):
        chosen = order[at : at + TOGETHER]
        tokens = model.tokenizer(
            [prompts[i] for i in chosen], padding=True, truncation=True, return_tensors="pt",
            max_length=model.max_seq_length, return_offsets_mapping=True,
        )  # fmt: skip
        places = tokens.pop("offset_mapping")
        output = model(dict(tokens))
        each = zip(
            chosen, output["sentence_embedding"], output["token_embeddings"], places, strict=True
        )
        for i, sentence, own, where in each:
            found[i] = _aligned(sentence, own, where, offsets[i])
    return torch.cat([*found, torch.zeros(0, width(name))]).half()


@functools.cache
def width(name: str) -> int:
    """W."""
    model = load(name)
    with torch.inference_mode():
        output = model(dict(model.tokenizer(["a"], return_tensors="pt")))
    return max(output[key].shape[-1] for key in ("sentence_embedding", "token_embeddings"))


def _aligned(sentence: Tensor, own: Tensor, where: Tensor, offsets: Tensor) -> Tensor:
    """One prompt's vectors (P + 2, W) of its states ``own`` (T, .) at characters ``where`` (T, 2).

    Markers and padding stand at no character.
    """
    wide = max(len(sentence), own.shape[-1])
    whole, own = pad(sentence, (0, wide - len(sentence))), pad(own, (0, wide - own.shape[-1]))
    first = torch.maximum(offsets[:, None, 0], where[None, :, 0])  # (P, T)
    overlap = (torch.minimum(offsets[:, None, 1], where[None, :, 1]) > first).float()
    n = overlap.sum(1, keepdim=True)
    pieces = torch.where(n > 0, overlap @ own / n.clamp_min(1), whole)
    return torch.cat([whole[None], pieces, whole[None]])
