"""Checked outputs compared as numbers: what an interval covers agrees, all else must be equal."""

import runpy
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from nbformat.v4 import new_output
from nbval.plugin import IPyNbCell

from sashimi.agree import agreed, outputs
from sashimi.statistics import Interval

KEPT = "exact 0.500 [0.402, 0.598] of 100\n"
ERROR = 0.05


def printed(value, n=100):
    return f"exact {Interval(value, value - 1.96 * ERROR, value + 1.96 * ERROR, n)} of {n}\n"


def test_a_value_in_the_interval_agrees_and_one_outside_does_not():
    assert printed(0.5) == KEPT
    assert agreed(printed(0.5 + ERROR), KEPT) == KEPT
    assert agreed(printed(0.5 - 1.9 * ERROR), KEPT) == KEPT
    for planted in (0.5 + 3 * ERROR, 0.5 - 3 * ERROR):
        assert agreed(printed(planted), KEPT) == printed(planted) != KEPT


def test_all_else_is_compared_as_text():
    assert agreed("0.5 of 100", "0.6 of 100") == "0.5 of 100", "a bare number has no interval"
    assert agreed(printed(0.52, 99), KEPT) != KEPT, "a count is exact"
    two = KEPT + KEPT
    assert agreed(printed(0.52) + printed(0.9), two) == KEPT + printed(0.9)
    assert agreed(two, KEPT) == two and agreed(KEPT, two) == KEPT, "what is missing stays missing"


def test_an_interval_that_swallows_everything_does_not_agree():
    assert agreed("0.7 [-9, 9]", "0.5 [0.4, 0.6]") == "0.7 [-9, 9]"


@pytest.mark.parametrize(("value", "same"), [(0.53, True), (0.65, False)])
def test_nbval_compares_with_it(value, same, monkeypatch):
    monkeypatch.setattr(IPyNbCell, "compare_outputs", IPyNbCell.compare_outputs)  # put back after
    runpy.run_path(str(Path(__file__).parents[1] / "notebooks" / "conftest.py"))
    cell = MagicMock(sanitize=lambda text: text)
    cell.parent.skip_compare = ("metadata",)
    new, old = ([new_output("stream", name="stdout", text=text)] for text in (printed(value), KEPT))
    assert IPyNbCell.compare_outputs(cell, new, old) is same
    assert new[0].text == printed(value), "what was printed is left alone"


def test_figures_and_other_outputs_are_left_alone():
    shown = new_output("display_data", {"text/plain": KEPT})
    assert outputs([shown], [shown]) == [shown] and outputs([shown], []) == [shown]
