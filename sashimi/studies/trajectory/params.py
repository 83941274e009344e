"""What the studies of the trajectory are told; ``params/<study>/00_full.yaml`` states all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sashimi.params import Params

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0)]


class CurationParams(Params):
    """Notebook 60: a stream weighed by how a short run learned its structures."""

    seed: Seed
    """The chunk of the stream that is learned, and the seed of the probe's network."""
    limit: Count | None
    """Examples of the chunk; null takes a whole one."""
    width: Count
    """Of every layer of the network."""
    batch_size: Count
    probe_steps: Count
    """Steps of the run that records how each example is learned."""
    steps: Count
    """Steps of every run that is compared."""
    seeds: Count
    """Runs of each way to weigh."""
    watched: Count
    """Dev prompts that the trajectories look at."""
    jobs: Count
    """Runs that are trained at once, a thread each: no number depends on it."""


class PredictionParams(Params):
    """Notebook 62: what early steps say of the end."""

    seed: Seed
    real: bool
    """Whether the runs of reports/ are read; without, only runs that are made here."""
    made: Count
    """Small networks that are trained here."""
    steps: Count
    """Steps of each of them."""
    public: bool
    """Whether the public curves are LCDB's; without, made curves of the same form."""
    sets: Count | None
    """Data sets of the curves; null takes all."""


class TuningParams(Params):
    """Notebook 61: a search by successive halving."""

    seed: Seed
    task: Literal["clusters", "flagship"]
    """A network of seconds in numpy, or the flagship's on its built-in corpus."""
    trials: Count
    rate_low: Positive
    rate_high: Positive
    steps: Annotated[list[Count], Field(min_length=1)]
    batches: Annotated[list[Count], Field(min_length=1)]
    starts: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1)]
    """Shares of a run after which weights are ternary."""
    seeds: Count
    """Seeds of each setting that is chosen, to compare them."""
    limit: Count
    """Training examples of the flagship's task."""
    width: Count
    """Of every layer of the flagship's task."""


class PromotionParams(Params):
    """Notebook 69: may a row be shipped?"""

    seed: Seed
    row: str
    """The folder of a row of the flagship, or of one of its seeds, below the checkout."""
    against: str
    """The row that a new one is compared with as if it were the archived one."""


class InsideParams(Params):
    """Notebook 63: what is inside the network that the package ships."""

    seed: Seed
    prompts: Count
    """People's dev prompts whose words are taken out one at a time."""
    examples: Count
    """People's dev prompts whose failures are localised."""
