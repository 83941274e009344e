"""The flagship's smoke row, changed: what trains in seconds."""

from sashimi import params
from sashimi.files import root
from sashimi.flagship.params import FlagshipParams


def smoke(**changes) -> FlagshipParams:
    """The smoke row with fewer steps and examples, nothing retrieved, and what is changed."""
    base = {"steps": 6, "limit": 100, "neighbours": 0}
    path = root() / "params" / "flagship" / "90_smoke.yaml"
    return params.load(path, FlagshipParams, **{**base, **changes})
