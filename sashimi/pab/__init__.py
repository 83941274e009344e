"""Process-aware benchmarking: how a run learned, not only where it ended. Needs no torch."""

from sashimi.pab.compare import compare
from sashimi.pab.curate import curate
from sashimi.pab.definitions import (
    crystallization,
    generalization_gap,
    predictability,
    representation_evolution,
    stability,
)
from sashimi.pab.profile import Profile
from sashimi.pab.tracker import Tracker

__all__ = [
    "Profile",
    "Tracker",
    "compare",
    "crystallization",
    "curate",
    "generalization_gap",
    "predictability",
    "representation_evolution",
    "stability",
]
