"""Checks of a tree: each fault found once, valid programs clean, the real corpus explained."""

from __future__ import annotations

from collections import Counter

import pytest
from cases import INVALID, LOG, VALID, Invalid, invalid_text
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs, values

from sashimi.program import Finding, catalogue, parse, render, validate
from sashimi.program.check.parts import operands
from sashimi.program.check.scope import Scope, walk_scoped
from sashimi.program.findings import errors
from sashimi.program.survey import DEFECT, KINDS, LIMIT, OPEN, kind_of, survey
from sashimi.program.tree import Action, Handle, Program, Repeat, Var, references

UNSURE = "IF @input contains 1\nSET $x = 1\nENDIF\nACTION showresult Text=$x"


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_cases_are_clean(text: str) -> None:
    assert validate(parse(text)) == []


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.name)
def test_each_fault_is_found_once_on_its_line(case: Invalid) -> None:
    (finding,) = validate(parse(invalid_text(case)))
    assert finding.stage == "validate" and finding.code
    assert (finding.line, finding.severity) == (case.line, case.severity)
    assert case.why in finding.why


@pytest.mark.parametrize(
    ("body", "strict", "permissive"),
    [
        ("ACTION com.acme.app.DoIntent", "warning", "warning"),
        ("ACTION ask Prompt=1", "warning", "warning"),
        ("ACTION showresult Text=$x", "error", "warning"),
        (UNSURE, "error", "warning"),
        (f'ACTION {LOG}="Mood"', "error", "warning"),
        (f'ACTION {LOG}="Water" WFQuantitySampleQuantity=QTY(1, "g")', "error", "error"),
        ("ACTION gettxt", "error", "error"),
        ('ACTION ask WFInputType="Colour"', "warning", "warning"),
    ],
)
def test_permissive_warns_where_shortcuts_would_run(body, strict, permissive) -> None:
    program = parse(f'SHORTCUT "A"\n{body}\n')
    assert [f.severity for f in validate(program)] == [strict]
    assert [f.severity for f in validate(program, strict=False)] == [permissive]


def test_an_unconfirmed_enum_only_warns() -> None:
    loose = [
        (name, parameter)
        for name in catalogue.load().names()
        for parameter in catalogue.find(name).params.values()
        if parameter.enum and not parameter.enum_trusted and parameter.type == "enum"
    ]
    name, parameter = loose[0]
    found = validate(Program("A", (Action(name, ((parameter.key, "no such value"),)),)))
    assert [finding.severity for finding in found] == ["warning"]


def test_a_catalogue_that_saw_a_program_knows_it() -> None:
    program = parse('SHORTCUT "A"\nACTION com.acme.app.DoIntent thing="x" n=1\n')
    known = catalogue.load().extended([program])
    assert validate(program, catalogue=known) == []
    assert catalogue.load().find("com.acme.app.DoIntent") is None
    spec = known.find("com.acme.app.DoIntent")
    assert spec.sources == ("observed",) and spec.confidence == "low"
    assert {p.key: p.type for p in spec.params.values()} == {"thing": "text", "n": "number"}


def test_previous_follows_the_path_of_execution() -> None:
    scope = Scope()
    assert not scope.allows(Handle("prev"))
    scope.after_action("ask", key="ask")
    scope.after_action("comment", key="comment")
    assert scope.resolve(Handle("prev")) == "ask"
    scope.enter("if")
    scope.after_action("date", key="date")
    assert scope.resolve(Handle("prev")) == "date"
    scope.branch()
    assert scope.resolve(Handle("prev")) == "ask"
    assert scope.resolve(Handle("date")) == "date"  # an earlier branch's output can be named
    scope.leave(key="end")
    assert scope.resolve(Handle("prev")) == scope.resolve(Handle("conditional")) == "end"


def test_loops_number_their_variables() -> None:
    scope = Scope()
    scope.enter("foreach")
    scope.enter("if")
    scope.enter("repeat")
    assert scope.loop_variables() == (
        "Repeat_Item",
        "Repeat_Index",
        "Repeat_Item_2",
        "Repeat_Index_2",
    )
    assert {"item", "index", "input"} <= set(scope.handles())
    inside = scope.copy()
    for _ in range(3):
        scope.leave()
    assert not scope.allows(Var("Repeat_Item")) and not scope.allows(Handle("item"))
    assert inside.allows(Var("Repeat_Item_2")) and not inside.allows(Var("Repeat_Item_3"))


