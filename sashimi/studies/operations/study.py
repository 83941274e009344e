"""Studies ``operations`` (the plan's two networks), ``operation_space``, ``operation_designs``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sashimi.studies.operations.params import DesignParams, DualParams, SpaceParams
from sashimi.study import PAGE, Check, Measurement, Metric, Scores, Section, Study

METRICS = (
    Metric(key="sampled_exact", heading="exact, z sampled", better="high"),
    Metric(key="mean_exact", heading="exact, mean of z", better="high"),
    Metric(key="operations_covered", heading="covered by 50,000 draws", better="high"),
    Metric(key="of_ceiling", heading="of the ceiling", better="high"),
)
DECIDES = ("sampled_exact", "operations_covered")


def sections(runs: Sequence[Any]) -> Iterable[Section]:
    """The plan's run over its epochs, and the verdict on each claim."""
    from sashimi.studies.operations import page

    return page.of_plan(runs)


def sections_of_designs(runs: Sequence[Any]) -> Iterable[Section]:
    """What each design reaches."""
    from sashimi.studies.operations import page

    return page.of_designs(runs)


def bench() -> list[Measurement]:
    """A step of the two networks beside their bare forward and backward; seconds an epoch."""
    from sashimi.studies.operations import timing

    return timing.measure()


def checks() -> Iterable[Check]:
    """The space, the nulls, the strategies, and the caches of this machine."""
    from sashimi.studies.operations import doctor

    return doctor.checks()


OPERATIONS = Study(
    name="operations",
    title="The ternary operations",
    question=(
        "Can two coupled VAEs learn all 19,683 ternary operations, cover them by their priors and "
        "really specialise, and which of the plan's metrics would say so?"
    ),
    params=DualParams,
    train="21_dual",
    scores=Scores(
        ours="network B",
        floors=("untrained", "no parameters"),
        splits={"coupled": "coupled as in training", "isolated": "each network alone"},
        held_out=("coupled", "isolated"),
        metrics=METRICS,
        decides=DECIDES,
    ),
    sections=sections,
    bench={"operations": bench},
    checks=checks,
)
SPACE = Study(
    name="operation_space",
    title="The space of operations and its controls",
    question="What do the plan's metrics say of networks that have learned nothing?",
    params=SpaceParams,
    train="20_operations",
    keeps=PAGE,
)
DESIGNS = Study(
    name="operation_designs",
    title="Designs for the ternary operations",
    question="Which design rebuilds every operation from sampled z and covers all of them?",
    params=DesignParams,
    train="22_designs",
    scores=Scores(
        ours="trained design",
        floors=("untrained", "no parameters"),
        splits={"every operation": "all 19,683 operations"},
        held_out=("every operation",),
        metrics=METRICS,
        decides=DECIDES,
    ),
    sections=sections_of_designs,
)
STUDIES = (OPERATIONS, SPACE, DESIGNS)
