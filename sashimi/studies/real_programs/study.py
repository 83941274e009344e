"""Study ``real_programs``: what a prompt's neighbours are worth where programs are people's own."""

from sashimi.flagship.scoring import FLOORS, SCORES
from sashimi.flagship.study import check
from sashimi.studies.real_programs.params import RealParams
from sashimi.study import PAGE, Scores, Study

OURS = "reranked neighbours"
STUDY = Study(
    name="real_programs",
    title="Real programs by cross-validation",
    question="Can a learned choice among a prompt's neighbours beat their vote on real programs?",
    params=RealParams,
    train="15_real_programs",
    check=check,
    keeps=PAGE,
    scores=Scores(
        ours=OURS,
        floors=FLOORS,
        splits={
            "crossed": "all, cross-validated",
            "crossed_unseen": "unseen skeletons, cross-validated",
            "test": "test",
            "test_unseen": "test, unseen skeletons",
        },
        held_out=("crossed",),
        metrics=SCORES.metrics,
        decides=("skeleton_exact", "action_f1"),
        against="vote of 10 neighbours",
    ),
)
