"""Precision, recall and F1 of multisets, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.metrics import Overlap, overlap


def test_overlap_by_hand():
    # shared: a once, b once of twice; have 3, want 4
    found = overlap("abbc", "abd")
    assert (found.precision, found.recall) == (2 / 3, 2 / 4)
    assert found.f1 == pytest.approx(4 / 7)
    assert overlap("aa", "a") == Overlap(1.0, 0.5, 2 / 3)
    assert overlap("", "") == Overlap(1.0, 1.0, 1.0)
    assert overlap("a", "") == overlap("", "a") == overlap("a", "b") == Overlap(0.0, 0.0, 0.0)


@given(st.text("abc"), st.text("abc"))
def test_overlap_swaps_precision_and_recall(left, right):
    one, other = overlap(left, right), overlap(right, left)
    assert (one.precision, one.recall) == (other.recall, other.precision)
    assert one.f1 == pytest.approx(other.f1)
    assert (one.f1 == 1.0) == (sorted(left) == sorted(right))
