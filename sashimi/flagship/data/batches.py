"""Examples as tensors: targets of tokens, values and frames, and seeded batches of them.

Letters: N examples, B of a batch, L tokens, P word pieces, S slots, K literals (of `near`:
neighbours).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sashimi.encode import Encoded, encode
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import COPYABLE, Literals
from sashimi.flagship.data.prepared import IGNORED, Prepared, prepare
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.limits import MAX_TOKENS, START
from sashimi.program.ir.vocabulary import Vocabulary

NOTHING = -1
"""Where a neighbour has no token."""
Structures = Sequence[Sequence[Sequence[int]]]
"""For each prompt the structures of its neighbours, the nearest first."""


@dataclass(frozen=True)
class Batch:
    """Padded tensors of B examples; slots of all examples stand in one list."""

    examples: Tensor  # (B,) which of the dataset's examples these are
    pooled: Tensor  # (B, E)
    states: Tensor  # (B, P, E)
    pieces: Tensor  # (B, P) bool
    raw: Tensor | None  # (B, P + 2, …), what a trained encoder reads
    near: Tensor | None  # (B, K, T) token ids of retrieved structures
    inputs: Tensor  # (B, L) ids, beginning with the start token
    copied: Tensor | None  # (B, L): the piece that the slot before copied from, -1 if none
    targets: Tensor  # (B, L) ids or IGNORED
    standing: Tensor  # (B, L) bool: which inputs are of the example, padding aside
    tier1: Tensor  # (B, L) bool: whether the target is of Tier 1
    slot_row: Tensor  # (S,)
    slot_at: Tensor  # (S,) position in inputs
    slot_allowed: Tensor  # (S, K) bool
    slot_copyable: Tensor  # (S, P) bool
    slot_right: Tensor  # (S, K + P) bool: every choice that gives the right value
    span: Tensor  # (S, 2): first and last piece of a right span, -1 where there is none
    frame: dict[str, Tensor]

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **moved, frame={k: v.to(device) for k, v in self.frame.items()})


class Dataset:
    """Prepared examples beside their encoded prompts, and batches made of them."""

    def __init__(
        self,
        examples: Sequence[Example],
        vocabulary: Vocabulary | Spelling,
        literals: Literals,
        labels: Labels,
        say: Callable[[str], None] | None = None,
        encoder: str = "frozen",
        near: Structures | None = None,
        longest: int = MAX_TOKENS - 1,
        encode: Callable[..., Encoded] = encode,
    ) -> None:
        """``encoder`` is what the prompts are encoded for, `Network.reads`; ``near`` what was
        retrieved for each of them; of a program its first ``longest`` tokens are targets.
        """
        self.near = near
        self.literals = literals
        self.text = isinstance(vocabulary, Spelling)
        self.encoded: Encoded = encode([e.prompt for e in examples], say=say, encoder=encoder)
        rows = []
        for index, example in enumerate(examples):
            offsets = self.encoded.offsets[self.encoded.pieces(index)].tolist()
            rows.append(prepare(example, offsets, vocabulary, literals, labels, longest))
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def training_batch(self, step: int, size: int, seed: int) -> Batch:
        """The batch of a step counted from 1; every epoch has its own order, by seed alone."""
        per_epoch = max(1, len(self) // size)
        epoch, index = divmod(step - 1, per_epoch)
        return self.batch(epoch_of(self.lengths, size, seed, epoch)[index])

    @functools.cached_property
    def lengths(self) -> tuple[int, ...]:
        """Tokens and word pieces of each example: both are padded to the longest of its batch."""
        return tuple(len(row.tokens) + len(row.entities) for row in self.rows)

    def batch(self, indices: Sequence[int]) -> Batch:
        """The batch of these examples."""
        rows = [self.rows[i] for i in indices]
        prompts = self.encoded.padded(indices)
        if self.near is not None:
            prompts = replace(prompts, near=padded([self.near[i] for i in indices]))
        widest = prompts.states.shape[1]
        tokens = [torch.tensor(r.tokens) for r in rows]
        targets = pad_sequence(tokens, batch_first=True, padding_value=IGNORED)
        inputs = torch.cat([torch.full((len(rows), 1), START), targets.clamp_min(START)], 1)
        flat = [(b, i) for b, row in enumerate(rows) for i in range(len(row.slots))]
        targets = torch.cat([targets, torch.full((len(rows), 1), IGNORED)], 1)
        tier1 = pad_sequence([torch.tensor(r.tier1) for r in rows], batch_first=True)
        frames = [row.frame for row in rows]
        entities = [torch.tensor(row.entities, dtype=torch.bool) for row in rows]
        return Batch(
            examples=torch.tensor(list(indices)),
            **vars(prompts),
            inputs=inputs,
            copied=None if self.text else _copied(rows, inputs.shape[1]),
            targets=targets,
            standing=torch.arange(inputs.shape[1])
            <= torch.tensor([len(row.tokens) for row in rows])[:, None],
            tier1=torch.nn.functional.pad(tier1, (0, 1)),
            slot_row=torch.tensor([b for b, _ in flat], dtype=torch.long),
            slot_at=torch.tensor(
                [rows[b].slots[i].position + 1 for b, i in flat], dtype=torch.long
            ),
            **self._slot_targets(rows, flat, widest),
            frame={
                **{k: torch.tensor([f[k] for f in frames]) for k in frames[0]},
                "entities": pad_sequence(entities, batch_first=True),
            },
        )

    def _slot_targets(self, rows: list[Prepared], flat: list, widest: int) -> dict[str, Tensor]:
        count = len(self.literals.values)
        slots = [rows[b].slots[i] for b, i in flat]
        masks = [self.literals.allowed(slot) for slot in slots]
        allowed = torch.from_numpy(np.stack(masks) if masks else np.zeros((0, count), dtype=bool))
        lengths = [
            len(rows[b].entities) * (slot.kind in COPYABLE)
            for slot, (b, _) in zip(slots, flat, strict=True)
        ]
        copyable = torch.arange(widest) < torch.tensor(lengths, dtype=torch.long)[:, None]
        spans = [rows[b].spans[i] for b, i in flat]
        literals = [rows[b].literals[i] for b, i in flat]
        pairs = [(s, literal) for s, literal in enumerate(literals) if literal >= 0]
        pairs += [(s, count + first) for s, found in enumerate(spans) for first, _ in found]
        right = torch.zeros(len(flat), count + widest, dtype=torch.bool)
        if pairs:
            right[tuple(torch.tensor(pairs).T)] = True
        right &= torch.cat([allowed, copyable], 1)
        span = torch.tensor([found[0] if found else (-1, -1) for found in spans]).reshape(-1, 2)
        return {
            "slot_allowed": allowed,
            "slot_copyable": copyable,
            "slot_right": right,
            "span": span.long(),
        }


@functools.lru_cache(maxsize=2)
def epoch_of(lengths: tuple[int, ...], size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one epoch, as indices, of examples of these lengths.

    Examples of like length go together: a shuffled epoch is cut into windows of 16 batches, each
    sorted by length, and the batches of a window are shuffled again.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for at in range(0, len(order), 16 * size):
        window = sorted(order[at : at + 16 * size], key=lengths.__getitem__)
        cut = [window[k : k + size] for k in range(0, len(window), size)]
        full = [b for b in cut if len(b) == min(size, len(lengths))]
        batches.extend(full[i] for i in generator.permutation(len(full)))
    return batches


def _copied(rows: Sequence[Prepared], length: int) -> Tensor:
    """Where each input token's predecessor, if it is a slot, was copied from: (B, L) or -1."""
    pieces = np.full((len(rows), length), -1)
    for index, row in enumerate(rows):
        for slot, spans in zip(row.slots, row.spans, strict=True):
            if spans and slot.position + 2 < length:
                pieces[index, slot.position + 2] = spans[0][0]
    return torch.from_numpy(pieces)


def padded(structures: Structures) -> Tensor:
    """Token ids (B, K, T), `NOTHING` where there are fewer."""
    most = max((len(row) for row in structures), default=0)
    longest = max((len(tokens) for row in structures for tokens in row), default=0)
    found = np.full((len(structures), max(1, most), max(1, longest)), NOTHING)
    for b, row in enumerate(structures):
        for k, tokens in enumerate(row):
            found[b, k, : len(tokens)] = tokens
    return torch.from_numpy(found)
