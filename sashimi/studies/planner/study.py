"""Studies ``planner`` (policies in simulated worlds) and ``planner_curves`` (real curves)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sashimi.studies.planner.params import CurveParams, PlannerParams
from sashimi.study import PAGE, Metric, Scores, Section, Study

FLOORS = (
    "tuned lookup", "plan's rule", "kernel's rule", "majority", "single best", "logistic",
    "boosting", "tuned neighbours",
)  # fmt: skip


def sections(runs: Sequence[Any]) -> Iterable[Section]:
    """The plan's criteria, each with a verdict."""
    from sashimi.studies.planner import page

    return page.sections(runs)


PLANNER = Study(
    name="planner",
    title="The swarm planner",
    question="Does a small policy choose swarm and budgets better than rules?",
    params=PlannerParams,
    train="42_training",
    scores=Scores(
        ours="policy",
        floors=FLOORS,
        splits={"test": "later issues"},
        held_out=("test",),
        metrics=(
            Metric(key="gap_closed", heading="gap closed", better="high"),
            Metric(key="regret", heading="regret", better="low", unit="utility"),
            Metric(key="within_epsilon", heading="within 1%", better="high"),
            Metric(key="label_exact", heading="exact label", better="high"),
            Metric(key="passes", heading="passes", better="high"),
        ),
        decides=("gap_closed", "regret"),
        against="tuned lookup",
    ),
    sections=sections,
)
CURVES = Study(
    name="planner_curves",
    title="Learner and training size",
    question="Does a planner close the gap from one fixed choice to the best one on real data?",
    params=CurveParams,
    train="45_real_data",
    keeps=PAGE,
    scores=Scores(
        ours="forest, probed",
        floors=("single best", "nearest sets", "forest", "nearest sets, probed"),
        splits={"left out": "data sets left out"},
        held_out=("left out",),
        metrics=(
            Metric(key="gap_closed", heading="gap closed", better="high"),
            Metric(key="utility", heading="utility", better="high", unit="accuracy less time"),
        ),
        decides=("gap_closed",),
    ),
)
STUDIES = (PLANNER, CURVES)
