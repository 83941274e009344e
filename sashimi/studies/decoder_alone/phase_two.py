"""A small decoder that writes sequences of tokens, each from one vector: how it learns and writes.

The network is a linear bridge and the flagship's decoder with an output layer of `designs`, and
nothing around them.

Letters: N examples, B of a batch, L tokens, E width of a vector, D decoder width, V vocabulary.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sashimi import train
from sashimi.encode import PIECE_WIDTH
from sashimi.files import digest
from sashimi.flagship.data.batches import IGNORED
from sashimi.flagship.model.decode import MAX_TOKENS, START, Decoder
from sashimi.pab import Profile
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.tokens import END
from sashimi.studies.decoder_alone.designs import Book, Design, build
from sashimi.studies.decoder_alone.sequences import Task
from sashimi.ternary import Kind, set_progress, trit_arrays

BATCH = 64
"""Examples that are written together."""
OBSERVATIONS = 20
"""Records of the trajectory in a run."""
HEADS = 4
WEIGHT_DECAY = 0.01
TERNARY = (0.0, 0.5)
"""The part of a run in which the layers turn ternary, from the last to the first."""


@dataclass(frozen=True)
class Recipe:
    """One configuration of network and training."""

    iterations: int
    batch: int
    rate: float
    width: int
    layers: int
    ternary: bool = True
    design: Design = "unified"
    quantiser: Kind = "absmean"


class Writer(nn.Module):
    """Vectors (B, E) and tokens (B, L) to log-probabilities of the next token."""

    def __init__(self, recipe: Recipe, inputs: int, vocabulary: int, book: Book | None) -> None:
        super().__init__()
        self.bridge = nn.Sequential(nn.Linear(inputs, recipe.width), nn.LayerNorm(recipe.width))
        self.decoder = Decoder(
            vocabulary,
            recipe.width,
            recipe.width,
            recipe.layers,
            HEADS,
            dropout=0.0,
            quantiser=recipe.quantiser,
        )
        self.decoder.copied.requires_grad_(False)  # nothing is copied: there are no values here
        self.output = build(recipe.design, book, recipe.width)

    def remember(self, vectors: Tensor) -> tuple[list[tuple], Tensor]:
        """What the decoder attends to: one position a prompt."""
        present = torch.ones(len(vectors), 1, dtype=torch.bool)
        return self.decoder.remember(self.bridge(vectors[:, None]), present)

    def read(self, tokens: Tensor, memory: tuple, past: list | None = None) -> tuple[Tensor, list]:
        """Hidden states (B, L, D) of tokens (B, L), and the cache."""
        nothing = torch.zeros(1, 1, PIECE_WIDTH)
        return self.decoder(tokens, nothing, memory, past)

    def next(self, hidden: Tensor, places: Tensor) -> Tensor:
        """Log-probabilities (N, V) of what follows hidden states (N, D) at places (N,)."""
        return self.output(hidden, places, self.decoder)

    def size(self) -> dict[str, int]:
        """Numbers of trained parameters, and of those in the output layer alone."""
        trained = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return {"trained": trained, "output": sum(p.numel() for p in self.output.parameters())}


@dataclass(frozen=True)
class Fitted:
    """A trained writer, its trajectory, and the seconds that training took."""

    writer: Writer
    profile: Profile
    seconds: float

    @property
    def stability(self) -> float | None:
        """Mean relative change of the training loss from record to record."""
        return self.profile.summary()["stability_mean"]


@dataclass(frozen=True)
class Batch:
    """Padded tensors of B examples."""

    vectors: Tensor  # (B, E)
    inputs: Tensor  # (B, L), beginning with the start token
    targets: Tensor  # (B, L), IGNORED where nothing is asked
    places: Tensor  # (B, L)


def batch_of(task: Task, indices: Sequence[int]) -> Batch:
    """The batch of these examples; sequences beyond the decoder's positions are cut."""
    tokens = [task.tokens[i][: MAX_TOKENS - 1] for i in indices]
    longest = max(map(len, tokens))
    targets = torch.tensor([[*own, *[IGNORED] * (longest - len(own))] for own in tokens])
    places = [task.places[i][:longest] for i in indices]
    return Batch(
        task.vectors[list(indices)],
        torch.cat([torch.full((len(tokens), 1), START), targets[:, :-1].clamp_min(START)], 1),
        targets,
        torch.tensor([[*own, *[0] * (longest - len(own))] for own in places]),
    )


