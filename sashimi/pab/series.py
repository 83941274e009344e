"""Raw measurements with their own steps: `Series` of numbers and `Counts` of successes.

Both go to strict JSON and back: a value that is NaN or infinite is written as null, and its place
and kind stand beside it under "status".
"""

import math
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput

_KINDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def kind(value: float) -> str | None:
    """Why a number cannot stand in JSON: "nan", "inf", "-inf", or None when it can."""
    if math.isnan(value):
        return "nan"
    return None if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def restore(value: float | None, status: str | None) -> float:
    """The inverse of writing null beside a status."""
    return _KINDS[status or "nan"] if value is None else float(value)


def check_steps(steps) -> np.ndarray:
    """Steps as int64 (T,); raises BadInput unless they strictly increase."""
    array = np.asarray(steps, dtype=np.int64)
    bad = np.flatnonzero(np.diff(array) <= 0)
    if len(bad):
        i = int(bad[0])
        raise BadInput(f"step {array[i + 1]} follows step {array[i]}; steps must increase")
    return array


@dataclass(frozen=True, eq=False)
class Series:
    """`values[i]` (float64, may be NaN) was measured at `steps[i]` (int64, increasing)."""

    steps: np.ndarray
    values: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "steps", check_steps(self.steps))
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        if self.steps.shape != self.values.shape:
            raise BadInput(f"{len(self.steps)} steps but {len(self.values)} values")

    def __len__(self) -> int:
        return len(self.steps)

    def known(self) -> "Series":
        """Only the points that are finite."""
        keep = np.isfinite(self.values)
        return Series(self.steps[keep], self.values[keep])

    def last(self) -> float | None:
        """The last finite value, None when there is none."""
        known = self.values[np.isfinite(self.values)]
        return float(known[-1]) if len(known) else None

    def until(self, step: float) -> "Series":
        """The points at or before `step`."""
        return Series(self.steps[self.steps <= step], self.values[self.steps <= step])

    def as_dict(self) -> dict:
        status = {str(i): kind(v) for i, v in enumerate(self.values.tolist()) if kind(v)}
        out = {
            "steps": self.steps.tolist(),
            "values": [v if math.isfinite(v) else None for v in self.values.tolist()],
        }
        return {**out, "status": status} if status else out

    @classmethod
    def from_dict(cls, raw: dict) -> "Series":
        status = raw.get("status", {})
        values = [restore(v, status.get(str(i))) for i, v in enumerate(raw["values"])]
        return cls(raw["steps"], np.array(values, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Counts:
    """`correct[i]` of `total[i]` trials (int64) succeeded at `steps[i]`."""

    steps: np.ndarray
    correct: np.ndarray
    total: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "steps", check_steps(self.steps))
        for name in ("correct", "total"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.int64))
        if not self.steps.shape == self.correct.shape == self.total.shape:
            raise BadInput("steps, correct and total differ in length")

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def share(self) -> np.ndarray:
        """correct / total, NaN where nothing was tried: float64 (T,)."""
        tried = np.where(self.total > 0, self.total, 1)
        return np.where(self.total > 0, self.correct / tried, np.nan)

    def series(self) -> Series:
        return Series(self.steps, self.share)

    def until(self, step: float) -> "Counts":
        """The points at or before `step`."""
        keep = self.steps <= step
        return Counts(self.steps[keep], self.correct[keep], self.total[keep])

    def as_dict(self) -> dict:
        return {name: getattr(self, name).tolist() for name in ("steps", "correct", "total")}

    @classmethod
    def from_dict(cls, raw: dict) -> "Counts":
        return cls(raw["steps"], raw["correct"], raw["total"])
