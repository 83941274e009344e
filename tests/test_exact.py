"""Any plist comes back exactly: through the tree, its text, and its compiled form."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from plists import PLISTS, normal

from sashimi.program import compile, decompile, parse, render, tiers
from sashimi.program.check.analyse import analyse
from sashimi.program.check.validate import validate

QUICK = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def comes_back(plist: dict) -> None:
    program = decompile(plist)
    text = render(program)
    again = parse(text)
    assert again == program and repr(again) == repr(program)
    assert normal(compile(again)) == normal(plist)
    assert repr(tiers.lower(tiers.encode(again))) == repr(again)
    validate(again)
    analyse(again)


@settings(max_examples=150, **QUICK)
@given(PLISTS)
def test_any_plist_comes_back_exactly(plist: dict) -> None:
    comes_back(plist)


@pytest.mark.slow
@settings(max_examples=20_000, **QUICK)
@given(PLISTS)
def test_twenty_thousand_plists_come_back_exactly(plist: dict) -> None:
    comes_back(plist)
