"""Writing text: reading it again gives the same tree, and the text is one for each tree."""

from __future__ import annotations

import pytest
from cases import VALID
from hypothesis import given, settings
from strategies import programs

from sashimi.program import parse, render
from sashimi.program.text.render import render_value
from sashimi.program.tree import Action, Dict, Interp, Program, Var


@settings(max_examples=120, deadline=None)
@given(programs)
def test_parse_undoes_render(program: Program) -> None:
    text = render(program)
    again = parse(text)
    assert again == program
    assert render(again) == text


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_render_is_canonical(text: str) -> None:
    once = render(parse(text))
    assert render(parse(once)) == once
    assert once.endswith("ENDSHORTCUT\n")


def test_one_line_a_statement_and_two_spaces_a_level() -> None:
    text = 'SHORTCUT "A"\nIF $x contains "a\nb"\nREPEAT 2\nACTION nothing\nENDREPEAT\nENDIF'
    assert render(parse(text)) == (
        'SHORTCUT "A"\nIF $x contains "a\\nb"\n  REPEAT 2\n    ACTION nothing\n  ENDREPEAT\n'
        "ENDIF\nENDSHORTCUT\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (1e22, "1e+22"),
        (Interp(("{@a}", Var("b"), "`")), "`\\{@a\\}{$b}\\``"),
        (Dict(((Interp((Var("k"),)), ""),)), '{`{$k}`: ""}'),
    ],
)
def test_spelling_of_values(value: object, text: str) -> None:
    assert render_value(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Interp(("a", "b")), Interp(("",))])
def test_what_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        render(Program("A", (Action("x", (("k", value),)),)))


def test_every_real_program_survives(real_programs: list[Program]) -> None:
    for program in real_programs:
        text = render(program)
        again = parse(text)
        assert again == program and render(again) == text
