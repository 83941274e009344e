"""What steers the plan's training: gradient balance, lambdas, StateNet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import register_multi_grad_hook

from sashimi.studies.operations import schedules
from sashimi.studies.operations.dual import DualVAE, StateNet

SIGMA, STEP = 0.1, 0.1
"""Of the evolution strategy that teaches StateNet: noise, and step along the reward's direction."""


@dataclass
class State:
    """Numbers that live from step to step, and are saved with the weights."""

    epoch: float = -1.0
    """Whole epochs seen."""
    norm_a: float = 1.0
    norm_b: float = 1.0
    lambda_1: float = 0.7
    lambda_2: float = 0.7
    lambda_3: float = 0.3
    rate_scale: float = 1.0
    rho_change: float = 0.0
    dev: float = math.nan
    reward: float = 0.0
    """Of the first of a pair of opposite trials."""

    @property
    def ratio(self) -> float:
        """B's gradient norm over A's, both running means."""
        return self.norm_b / max(self.norm_a, 1e-12)

    @property
    def balanced(self) -> bool:
        return 0.8 < self.ratio < 1.2


class Controller(nn.Module):
    """Sets a model's rho and temperatures each step, and its own lambdas and rate once an epoch.

    ``statenet`` says whose hand moves the rate and the lambdas: ``learned``, taught by an evolution
    strategy with pairs of opposite trials (Salimans et al. 2017), whose reward is the fall of the
    held-out error over an epoch; ``fixed``, a random function as in the public original, where no
    gradient ever reached it; ``off``.
    """

    def __init__(self, schedule: str, statenet: str, scaled: bool, seed: int) -> None:
        super().__init__()
        schedules.rho(schedule, 0)  # refuses an unknown one
        self.schedule, self.statenet, self.scaled, self.seed = schedule, statenet, scaled, seed
        self.state, self.net = State(), StateNet().requires_grad_(False)

    def watch(self, model: DualVAE) -> None:
        """Follows the gradient norms of both networks from here on."""
        for name, parts in (
            ("norm_a", (model.encoder_a, model.decoder_a)),
            ("norm_b", (model.encoder_b, model.decoder_b)),
        ):
            weights = [p for part in parts for p in part.parameters()]
            register_multi_grad_hook(weights, lambda grads, name=name: self._norm(name, grads))

    def _norm(self, name: str, grads: tuple[Tensor | None, ...]) -> None:
        """The running mean of a network's gradient norm, slow once the two are balanced."""
        known = [grad for grad in grads if grad is not None]
        norm = float(torch.stack(torch._foreach_norm(known)).norm())
        kept = 0.95 if self.state.balanced else 0.5
        setattr(self.state, name, kept * getattr(self.state, name) + (1 - kept) * norm)

    def set_step(self, model: DualVAE, epoch: float) -> None:
        """Rho and temperatures of a plan's epoch."""
        state = self.state
        mix = schedules.rho(self.schedule, epoch, state.balanced) + state.rho_change
        model.rho.fill_(_clip(mix, 0.0, 1.0))
        model.temperature[0] = schedules.temperature_a(epoch)
        model.temperature[1] = schedules.temperature_b(epoch)

    def scales(self) -> tuple[float, float]:
        """What the two losses are multiplied with, lambda and gradient balance together."""
        state = self.state
        if not self.scaled:
            return state.lambda_1, state.lambda_2
        ratio = max(state.ratio, 1e-12)
        return state.lambda_1 * _clip(ratio, 0.5, 2), state.lambda_2 * _clip(1 / ratio, 0.5, 2)

    def end_epoch(self, whole: int, plan_epoch: float, seen: Mapping[str, float]) -> None:
        """Once an epoch: lambdas by the plan's rules, then StateNet, which learns from ``dev``.

        ``seen`` holds entropies, rates, coverages, rho and the held-out error, by name.
        """
        state = self.state
        state.epoch = whole
        if state.ratio < 0.8 or state.ratio > 1.2:
            step = 0.02 if state.ratio < 0.8 else -0.02
            state.lambda_1, state.lambda_2 = state.lambda_1 + step, state.lambda_2 - step
        else:
            covered = seen["coverage B"] / max(seen["coverage A"], 1e-12)
            up, down = (1.05, 0.95) if covered > 1.5 else (0.95, 1.05) if covered < 0.67 else (1, 1)
            state.lambda_1, state.lambda_2 = state.lambda_1 * up, state.lambda_2 * down
        moves = self._moves(whole, seen)
        rate, scale = schedules.rate(plan_epoch), state.rate_scale * (1 + 0.05 * moves[0])
        state.rate_scale = _clip(rate * scale, 1e-6, 0.01) / rate
        state.lambda_1 = _clip(state.lambda_1 + 0.01 * moves[1], 0.5, 0.95)
        state.lambda_2 = _clip(state.lambda_2 + 0.01 * moves[2], 0.5, 0.95)
        wave = schedules.lambda_3(plan_epoch)
        state.lambda_3 = _clip(wave + 0.01 * moves[3], 0.15, 0.75) if any(moves) else wave
        state.rho_change = 0.05 * moves[4] if self.schedule == "adaptive" else 0.0

    def _moves(self, whole: int, seen: Mapping[str, float]) -> list[float]:
        """StateNet's five outputs; the trial that they come from is judged an epoch later."""
        state, names = self.state, ("entropy A", "entropy B", "rate A", "rate B")
        gain, state.dev = state.dev - seen["dev"], seen["dev"]
        if self.statenet == "off":
            return [0.0] * 5
        told = [*(seen[name] for name in names), state.ratio, seen["rho"]]
        told = torch.tensor([*told, state.lambda_1, state.lambda_2, state.lambda_3])
        if self.statenet == "fixed":
            return self.net(told).tolist()
        self._learn(whole, gain)
        return self._trial(whole, told).tolist()

    def _direction(self, pair: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + pair)
        size = sum(p.numel() for p in self.net.parameters())
        return torch.randn(size, generator=generator)

    def _learn(self, whole: int, gain: float) -> None:
        """Epochs 2p and 2p + 1 tried opposite changes: move along the one that gained more."""
        if math.isfinite(gain) and whole % 2:
            self.state.reward = gain
        elif math.isfinite(gain):
            slope = (self.state.reward - gain) / (abs(self.state.reward) + abs(gain) + 1e-12)
            self._write(self._read() + STEP * SIGMA * slope * self._direction(whole // 2 - 1))

    def _trial(self, whole: int, told: Tensor) -> Tensor:
        weights, sign = self._read().clone(), -1 if whole % 2 else 1
        self._write(weights + sign * SIGMA * self._direction(whole // 2))
        moves = self.net(told)
        self._write(weights)
        return moves

    def _read(self) -> Tensor:
        return nn.utils.parameters_to_vector(self.net.parameters())

    def _write(self, weights: Tensor) -> None:
        nn.utils.vector_to_parameters(weights, self.net.parameters())

    def get_extra_state(self) -> Tensor:
        """The numbers of `State`, for a checkpoint."""
        return torch.tensor(astuple(self.state), dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.state = State(*state.tolist())


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