def test_a_scope_knows_the_ways_on_which_a_variable_is_not_set() -> None:
    scope, x = Scope(), Var("x")
    scope.enter("menu", 1)
    scope.branch("a")
    scope.set_variable("x")
    scope.enter("foreach", 3)
    scope.set_variable("y")
    scope.leave()
    assert scope.surely(x) and scope.gap(x) is None
    assert scope.gap(Var("y")).in_loop and scope.surely(Var("y"))
    scope.branch("b")
    assert scope.allows(x) and not scope.surely(x)
    before = scope.copy()
    scope.after_action("exit")
    scope.leave()
    assert scope.surely(x)  # the other case ends the program
    before.leave()
    assert str(before.gap(x)) == "case 'b' of line 1 is chosen"
    before.assume("x")
    assert before.surely(x)


def test_a_variable_is_told_of_once() -> None:
    program = parse(f'SHORTCUT "A"\n{UNSURE}\nACTION speaktext WFText=`{{$x}} {{$x}}`\n')
    assert [f.line for f in validate(program)] == [5]


def test_counts_that_no_text_can_spell_are_refused() -> None:
    for count in (True, "three"):
        (finding,) = validate(Program("A", (Repeat(count, ()),)))
        assert "cannot repeat" in finding.why


def test_everything_a_scope_lists_is_allowed(real_programs: list[Program]) -> None:
    for program in real_programs[::10]:
        for _, scope in walk_scoped(program.body):
            assert all(scope.allows(Var(name)) for name in scope.variables())
            assert all(scope.allows(Handle(name)) for name in scope.handles())


def test_what_is_left_on_the_real_corpus_is_explained(real_programs: list[Program]) -> None:
    rows = survey(real_programs)
    assert {(r.kind, r.severity): (r.findings, r.programs, r.explained) for r in rows} == {
        ("other app's action", "warning"): (202, 147, LIMIT),
        ("output not found by name", "error"): (156, 45, LIMIT),
        ("leftover parameter", "warning"): (39, 22, DEFECT),
        ("leftover value of a condition", "warning"): (15, 15, DEFECT),
        ("condition left open", "warning"): (12, 10, DEFECT),
        ("value that no source lists", "warning"): (9, 5, LIMIT),
        ("@prev with nothing before it", "error"): (6, 5, LIMIT),
        ("variable of an earlier round", "warning"): (5, 4, DEFECT),
        ("variable not set on some way", "error"): (4, 4, DEFECT),
        ("variable never set before its use", "error"): (2, 2, DEFECT),
    }
    assert [r.findings for r in rows] == sorted((r.findings for r in rows), reverse=True)
    known = catalogue.load().extended(real_programs)
    kinds = {row.kind for row in survey(real_programs, known)}
    assert kinds == {r.kind for r in rows} - {"other app's action", "value that no source lists"}


def test_what_nobody_has_explained_stands_out() -> None:
    finding = Finding("validate", 1, "ACTION x", "something new")
    assert kind_of(finding).explained == OPEN
    left_open = next(kind for kind in KINDS if kind.name == "condition left open")
    assert kind_of(Finding("validate", 1, "IF", "in any words", code=left_open.code)) == left_open
    program = parse('SHORTCUT "A"\nACTION gettxt\n')
    (row,) = survey([program])
    assert (row.explained, row.findings, row.programs) == (OPEN, 1, 1)


def test_scope_explains_the_real_references(real_programs: list[Program]) -> None:
    explained: Counter = Counter()
    for program in real_programs:
        for statement, scope in walk_scoped(program.body):
            for _, value in operands(statement):
                for reference in references(value):
                    explained[scope.allows(reference)] += 1
    assert explained == {True: 2906, False: 169}


def test_lines_are_kept_apart_from_meaning(real_texts: list[str]) -> None:
    program = parse(real_texts[107])
    again = parse(render(program))
    assert [f.why for f in validate(program)] == [f.why for f in validate(again)]


HEALTH_KEYS = ("WFQuantitySampleType", "WFQuantitySampleQuantity", "WFCategorySampleEnumeration")
HEALTH_KEYS += ("WFContentItemFilter", "WFHKSampleFilteringUnit", "WFWorkoutDistanceQuantity")
SOME_KEYS = st.lists(st.sampled_from(HEALTH_KEYS), unique=True)
HEALTH = ("health.quantity.log", "health.workout.log", "filter.health.quantity")


@settings(max_examples=150, deadline=None)
@given(
    programs, st.sampled_from(HEALTH), st.lists(st.sampled_from(HEALTH_KEYS), unique=True), values
)
def test_any_tree_can_be_validated(program, name, keys, value) -> None:
    tree = Program(program.name, (*program.body, Action(name, tuple((k, value) for k in keys))))
    strict, permissive = validate(tree), validate(tree, strict=False)
    assert [(f.line, f.where, f.why) for f in strict] == [
        (f.line, f.where, f.why) for f in permissive
    ]
    assert len(errors(permissive)) <= len(errors(strict))
