"""The flagship and the studies of its evidence, as the runner sees them."""

from __future__ import annotations

from sashimi.flagship.params import FlagshipParams
from sashimi.run import Study


def check(settings: FlagshipParams) -> None:
    """Read a foreign corpus before anything is written; raises BadInput for one of no use."""
    if settings.corpus != "builtin":
        from sashimi.flagship import corpus

        corpus.load(settings.corpus, seed=settings.seed, limit=settings.limit)


STUDY = Study(
    name="flagship",
    model=FlagshipParams,
    train="16_end_to_end",
    read=("00_the_way", "01_corpus", "90_results"),
    check=check,
)
STUDIES = {study.name: study for study in (STUDY,)}
"""By the name of their folder in ``params/``."""
