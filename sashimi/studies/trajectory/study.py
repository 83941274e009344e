"""The studies of the trajectory: does how a run learned say more than where it ended?"""

from collections.abc import Sequence

from sashimi.report.read import Run
from sashimi.studies.trajectory.params import (
    CurationParams,
    InsideParams,
    PredictionParams,
    PromotionParams,
    TuningParams,
)
from sashimi.study import PAGE, Study


def looked(runs: Sequence[Run]) -> str:
    """What probes of the shipped network found; "" where they were not recorded."""
    record = runs[0].record
    pairs, found = record["facts"].get("pairs"), record["metrics"].get("first failure")
    words = Run.interval(record["facts"].get("words", {}).get("less"))
    if not pairs or not found or words is None:
        return ""
    apart = sum(pair["differ"] for pair in pairs)
    skeleton, value = (100 * found[place]["share"]["value"] for place in ("skeleton", "values"))
    return (
        f"{apart} of {len(pairs)} minimal pairs told apart; a word with meaning changes "
        f"{words:.3f} more programs than a stop word; the skeleton fails first for "
        f"{skeleton:.0f}%, a value, letter by letter, for {value:.0f}%"
    )


CURATION = Study(
    name="trajectory_curation",
    title="Curation by trajectory",
    question="Is a stream better whose structures are weighed by how a short run learned them?",
    params=CurationParams,
    train="60_curation",
    keeps=PAGE,
)
TUNING = Study(
    name="trajectory_tuning",
    title="Tuning by score and by stability",
    question="Would another setting be chosen if stability counted, and would it be a better one?",
    params=TuningParams,
    train="61_tuning",
    keeps=PAGE,
)
PREDICTION = Study(
    name="trajectory_prediction",
    title="Does the trajectory predict?",
    question="Does how a run begins say more of its end than the losses so far?",
    params=PredictionParams,
    train="62_prediction",
    keeps=PAGE,
)
PROMOTION = Study(
    name="trajectory_promotion",
    title="Promotion",
    question="May a row be shipped, by the plan's twelve gates on three seeds?",
    params=PromotionParams,
    train="69_promotion",
    keeps=PAGE,
)
INSIDE = Study(
    name="trajectory_inside",
    title="Inside the shipped network",
    question="Where are its zeros, which words does it go by, and which part of it fails first?",
    params=InsideParams,
    train="63_inside",
    keeps=PAGE,
    answer=looked,
)
STUDIES = (CURATION, TUNING, PREDICTION, INSIDE, PROMOTION)
