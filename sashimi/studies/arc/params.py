"""Parameters of the ladder and of the nets that are fitted to one task at test time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sashimi.params import Params

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class ArcParams(Params):
    """One rung at one seed. Rungs of the same ``parameters`` and ``width`` are comparable."""

    seed: Seed
    rung: Literal["decoder", "encoder-decoder", "positions", "equivariance", "context"]
    positions: str
    """Another kind of positions than the rung's, of `positions.KINDS` beside this module, or ""."""
    context: Literal["cells", "pooled"]
    """How the rung with context reads it; other rungs ignore this."""
    steps: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate
    width: Annotated[int, Field(ge=8, multiple_of=8)]
    heads: Count
    parameters: Count
    """Of the whole network: feed-forward layers are as wide as that allows."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    side: Annotated[int, Field(ge=3, le=10)]
    """Most rows and columns; the fewest are 3."""
    named: Share
    """Share of examples whose rule is named, of the five that have a name."""
    composed: Share
    """Share of batches half of which are taught compositions, whose rule is never named."""
    examples: Annotated[int, Field(ge=16, multiple_of=16)]
    """Test examples of each column."""


class FittedParams(Params):
    """One net for each task, fitted to the task alone."""

    seed: Seed
    tasks: Annotated[int, Field(ge=1, le=400)]
    """The smallest training tasks of ARC-1, by cells over all pairs."""
    steps: Count
    learning_rate: Rate
    width: Annotated[int, Field(ge=8, multiple_of=8)]
    blocks: Count
    seconds: Rate
    """Processor seconds that one task may take."""
