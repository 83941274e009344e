"""The plan's gates with their holes closed, and its decision tree. Nothing is run here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

RED, AMBER, GREEN, UNKNOWN = "RED", "AMBER", "GREEN", "not evaluable"
SEVEN = "ood, context 7"
LIMITS: Mapping[str, tuple[float, float]] = {
    "epoch 1": (0.50, 0.52),
    "epoch 3": (0.50, 0.52),
    "epoch 5": (0.50, 0.53),
    "ood": (0.50, 0.58),
    SEVEN: (0.50, 0.50),
}
"""Cosines from which a gate is AMBER, and from which it is GREEN: half-open, without a gap."""
DECIDING = ("epoch 1", "epoch 5", "ood")
"""Epoch 3 is a watch: it raises concern and decides nothing."""
FULL, FULL_7, HYBRID, KEEP, LAST = (
    "20 epochs on filtered rows",
    "context 7 on the rows that the filter dropped",
    "70% context 5 and 30% context 7",
    "keep the baseline",
    "context 7 on all rows",
)
"""What a branch does: `procedure.act` does it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Where the tree leads: a colour, what is done next, in order, and why."""

    colour: str
    actions: tuple[str, ...]
    why: str
    verdicts: Mapping[str, str]

    def as_json(self) -> dict:
        """The branch as a dictionary, with the limits that it was judged by."""
        return asdict(self) | {"limits": dict(LIMITS)}


def colour(gate: str, value: float | None) -> str:
    """A gate's colour for a cosine; one that is not finite is RED, a missing one not evaluable."""
    if value is None:
        return UNKNOWN
    amber, green = LIMITS[gate]
    if not math.isfinite(value) or value < amber:
        return RED
    return GREEN if value >= green else AMBER


def branch(gates: Mapping[str, float | None]) -> Branch:
    """The branch of measured cosines by gate (`LIMITS`); a gate that is left out is missing.

    Any deciding gate that is RED leads to the baseline, also where later ones are missing. AMBER
    at epoch 5 is decided out of domain. "ood, context 7" is measured on the AMBER branch alone.
    Raises KeyError for a gate that there is not.
    """
    verdicts = {gate: colour(gate, gates.get(gate)) for gate in LIMITS}
    if not gates.keys() <= LIMITS.keys():
        raise KeyError(f"unknown gates {sorted(gates.keys() - LIMITS.keys())}")
    red = [gate for gate in DECIDING if verdicts[gate] == RED]
    if red:
        told = ", ".join(f"{gate} {_number(gates[gate])} < {LIMITS[gate][0]:.2f}" for gate in red)
        return Branch(RED, (KEEP, LAST), f"RED: {told}", verdicts)
    missing = [gate for gate in DECIDING if verdicts[gate] == UNKNOWN]
    if missing:
        return Branch(UNKNOWN, (KEEP,), f"not measured: {', '.join(missing)}", verdicts)
    told = ", ".join(f"{gate} {_number(gates[gate])} {verdicts[gate]}" for gate in DECIDING)
    if verdicts["ood"] == GREEN:
        return Branch(GREEN, (FULL,), told, verdicts)
    seven = verdicts[SEVEN]
    if seven == UNKNOWN:
        return Branch(AMBER, (FULL, FULL_7), f"{told}; context 7 is measured next", verdicts)
    after = f"{told}; {SEVEN} {_number(gates[SEVEN])} {seven}"
    return Branch(AMBER, (HYBRID,) if seven == GREEN else (), after, verdicts)


def skill(dev: tuple[float, float], near: tuple[float, float], far: float) -> tuple[str, str]:
    """The gate beside the plan's: gain on the best floor of the same rows, and why.

    ``dev`` and ``near`` are the gain and the lower end of its interval, ``far`` the smaller gain of
    the far domains. GREEN: above 0 on both and far >= -0.02. AMBER: above 0 on dev. Else RED.
    """
    both = (
        f"{name} {g:+.4f} (from {low:+.4f})" for name, (g, low) in (("dev", dev), ("near", near))
    )
    told = ", ".join([*both, f"far {far:+.4f}"])
    if not dev[1] > 0:
        return RED, told
    return (GREEN if near[1] > 0 and far >= -0.02 else AMBER), told


def _number(value: float | None) -> str:
    return "NaN" if value is None or not math.isfinite(value) else f"{value:.4f}"
