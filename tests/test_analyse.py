"""The seven analyses: true positives with what shows them, true negatives, the real corpus."""

from __future__ import annotations

import pytest
from cases import ANALYSED, SOUND, VALID
from hypothesis import given, settings
from strategies import programs

from sashimi.program import analyse, parse
from sashimi.program.tree import Program

POSITIVE = [(name, body, why) for name, cases in ANALYSED.items() for body, why in cases]
NEGATIVE = [body for bodies in SOUND.values() for body in bodies]


@pytest.mark.parametrize(("name", "body", "why"), POSITIVE)
def test_each_analysis_finds_its_cases_and_says_why(name: str, body: str, why: str) -> None:
    (finding,) = analyse(parse(f'SHORTCUT "A"\n{body}\n'))
    assert finding.stage == f"analyse {name}" and why in finding.why
    assert finding.severity == "warning" and finding.line > 1


@pytest.mark.parametrize("body", NEGATIVE)
def test_what_is_sound_is_left_alone(body: str) -> None:
    assert analyse(parse(f'SHORTCUT "A"\n{body}\n')) == []


def test_every_analysis_has_cases_both_ways() -> None:
    assert ANALYSED.keys() == SOUND.keys() and len(ANALYSED) == 7


def test_valid_cases_have_at_most_a_remark() -> None:
    assert sum(len(analyse(parse(text))) for text in VALID.values()) <= 3


@settings(max_examples=100, deadline=None)
@given(programs)
def test_any_program_can_be_analysed(program: Program) -> None:
    assert all(finding.stage.startswith("analyse ") for finding in analyse(program))


def test_real_programs_are_analysed(real_programs: list[Program]) -> None:
    kinds = {finding.stage for program in real_programs for finding in analyse(program)}
    assert {"analyse variables", "analyse dead"} <= kinds
