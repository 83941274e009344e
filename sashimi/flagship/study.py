"""The flagship and its negatives as studies: the one place that says what their numbers are."""

from __future__ import annotations

from pathlib import Path

from sashimi import result
from sashimi.flagship.params import FlagshipParams, NegativesParams
from sashimi.params import Params
from sashimi.study import Metric, Scores, Study

OURS = "ternary decoder"
FLOORS = ("constant", "1-nearest neighbour", "vote of 10 neighbours", "linear probe")
SCORES = Scores(
    ours=OURS,
    floors=FLOORS,
    splits={"dev": "dev", "test": "test", "test_unseen": "test, unseen skeletons"},
    metrics=(
        Metric(key="skeleton_exact", heading="skeleton exact", better="high"),
        Metric(key="action_f1", heading="action F1", better="high"),
        Metric(key="key_f1", heading="key F1", better="high"),
        Metric(key="value_accuracy", heading="value accuracy", better="high"),
        Metric(key="program_exact", heading="program exact", better="high"),
    ),
    decides=("skeleton_exact", "action_f1", "program_exact"),
    held_out=("test", "test_unseen"),
    form=(
        Metric(key="parse", heading="parses", better="high"),
        Metric(key="validate_strict", heading="validates", better="high"),
        Metric(key="compile_strict", heading="compiles, strict", better="high"),
        Metric(key="compile_permissive", heading="compiles, permissive", better="high"),
        Metric(key="runtime_unverified", heading="runtime unverified", better="low"),
    ),
    against="1-nearest neighbour",
)


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
    title="From a sentence to a compiled Shortcut",
    question=(
        "Can a small network with ternary weights, which may write nothing but legal programs, "
        "turn a sentence into the Apple Shortcut that was asked for?"
    ),
    params=FlagshipParams,
    train="16_end_to_end",
    read=("00_the_way", "01_corpus", "90_results"),
    check=check_flagship,
    leads="97_long_planned",
    scores=SCORES,
)
NEGATIVES = Study(
    name="negatives",
    title="Hard negatives",
    question="Are there wrong programs that only the prompt can tell from the right ones?",
    params=NegativesParams,
    train="02_negatives",
    check=check_negatives,
    keeps="triples/train.jsonl",
)
STUDIES = (STUDY, NEGATIVES)
