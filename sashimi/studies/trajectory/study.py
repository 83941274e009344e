"""The studies of the trajectory: does how a run learned say more than where it ended?"""

from sashimi.studies.trajectory.params import (
    InsideParams,
    PredictionParams,
    PromotionParams,
    TuningParams,
)
from sashimi.study import PAGE, Study

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
)
STUDIES = (TUNING, PREDICTION, INSIDE, PROMOTION)
