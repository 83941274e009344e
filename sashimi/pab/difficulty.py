"""Which actions a run found hard, and whether that goes with how frequent or large they are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.series import Counts
from sashimi.ranks import Correlation, correlate


@dataclass(frozen=True)
class Hardness:
    """One action (or domain, or tier) in the ranking, the hardest first.

    `shortfall` is 1 minus its share of successes averaged over the run's steps, in [0, 1].
    """

    name: str
    shortfall: float
    reached: int | None
    phase: str
    unstable: bool
    trials: int  # at the last checkpoint


@dataclass(frozen=True)
class Difficulty:
    """The ranking, and the rank correlation of the shortfall with each fact about the names."""

    ranking: tuple[Hardness, ...]
    correlations: dict[str, Correlation]


def difficulty(
    profile,
    facts: Mapping[str, Mapping[str, float]] | None = None,
    group: str = "actions",
    top: int = 20,
) -> Difficulty:
    """Rank the `top` most frequent names of a group by difficulty.

    `facts` maps a fact ("frequency", "complexity", "parameters") to its value by name. The most
    frequent are those with the largest "frequency", or else with the most trials. Names without
    a value are left out of that fact's correlation. Raises BadInput when nothing was reported.
    """
    facts = facts or {}
    counts = {name: c for name, c in profile.group(group).items() if (c.total > 0).any()}
    if not counts:
        raise BadInput(f"the run reported no {group}; record them at its checkpoints")
    often = facts.get("frequency") or {name: float(c.total.sum()) for name, c in counts.items()}
    chosen = sorted(counts, key=lambda name: (-often.get(name, 0), name))[:top]
    found = [_hardness(name, counts[name], profile.progress[group][name]) for name in chosen]
    ranking = sorted(found, key=lambda one: (-one.shortfall, one.name))
    return Difficulty(
        tuple(ranking),
        {
            fact: correlate(
                [one.shortfall for one in ranking],
                [values.get(one.name, np.nan) for one in ranking],
            )
            for fact, values in facts.items()
        },
    )


def _hardness(name: str, counts: Counts, entry: dict) -> Hardness:
    known = counts.series().known()
    if len(known) > 1:
        share = np.trapezoid(known.values, known.steps) / (known.steps[-1] - known.steps[0])
    else:
        share = known.values[0]
    return Hardness(
        name=name,
        shortfall=float(1 - share),
        reached=entry["reached"],
        phase=entry["phase"],
        unstable=entry["unstable"],
        trials=entry["final_n"],
    )
