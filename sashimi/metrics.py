"""What is counted of two multisets: precision, recall, F1; intervals: `sashimi.statistics`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overlap:
    """Precision, recall and F1 of one multiset against another."""

    precision: float
    recall: float
    f1: float


def overlap(expected: Iterable[Hashable], produced: Iterable[Hashable]) -> Overlap:
    """Precision, recall and F1 over multisets: what occurs twice must be produced twice.

    Two empty multisets agree (1, 1, 1); if only one of them is empty, all three are 0.
    """
    want, have = Counter(expected), Counter(produced)
    if not want and not have:
        return Overlap(1.0, 1.0, 1.0)
    shared = (want & have).total()
    if shared == 0:
        return Overlap(0.0, 0.0, 0.0)
    precision, recall = shared / have.total(), shared / want.total()
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))


def plain(value: float | int) -> float | int | None:
    """A number as JSON has it, floats to six decimals: NaN becomes None."""
    if isinstance(value, int):
        return value
    return None if math.isnan(value) else round(value, 6)
