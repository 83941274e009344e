"""The flagship's decoder behind a linear bridge, and nothing around them: trained, and writing.

Letters: N examples, B of a batch, L tokens, E width of a vector, D decoder width, V vocabulary.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sashimi import train
from sashimi.encode import PIECE_WIDTH
from sashimi.files import digest
from sashimi.flagship.answer.rows import Unmasked
from sashimi.flagship.answer.search import Search
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.limits import MAX_TOKENS, START
from sashimi.pab import Profile
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.tokens import END
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.studies.decoder_alone.tasks import Task
from sashimi.ternary import set_progress, trit_arrays

BATCH = 64
"""Examples that are written together."""
OBSERVATIONS = 20
"""Records of the trajectory in a run."""
HEADS = 4
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

    @property
    def label(self) -> str:
        """``rate 0.003, 1000 of 64, width 128``."""
        return f"rate {self.rate:g}, {self.iterations} of {self.batch}, width {self.width}"


class SequenceDecoder(nn.Module):
    """Vectors (B, E) and tokens (B, L) to scores of the next token (B, L, V)."""

    def __init__(self, recipe: Recipe, inputs: int, vocabulary: int) -> None:
        super().__init__()
        width = recipe.width
        self.bridge = nn.Sequential(nn.Linear(inputs, width), nn.LayerNorm(width))
        self.decoder = Decoder(vocabulary, width, width, recipe.layers, HEADS, 0.0, PIECE_WIDTH)
        self.decoder.copied.requires_grad_(False)  # nothing is copied: there are no values here

    def remember(self, vectors: Tensor) -> tuple[list[tuple], Tensor]:
        """The decoder's memory of vectors (B, E): one position each."""
        present = torch.ones(len(vectors), 1, dtype=torch.bool)
        return self.decoder.remember(self.bridge(vectors[:, None]), present)

    def read(self, tokens: Tensor, memory: tuple, past: list | None = None) -> tuple[Tensor, list]:
        """Scores (B, L, V) of what follows tokens (B, L), and the keys and values to go on from."""
        nothing = torch.zeros(1, 1, PIECE_WIDTH)
        hidden, past = self.decoder(tokens, nothing, memory, past)
        return self.decoder.logits(hidden), past

    def trained(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


@dataclass(frozen=True)
class Fitted:
    """A trained decoder, its trajectory, and the seconds that training took."""

    network: SequenceDecoder
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
    targets: Tensor  # (B, L), IGNORED past the end and for a token without an id


def batch_of(task: Task, indices: Sequence[int]) -> Batch:
    """The batch of these examples; sequences beyond the decoder's positions are cut."""
    tokens = [task.tokens[i][: MAX_TOKENS - 1] for i in indices]
    longest = max(map(len, tokens))
    targets = torch.tensor([[*row, *[IGNORED] * (longest - len(row))] for row in tokens])
    start = torch.full((len(tokens), 1), START)
    inputs = torch.cat([start, targets[:, :-1].clamp_min(START)], 1)
    return Batch(task.vectors[list(indices)], inputs, targets)


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


def loss_of(network: SequenceDecoder, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Mean negative log-likelihood () of the targets, and it and the accuracy as floats."""
    costs, right = _targets(network, batch)
    loss = costs.mean()
    return loss, {"tokens": float(loss.detach()), "accuracy": float(right.float().mean())}


def _targets(network: SequenceDecoder, batch: Batch) -> tuple[Tensor, Tensor]:
    """Of the T targets that count: -log p of each, and whether it is the likeliest: (T,) each."""
    logits, _ = network.read(batch.inputs, network.remember(batch.vectors))
    counted = batch.targets != IGNORED
    scores, targets = logits[counted].log_softmax(-1), batch.targets[counted]
    return -scores.gather(1, targets[:, None])[:, 0], scores.argmax(1) == targets


def fit(
    task: Task, dev: Task, recipe: Recipe, vocabulary: int, seed: int, directory: Path
) -> Fitted:
    """A decoder trained on ``task``; ``dev`` is what its trajectory looks at.

    Leaves journal and profile in ``directory``, and no checkpoint: a run takes seconds.
    """
    train.seed_everything(seed)
    network = SequenceDecoder(recipe, task.vectors.shape[1], vocabulary)
    seconds = train.fit(
        network,
        loss_of,
        Batches(task, recipe.batch, seed),
        train.Schedule(
            steps=recipe.iterations,
            learning_rate=recipe.rate,
            weight_decay=0.01,
            checkpoint_every=recipe.iterations + 1,
            observe_every=max(1, recipe.iterations // OBSERVATIONS),
        ),
        directory,
        seed=seed,
        config_digest=digest({**asdict(recipe), "examples": len(task)}),
        before_step=lambda progress: stage(network, recipe, progress),
        observe=lambda: observe(network, dev),
        say=lambda line: None,
    )
    return Fitted(network.eval(), Profile.load(directory), seconds)


def stage(network: SequenceDecoder, recipe: Recipe, progress: float) -> None:
    """Sets how ternary the layers are when a run is ``progress`` (0 to 1) done."""
    if recipe.ternary:
        set_progress(network, progress, *TERNARY)


@torch.no_grad()
def observe(network: SequenceDecoder, dev: Task) -> dict:
    """What the trajectory records beside the training loss, on the fixed dev examples."""
    batch = batch_of(dev, range(len(dev)))
    costs, right = _targets(network, batch)
    whole = _whole(batch, right, dev.tokens)
    return {
        "val_loss": float(costs.mean()),
        "tiers": {"sequence": (int(sum(whole)), len(whole))},
        "trits": trit_arrays(network),
    }


@torch.no_grad()
def forced(network: SequenceDecoder, task: Task) -> list[float]:
    """1 for each example all of whose tokens are the likeliest behind a *right* history, else 0.

    A token that the vocabulary lacks is wrong.
    """
    scores = []
    for at in range(0, len(task), BATCH):
        batch = batch_of(task, range(at, min(at + BATCH, len(task))))
        scores += _whole(batch, _targets(network, batch)[1], task.tokens[at : at + BATCH])
    return scores


def _whole(batch: Batch, right: Tensor, tokens: Sequence[Sequence[int]]) -> list[float]:
    """1 for each row whose tokens all count and are right, else 0; ``right`` (T,)."""
    spread = torch.zeros_like(batch.targets, dtype=torch.bool)
    spread[batch.targets != IGNORED] = right
    counts = spread.sum(1).tolist()
    return [float(count == len(row)) for count, row in zip(counts, tokens, strict=True)]


@torch.no_grad()
def write(
    network: SequenceDecoder,
    vectors: Tensor,
    limit: int,
    vocabulary: Vocabulary | None = None,
    masked: bool = False,
) -> list[list[int]]:
    """The greedily chosen ids of every vector (N, E), each from what was chosen before it.

    ``masked`` allows what `Legality` does; otherwise a sequence ends with END where there is a
    ``vocabulary``, or at ``limit`` tokens.
    """
    size = network.decoder.embed.num_embeddings
    words = vocabulary.tokens if vocabulary else tuple(map(str, range(size)))
    end = vocabulary.ids[END] if vocabulary else None
    begin = partial(Legality, vocabulary, limit) if masked else partial(Unmasked, size, end, limit)
    search = Search(network.decoder, words, begin)
    rows: list[list[int]] = []
    for at in range(0, len(vectors), BATCH):
        memory = network.bridge(vectors[at : at + BATCH, None])
        found = search.run(memory, torch.ones(len(memory), 1, dtype=torch.bool))
        rows += [beam.ids for (beam,) in found]
    return rows
