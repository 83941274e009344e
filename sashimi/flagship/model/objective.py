"""How the parts of the training loss are weighed, and whether they pull the same way.

L = w1 (tokens + values) + w2 margin + w3 repair, and the frame's heads at their own weight. The
domain head is no part of it: it is a network of its own, fitted before by `domain.train_head` with
an optimiser of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sashimi.flagship.data.batches import Batch, Dataset
from sashimi.flagship.model.loss import terms_of, training_loss
from sashimi.flagship.model.network import Network
from sashimi.flagship.model.teach import Teachers
from sashimi.flagship.negatives.margin import Negatives, Wrong
from sashimi.flagship.params import FlagshipParams
from sashimi.pab import Profile

WATCHED = 8
"""Training examples whose gradients the trajectory records."""
RECORDED = ("weight/", "gradient/", "share/", "cosine/")
"""How the names of the trajectory's components begin that tell of the objective."""
WEIGHED = ("tokens", "margin", "repair")
TEMPERATURE = 10.0
"""Of the softmax of `uw_so`: losses of 1 and of 0.1 then differ in weight by a factor of e^0.9."""
LEAST = 0.1
"""Losses below it are weighed as if they were it: the inverse of a margin that is kept everywhere
would take all the weight, and nothing would be learned."""


class Objective(nn.Module):
    """The margin that is asked for, and the weights of the parts of the loss by one of three rules.

    ``fixed``: 1, `margin_weight`, `repair_weight`.
    ``kendall``: exp(-s) L + s / 2 with a learned s = log sigma² for each part (Kendall, Gal &
    Cipolla 2018, eq. 10, as for a classification); s begins at 0.
    ``uw_so``: softmax(1 / L / T) over the parts, the gradient stopped (Kirchdorfer et al. 2024,
    "Analytical Uncertainty-Based Loss Weighting", UW-SO), times the number of parts, so that their
    mean weight is 1 beside the frame's heads.
    """

    def __init__(self, settings: FlagshipParams) -> None:
        super().__init__()
        self.rule, self.margin = settings.weighting, settings.margin
        self.fixed = dict(
            zip(WEIGHED, (1.0, settings.margin_weight, settings.repair_weight), strict=True)
        )
        learned = nn.Parameter(torch.zeros(len(WEIGHED))) if self.rule == "kendall" else None
        self.register_parameter("log_variances", learned)

    def weights(self, losses: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """The weight () of each given part of `WEIGHED`, and what is added beside the weighted
        losses (): in Kendall's rule the price of a large variance."""
        values = torch.stack([loss.detach() for loss in losses.values()])
        extra = values.new_zeros(())
        if self.rule == "kendall":
            logs = torch.stack([self.log_variances[WEIGHED.index(name)] for name in losses])
            weights, extra = (-logs).exp(), logs.sum() / 2
        elif self.rule == "uw_so":
            weights = len(values) * (1 / values.clamp_min(LEAST) / TEMPERATURE).softmax(0)
        else:
            weights = values.new_tensor([self.fixed[name] for name in losses])
        return dict(zip(losses, weights, strict=True)), extra


class Learner(nn.Module):
    """What one optimiser trains: the network, and what its objective learns."""

    def __init__(self, network: Network, objective: Objective) -> None:
        super().__init__()
        self.network, self.objective = network, objective


@dataclass(frozen=True)
class Lessons:
    """What a learner is asked: batches of the data, negatives beside them where there are any."""

    data: Dataset
    negatives: Negatives | None
    teachers: Teachers | None
    batch_size: int
    seed: int
    device: torch.device

    def at(self, step: int) -> tuple[Batch, Wrong | None]:
        """The lesson of a step counted from 1, by step and seed alone."""
        batch = self.data.training_batch(step, self.batch_size, self.seed)
        wrong = self.negatives.draw(batch, step, self.seed) if self.negatives else None
        return batch.to(self.device), wrong.to(self.device) if wrong else None

    def loss(
        self, learner: Learner, lesson: tuple[Batch, Wrong | None]
    ) -> tuple[Tensor, dict[str, float]]:
        """As `loss.training_loss`."""
        batch, wrong = lesson
        return training_loss(learner.network, batch, self.teachers, learner.objective, wrong)

    @torch.enable_grad()
    def pulls(self, learner: Learner) -> dict[str, float]:
        """`gradients` on the first training examples that have a negative: the same ones always,
        and nothing is drawn, so that a run that is looked at ends as one that is not."""
        known = self.negatives.of if self.negatives else range(len(self.data))
        batch = self.data.batch(sorted(known)[:WATCHED])
        wrong = None
        if self.negatives:
            firsts = [(row, known[e][0]) for row, e in enumerate(batch.examples.tolist())]
            wrong = self.negatives.beside(batch, firsts).to(self.device)
        terms, _, _ = terms_of(
            learner.network, batch.to(self.device), self.teachers, learner.objective, wrong
        )
        return gradients(learner.network, terms)


def gradients(network: nn.Module, terms: Mapping[str, Tensor]) -> dict[str, float]:
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
    """Of a run's trajectory: each weight and each number of `gradients`, at its last checkpoint and
    on average over all of them."""
    own = {n: s.known() for n, s in profile.components.items() if n.startswith(RECORDED)}
    return {
        name: {"last": float(series.values[-1]), "mean": float(series.values.mean())}
        for name, series in own.items()
        if len(series)
    }
