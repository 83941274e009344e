"""The linter: one case a kind of repair, nothing to do on good text, and never an exception."""

from __future__ import annotations

import random

import pytest
from cases import VALID
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs

from sashimi.program import lint, parse, render, validate
from sashimi.program.findings import errors
from sashimi.program.text.closest import distance, nearest
from sashimi.program.text.repairs import KINDS
from sashimi.program.tree import Program

CASES = [
    ("action", "ACTION gettxt", "ACTION gettext"),
    ("action", "ACTION text.splt text=@input", "ACTION text.split text=@input"),
    ("alias", "ACTION show_notification", "ACTION notification"),
    ("alias", 'ACTION ask wfinputtype="Text"', 'ACTION ask WFInputType="Text"'),
    ("alias", 'ACTION ask WFInputType="number"', 'ACTION ask WFInputType="Number"'),
    ("alias", "ACTION ask WFAllowsMultilineText=True", "ACTION ask WFAllowsMultilineText=true"),
    ("alias", "acton exit", "ACTION exit"),
    ("alias", "repeat @input\nENDREPEAT", "REPEAT @input\nENDREPEAT"),
    ("condition", 'IF @input == "a"\nENDIF', 'IF @input equals_string "a"\nENDIF'),
    ("condition", "IF @input == 3\nENDIF", "IF @input equals_number 3\nENDIF"),
    ("condition", 'IF @input contians "a"\nENDIF', 'IF @input contains "a"\nENDIF'),
    ("handle", "ACTION ask\nSET $a = @previous", "ACTION ask\nSET $a = @prev"),
    ("handle", "SET $total = @input\nSET $b = $totel", "SET $total = @input\nSET $b = $total"),
    ("handle", "SET $n = @input\nSET $b = @n", "SET $n = @input\nSET $b = $n"),
    ("interpolation", "SET $a = `x{@input`", "SET $a = `x{@input}`"),
    ("interpolation", "SET $a = `x{{@input}} {@input`", None),
    ("interpolation", 'ACTION showresult Text="x{@input}"', "ACTION showresult Text=`x{@input}`"),
    ("macro", 'MACRO notify body="x"', 'ACTION notification WFNotificationActionBody="x"'),
    ("structure", "IF @input has_any_value\nACTION nothing", None),
    ("structure", "REPEAT 2\nENDFOREACH", "REPEAT 2\nENDREPEAT"),
    ("structure", "ACTION nothing\nENDIF", "ACTION nothing"),
    ("newline", "ACTION nothing ACTION exit", "ACTION nothing\nACTION exit"),
    ("newline", 'ACTION list WFItems=["a",\n  "b"]', 'ACTION list WFItems=["a", "b"]'),
    ("newline", "ACTION nothing\\nACTION exit", "ACTION nothing\nACTION exit"),
]


def whole(body: str) -> str:
    return f'SHORTCUT "A"\n{body}\n'


@pytest.mark.parametrize(("kind", "body", "wanted"), CASES)
def test_each_kind_of_repair(kind: str, body: str, wanted: str | None) -> None:
    done = lint(whole(body))
    assert kind in {repair.kind for repair in done.repairs}
    parse(done.text)
    if wanted is not None:
        assert parse(done.text) == parse(whole(wanted))
        assert {repair.kind for repair in done.repairs} == {kind}
    assert lint(done.text).repairs == []


def test_every_kind_has_a_case() -> None:
    assert {kind for kind, _, _ in CASES} == set(KINDS)


def test_a_repair_says_what_it_did() -> None:
    (repair,) = lint(whole("ACTION gettxt")).repairs
    kind, line, before, after = repair
    assert (kind, line, before, after) == ("action", 2, "gettxt", "gettext")
    assert repair.severity == "error" and 0 < repair.confidence < 1


def test_fences_and_prose_are_dropped() -> None:
    text = 'Sure!\n```\nSHORTCUT "A"\nACTION exit\n```\nEnjoy.'
    done = lint(text)
    assert parse(done.text) == parse('SHORTCUT "A"\nACTION exit\n')
    assert {repair.kind for repair in done.repairs} == {"structure"}


def test_swapped_else_and_end_are_set_right() -> None:
    text = whole("IF @input has_any_value\nACTION exit\nELSE\nACTION nothing\nENDIF")
    swapped = text.replace("ELSE", "X").replace("ENDIF", "ELSE").replace("X", "ENDIF")
    assert parse(lint(swapped).text) == parse(text)


def test_indentation_says_where_an_end_is_missing() -> None:
    text = 'SHORTCUT "A"\nREPEAT 2\n  ACTION exit\nACTION nothing\nENDSHORTCUT\n'
    wanted = text.replace("exit\n", "exit\nENDREPEAT\n")
    assert parse(lint(text).text) == parse(wanted)


def test_an_ambiguous_name_stays() -> None:
    assert nearest("bat", ["cat", "rat"]) is None
    assert lint(whole("ACTION xyzzy")).repairs == []


def test_distance() -> None:
    pairs = [("ask", "aks", 1), ("abc", "abc", 0), ("abc", "", 3), ("kitten", "sitting", 3)]
    assert [distance(a, b, 5) for a, b, _ in pairs] == [d for _, _, d in pairs]
    assert distance("abcdef", "uvwxyz", 2) == 3


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_good_text_stays(text: str) -> None:
    for same in (text, render(parse(text))):
        done = lint(same)
        assert done.text == same and done.repairs == []


@settings(max_examples=40, deadline=None)
@given(programs)
def test_what_validates_stays(program: Program) -> None:
    if not errors(validate(program)):
        text = render(program)
        assert lint(text).text == text


def test_real_programs_without_errors_stay(real_programs: list[Program]) -> None:
    changed = [i for i, p in enumerate(real_programs) if lint(render(p)).text != render(p)]
    assert all(errors(validate(real_programs[i])) for i in changed)
    assert len(changed) <= 2


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('SETIFACTION \n"`{}@$[]()=,:\\prevELSDN#01'), max_size=60))
def test_any_text_is_linted_and_linting_again_changes_nothing(text: str) -> None:
    once = lint(text).text
    assert lint(once).text == once


def test_damaged_programs_are_linted_once_and_for_all(real_texts: list[str]) -> None:
    random.seed(7)
    for _ in range(150):
        text = list(random.choice(real_texts)[:600])
        for _ in range(4):
            text[random.randrange(len(text))] = random.choice('"`{}[]\n@$ =')
        once = lint("".join(text)).text
        assert lint(once).text == once
