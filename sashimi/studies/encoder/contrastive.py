"""Contrastive fine-tuning of the encoder: prompts of one program pulled together.

The loss is InfoNCE over a batch (SimCSE, Gao et al. 2021, eq. 4): prompt i's other half is the
right answer among all second halves of the batch. Two options, by cost: a linear map on the frozen
vectors, and the encoder's last block, over states of the blocks below that are computed once.

Letters: B pairs, N prompts, T word pieces, E = 384.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi.bert import Bert, Dense, Layer, Norm
from sashimi.encode import batches, model_folder, token_ids
from sashimi.program import tiers
from sashimi.program.tree import actions
from sashimi.studies.encoder.probe import action_f1
from sashimi.studies.encoder.separation import Labelled

BUDGET = 2048
"""Word pieces that are computed together."""


@dataclass(frozen=True)
class Recipe:
    """How long and how fast an option learns."""

    epochs: int
    rate: float
    batch: int  # pairs
    temperature: float
    seed: int


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning left: ``apply`` turns prompts' inputs into unit vectors (N, E)."""

    name: str
    apply: Callable[[Sequence[int]], np.ndarray]
    losses: list[float]  # mean loss of each epoch
    seconds: float
    trained: int  # parameters that were trained


def pairs(programs: np.ndarray, rows: Sequence[int]) -> list[tuple[int, int]]:
    """Two rows of one program each, among ``rows``: a program's first and second, second and third.

    A batch may hold two pairs of one program, which then count as wrong answers to each other: at
    two or three prompts a program that is rare.
    """
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(int(programs[row]), []).append(row)
    return [pair for group in groups.values() for pair in itertools.pairwise(group)]


def info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Loss () of unit vectors (B, E): cross-entropy of finding b[i] from a[i] by cosine."""
    return F.cross_entropy(a @ b.T / temperature, torch.arange(len(a)))


def train_map(vectors: np.ndarray, couples: Sequence[tuple[int, int]], recipe: Recipe) -> Tuned:
    """A linear map (E, E), begun at the identity, on frozen unit vectors (N, E)."""
    torch.manual_seed(recipe.seed)
    frozen = torch.from_numpy(vectors)
    layer = nn.Linear(vectors.shape[1], vectors.shape[1], bias=False)
    nn.init.eye_(layer.weight)

    def embed(rows: Sequence[int]) -> Tensor:
        return F.normalize(layer(frozen[list(rows)]), dim=-1)

    return _fit("linear map", embed, list(layer.parameters()), couples, recipe)


def train_block(
    prompts: Sequence[str], couples: Sequence[tuple[int, int]], recipe: Recipe
) -> Tuned:
    """The encoder's last block, over states of the five below it; the time counts those too."""
    begun = time.perf_counter()
    bert = Bert.load(model_folder() / "model.safetensors", packed=False)
    states = below(bert, prompts)
    block = Block(bert.layers[-1])

    def embed(rows: Sequence[int]) -> Tensor:
        found: list[Tensor] = [torch.zeros(0)] * len(rows)
        for chosen in batches([len(states[row]) for row in rows], BUDGET):
            output = block(torch.stack([states[rows[i]] for i in chosen])).mean(1)
            for i, vector in zip(chosen, F.normalize(output, dim=-1), strict=True):
                found[i] = vector
        return torch.stack(found)

    tuned = _fit("last block", embed, list(block.parameters()), couples, recipe)
    return replace(tuned, seconds=time.perf_counter() - begun)


def below(bert: Bert, prompts: Sequence[str]) -> list[Tensor]:
    """Each prompt's states (T, E) before the last block, without a graph."""
    ids = token_ids(prompts)
    lower = replace(bert, layers=bert.layers[:-1])
    states: list[Tensor] = [torch.zeros(0)] * len(ids)
    for chosen in batches([len(i) for i in ids], BUDGET):
        output = lower(torch.tensor([ids[i] for i in chosen]))
        for i, state in zip(chosen, output, strict=True):
            states[i] = state
    return [state.clone() for state in states]  # a copy made outside inference mode may train


class Block(nn.Module):
    """A `Layer` of the encoder whose weights learn."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.weights = nn.ParameterDict()
        for name, part in vars(layer).items():
            self.weights[f"{name}_weight"] = nn.Parameter(part.weight.clone())
            self.weights[f"{name}_bias"] = nn.Parameter(part.bias.clone())
        self.kinds = {name: type(part) for name, part in vars(layer).items()}

    def forward(self, x: Tensor) -> Tensor:
        parts = {}
        for name, kind in self.kinds.items():
            own = self.weights[f"{name}_weight"], self.weights[f"{name}_bias"]
            parts[name] = Norm(*own) if kind is Norm else Dense(*own, packed=False)
        return Layer(**parts)(x)


def _fit(
    name: str,
    embed: Callable[[Sequence[int]], Tensor],
    weights: list[nn.Parameter],
    couples: Sequence[tuple[int, int]],
    recipe: Recipe,
) -> Tuned:
    begun = time.perf_counter()
    optimiser = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.0)
    drawn = random.Random(recipe.seed)
    losses = []
    for _ in range(recipe.epochs):
        order = drawn.sample(list(couples), len(couples))
        seen = []
        for at in range(0, len(order) - 1, recipe.batch):  # one pair alone has no wrong answer
            part = order[at : at + recipe.batch]
            both = embed([row for side in (0, 1) for row in (pair[side] for pair in part)])
            loss = info_nce(both[: len(part)], both[len(part) :], recipe.temperature)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            seen.append(loss.item())
        losses.append(sum(seen) / max(1, len(seen)))

    def apply(rows: Sequence[int]) -> np.ndarray:
        with torch.no_grad():
            return embed(rows).numpy()

    size = sum(weight.numel() for weight in weights)
    return Tuned(name, apply, losses, time.perf_counter() - begun, size)


def held_out(
    skeletons: np.ndarray, rows: Sequence[int], share: float, seed: int
) -> tuple[list[int], list[int]]:
    """Rows to learn from and rows to measure on, by skeleton: no skeleton is on both sides."""
    known = sorted({int(skeletons[row]) for row in rows})
    away = set(random.Random(seed).sample(known, round(share * len(known))))
    return (
        [row for row in rows if int(skeletons[row]) not in away],
        [row for row in rows if int(skeletons[row]) in away],
    )


def worth(
    vectors: np.ndarray, found: Labelled, training: Sequence[int], queries: Sequence[int]
) -> dict[str, list[float]]:
    """What vectors are worth downstream, a score for each query: whether the nearest training
    prompt's main action is its own, and the action F1 of a linear probe."""
    programs = [tiers.without_comments(example.program) for example in found.examples]
    used = [[action.name for action in actions(program)] for program in programs]
    base, asked = vectors[list(training)], vectors[list(queries)]
    nearest = np.array(training)[(asked @ base.T).argmax(1)]
    return {
        "nearest_shares_action": [
            float(found.actions[a] == found.actions[b])
            for a, b in zip(nearest, queries, strict=True)
        ],
        "probe_action_f1": action_f1(
            base, [used[row] for row in training], asked, [used[row] for row in queries]
        ),
    }
