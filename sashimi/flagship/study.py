"""The flagship and the studies of its evidence, as the runner sees them."""

from __future__ import annotations

from pathlib import Path

from sashimi import result
from sashimi.flagship.params import (
    DomainParams,
    EncoderParams,
    FlagshipParams,
    LanguageParams,
    NegativesParams,
    PeerParams,
    SkeletonParams,
    ToyParams,
    TypedParametersParams,
    VocabularyParams,
)
from sashimi.params import Params
from sashimi.run import PAGE, Study


def check(settings: Params) -> None:
    """Read a foreign corpus before anything is written; raises BadInput for one of no use."""
    if getattr(settings, "corpus", "builtin") != "builtin":
        from sashimi.flagship.data import corpus

        corpus.load(settings.corpus, seed=settings.seed, limit=settings.limit)


def check_flagship(settings: FlagshipParams) -> None:
    """As `check`, and the wrong beams that are to be learned from must be there."""
    check(settings)
    if settings.negatives == "adversarial":
        from sashimi.flagship.negatives import margin

        margin.training_beams(settings.corpus)


def check_negatives(settings: NegativesParams) -> None:
    """As `check`, and the trained run that is named must be there."""
    check(settings)
    if settings.run:
        result.read(Path(settings.run) / result.NAME)


STUDY = Study(
    name="flagship",
    model=FlagshipParams,
    train="16_end_to_end",
    read=("00_the_way", "01_corpus", "90_results"),
    check=check_flagship,
)
NEGATIVES = Study(
    name="negatives",
    model=NegativesParams,
    train="02_negatives",
    read=(),
    check=check_negatives,
    keeps="triples/train.jsonl",
)
EVIDENCE = tuple(
    Study(name=name, model=model, train=notebook, read=(), check=check, keeps=PAGE)
    for name, model, notebook in (
        ("language", LanguageParams, "03_language"),
        ("encoder", EncoderParams, "10_encoder"),
        ("domain", DomainParams, "11_domain"),
        ("vocabulary", VocabularyParams, "12_vocabulary"),
        ("toy", ToyParams, "13_toy"),
        ("skeleton", SkeletonParams, "14_skeleton"),
        ("typed_parameters", TypedParametersParams, "15_typed_parameters"),
    )
)
"""What is settled before the whole is trained, one notebook each."""
PEER = Study(name="peer", model=PeerParams, train="18_baselines", read=(), check=check, keeps=PAGE)
STUDIES = {study.name: study for study in (STUDY, NEGATIVES, *EVIDENCE, PEER)}
"""By the name of their folder in ``params/``."""
