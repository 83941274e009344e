"""Gates on a trajectory: the published plan's five, and the ones that we propose beside them.

Why others are proposed (docs/pab.md shows the cases):
- a run stuck at chance has a calm loss and passes the plan's two loss gates; `loss_progress` asks
  that the loss has gone somewhere, in the unit of the loss's own start;
- a loss that falls cleanly by a fifth a checkpoint fails the plan's mean stability, which counts
  progress as unrest; `log_loss_jitter` measures the spread around the trend, at the end, and does
  not change when the loss is rescaled, as the plan's predictability does by the square;
- a crystallization rate is zero once everything has crystallized; `late_flip_rate` asks how many
  trits still flip;
- a best of many noisy checkpoints is too high: `domains_regressed_smoothed` compares means;
- a loss that was ever NaN or infinite is refused.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sashimi.errors import BadInput
from sashimi.gates import NOT_EVALUABLE, STOP, Gate, Verdict
from sashimi.pab import definitions as d
from sashimi.pab.profile import Profile
from sashimi.pab.progress import regressions

PLAN = {
    gate.name: gate
    for gate in (
        Gate("stability_mean", metric="stability_mean", at_most=0.15, min_n=1),
        Gate("predictability_final", metric="predictability_final", at_most=0.05, min_n=1),
        Gate("tier1_converged_by", metric="tier1_converged_by", at_most=500, min_n=1),
        Gate("no_domain_regression", metric="domains_regressed", at_most=0, min_n=1),
        Gate("crystallization_rate", metric="crystallization_rate", at_least=0.001, min_n=1),
    )
}
PROPOSED = {
    gate.name: gate
    for gate in (
        Gate("losses_finite", metric="missing_losses", at_most=0, min_n=1),
        Gate("loss_progress", metric="loss_progress", at_least=0.5, min_n=1),
        Gate("log_loss_jitter", metric="log_loss_jitter", at_most=0.15, min_n=1),
        Gate("tier1_converged_by", metric="tier1_converged_by", at_most=500, min_n=1),
        Gate("no_domain_regression", metric="domains_regressed_smoothed", at_most=0, min_n=1),
        Gate("late_flip_rate", metric="late_flip_rate", at_most=0.2, min_n=1),
    )
}


@dataclass(frozen=True)
class Measured:
    """A gate's metric on one run. `stops`: why the answer is "stop" although it has no number."""

    value: float | None
    evidence: dict = field(default_factory=dict)
    stops: str = ""


def judge(
    profiles: Profile | Iterable[Profile], gates: Mapping[str, Gate] | None = None
) -> list[Verdict]:
    """Judge one run, or the runs of one row, by each gate (default: the plan's).

    The evidence of a verdict names the checkpoint, and the domain where there is one, for each
    run. Raises BadInput for a gate on a metric that no trajectory has.
    """
    runs = [profiles] if isinstance(profiles, Profile) else list(profiles)
    return [_judge(gate, runs) for gate in (PLAN if gates is None else gates).values()]


def _judge(gate: Gate, runs: list[Profile]) -> Verdict:
    found = [measure(run, gate) for run in runs]
    evidence = {"runs": [m.evidence for m in found]}
    values, stops = [m.value for m in found], [m.stops for m in found if m.stops]
    known = [value for value in values if value is not None]
    verdict = gate.judge(values, evidence)
    if stops:
        n = len(known) + len(stops)
        return replace(
            verdict, decision=STOP, value=None, margin=None, needed=None, n=n, reason=stops[0]
        )
    if verdict.decision == NOT_EVALUABLE and not known:
        why = next((m.evidence["why"] for m in found if "why" in m.evidence), "no runs")
        return replace(verdict, reason=f"{gate.metric}: {why}")
    return verdict


def measure(profile: Profile, gate: Gate) -> Measured:
    """The metric of `gate` on one run, with its evidence."""
    if gate.metric.endswith("_converged_by"):
        return _converged(profile, gate.metric.removesuffix("_converged_by"), gate.threshold)
    if gate.metric.startswith("domains_regressed"):
        smooth = profile.parameters.sustained if gate.metric.endswith("_smoothed") else 1
        return _regressed(profile, smooth)
    if gate.metric in _OWN:
        return _OWN[gate.metric](profile)
    numbers = profile.summary()
    if gate.metric not in numbers:
        raise BadInput(f"gate {gate.name!r}: no trajectory has {gate.metric!r}")
    value = numbers[gate.metric]
    if value is None:
        return _missing("not reported")
    return Measured(float(value), {"step": profile.last_step()})


def _missing(why: str) -> Measured:
    return Measured(None, {"why": why})


def _converged(profile: Profile, tier: str, by: float) -> Measured:
    """The step at which a tier was reached; a run that went past `by` without it stops."""
    entry = profile.progress["tiers"].get(tier)
    if entry is None or entry["phase"] == "unknown":
        return _missing(f"{tier} reported at too few checkpoints")
    if entry["reached"] is not None:
        lost = [step for step, name in entry["events"] if name == "lost"]
        return Measured(float(entry["reached"]), {"step": entry["reached"], "lost_at": lost})
    last = int(profile.tiers[tier].steps[-1])
    if last < by:
        return _missing(f"the run ended at step {last}, before {by:g}")
    why = f"{tier} did not hold {entry['threshold']:g} by step {last}"
    return Measured(None, {"step": last, "best": entry["best"]}, stops=why)


def _regressed(profile: Profile, smooth: int) -> Measured:
    found = regressions(profile, smooth=smooth)
    if found is None:
        return _missing("no domain reported both before and in the last fifth")
    return Measured(float(len(found)), {"step": profile.last_step(), "domains": found})


def _loss_progress(profile: Profile) -> Measured:
    """Share of the first loss that is gone in the median of the last fifth of the steps."""
    known = profile.scalars["train_loss"].known()
    if len(known) < 5 or known.values[0] <= 0:
        return _missing("fewer than 5 losses, or the first is not positive")
    first, last = float(known.values[0]), known.steps[-1]
    late = known.values[known.steps >= known.steps[0] + 0.8 * (last - known.steps[0])]
    return Measured(1 - float(np.median(late)) / first, {"step": int(last), "first": first})


def _log_loss_jitter(profile: Profile) -> Measured:
    """Standard deviation of the last differences of the log loss: relative unrest about a trend."""
    value = profile.summary()["log_predictability_final"]
    if value is None:
        return _missing("no two finite differences of a positive loss")
    return Measured(math.sqrt(value), {"step": profile.last_step()})


def _late_flip_rate(profile: Profile) -> Measured:
    """Share of trits that flip per 1,000 steps, over the last fifth of the steps.

    Flips between two checkpoints are divided by the steps between them, so that the interval of
    recording hardly matters while flips are few.
    """
    series = profile.derived.get("crystallization")
    if series is None or len(series) < 2:
        return _missing("trits reported at fewer than 3 checkpoints")
    rates = (1 - series.values[1:]) / np.diff(series.steps) * 1000
    steps = series.steps[1:]
    late = rates[steps >= series.steps[0] + 0.8 * (steps[-1] - series.steps[0])]
    return Measured(d.mean(late), {"step": int(steps[-1]), "checkpoints": len(late)})


_OWN: dict[str, Callable[[Profile], Measured]] = {
    "loss_progress": _loss_progress,
    "log_loss_jitter": _log_loss_jitter,
    "late_flip_rate": _late_flip_rate,
}
