"""The plan's schedules as functions of the plan's epoch, 0 to 400, whatever a run's own length."""

from __future__ import annotations

import math

from sashimi.errors import BadInput

EPOCHS = 400
PHASES = {"isolated": 40, "coupling": 120, "resonance": 250, "exploration": EPOCHS}
"""The plan's four phases by the epoch at which each ends."""
BENCHMARKS = (3, 100, 120, 150, 200, 250, 300, 350, 400)
RATES = ((0, 1e-3), (50, 5e-4), (120, 3e-4), (180, 1e-4), (220, 5e-5), (250, 2e-5), (300, 1e-5),
         (350, 5e-6))  # fmt: skip
MIXES = {
    "plan": ((0, 0.1), (40, 0.1), (120, 0.3), (200, 0.7)),
    "early": ((0, 0.1), (40, 0.3), (100, 0.5), (200, 0.7)),
    "high": ((0, 0.1), (40, 0.1), (120, 0.3), (250, 0.7), (250, 0.85)),
    "capped": ((0, 0.1), (40, 0.1), (120, 0.3), (150, 0.45)),
    "reversed": ((0, 0.7), (40, 0.7), (200, 0.1)),
    "half": ((0, 0.1), (40, 0.1), (120, 0.3), (160, 0.5)),
    "uncoupled": ((0, 0.0),),
}
"""Share of the other's latent, rho: (epoch, value), linear in between. "adaptive" is the plan's, to
which the controller adds at most 0.05 up or down."""
GATED = {"plan": (120, 250, 0.3), "adaptive": (120, 250, 0.3), "early": (100, 200, 0.5)}
"""Between two epochs rho stays at a value while the gradients are not balanced."""


def rho(schedule: str, epoch: float, balanced: bool = True) -> float:
    """The share of the other network's latent; BadInput for a schedule that there is not."""
    points = MIXES.get("plan" if schedule == "adaptive" else schedule)
    if points is None:
        raise BadInput(f"no schedule '{schedule}'; there are: {', '.join([*MIXES, 'adaptive'])}")
    start, end, held = GATED.get(schedule, (0, 0, 0.0))
    if start <= epoch < end and not balanced:
        return held
    return _linear(points, epoch)


def _linear(points: tuple[tuple[float, float], ...], epoch: float) -> float:
    """Piecewise linear; where two points share an epoch the later one holds from there on."""
    before = [p for p in points if p[0] <= epoch][-1]
    after = next((p for p in points if p[0] > epoch), None)
    if after is None:
        return before[1]
    return before[1] + (after[1] - before[1]) * (epoch - before[0]) / (after[0] - before[0])


def temperature_a(epoch: float) -> float:
    """1.0 to 0.3, with a wave of 30 epochs that is five times as high from 250 on; at least 0.1."""
    base = 1.0 - 0.7 * min(epoch / EPOCHS, 1)
    return max(
        0.1, base * (1 + (0.5 if epoch >= 250 else 0.1) * math.cos(2 * math.pi * epoch / 30))
    )


def temperature_b(epoch: float) -> float:
    """0.9 to 0.2, thirty epochs behind; 0.3 from 250 on. The plan leaves the form open."""
    return 0.3 if epoch >= 250 else 0.9 - 0.7 * min(max(epoch - 30, 0) / (EPOCHS - 30), 1)


def beta_a(epoch: float) -> float:
    """The weight of A's rate: 0 to 0.3 at 50, then to 0.8 at 400."""
    return 0.3 * epoch / 50 if epoch < 50 else 0.3 + 0.5 * min(epoch - 50, 350) / 350


def beta_b(epoch: float, ramp: bool = False) -> float:
    """B's weight: 0.707 times A's; as planned it is 0 before 50 and jumps there."""
    return 0.707 * beta_a(epoch) if ramp or epoch >= 50 else 0.0


def lambda_3(epoch: float) -> float:
    """The weight of the entropy alignment: 0.3 with a wave of 0.15."""
    return 0.3 + 0.15 * math.cos(2 * math.pi * (epoch % 30) / 30 + math.pi / 2)


def rate(epoch: float) -> float:
    """The learning rate, in steps."""
    return [value for start, value in RATES if start <= epoch][-1]
