"""What the numbers of the flagship are: its model, floors, splits and metrics."""

from sashimi.study import Metric, Scores

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
