"""Study ``real_programs``: what a prompt's neighbours are worth where programs are people's own."""

from sashimi.flagship.study import check
from sashimi.studies.real_programs.params import RealParams
from sashimi.study import PAGE, Metric, Scores, Study

STUDY = Study(
    name="real_programs",
    title="Real programs by cross-validation",
    question="Can a learned choice among a prompt's neighbours beat their vote on real programs?",
    params=RealParams,
    train="15_real_programs",
    check=check,
    keeps=PAGE,
    scores=Scores(
        ours="reranked neighbours",
        floors=("constant", "1-nearest neighbour", "vote of 10 neighbours", "linear probe"),
        splits={
            "crossed": "all, cross-validated",
            "crossed_unseen": "unseen skeletons, cross-validated",
            "test": "test",
            "test_unseen": "test, unseen skeletons",
        },
        held_out=("crossed",),
        metrics=(
            Metric(key="skeleton_exact", heading="skeleton exact", better="high"),
            Metric(key="action_f1", heading="action F1", better="high"),
            Metric(key="key_f1", heading="key F1", better="high"),
            Metric(key="value_accuracy", heading="value accuracy", better="high"),
            Metric(key="program_exact", heading="program exact", better="high"),
        ),
        decides=("skeleton_exact", "action_f1"),
        against="vote of 10 neighbours",
    ),
)
