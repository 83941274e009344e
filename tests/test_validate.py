"""Checks of a tree: each fault found once, valid programs clean, the real corpus explained."""

from __future__ import annotations

from collections import Counter

import pytest
from cases import INVALID, VALID, Invalid, invalid_text

from sashimi.program import Finding, catalogue, parse, render, validate
from sashimi.program.findings import errors
from sashimi.program.scope import Scope, operands, walk_scoped
from sashimi.program.tree import Action, Handle, Program, Var, references


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_cases_are_clean(text: str) -> None:
    assert validate(parse(text)) == []


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.name)
def test_each_fault_is_found_once_on_its_line(case: Invalid) -> None:
    (finding,) = validate(parse(invalid_text(case)))
    assert finding.stage == "validate"
    assert (finding.line, finding.severity) == (case.line, case.severity)
    assert case.why in finding.why


@pytest.mark.parametrize(
    ("body", "strict", "permissive"),
    [
        ("ACTION com.acme.app.DoIntent", "error", "warning"),
        ("ACTION ask Prompt=1", "error", "warning"),
        ("ACTION showresult Text=$x", "error", "warning"),
        ("ACTION gettxt", "error", "error"),
        ('ACTION ask WFInputType="Colour"', "error", "error"),
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


def test_everything_a_scope_lists_is_allowed(real_programs: list[Program]) -> None:
    for program in real_programs[::10]:
        for _, scope in walk_scoped(program.body):
            assert all(scope.allows(Var(name)) for name in scope.variables())
            assert all(scope.allows(Handle(name)) for name in scope.handles())


def kinds(findings: list[Finding]) -> Counter:
    """Findings by what they are about."""
    known = {
        "names no earlier": "output whose name the text lost",
        "before it is set": "unset variable",
        "no action before": "nothing before @prev",
        "no value to compare": "condition left open",
        "takes no value": "leftover value of a condition",
    }
    return Counter(
        next((kind for words, kind in known.items() if words in finding.why), finding.why)
        for finding in findings
    )


def test_what_is_left_on_the_real_corpus_has_a_name(real_programs: list[Program]) -> None:
    known = catalogue.load().extended(real_programs)
    found = [validate(program, catalogue=known) for program in real_programs]
    assert kinds([finding for findings in found for finding in findings]) == {
        "output whose name the text lost": 156,
        "unset variable": 7,
        "nothing before @prev": 6,
        "condition left open": 12,
        "leftover value of a condition": 15,
    }
    assert sum(bool(errors(findings)) for findings in found) == 55


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
