"""Health: samples, units and values against facts known by heart; the file against its script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from development import FACTS, needs_shared

from sashimi.program import parse
from sashimi.program.check import health
from sashimi.program.tree import Program, actions

LOGGED = 'SHORTCUT "A"\nACTION health.quantity.log WFQuantitySampleType="{}" {}\n'


def faults(text: str) -> list[health.Fault]:
    (action,) = actions(parse(text))
    return list(health.faults(action))


def test_samples_known_by_heart() -> None:
    known = health.samples()
    assert len(known) >= 200
    weight, steps, rate = (known[name] for name in ("weight", "steps", "heart rate"))
    assert {"kg", "lb", "st"} <= set(weight.units) and "mL" not in weight.units
    assert steps.units == ("count",) and steps.source == "observed"
    assert "count/min" in rate.units and rate.since == "8.0"
    assert known["sleep"].values[0] == "In Bed" and known["sleep"].units == ()
    assert known["weight"].type == known["body mass"].type == "BodyMass"
    assert known["blood pressure"].units[0] == "mmHg"


def test_a_sample_is_a_quantity_or_a_category() -> None:
    for sample in health.samples().values():
        assert not (sample.units and sample.values)
        assert set(sample.units) <= health.units()
        assert sample.source in ("observed", "named", "derived")


@pytest.mark.parametrize(
    ("label", "unit"),
    [("Caffeine", "mg"), ("WATER", "fl_oz_us"), ("Dietary Energy", "kcal"), ("Height", "ft")],
)
def test_a_unit_of_its_type_is_fine(label: str, unit: str) -> None:
    assert faults(LOGGED.format(label, f'WFQuantitySampleQuantity=QTY(3, "{unit}")')) == []


@pytest.mark.parametrize(
    ("label", "unit", "severity"),
    [
        ("Caffeine", "kcal", health.ERROR),
        ("Heart Rate", "bpm", health.ERROR),
        ("Glee", "count", health.DOUBTFUL),
        ("Mindful Minutes", "min", health.WARNING),
    ],
)
def test_another_is_not(label: str, unit: str, severity: str) -> None:
    text = LOGGED.format(label, f'WFQuantitySampleQuantity=QTY(3, "{unit}")')
    assert [fault[2] for fault in faults(text)] == [severity]


def test_what_is_only_known_when_it_runs_is_left_alone() -> None:
    text = 'SHORTCUT "A"\nACTION health.quantity.log WFQuantitySampleType=`{@input}` '
    assert faults(text + 'WFQuantitySampleQuantity=QTY(@input, "mg")\n') == []
    assert faults(LOGGED.format("Water", "WFQuantitySampleQuantity=QTY(1, @Ask)")) == []


def test_the_types_that_a_filter_asks_for_are_read() -> None:
    def find(label: str, unit: str) -> list[health.Fault]:
        row = f'{{"Property": "Type", "Values": {{"Enumeration": {{"Value": "{label}"}}}}}}'
        rows = f'{{"Value": {{"WFActionParameterFilterTemplates": [{row}]}}}}'
        text = f"ACTION filter.health.quantity WFContentItemFilter={rows} "
        return faults(f'SHORTCUT "A"\n{text}WFHKSampleFilteringUnit="{unit}"\n')

    assert find("Weight", "lb") == []
    assert [fault[2] for fault in find("Weight", "mL")] == [health.WARNING]
    assert [fault[2] for fault in find("Glee", "mL")] == [health.DOUBTFUL]


def test_nothing_is_said_of_real_programs(real_programs: list[Program]) -> None:
    used = [a for p in real_programs for a in actions(p) if a.name.endswith("health.quantity.log")]
    assert len(used) == 9
    assert not [f for p in real_programs for a in actions(p) for f in health.faults(a)]


def test_offers_are_accepted() -> None:
    for label in health.offers(f"{health.LOG} key:{health.TYPE}"):
        assert faults(LOGGED.format(label, "")) == []
    assert health.offers("alert key:WFAlertActionTitle") == ()


@needs_shared
def test_the_committed_file_is_what_the_script_builds() -> None:
    script = Path(__file__).resolve().parents[1] / "scripts" / "build_health.py"
    call = [sys.executable, str(script), str(FACTS), "--check"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
