"""Checked outputs of notebooks compared as numbers where a cell prints its own interval.

``0.612 [0.560, 0.660]`` says how far another machine's value may lie from this one. Everything else
is compared as text, by nbval.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

NUMBER = r"-?\d+(?:\.\d+)?"
INTERVAL = re.compile(rf"({NUMBER}) \[({NUMBER}), ({NUMBER})\]")
"""A value and the ends of its interval, as `sashimi.statistics.Interval` prints itself."""


def agreed(printed: str, kept: str) -> str:
    """``printed``, with each interval as ``kept`` has it where the new value lies in the kept
    interval, ends included, and the kept value in the new one.

    A value three standard errors away lies outside a 95% interval, which reaches 1.96.
    """
    before = iter(INTERVAL.finditer(kept))

    def place(new: re.Match[str]) -> str:
        old = next(before, None)
        if old is None:
            return new[0]
        value, low, high = map(float, new.groups())
        was, least, most = map(float, old.groups())
        return old[0] if least <= value <= most and low <= was <= high else new[0]

    return INTERVAL.sub(place, printed)


def outputs(printed: Sequence[Any], kept: Sequence[Any]) -> list[Any]:
    """A cell's new outputs, with the text of each stream `agreed` with the kept one's."""
    made = [copy.copy(output) for output in printed]
    for new, old in zip(made, kept, strict=False):
        if new.get("output_type") == old.get("output_type") == "stream":
            new["text"] = agreed(new["text"], old["text"])
    return made
