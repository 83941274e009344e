"""Teachers: finished runs whose token probabilities a run learns from, beside the truth.

Distillation (Hinton, Vinyals & Dean 2015, §2): teachers and student are softened by one temperature
T, the teachers' probabilities are averaged, and the cross-entropy between the two is weighed by T²,
which keeps the size of its gradient when T changes. The entropy of the teachers is taken off, so
that a perfect student has a loss of 0; the gradient is the same.

Letters: B prompts, L tokens, C tokens that count, V vocabulary, T temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from sashimi.errors import BadInput
from sashimi.flagship import run_folder
from sashimi.flagship.data.batches import Batch
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams
from sashimi.program.ir.vocabulary import Vocabulary

SHARED = ("output", "encoder", "neighbours")
"""What a batch holds depends on these: a teacher reads the batches of its student."""


@dataclass(frozen=True)
class Teachers:
    """Trained networks that answer a batch beside the student, and how much they count."""

    networks: tuple[Network, ...]
    weight: float
    temperature: float

    @staticmethod
    def of(
        settings: FlagshipParams, directory: Path, vocabulary: Vocabulary, device: torch.device
    ) -> Teachers | None:
        """The teachers that a row names; None where it names none.

        Raises `BadInput` for one that has not run at this seed and on this corpus, or that cannot
        read this row's batches or write its tokens.
        """
        networks = []
        for row in (name.strip() for name in settings.teachers.split(",") if name.strip()):
            folder = run_folder.finished(directory, row)
            whole, theirs = run_folder.read(folder), run_folder.settings_of(folder)
            other = [k for k in SHARED if getattr(settings, k) != getattr(theirs, k)]
            if other or whole.vocabulary != vocabulary:
                what = " and ".join(other or ["vocabulary"])
                raise BadInput(
                    f"{folder}: cannot teach, its {what} is another; "
                    f"choose other teachers than {settings.teachers!r}"
                )
            networks.append(whole.network.to(device).requires_grad_(False))
        if not networks:
            return None
        return Teachers(tuple(networks), settings.teacher_weight, settings.teacher_temperature)

    @torch.no_grad()
    def probabilities(self, batch: Batch) -> Tensor:
        """The mean of the teachers' softened probabilities of the tokens that count: (C, V)."""
        each = [network(batch).logits / self.temperature for network in self.networks]
        return torch.stack([logits.softmax(-1) for logits in each]).mean(0)

    def loss(self, batch: Batch, logits: Tensor) -> Tensor:
        """T² KL(teachers, student) (): mean over the tokens that count; ``logits`` (C, V)."""
        student = (logits / self.temperature).log_softmax(-1)
        taught = self.probabilities(batch)
        return self.temperature**2 * F.kl_div(student, taught, reduction="batchmean")
