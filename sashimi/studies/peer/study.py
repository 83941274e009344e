"""Study ``peer``: ours beside floors that copy and an outside peer of the same size."""

from collections.abc import Sequence

from sashimi.flagship.params import PeerParams
from sashimi.flagship.study import check
from sashimi.report.read import Run, interval
from sashimi.study import PAGE, Study


def answer(runs: Sequence[Run]) -> str:
    """The peer beside the floor that copies best; "" where they were not measured."""
    found = {m: runs[0].metric("test", m, "skeleton_exact") for m in (PEER, NEAREST)}
    if None in found.values():
        return ""
    told = "; ".join(f"{model} {interval(value)}" for model, value in found.items())
    return f"skeleton exact on test, {runs[0].corpus}: {told}"


PEER, NEAREST = "BART, under a grammar", "1-nearest neighbour"
STUDY = Study(
    name="peer",
    title="Baselines",
    question=(
        "Is what we built worth more than floors that copy, and than an outside peer of the same "
        "size?"
    ),
    params=PeerParams,
    train="18_baselines",
    check=check,
    keeps=PAGE,
    answer=answer,
)
