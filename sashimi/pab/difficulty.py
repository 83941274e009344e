"""Which actions a run found hard, and whether that goes with how frequent or large they are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput
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
    found = []
    for name in sorted(counts, key=lambda name: (-often.get(name, 0), name))[:top]:
        x, y = vars(counts[name].series().known()).values()
        share = np.trapezoid(y, x) / (x[-1] - x[0]) if len(x) > 1 else y[0]
        entry = profile.progress[group][name]
        kept = (entry[key] for key in ("reached", "phase", "unstable", "final_n"))
        found.append(Hardness(name, float(1 - share), *kept))
    ranking = sorted(found, key=lambda one: (-one.shortfall, one.name))
    short = [one.shortfall for one in ranking]
    by_fact = {
        fact: correlate(short, [values.get(one.name, np.nan) for one in ranking])
        for fact, values in facts.items()
    }
    return Difficulty(tuple(ranking), by_fact)
