"""A repair: one change that the linter made, as a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

KINDS = (
    "action",
    "alias",
    "condition",
    "handle",
    "interpolation",
    "macro",
    "structure",
    "newline",
)
"""What a repair may be about."""

SEVERITY = {"alias": "warning", "macro": "info", "newline": "warning"}
"""How much it mattered: the kinds left out are errors."""


LIKELY = 0.9
"""Confidence of a repair after which the text means another thing than the letters said."""

GUESS = 0.5
"""Confidence of a repair that is one of several possible ones: where a lost tail or end stood."""


@dataclass(frozen=True)
class Repair:
    """One change: its kind, the line it was on, what stood there and what stands there now.

    ``confidence`` is 1 where a table decides and nothing else can be meant, ``1 - edits / length``
    for the nearest name, ``LIKELY`` where a value becomes another thing, and ``GUESS`` where the
    text does not say which of several repairs was meant.
    """

    kind: str
    line: int
    before: str
    after: str
    confidence: float = 1.0

    @property
    def severity(self) -> str:
        """``error``, ``warning`` or ``info``."""
        return SEVERITY.get(self.kind, "error")

    def __iter__(self) -> Iterator:
        return iter((self.kind, self.line, self.before, self.after))
