"""Raw measurements with their own steps: `Series` of numbers and `Counts` of successes.

Both go to strict JSON and back: a value that is NaN or infinite is written as null, and its place
and kind stand beside it under "status".
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from sashimi.errors import BadInput


def kind(value: float) -> str | None:
    """Why a number cannot stand in JSON: "nan", "inf", "-inf", or None when it can."""
    return None if math.isfinite(value) else str(float(value))


def restore(value: float | None, status: str | None) -> float:
    """The inverse of writing null beside a status."""
    return float(status or "nan") if value is None else float(value)


def check_steps(steps) -> np.ndarray:
    """Steps as int64 (T,); raises BadInput unless they strictly increase."""
    array = np.asarray(steps, dtype=np.int64)
    bad = np.flatnonzero(np.diff(array) <= 0)
    if len(bad):
        i = int(bad[0])
        raise BadInput(f"step {array[i + 1]} follows step {array[i]}; steps must increase")
    return array


@dataclass(frozen=True, eq=False)
class _Points:
    """Arrays of one length, of which the first are the steps (int64, increasing)."""

    steps: np.ndarray
    _dtype: ClassVar[type] = np.float64

    def __post_init__(self):
        arrays = {name: np.asarray(given, self._dtype) for name, given in vars(self).items()}
        arrays["steps"] = check_steps(self.steps)
        for name, array in arrays.items():
            if array.shape != arrays["steps"].shape:
                raise BadInput(f"{len(arrays['steps'])} steps but {array.size} of {name}")
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.steps)

    def where(self, keep: np.ndarray) -> Self:
        """Only the points at which `keep` (T,) is True."""
        return type(self)(*(array[keep] for array in vars(self).values()))

    def until(self, step: float) -> Self:
        """The points at or before `step`."""
        return self.where(self.steps <= step)


@dataclass(frozen=True, eq=False)
class Series(_Points):
    """`values[i]` (float64, may be NaN) was measured at `steps[i]` (int64, increasing)."""

    values: np.ndarray

    def known(self) -> "Series":
        """Only the points that are finite."""
        return self.where(np.isfinite(self.values))

    def last(self) -> float | None:
        """The last finite value, None when there is none."""
        known = self.known().values
        return float(known[-1]) if len(known) else None

    def as_dict(self) -> dict:
        values = self.values.tolist()
        status = {str(i): kind(v) for i, v in enumerate(values) if kind(v)}
        plain = [v if math.isfinite(v) else None for v in values]
        out = {"steps": self.steps.tolist(), "values": plain}
        return {**out, "status": status} if status else out

    @classmethod
    def from_dict(cls, raw: dict) -> "Series":
        status = raw.get("status", {})
        values = [restore(v, status.get(str(i))) for i, v in enumerate(raw["values"])]
        return cls(raw["steps"], np.array(values))


@dataclass(frozen=True, eq=False)
class Counts(_Points):
    """`correct[i]` of `total[i]` trials (int64) succeeded at `steps[i]`."""

    correct: np.ndarray
    total: np.ndarray
    _dtype: ClassVar[type] = np.int64

    @property
    def share(self) -> np.ndarray:
        """correct / total, NaN where nothing was tried: float64 (T,)."""
        tried = np.where(self.total > 0, self.total, 1)
        return np.where(self.total > 0, self.correct / tried, np.nan)

    def series(self) -> Series:
        return Series(self.steps, self.share)

    def as_dict(self) -> dict:
        return {name: array.tolist() for name, array in vars(self).items()}

    @classmethod
    def from_dict(cls, raw: dict) -> "Counts":
        return cls(raw["steps"], raw["correct"], raw["total"])
