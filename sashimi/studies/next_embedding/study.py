"""Studies ``next_corpus``, ``next_embedding`` (the plan's procedure), ``next_models``,
``next_filter`` and ``next_order``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sashimi.files import root
from sashimi.params import Params
from sashimi.report.read import Run
from sashimi.studies.next_embedding.params import (
    CorpusParams,
    FilterParams,
    ModelParams,
    NextParams,
)
from sashimi.study import MODEL, PAGE, Check, Measurement, Metric, Scores, Study

METRICS = (
    Metric(key="cosine", heading="cosine", better="high", unit="cosine"),
    Metric(key="centred_cosine", heading="centred cosine", better="high", unit="cosine"),
    Metric(key="recall_at_1", heading="R@1", better="high"),
    Metric(key="recall_at_5", heading="R@5", better="high"),
    Metric(key="reciprocal_rank", heading="MRR", better="high"),
)
FLOORS = (
    "train mean", "copy last", "mean of context", "recency weights", "mean + scalars", "ridge",
)  # fmt: skip
SPLITS = {
    "dev": "dev",
    "test": "test",
    "postwar": "near: addresses from 1945",
    "scripture": "far: scripture",
    "manual": "far: language reference",
}


def scores(ours: str) -> Scores:
    """The tables of a study whose own model is ``ours``."""
    return Scores(
        ours=ours,
        floors=FLOORS,
        splits=SPLITS,
        held_out=("test", "postwar"),
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


def told(text: str, *facts: str) -> Callable[[Sequence[Run]], str]:
    """An answer that puts facts of the first run, numbers or intervals, into a text; "" where one
    of them was not measured.
    """

    def answer(runs: Sequence[Run]) -> str:
        known = runs[0].record.get("facts") or {}
        known = known | (known.get("differences") or {})
        found = [known.get(fact) for fact in facts]
        if None in found:
            return ""
        return text.format(*(Run.interval(f) if isinstance(f, dict) else f for f in found))

    return answer


counted = told(
    "{} training windows; neighbouring chunks have a mean cosine of {:.3f}, "
    "the mean of all vectors a length of {:.3f}",
    "windows", "coherence", "norm of the mean",
)  # fmt: skip
filtered = told(
    "cosine of filtered rows less that of as many random ones: "
    "{:.3f} from the baseline on, {:.3f} from nothing",
    "warm filtered less warm random", "scratch filtered less scratch random",
)  # fmt: skip
directed = told(
    "cosine lost by shuffling chunks {:.3f}, by reversing time {:.3f}", "order", "direction"
)


NAMES = {
    "corpus": ("corpus and floors", "How well is the next embedding predicted without learning?"),
    "embedding": ("the plan's procedure", "Do gates with floors find the plan's predictor sound?"),
    "models": ("predictors in and out of domain", "Does a learned predictor beat five scalars?"),
    "filter": ("what the filter is worth", "Does dropping incoherent rows bring quality back?"),
    "order": ("time's arrow", "Does the order of chunks help, and has it a direction?"),
}


def study(name: str, params: type[Params], train: str, **more: Any) -> Study:
    """One of the five, whose title and question stand in `NAMES`."""
    title, question = NAMES[name]
    known = {"title": f"The next embedding: {title}", "question": question, "check": check}
    return Study(name=f"next_{name}", params=params, train=train, **known, **more)


STUDIES = (
    study("corpus", CorpusParams, "50_corpus", keeps=PAGE, answer=counted),
    study(
        *("embedding", NextParams, "51_smoke_test"),
        **{"scores": scores("what stays"), "checks": checks, "bench": {"next_embedding": bench}},
    ),
    study(
        *("models", ModelParams, "52_out_of_domain"),
        **{"scores": scores("predictor"), "leads": "60_more_documents"},
    ),
    study("filter", FilterParams, "53_filter", keeps=PAGE, answer=filtered),
    study("order", CorpusParams, "54_order", keeps=PAGE, answer=directed),
)
