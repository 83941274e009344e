"""The catalogue: its size, its records against facts known by heart, its coverage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

from development import CORPUS, FACTS, needs_shared

from sashimi.program import catalogue, names, parse
from sashimi.program.spec import COMMON_KEYS, DISPLAYED, TYPES, Condition
from sashimi.program.tree import Program, actions


def test_size_and_form() -> None:
    text = files("sashimi.program").joinpath("catalogue.json").read_text(encoding="utf-8")
    lines = text.splitlines()
    keys = [json.loads("{" + line.rstrip(",") + "}").popitem()[0] for line in lines[1:-1]]
    assert keys == sorted(keys) and len(keys) == len(set(keys)) == len(catalogue.load())
    assert sum(not names.is_vendor(key) for key in keys) >= 380
    assert len(text.encode()) < 1_500_000


def test_every_record_is_well_formed() -> None:
    for name in catalogue.load().names():
        spec = catalogue.find(name)
        assert spec.sources and spec.confidence in ("low", "medium", "high")
        for key, parameter in spec.params.items():
            assert parameter.key == key and parameter.type in TYPES
            assert not parameter.enum_trusted or parameter.enum
            assert all(isinstance(value, str) for value in parameter.enum)


def test_an_action_known_by_heart() -> None:
    ask = catalogue.find("is.workflow.actions.ask")
    assert ask is catalogue.find("ask") and ask.identifier == "is.workflow.actions.ask"
    assert ask.output_name == "Provided Input" and ask.since == "12"
    kind = ask.parameter("WFInputType")
    assert set(kind.enum) == {"Text", "Number", "URL", "Date", "Time", "Date and Time"}
    assert kind.type == "enum" and kind.enum_trusted and kind.default == "Text"
    assert ask.parameter("NoSuchKey") is None
    assert catalogue.find("no.such.action") is None


def test_types_of_parameters_known_by_heart() -> None:
    known = {
        ("alert", "WFAlertActionMessage"): "text",
        ("alert", "WFAlertActionCancelButtonShown"): "boolean",
        ("repeat.count", "WFRepeatCount"): "number",
        ("dictionary", "WFItems"): "dictionary",
        ("list", "WFItems"): "list",
        ("adjustdate", "WFDuration"): "quantity",
        ("health.quantity.log", "WFQuantitySampleQuantity"): "quantity",
        ("setvariable", "WFVariableName"): "text",
        ("previewdocument", "WFInput"): "reference",
        ("format.date", "WFDate"): "date",
        ("downloadurl", "WFHTTPMethod"): "enum",
    }
    assert {key: catalogue.find(key[0]).parameter(key[1]).type for key in known} == known


def test_conditions_of_validity() -> None:
    width = catalogue.find("resizewindow").parameter("WFWidth")
    assert [(c.key, c.values, c.negated) for c in width.when] == [
        ("WFConfiguration", ("Dimensions",), False)
    ]
    answer = catalogue.find("ask").parameter("WFAskActionDefaultAnswer")
    rule = Condition("WFInputType", ("Date",), negated=True, trusted=True, source="ios12")
    assert answer.when == (rule,)


def test_what_else_is_known_of_parameters() -> None:
    duration = catalogue.find("adjustdate").parameter("WFDuration")
    assert duration.units == ("sec", "min", "hr", "days", "weeks", "months", "years")
    assert catalogue.find("filter.health.quantity").parameter("WFContentItemFilter").required == (
        "stated"
    )
    assert catalogue.find("showresult").parameter("Text").required == "observed"
    assert catalogue.find("ask").parameter("WFAskActionDefaultAnswer").required == ""
    shown = {
        (name, key)
        for name in catalogue.load().names()
        for key, parameter in catalogue.find(name).params.items()
        if parameter.displayed
    }
    assert shown == DISPLAYED


def test_since_when_an_action_exists() -> None:
    old, new = catalogue.find("alert"), catalogue.find("resizewindow")
    assert (old.since, old.since_from) == ("12", "stated")
    assert (new.since, new.since_from) == ("13", "derived")
    assert catalogue.find("folder").since is None  # only ever observed
    assert catalogue.find("addframetogif").needs_input or catalogue.find("count").needs_input


def test_rules_say_who_states_them_and_hold_or_not() -> None:
    rules = [
        rule
        for name in catalogue.load().names()
        for parameter in catalogue.find(name).params.values()
        for rule in parameter.when
    ]
    assert {rule.source for rule in rules} == {"ios12", "bench"} and len(rules) > 200
    only = Condition("k", ("a", True))
    but = Condition("k", ("a",), negated=True)
    assert only.holds("a") and only.holds(True) and not only.holds("b")
    assert but.holds("b") and not but.holds("a")


def test_additions_keep_what_is_known() -> None:
    program = parse('SHORTCUT "A"\nACTION timer.start Mystery=1\nACTION ask Other="x"\n')
    known = catalogue.load().extended([program])
    again = catalogue.with_additions(json.loads(json.dumps(known.additions())))
    assert again.find("timer.start") == known.find("timer.start")
    assert again.find("ask") == known.find("ask")
    assert again.find("timer.start").parameter("WFDuration").units == ("sec", "min", "hr")


def test_real_corpus_is_covered_or_observed(real_programs: list[Program]) -> None:
    covered: Counter = Counter()
    for program in real_programs:
        for action in actions(program):
            spec = catalogue.find(action.name)
            covered[spec.confidence if spec else "third party"] += 1
            if spec is None:
                assert names.is_vendor(action.name) and not action.name.startswith("com.apple.")
            else:
                known = set(spec.params) | COMMON_KEYS
                assert {key for key, _ in action.params} <= known
    assert covered == {"high": 7522, "medium": 441, "low": 80, "third party": 202}


@needs_shared
def test_the_committed_files_are_what_the_script_builds(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[1] / "scripts" / "build_catalogue.py"
    forms = FACTS.parent / "real" / "parameter_forms.tsv"
    call = [sys.executable, str(script), str(FACTS), "--programs", str(CORPUS), "--check"]
    call += ["--forms", str(forms)]
    report = tmp_path / "catalogue.md"
    done = subprocess.run(
        [*call, "--report", str(report)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sources disagree" in done.stdout
    committed = script.parents[1] / "docs" / "catalogue.md"
    assert report.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def test_short_and_full_names() -> None:
    assert names.identifier("text.split") == "is.workflow.actions.text.split"
    assert names.identifier("com.apple.clock.OpenTab") == "com.apple.clock.OpenTab"
    assert names.short("is.workflow.actions.date") == "date"
    assert names.handle("com.a-b.X") == "com_a_b_X"
    assert not any(
        names.is_vendor(name) for name in catalogue.load().names() if names.identifier(name) != name
    )
