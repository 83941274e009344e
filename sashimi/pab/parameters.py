"""Every number that a derived value depends on; it is stored with the profile it produced."""

from dataclasses import dataclass, field, fields

from sashimi.errors import BadInput


@dataclass(frozen=True)
class Parameters:
    """Windows and thresholds of the derived values. Shares are between 0 and 1."""

    window: int = 10  # differences that predictability looks back on
    sustained: int = 3  # consecutive checkpoints before a threshold counts as reached or lost
    reversals: int = 3  # direction reversals that make a series unstable
    tier_threshold: float = 0.80
    tier_thresholds: dict[str, float] = field(default_factory=lambda: {"tier2": 0.70})
    domain_threshold: float = 0.80
    action_threshold: float = 0.80
    thresholds: dict[str, float] = field(default_factory=dict)  # by "group" or "group/name"
    stable_below: float = 0.15  # mean stability of a stable run
    chaotic_above: float = 0.30  # mean stability of a chaotic one
    transition_from: float = 0.25  # phase transition: the first half's mean is above this,
    transition_to: float = 0.15  # the second half's below this
    transition_points: int = 10  # and there are at least so many points
    converged_below: float = 0.10  # convergence: stability below this
    converged_points: int = 5  # for so many checkpoints
    z: float = 1.96  # of Wilson intervals: 95%

    def threshold(self, group: str, name: str) -> float:
        """The share that counts as reached, for one name of a group; 0.8 unless stated."""
        stated = self.thresholds.get(f"{group}/{name}", self.thresholds.get(group))
        if stated is not None:
            return stated
        if group == "tiers":
            return self.tier_thresholds.get(name, self.tier_threshold)
        return self.domain_threshold if group == "domains" else self.action_threshold

    @classmethod
    def from_dict(cls, raw: dict) -> "Parameters":
        """Raises BadInput for a key that no parameter has."""
        unknown = set(raw) - {f.name for f in fields(cls)}
        if unknown:
            raise BadInput(f"unknown profile parameters {sorted(unknown)}")
        return cls(**raw)
