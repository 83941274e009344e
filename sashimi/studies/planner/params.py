"""Parameters of the planner's runs; every value stands in ``00_full.yaml`` of its folder."""

from typing import Annotated, Literal

from pydantic import Field

from sashimi.params import Params

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class PlannerParams(Params):
    """One policy, learned in one world."""

    seed: Seed
    world: Seed
    issues: Annotated[int, Field(ge=50)]
    """Before retries, which add about a quarter."""
    signal: bool
    permuted: bool
    latents: bool
    model: Literal["heads", "joint", "value", "transformer"]
    slots: Annotated[int, Field(ge=0, le=16)]
    hidden: Annotated[int, Field(ge=16)]
    layers: Annotated[int, Field(ge=1, le=4)]
    dropout: Share
    smoothing: Share
    weighting: Literal["none", "class", "focal"]
    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0)]


class CurveParams(Params):
    """Algorithm selection on real learning curves."""

    seed: Seed
    source: Literal["lcdb", "drawn"]
    """Drawn curves show that every stage works; they need nothing installed."""
    sets: Annotated[int, Field(ge=10)]
    """Data sets taken, the first ones by number."""
    price: Annotated[float, Field(ge=0)]
    """Accuracy that a tenfold training time (in seconds, plus 1) costs."""
