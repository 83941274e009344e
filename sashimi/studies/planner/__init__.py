"""The swarm planner: `Action`, `valid_actions`, `decode`, `encode`, `SeedHeuristic`,
`KernelHeuristic`, `calibration_errors`, `export`.

Each is imported where it is asked for: the command line looks in here and needs none of them.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Action": "actions",
    "decode": "actions",
    "valid_actions": "actions",
    "encode": "layout",
    "KernelHeuristic": "heuristics",
    "SeedHeuristic": "heuristics",
    "calibration_errors": "measure",
    "export": "bundle",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
