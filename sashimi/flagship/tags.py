"""Which actions and blocks a prompt calls for: learned beside a finished network, for its decoding.

Binary relevance (Zhang & Zhou 2014, "A Review on Multi-Label Learning Algorithms", §3.1): one
logistic output a token over a shared hidden layer. The vectors are those of an encoder that learned
from the same prompts, so that without noise it would learn them by heart.

Letters: N prompts, E encoder width, A tags, H hidden width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from sashimi.flagship.data.example import Example
from sashimi.flagship.model.network import Network
from sashimi.program import tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime.fusion import features

HIDDEN, HIDE, DROP, NOISE = 256, 0.3, 0.5, 0.4
"""Width, and how much of the input is hidden, of the hidden layer dropped, and added at random."""
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 25, 256, 2e-3, 0.02
LEAST = 3
"""Prompts that a token needs to be told at all."""
BLOCKS = frozenset({"IF", "ELSE", "FOREACH", "REPEAT", "MENU"})

Arrays = dict[str, tuple[str, np.ndarray]]


def learn(examples: Sequence[Example], network: Network, words: Vocabulary, seed: int) -> Arrays:
    """The arrays of `sashimi.runtime.fusion.Tags` by name, each with the kind it is stored as.

    The caller's random numbers are left as they were.
    """
    encoded = network.admission([example.prompt for example in examples])
    inputs = np.stack(
        [
            features(pooled.numpy(), encoded.states[encoded.pieces(row)].float().numpy())
            for row, pooled in enumerate(encoded.pooled)
        ]
    )
    centre, spread = inputs.mean(0), inputs.std(0) + 1e-3
    standing = [tags_of(example) for example in examples]
    seen = Counter(tag for tags in standing for tag in tags)
    known = [t for t in words.tokens if seen[t] >= LEAST]
    targets = torch.tensor([[float(tag in tags) for tag in known] for tags in standing])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        enter, leave = _fitted(torch.from_numpy((inputs - centre) / spread), targets)
    arrays = {
        "centre": ("float32", centre),
        "spread": ("float32", spread),
        "tokens": ("int32", np.array([words.ids[tag] for tag in known], np.int32)),
    }
    for name, layer in (("enter", enter), ("leave", leave)):
        arrays[f"{name}.weight"] = "int8", layer.weight.detach().numpy()
        arrays[f"{name}.bias"] = "float32", layer.bias.detach().numpy()
    return {f"tags/{name}": array for name, array in arrays.items()}


def tags_of(example: Example) -> set[str]:
    """The actions and blocks of an example's program, as tokens of Tier 1."""
    structure = tiers.encode(example.program).structure
    return {token for token in structure if token in BLOCKS or token.startswith("ACTION ")}


def _fitted(inputs: Tensor, targets: Tensor) -> tuple[nn.Linear, nn.Linear]:
    """Both layers, from inputs (N, 2 E) and targets (N, A) of 0 and 1."""
    enter, leave = nn.Linear(inputs.shape[1], HIDDEN), nn.Linear(HIDDEN, targets.shape[1])
    net = nn.Sequential(nn.Dropout(HIDE), enter, nn.GELU(), nn.Dropout(DROP), leave)
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    plan = [rows for _ in range(EPOCHS) for rows in torch.randperm(len(inputs)).split(BATCH)]
    for step, rows in enumerate(plan):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / len(plan))
        noisy = inputs[rows] + NOISE * torch.randn(len(rows), inputs.shape[1])
        loss = binary_cross_entropy_with_logits(net(noisy), targets[rows], reduction="sum")
        optimiser.zero_grad()
        (loss / len(rows)).backward()
        optimiser.step()
    return enter, leave
