"""Studies ``next_corpus``, ``next_embedding`` (the plan's procedure), ``next_models``,
``next_filter`` and ``next_order``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sashimi.files import root
from sashimi.studies.next_embedding.params import (
    CorpusParams,
    FilterParams,
    ModelParams,
    NextParams,
)
from sashimi.study import MODEL, PAGE, Check, Measurement, Metric, Scores, Study

METRICS = (
    Metric(key="cosine", heading="cosine", better="high", unit="cosine"),
    Metric(key="centred", heading="centred cosine", better="high", unit="cosine"),
    Metric(key="recall_at_1", heading="R@1", better="high"),
    Metric(key="recall_at_5", heading="R@5", better="high"),
    Metric(key="reciprocal_rank", heading="MRR", better="high"),
)
FLOORS = (
    "train mean", "copy last", "mean of context", "recency weights", "mean + scalars", "ridge",
)  # fmt: skip
SPLITS = {
    "val": "val",
    "test": "test",
    "later": "near: addresses from 1945",
    "scripture": "far: scripture",
    "reference": "far: language reference",
}


def scores(ours: str) -> Scores:
    """The tables of a study whose own model is ``ours``."""
    return Scores(
        ours=ours,
        floors=FLOORS,
        splits=SPLITS,
        held_out=("test", "later"),
        metrics=METRICS,
        decides=("cosine", "recall_at_1"),
        against="mean + scalars",
    )


def bench() -> list[Measurement]:
    """Encoding beside the library's, and training steps beside a plain loader's."""
    from sashimi.studies.next_embedding import timing

    return timing.measure()


def checks() -> Iterable[Check]:
    """The parity of every checkpoint of the study's runs."""
    from sashimi.studies.next_embedding import learn

    for folder in sorted((root() / "reports").glob(f"next_*/*/seed*/{MODEL}")):
        yield learn.parity(folder.parent)


def check(settings: Any) -> None:
    """Raises BadInput for parameters that no corpus fits, and for packages that are missing."""
    from sashimi.studies.next_embedding import corpus

    corpus.check(settings)


QUESTION = "Does dropping incoherent rows from a diluted set bring a predictor's quality back?"
STUDIES = (
    Study(
        name="next_corpus",
        title="The next embedding: corpus and floors",
        question="How well is the next sentence embedding predicted without learning anything?",
        params=CorpusParams,
        train="50_corpus",
        keeps=PAGE,
        check=check,
    ),
    Study(
        name="next_embedding",
        title="The next embedding: the plan's procedure",
        question="Does the plan's smoke test, with its gates and floors, find its predictor sound?",
        params=NextParams,
        train="51_smoke_test",
        scores=scores("what stays"),
        check=check,
        bench={"next_embedding": bench},
        checks=checks,
    ),
    Study(
        name="next_models",
        title="The next embedding: predictors in and out of domain",
        question="Does a learned predictor beat the mean and five scalars, and hold elsewhere?",
        params=ModelParams,
        train="52_out_of_domain",
        scores=scores("predictor"),
        check=check,
    ),
    Study(
        name="next_filter",
        title="The next embedding: what the filter is worth",
        question=QUESTION,
        params=FilterParams,
        train="53_filter",
        keeps=PAGE,
        check=check,
    ),
    Study(
        name="next_order",
        title="The next embedding: time's arrow",
        question="Does the order of chunks help to predict the next one, and has it a direction?",
        params=CorpusParams,
        train="54_order",
        keeps=PAGE,
        check=check,
    ),
)
