"""What each step of training is shown, and whether the parts of its loss pull the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sashimi.flagship.data.batches import Batch, Dataset
from sashimi.flagship.model.loss import Weights, terms_of, training_loss
from sashimi.flagship.model.network import Network
from sashimi.flagship.negatives.margin import Negatives, Wrong
from sashimi.flagship.teach import Teachers
from sashimi.pab import Profile

WATCHED = 8
"""Training examples whose gradients the trajectory records."""
RECORDED = ("gradient/", "share/", "cosine/")
"""How the names of the trajectory's components begin that `gradient_stats` gives."""


@dataclass(frozen=True)
class TrainingBatches:
    """Batches by step, negatives beside them where there are any, and the loss that they give.

    ``batch_at(step)`` must depend on the step alone: a fixed dataset's epochs, or a stream.
    """

    batch_at: Callable[[int], Batch]
    data: Dataset
    negatives: Negatives | None
    teachers: Teachers | None
    weights: Weights
    seed: int
    device: torch.device

    def at(self, step: int) -> tuple[Batch, Wrong | None]:
        """The batch of a step counted from 1 and its negatives, by step and seed alone."""
        batch = self.batch_at(step)
        wrong = self.negatives.draw(batch, step, self.seed) if self.negatives else None
        return batch.to(self.device), wrong.to(self.device) if wrong else None

    def loss(
        self, network: Network, lesson: tuple[Batch, Wrong | None]
    ) -> tuple[Tensor, dict[str, float]]:
        """As `loss.training_loss`."""
        batch, wrong = lesson
        return training_loss(network, batch, self.teachers, self.weights, wrong)

    @torch.enable_grad()
    def gradient_stats(self, network: Network) -> dict[str, float]:
        """`gradient_stats` on `WATCHED` fixed examples, the first that have a negative.

        Draws no random numbers, so recording does not change the run.
        """
        having = self.negatives.of if self.negatives else range(len(self.data))
        batch = self.data.batch(sorted(having)[:WATCHED])
        wrong = None
        if self.negatives:
            firsts = [(row, having[e][0]) for row, e in enumerate(batch.examples.tolist())]
            wrong = self.negatives.beside(batch, firsts).to(self.device)
        batch = batch.to(self.device)
        return gradient_stats(
            network, terms_of(network, batch, self.teachers, self.weights, wrong)[0]
        )


def gradient_stats(network: nn.Module, terms: Mapping[str, Tensor]) -> dict[str, float]:
    """How the weighted terms of a loss pull at a network, as numbers for the trajectory.

    By group of parameters (the network's own parts): ``gradient/<group>`` the norm of the sum's
    gradient, ``share/<group>/<term>`` the norm of a term's over the sum of all terms' norms. Over
    all parameters: ``cosine/<term>`` between a term's gradient and that of the tokens; below 0 the
    two are in conflict (Yu et al. 2020, PCGrad). A term or group without gradient is left out.
    """
    named = [(n.partition(".")[0], p) for n, p in network.named_parameters() if p.requires_grad]
    pulls = {name: _flat(term, named) for name, term in terms.items() if term.requires_grad}
    found: dict[str, float] = {}
    for group in dict.fromkeys(group for group, _ in named):
        norms = {name: float(pull[group].norm()) for name, pull in pulls.items()}
        total = sum(norms.values())
        if total > 0:
            found[f"gradient/{group}"] = float(sum(pull[group] for pull in pulls.values()).norm())
            found |= {f"share/{group}/{name}": norm / total for name, norm in norms.items()}
    tokens = torch.cat(list(pulls["tokens"].values()))
    for name, pull in pulls.items():
        own = torch.cat(list(pull.values()))
        if name != "tokens" and float(own.norm()) > 0:
            found[f"cosine/{name}"] = float(torch.cosine_similarity(tokens, own, dim=0))
    return found


def _flat(term: Tensor, named: list[tuple[str, nn.Parameter]]) -> dict[str, Tensor]:
    """The gradient of one term by group, each as one vector."""
    parameters = [parameter for _, parameter in named]
    pulls = torch.autograd.grad(term, parameters, retain_graph=True, materialize_grads=True)
    groups: dict[str, list[Tensor]] = {}
    for (group, _), pull in zip(named, pulls, strict=True):
        groups.setdefault(group, []).append(pull.flatten())
    return {group: torch.cat(vectors) for group, vectors in groups.items()}


def recorded(profile: Profile) -> dict[str, dict[str, float]]:
    """Of a run's trajectory: each number of `gradient_stats`, at its last checkpoint and
    on average over all of them."""
    recorded = {n: s.known() for n, s in profile.components.items() if n.startswith(RECORDED)}
    return {
        name: {"last": float(series.values[-1]), "mean": float(series.values.mean())}
        for name, series in recorded.items()
        if len(series)
    }