class Batches:
    """Seeded batches of examples of like length; a batch is a function of its step alone."""

    def __init__(self, task: Task, size: int, seed: int) -> None:
        self.task, self.size, self.seed = task, min(size, len(task)), seed

    def __call__(self, step: int) -> Batch:
        epoch, index = divmod(step - 1, len(self.task) // self.size)
        return batch_of(self.task, self._epoch(epoch)[index])

    @functools.lru_cache(maxsize=2)  # noqa: B019 - one a run; only the newest epochs stay
    def _epoch(self, epoch: int) -> list[list[int]]:
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.task)).tolist()
        batches: list[list[int]] = []
        for at in range(0, len(order), 16 * self.size):
            window = sorted(order[at : at + 16 * self.size], key=lambda i: len(self.task.tokens[i]))
            cut = [window[k : k + self.size] for k in range(0, len(window), self.size)]
            full = [b for b in cut if len(b) == self.size]
            batches.extend(full[i] for i in generator.permutation(len(full)))
        return batches


def loss_of(writer: Writer, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Mean negative log-likelihood () of the targets that the output layer offers, and accuracy."""
    picked, right = _read(writer, batch)
    loss = -picked[picked > float("-inf")].mean()
    return loss, {"tokens": float(loss.detach()), "accuracy": float(right.float().mean())}


def _read(writer: Writer, batch: Batch) -> tuple[Tensor, Tensor]:
    """Log-probability of every asked target, and whether the likeliest token is it: (T,) each."""
    hidden, _ = writer.read(batch.inputs, writer.remember(batch.vectors))
    asked = batch.targets != IGNORED
    found = writer.next(hidden[asked], batch.places[asked])
    targets = batch.targets[asked]
    return found.gather(1, targets[:, None])[:, 0], found.argmax(1) == targets


def fit(
    task: Task,
    dev: Task,
    recipe: Recipe,
    vocabulary: int,
    seed: int,
    directory: Path,
    book: Book | None = None,
) -> Fitted:
    """A writer trained on ``task``; ``dev`` is what its trajectory looks at.

    Leaves journal and profile in ``directory``, and no checkpoint: a run takes seconds.
    """
    train.seed_everything(seed)
    writer = Writer(recipe, task.vectors.shape[1], vocabulary, book)
    seconds = train.fit(
        writer,
        loss_of,
        Batches(task, recipe.batch, seed),
        train.Schedule(
            steps=recipe.iterations,
            learning_rate=recipe.rate,
            weight_decay=WEIGHT_DECAY,
            checkpoint_every=recipe.iterations + 1,
            observe_every=max(1, recipe.iterations // OBSERVATIONS),
        ),
        directory,
        seed=seed,
        config_digest=digest({**asdict(recipe), "examples": len(task)}),
        before_step=lambda progress: stage(writer, recipe, progress),
        observe=lambda: observe(writer, dev),
        say=lambda line: None,
    )
    return Fitted(writer.eval(), Profile.load(directory), seconds)


def stage(writer: Writer, recipe: Recipe, progress: float) -> None:
    """Sets how ternary the layers are when a run is so far done; the continuous twin stays so."""
    if recipe.ternary:
        set_progress(writer, progress, *TERNARY)


@torch.no_grad()
def observe(writer: Writer, dev: Task) -> dict:
    """What the trajectory records beside the training loss, on the fixed dev examples."""
    batch = batch_of(dev, range(len(dev)))
    picked, right = _read(writer, batch)
    whole = _whole(batch, right, dev.tokens)
    return {
        "val_loss": -float(picked[picked > float("-inf")].mean()),
        "tiers": {"sequence": (int(sum(whole)), len(whole))},
        "trits": trit_arrays(writer),
    }


@torch.no_grad()
def forced(writer: Writer, task: Task) -> list[float]:
    """1 for each example all of whose tokens are the likeliest behind a *right* history, else 0.

    A token that the vocabulary lacks is wrong.
    """
    found = []
    for at in range(0, len(task), BATCH):
        batch = batch_of(task, range(at, min(at + BATCH, len(task))))
        found += _whole(batch, _read(writer, batch)[1], task.tokens[at : at + BATCH])
    return found


def _whole(batch: Batch, right: Tensor, tokens: Sequence[Sequence[int]]) -> list[float]:
    """1 for each row whose tokens are all asked and right, else 0; ``right`` (T,) as `_read`'s."""
    spread = torch.zeros_like(batch.targets, dtype=torch.bool)
    spread[batch.targets != IGNORED] = right
    counts = spread.sum(1).tolist()
    return [float(count == len(own)) for count, own in zip(counts, tokens, strict=True)]


class _Line:
    """One sequence while it is written, under the masks or freely."""

    def __init__(self, book: Book | None, limit: int, masked: bool) -> None:
        self.book, self.limit = book, limit
        self.legality = Legality(book.vocabulary, limit) if masked else None
        self.tokens: list[int] = []
        self.place = 0

    @property
    def newest(self) -> int:
        return self.tokens[-1] if self.tokens else START

    @property
    def done(self) -> bool:
        if self.legality is not None:
            return self.legality.done
        ended = self.book and self.tokens and self.book.vocabulary.tokens[self.newest] == END
        return bool(ended) or len(self.tokens) == self.limit

    def take(self, token: int) -> None:
        if self.legality is not None:
            self.legality.advance(token)
        if self.book:
            self.place = self.book.next_place(self.place, self.book.vocabulary.tokens[token])
        self.tokens.append(token)


@torch.no_grad()
def write(
    writer: Writer, vectors: Tensor, limit: int, book: Book | None = None, masked: bool = False
) -> list[list[int]]:
    """The greedily chosen ids of every vector (N, E), each from what was chosen before it.

    ``masked`` allows what `Legality` does; otherwise a line ends with END, or at ``limit`` tokens.
    """
    found: list[list[int]] = []
    for at in range(0, len(vectors), BATCH):
        part = vectors[at : at + BATCH]
        lines = [_Line(book, limit, masked) for _ in part]
        found.extend(_write(writer, part, lines))
    return found


def _write(writer: Writer, vectors: Tensor, lines: list[_Line]) -> list[list[int]]:
    """Writes every line to its end; those that are done leave the batch when they are half."""
    active, memory, past = list(lines), writer.remember(vectors), None
    while True:
        kept = [row for row, line in enumerate(active) if not line.done]
        if not kept:
            return [line.tokens for line in lines]
        if past is not None and len(kept) <= len(active) // 2:
            active, memory = (
                [active[row] for row in kept],
                ([(k[kept], v[kept]) for k, v in memory[0]], memory[1][kept]),
            )
            past = [(k[kept], v[kept]) for k, v in past]
            kept = list(range(len(active)))
        tokens = torch.tensor([[line.newest] for line in active])
        hidden, past = writer.read(tokens, memory, past)
        _choose(
            [active[row] for row in kept],
            writer.next(hidden[kept, 0], torch.tensor([active[row].place for row in kept])),
        )


def _choose(lines: Sequence[_Line], scores: Tensor) -> None:
    """Each line takes its likeliest token; ``scores`` (B, V) are log-probabilities."""
    if lines[0].legality is not None:
        masks = np.stack([line.legality.mask() for line in lines])
        scores = scores.masked_fill(~torch.from_numpy(masks), float("-inf"))
    for line, token in zip(lines, scores.argmax(1).tolist(), strict=True):
        line.take(token)


def names(book: Book, written: Sequence[Sequence[int]]) -> list[list[str]]:
    """Written ids as tokens."""
    return [[book.vocabulary.tokens[token] for token in own] for own in written]
