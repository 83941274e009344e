"""Studies ``arc`` (five architectures, one idea added by each) and ``arc_test_time``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sashimi.errors import BadInput
from sashimi.studies.arc.params import ArcParams, FittedParams
from sashimi.study import PAGE, Check, Measurement, Metric, Scores, Section, Study


def check(settings: ArcParams) -> None:
    """Raises BadInput for a rung that is not ready, before anything is written."""
    from sashimi.studies.arc import positions, ready

    if settings.positions and settings.positions not in positions.KINDS:
        raise BadInput(f"key 'positions': {settings.positions!r} is none of {positions.KINDS}")
    # the original's mistake is kept as a row of its own
    known = ready.PLACES if settings.positions == "index bug" else ""
    found = ready.readiness(settings.rung, chosen=settings)
    red = [one for one in found if not one.passed and one.name != known]
    if red:
        said = "; ".join(f"{one.name} ({one.evidence})" for one in red)
        raise BadInput(f"rung {settings.rung!r} is not ready: {said}; see sashimi doctor arc")


def checks() -> Iterable[Check]:
    """Every rung's readiness, and that all have as many parameters."""
    from sashimi.studies.arc import ready

    return ready.every()


def bench() -> list[Measurement]:
    """Training examples a second, beside a plain `nn.Transformer` of the same size."""
    from sashimi.studies.arc import timing

    return timing.measure()


def sections(runs: Sequence[Any]) -> Iterable[Section]:
    """The ladder step by step."""
    from sashimi.studies.arc import verdict

    return verdict.sections(runs)


LADDER = Study(
    name="arc",
    title="The ARC ladder",
    question="Does each of five ideas help a small network to apply a grid rule it is only shown?",
    params=ArcParams,
    train="32_arc_ladder",
    leads="60_rules_alone",
    check=check,
    scores=Scores(
        ours="ladder network",
        floors=("majority colour", "query itself", "first cell repeated", "nearest grid pair"),
        splits={
            "rule_named": "rule named",
            "rule_named_new_colours": "rule named, colours never trained",
            "rule_shown": "rule only shown",
            "composition_shown": "compositions never trained, only shown",
            "context_blank": "control: blank context",
            "context_shuffled": "control: another example's context",
            "context_wrong": "control: context of another rule",
        },
        held_out=("rule_shown", "rule_named", "rule_named_new_colours", "composition_shown"),
        form=(Metric(key="grid_shape", heading="shape right", better="high"),),
        metrics=(
            Metric(key="grid_exact", heading="grid exact, free-running", better="high"),
            Metric(key="grid_forced", heading="grid exact, teacher-forced", better="high"),
            Metric(key="grid_cells", heading="cells right", better="high"),
        ),
        decides=("grid_exact",),
    ),
    sections=sections,
    bench={"arc": bench},
    checks=checks,
)
TEST_TIME = Study(
    name="arc_test_time",
    title="ARC without a training set",
    question="How many small tasks does a net of equivariant colours solve, fitted to each alone?",
    params=FittedParams,
    train="34_arc_test_time",
    keeps=PAGE,
)
STUDIES = (LADDER, TEST_TIME)
