"""The value filler: Tier 3, a value for every slot that the decoder left open.

A slot's value is either a literal that training programs gave to the same place, or a span of the
prompt, found by pointer (Vinyals et al. 2015; See et al. 2017: copy and vocabulary share one
softmax). The end of a span is chosen given its start. Names of variables come from literals only.

Letters: S slots, D decoder width, W width of a word piece's vector, P word pieces, K literals.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sashimi.encode import PIECE_WIDTH
from sashimi.flagship.data import normal
from sashimi.flagship.data.literals import (
    COPYABLE,
    Literals,
    Slot,
    slots_of,
)
from sashimi.program.catalogue import Catalogue
from sashimi.program.check import accept, health
from sashimi.program.ir.legal import PARTS
from sashimi.program.ir.tokens import KEY
from sashimi.program.tree import Dict, List, Value

OPENS_GROUP = frozenset({"MENU", "<dict>", "<headers>"})
MOST_NUMBERED = 600
"""More values that differ than one program has room for."""
CLOSES_GROUP = frozenset({"ENDMENU", "</dict>", "</headers>"})
"""Between these, case titles and keys must differ."""


class ValueFiller(nn.Module):
    """Scores literals and span starts in one softmax, and span ends given the start."""

    def __init__(self, width: int, literals: int) -> None:
        super().__init__()
        self.literal = nn.Linear(width, width)
        self.start = nn.Linear(width, width)
        self.end = nn.Linear(width, width)
        self.pieces = nn.Linear(PIECE_WIDTH, 3 * width)
        self.values = nn.Embedding(literals + 1, width)  # one to spare: no corpus, no crash
        self.bias = nn.Parameter(torch.zeros(literals))
        self.scale = width**-0.5

    def forward(
        self, hidden: Tensor, pieces: Tensor, row: Tensor, allowed: Tensor, copyable: Tensor
    ) -> Tensor:
        """Log-probabilities (S, K + P) of all choices, -inf where one is not allowed.

        ``hidden`` (S, D); ``pieces`` (B, P, 3 D), the prompts' states as `self.pieces` projects
        them; ``row`` (S,) the prompt of each slot; ``allowed`` (S, K), ``copyable`` (S, P) bool.
        """
        begin = pieces.chunk(3, -1)[0]
        literals = self.literal(hidden) @ self.values.weight[:-1].T * self.scale + self.bias
        starts = _against(self.start(hidden), begin, row) * self.scale
        scores = torch.cat([literals, starts], 1)
        scores = scores.masked_fill(~torch.cat([allowed, copyable], 1), float("-inf"))
        return scores.log_softmax(-1)

    def ends(
        self, hidden: Tensor, pieces: Tensor, row: Tensor, start: Tensor, copyable: Tensor
    ) -> Tensor:
        """Log-probabilities (S, P) of a span's last piece, given its first, ``start`` (S,)."""
        _, opening, closing = pieces.chunk(3, -1)
        query = self.end(hidden) + opening[row, start]
        scores = _against(query, closing, row) * self.scale
        places = torch.arange(copyable.shape[1], device=start.device)[None]
        after = places >= start[:, None]
        return scores.masked_fill(~(copyable & after), float("-inf")).log_softmax(-1)


def _against(queries: Tensor, keys: Tensor, row: Tensor) -> Tensor:
    """Products (S, P) of each query (S, D) with the keys of its row of (B, P, D).

    All pairs are multiplied and most thrown away: at these sizes that is several times faster,
    backwards above all, than a copy of the keys for every query.
    """
    pairs = (queries @ keys.flatten(0, 1).T).unflatten(1, keys.shape[:2])  # (S, B, P)
    return pairs[torch.arange(len(row), device=row.device), row]


@dataclass(frozen=True)
class Source:
    """One prompt as the filler reads it: what may be copied, and from where."""

    prompt: str
    offsets: list[list[int]]  # (P, 2): characters of each word piece
    states: Tensor  # (P, W)
    pieces: Tensor  # (P, 3 D)

    @staticmethod
    def of(filler: ValueFiller, prompt: str, states: Tensor, offsets: Tensor) -> Source:
        """A prompt with its word pieces' ``states`` (P, W) and ``offsets`` (P, 2)."""
        states = states.float()
        return Source(prompt, offsets.tolist(), states, filler.pieces(states))

    def copyable(self, slot: Slot, reading: str) -> list[bool]:
        """Per word piece, whether a value of this slot may begin there."""
        if slot.kind == "number":
            begins = self.phrases(reading, number=True)
            return [start in begins for start, _ in self.offsets]
        return [slot.kind in COPYABLE] * len(self.offsets)

    def phrases(self, reading: str, *, number: bool) -> dict[int, Value]:
        """What the longest phrase means that begins at a character, for each that has one."""
        found = normal.phrases(reading, self.prompt, number)
        return {start: meaning for start, _, meaning in found}


def scores(
    filler: ValueFiller, literals: Literals, source: Source, slots: Sequence[Slot], hidden: Tensor
) -> Tensor:
    """Log-probabilities (S, K + P) of every choice for slots with hidden states (S, D).

    A slot that has no choice at all gets -inf throughout.
    """
    allowed = torch.stack([literals.allowed(slot) for slot in slots])
    copyable = torch.tensor(
        [source.copyable(slot, literals.reading(slot)) for slot in slots], dtype=torch.bool
    )
    copyable = copyable.reshape(len(slots), len(source.offsets))
    row = torch.zeros(len(slots), dtype=torch.long)
    found = filler(hidden, source.pieces[None], row, allowed, copyable)
    return found.nan_to_num(nan=float("-inf"), neginf=float("-inf"))


