"""Study ``peer``: ours beside floors that copy and an outside peer of the same size."""

from sashimi.flagship.params import PeerParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Study

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
)
