"""The language's bench: what it measures is what it says."""

from __future__ import annotations

import pytest
from cases import VALID
from work import calls

from sashimi.bench.language import PROMPT_SIZED, costs, exponent, sized, text_to_plist
from sashimi.program import compile, decompile, parse, validate
from sashimi.program.tree import walk
from sashimi.studies.language import bench

PROGRAMS = [parse(text) for text in VALID.values()]


def test_an_exponent_is_that_of_a_power() -> None:
    lengths = (10, 100, 1000)
    assert exponent(lengths, [3e-6 * n**1.5 for n in lengths]) == pytest.approx(1.5)
    assert exponent(lengths, [1.0, 1.0, 1.0]) == pytest.approx(0)


@pytest.mark.parametrize("lines", [10, 200])
def test_a_program_of_a_length_has_it_and_is_valid(lines: int) -> None:
    text = sized(lines)
    assert text.count("\n") == lines + 2
    assert len(list(walk(parse(text).body))) == 7 * lines // 10
    assert [f for f in validate(parse(text)) if f.severity == "error"] == []


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of ten"):
        sized(15)


@pytest.mark.parametrize("stage", ["validate", "compile", "decompile"])
def test_work_is_linear(stage: str) -> None:
    small, large = (parse(sized(lines)) for lines in (100, 1000))
    run = {"validate": validate, "compile": compile, "decompile": decompile}[stage]
    if stage == "decompile":
        small, large = compile(small), compile(large)
    run(small)
    assert 0 < calls(lambda: run(large)) < 10.5 * calls(lambda: run(small))


def test_every_stage_is_timed_at_every_length() -> None:
    taken = costs((10, 20))
    assert list(taken) == ["parse", "validate", "compile", "decompile"]
    assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in taken.values())


def test_prompt_sized_programs_are_those_of_thirty_lines() -> None:
    rows = text_to_plist(PROGRAMS)
    assert rows[0].n == sum(text.count("\n") <= PROMPT_SIZED for text in VALID.values())
    assert rows[0].value > 0 and rows[0].limit == 5


def test_mutations_as_rows() -> None:
    rows = bench.mutations(each=1)
    assert {row.unit for row in rows} == {"%"} and len(rows) == 4 * 18
