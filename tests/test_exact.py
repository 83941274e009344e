"""Any plist comes back exactly: through the tree, its text, and its compiled form."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from plists import PLISTS, normal

from sashimi.program import compile, decompile, parse, render, tiers
from sashimi.program.check.analyse import analyse
from sashimi.program.check.validate import validate

QUICK = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def back(plist: dict) -> object:
    """What a plist is after its way through the tree, the text and the typed IR."""
    program = decompile(plist)
    text = render(program)
    again = parse(text)
    assert again == program and repr(again) == repr(program)
    assert repr(tiers.lower(tiers.encode(again))) == repr(again)
    validate(again)
    analyse(again)
    return normal(compile(again))


@settings(max_examples=150, **QUICK)
@given(PLISTS)
def test_any_plist_comes_back_exactly(plist: dict) -> None:
    assert back(plist) == normal(plist)


def test_an_empty_identifier_is_no_missing_one() -> None:
    """The output of ``""`` is not that of the part of a block between, which has none."""
    part = {"GroupingIdentifier": "A", "WFControlFlowMode": 1}
    given = {"Type": "ActionOutput", "OutputUUID": "", "OutputName": "a b"}
    records = [
        ("gettext", {"UUID": ""}),
        ("conditional", part),
        ("gettext", {"x": given, "UUID": "00000001-0000-4000-8000-000000000001"}),
    ]
    plist = {
        "WFWorkflowActions": [
            {
                "WFWorkflowActionIdentifier": f"is.workflow.actions.{name}",
                "WFWorkflowActionParameters": parameters,
            }
            for name, parameters in records
        ]
    }
    assert back(plist) == normal(plist)


@pytest.mark.parametrize("name", ["conditional", "choosefrommenu", "repeat.count", "repeat.each"])
def test_a_block_may_begin_without_parameters(name: str) -> None:
    """A start that states nothing, not even which block it is of."""
    identifier = f"is.workflow.actions.{name}"
    plist = {
        "WFWorkflowActions": [
            {"WFWorkflowActionIdentifier": identifier},
            {
                "WFWorkflowActionIdentifier": identifier,
                "WFWorkflowActionParameters": {"WFControlFlowMode": 2},
            },
        ]
    }
    assert back(plist) == normal(plist)


@pytest.mark.slow
@settings(max_examples=20_000, derandomize=False, **QUICK)
@given(PLISTS)
def test_twenty_thousand_plists_come_back_exactly(plist: dict) -> None:
    assert back(plist) == normal(plist)


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_identifier_that_is_a_reference_is_no_label(wrapped: bool) -> None:
    value = {"Type": "ExtensionInput"}
    value = {"Value": value, "WFSerializationType": "WFTextTokenAttachment"} if wrapped else value
    plist = {
        "WFWorkflowActions": [
            {
                "WFWorkflowActionIdentifier": "is.workflow.actions.gettext",
                "WFWorkflowActionParameters": {"UUID": value},
            }
        ]
    }
    assert back(plist) == normal(plist)
