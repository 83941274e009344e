"""What a step of the plan's two networks costs beside the bare forward and backward."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from sashimi import params
from sashimi.files import root
from sashimi.studies.operations import learn, schedules
from sashimi.studies.operations.designs import cross_entropy
from sashimi.studies.operations.params import DualParams
from sashimi.study import Measurement
from sashimi.train import Schedule, _optimizer, _step

BATCH, ROUNDS, LIMIT = 2048, 15, 1.3


def measure() -> list[Measurement]:
    """Processor milliseconds (medians, side by side, one thread) and their ratio."""
    settings = params.load(root() / "params" / "operations" / "00_full.yaml", DualParams)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    both, x = learn.Coupled(settings), learn.operations()[:BATCH]
    both.epoch = schedules.EPOCHS / 2
    schedule = Schedule(ROUNDS, 1e-3)
    optimizer = _optimizer(both, schedule)

    def bare() -> None:
        networks = both.networks
        optimizer.zero_grad(set_to_none=True)
        means = networks.encoder_a(x)[0], networks.encoder_b(x)[0]
        logits = networks.decoder_a(means[0]), networks.decoder_b(means[1])
        sum(cross_entropy(each.unflatten(-1, (9, 3)), x) for each in logits).backward()

    def step() -> None:
        both.control.set_step(both.networks, both.epoch)
        _step(both, lambda network, rows: network.loss(rows), x, optimizer, schedule, 1)

    taken: dict[str, list[float]] = {"bare": [], "step": []}
    for _ in range(ROUNDS):
        taken["bare"].append(_processor(bare))
        taken["step"].append(_processor(step))
    torch.set_num_threads(threads)
    alone, whole = median(taken["bare"][3:]), median(taken["step"][3:])
    n, name = ROUNDS - 3, f"batch of {BATCH}"
    return [
        Measurement(f"bare forward and backward, {name}", 1000 * alone, "processor ms", n),
        Measurement(f"step of the two VAEs, {name}", 1000 * whole, "processor ms", n),
        Measurement("step over bare", whole / alone, "ratio", n, LIMIT),
    ]


def _processor(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
