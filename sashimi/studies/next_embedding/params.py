"""Parameters of the study's runs; every value stands in the 00_full.yaml of its folder."""

from typing import Annotated, Literal

from pydantic import Field

from sashimi.params import Params

Count = Annotated[int, Field(ge=1)]
Few = Annotated[int, Field(ge=0)]
Batch = Annotated[int, Field(ge=4)]
Rate = Annotated[float, Field(gt=0, le=0.1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class CorpusParams(Params):
    """How many documents of each domain are read, and chunks of each document (0: all)."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    documents: Few
    chunks: Few
    other_documents: Few
    other_chunks: Few


class FilterParams(CorpusParams):
    """A network trained on filtered rows of a diluted set."""

    kind: Literal["amn", "gru"]
    base_epochs: Count
    epochs: Count
    batch: Batch
    learning_rate: Rate
    dilution: Share
    keep_above: Share
    """The quantile of the baseline's coherence that a row must reach."""


class NextParams(FilterParams):
    """The plan's smoke test, and what follows it."""

    full_epochs: Count
    abort: bool
    """Whether a RED first epoch ends the run, as the plan wants."""
    follow: Literal["measured", "GREEN", "AMBER, hybrid", "AMBER, context 5", "RED"]
    wrong_class: bool
    """Evaluate with another class of the same name, as the public original did: refused."""


class ModelParams(CorpusParams):
    """One predictor, judged in and out of domain."""

    kind: Literal["amn", "gru", "transformer", "residual", "energy"]
    base: Literal["none", "scalars", "components"]
    """The closed form that a residual network begins with."""
    epochs: Count
    batch: Batch
    learning_rate: Rate
