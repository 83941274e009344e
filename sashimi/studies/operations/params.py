"""Parameters of the study's runs; every value stands in the 00_full.yaml of its folder."""

from typing import Annotated, Literal

from pydantic import Field

from sashimi.params import Params

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]


class SpaceParams(Params):
    """The controls, which no training touches."""

    seed: Seed
    draws: Count


class DualParams(Params):
    """The plan's two networks, whose schedules are compressed to ``epochs``."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    train_share: Annotated[float, Field(gt=0, le=0.9)]
    schedule: Literal[
        "plan", "early", "high", "adaptive", "capped", "half", "reversed", "uncoupled"
    ]
    statenet: Literal["learned", "fixed", "off"]
    repaired: bool
    """The entropy alignment with a gradient, B's rate on a ramp, no gradient balance."""
    attention: bool
    alignment: Amount
    free_nats: Amount
    draws: Count
    """From the prior, at each benchmark."""


class DesignParams(Params):
    """One design at one seed."""

    seed: Seed
    design: Literal["vae", "vamp", "dither", "fsq", "ifsq", "ternary", "lfq", "simvq", "rotation"]
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0)]
    width: Count
    beta: Amount
    draws: Annotated[int, Field(ge=2)]
