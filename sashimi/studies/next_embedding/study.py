"""Studies ``next_corpus``, ``next_embedding`` (the plan's procedure), ``next_models``,
``next_filter`` and ``next_order``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def _fact(runs: Sequence[Run], *keys: str) -> str:
    """An interval among the facts of the first run, as it is read; "" where there is none."""
    found = runs[0].record.get("facts") or {}
    for key in keys:
        found = found.get(key) or {}
    known = Run.interval(found or None)
    return f"{known:.3f}" if known else ""


def filtered(runs: Sequence[Run]) -> str:
    """What filtering is worth beside as many rows drawn at random; "" where it was not measured."""
    warm, scratch = (
        _fact(runs, "differences", f"{way} filtered less {way} random")
        for way in ("warm", "scratch")
    )
    said = f"cosine of filtered rows less that of as many random ones: {warm} from the baseline on"
    return f"{said}, {scratch} from nothing" if warm and scratch else ""


def directed(runs: Sequence[Run]) -> str:
    """What order and direction are worth; "" where they were not measured."""
    order, way = _fact(runs, "order"), _fact(runs, "direction")
    said = f"cosine lost by shuffling chunks {order}, by reversing time {way}"
    return said if order and way else ""


def counted(runs: Sequence[Run]) -> str:
    """What the corpus holds; "" where it was not counted."""
    facts = runs[0].record.get("facts") or {}
    if "windows" not in facts:
        return ""
    return (
        f"{facts['windows']} training windows; neighbouring chunks have a mean cosine of "
        f"{facts['coherence']:.3f}, the mean of all vectors a length of "
        f"{facts['norm of the mean']:.3f}"
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
    study("models", ModelParams, "52_out_of_domain", scores=scores("predictor")),
    study("filter", FilterParams, "53_filter", keeps=PAGE, answer=filtered),
    study("order", CorpusParams, "54_order", keeps=PAGE, answer=directed),
)
