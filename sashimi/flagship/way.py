"""The whole way, prompt to compiled Shortcut: `answer.whole` in torch, `runtime.way` without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sashimi.runtime import shipped, way

if TYPE_CHECKING:
    from sashimi.flagship.answer.whole import Sashimi


def load(run_dir: str | Path | None = None) -> Sashimi | way.Sashimi:
    """The trained model that a run left; without a folder the network that the package ships.

    The shipped one is read and run without torch. Raises `BadInput` naming what is missing or
    damaged, and the command that makes it.
    """
    if run_dir is None:
        return shipped.load()
    from sashimi.flagship.answer import whole  # torch takes seconds to import

    return whole.read(run_dir)
