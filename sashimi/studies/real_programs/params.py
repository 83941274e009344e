"""Parameters of the cross-validation over real programs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sashimi.flagship.params import CorpusParams

Count = Annotated[int, Field(ge=2)]


class RealParams(CorpusParams):
    """One cross-validation; ``params/real_programs/00_full.yaml`` states every value."""

    folds: Count
    """Of the examples, by group: each is judged once, by what the others taught."""
    inner: Count
    """Of what the others are, to learn to rerank from neighbours that do not know the answer."""
    near: Annotated[int, Field(ge=1)]
    """Neighbours whose skeletons are candidates."""
    trees: Annotated[int, Field(ge=1)]
    """Of each of the two boosted models."""
