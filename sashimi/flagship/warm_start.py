"""Weights at first: what a finished run lends to one that begins.

Tensors of one name and shape are taken over. Where a row stands for something that the two
corpora number differently (a token, a literal, a domain, an intent), rows are matched by what they
stand for: a literal by kind and text, the others by name. All else keeps its initial value.

Letters: V tokens, K literals, D width.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from sashimi.errors import BadInput
from sashimi.flagship import run_folder
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.network import Network
from sashimi.program.ir.vocabulary import Vocabulary

Rows = dict[str, Sequence[Hashable]]
"""Name of a tensor to what its rows stand for; rows past the end stand for nothing."""


def rows_of(vocabulary: Vocabulary, literals: Literals, labels: Labels) -> Rows:
    """What the rows stand for of every tensor whose rows a corpus numbers."""
    rows: Rows = dict.fromkeys(("decoder.embed.weight", "decoder.bias"), vocabulary.tokens)
    rows |= dict.fromkeys(("filler.values.weight", "filler.bias"), literals.values)
    for head, names in (("domain", labels.domains), ("intent", labels.intents)):
        rows |= {f"intent.heads.{head}.{part}": names for part in ("weight", "bias")}
    return rows


def lend(folder: Path, network: Network, rows: Rows) -> tuple[int, int]:
    """Copies into ``network`` what fits of a finished run; (numbers lent, numbers in all).

    How ternary a layer is stays the schedule's to say. Raises `BadInput` where nothing fits.
    """
    whole = run_folder.read(folder)
    theirs = rows_of(whole.vocabulary, whole.literals, whole.labels)
    given = whole.network.state_dict()
    own = {k: v for k, v in network.state_dict().items() if not k.endswith(".share")}
    lent = 0
    for name in own.keys() & given.keys():
        if name in rows:
            lent += _rows(own[name], given[name], rows[name], theirs[name])
        elif own[name].shape == given[name].shape:
            own[name].copy_(given[name])
            lent += own[name].numel()
    if not lent:
        raise BadInput(f"{folder}: nothing of it fits this row; start from another, or from none")
    return lent, sum(tensor.numel() for tensor in own.values())


def _rows(own: Tensor, given: Tensor, ours: Sequence, theirs: Sequence) -> int:
    """Copies the rows that stand for the same; how many numbers that were."""
    if own.shape[1:] != given.shape[1:]:
        return 0
    place = {what: index for index, what in enumerate(theirs)}
    pairs = [(index, place[what]) for index, what in enumerate(ours) if what in place]
    if not pairs:
        return 0
    to, source = torch.tensor(pairs).T
    own[to] = given[source]
    return own[to].numel()
