"""Study of the next sentence embedding: `windows`, `coherence`, the `PANEL` of floors, `branch`
(the plan's decision tree), `parity` (a checkpoint loads as what it was); notebooks 50 to 54, 59.
"""

from typing import Any

from sashimi.studies.next_embedding.decide import Branch, branch
from sashimi.studies.next_embedding.panel import PANEL
from sashimi.studies.next_embedding.rows import coherence, windows

__all__ = ["PANEL", "Branch", "branch", "coherence", "parity", "windows"]


def __getattr__(name: str) -> Any:
    """``parity`` needs torch, which takes a second to import: only who asks for it waits."""
    if name != "parity":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sashimi.studies.next_embedding.learn import parity

    return parity