@torch.no_grad()
def copied(
    filler: ValueFiller, literals: Literals, source: Source, slot: Slot, hidden: Tensor
) -> Tensor:
    """The state (W,) of the word piece that a slot's value begins at; zeros for a literal.

    The decoder is fed with it after the slot, so that it knows what has been copied already.
    """
    choice = int(scores(filler, literals, source, [slot], hidden[None])[0].argmax())
    piece = choice - len(literals.values)
    return (
        source.states[piece]
        if piece >= 0 and source.copyable(slot, literals.reading(slot))[piece]
        else _NOTHING
    )


_NOTHING = torch.zeros(PIECE_WIDTH)


@torch.no_grad()
def fill(
    filler: ValueFiller,
    literals: Literals,
    source: Source,
    tokens: Sequence[str],
    hidden: Tensor,
    catalogue: Catalogue,
) -> list[Value]:
    """The values of one program's slots, most likely first choice each, kept legal.

    ``hidden`` (len(tokens) + 1, D) is the decoder's. A choice that the validator would refuse in
    its place is passed over; so is one that repeats a variable's name, a case's title of the same
    menu or a key of the same dictionary.
    """
    slots = slots_of(tokens)
    chosen = hidden[torch.tensor([s.position + 1 for s in slots])]
    found = scores(filler, literals, source, slots, chosen)
    taken = Taken(tokens, catalogue)
    values: list[Value] = []
    for row, slot in enumerate(slots):
        for choice in found[row].argsort(descending=True).tolist():
            if found[row, choice] == float("-inf"):
                value = taken.fallback(slot)
                break
            value = _value(filler, literals, source, slot, chosen[row], choice)
            if taken.accepts(slot, value):
                break
        else:
            value = taken.fallback(slot)
        taken.note(slot, value)
        values.append(value)
    return values


def _value(
    filler: ValueFiller,
    literals: Literals,
    source: Source,
    slot: Slot,
    hidden: Tensor,
    choice: int,
) -> Value:
    """The value of one choice: a literal, a number, or the likeliest span from a word piece."""
    if choice < len(literals.values):
        return literals.decoded[choice]
    first = choice - len(literals.values)
    reading, begin = literals.reading(slot), source.offsets[first][0]
    if slot.kind == "number":
        return source.phrases(reading, number=True)[begin]
    everywhere = torch.ones(1, len(source.offsets), dtype=torch.bool)
    row, start = torch.tensor([0]), torch.tensor([first])
    ends = filler.ends(hidden[None], source.pieces[None], row, start, everywhere)
    span = source.prompt[begin : source.offsets[int(ends.argmax())][1]]
    meaning = normal.read(reading, span)
    if meaning is None and reading == "when":  # the span's end was missed, or it is no time
        meaning = source.phrases(reading, number=False).get(begin)
    return span if meaning is None else meaning


class Taken:
    """What the slots of one program already hold, where two must not hold the same."""

    def __init__(self, tokens: Sequence[str], catalogue: Catalogue) -> None:
        self.tokens, self.catalogue = tokens, catalogue
        self.filled: dict[int, Value] = {}  # what the slots hold, by position
        self.names: set[Value] = set()
        self.groups: dict[int, set[Value]] = {}  # position of a slot to what its group holds
        groups: list[set[Value]] = []
        for position, token in enumerate(tokens):
            if token in OPENS_GROUP:
                groups.append(set())
            elif token in CLOSES_GROUP:
                groups.pop()
            elif token == "CASE":
                self.groups[position + 1] = groups[-1]
            elif token == KEY:
                self.groups[position] = groups[-1]

    def _group(self, slot: Slot) -> set[Value] | None:
        return self.names if slot.kind == "name" else self.groups.get(slot.position)

    def accepts(self, slot: Slot, value: Value) -> bool:
        """Whether this slot may hold this value."""
        if value in (self._group(slot) or ()) or (slot.context in PARTS and value == ""):
            return False
        return accept.accepts(slot.context, value, self.catalogue) and accept.beside(
            self.tokens, slot.position, value, self.filled
        )

    def note(self, slot: Slot, value: Value) -> None:
        """Remembers what a slot holds."""
        self.filled[slot.position] = value
        group = self._group(slot)
        if group is not None:
            group.add(value)

    def fallback(self, slot: Slot) -> Value:
        """A value for a slot that training and prompt say nothing of, or nothing acceptable.

        In a structure that the masks did not make, a slot may accept nothing: then the plainest.
        """
        stem = {"name": "Value", "title": "Shortcut"}.get(slot.kind, "Text")
        plain = {"number": (1,), "literal": (Dict(()), List(()))}.get(slot.kind, (stem, "1"))
        numbered = (f"{stem}_{number}" for number in range(2, MOST_NUMBERED))
        tried = itertools.chain(plain, health.offers(slot.context), numbered)
        return next((v for v in tried if self.accepts(slot, v)), plain[0])
