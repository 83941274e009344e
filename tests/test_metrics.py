"""Metrics against values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.metrics import Interval, Overlap, bootstrap, overlap, paired, wilson


def test_bootstrap_of_a_constant_is_a_point():
    assert bootstrap([0.5] * 7) == Interval(0.5, 0.5, 0.5, 7)


def test_bootstrap_of_coin_flips_matches_the_binomial():
    # 50 of 100: the mean of a resample is Binomial(100, 0.5)/100, whose 2.5% and 97.5% are .40, .60
    found = bootstrap([0, 1] * 50)
    assert found.value == 0.5
    assert found.low == pytest.approx(0.40, abs=0.011)
    assert found.high == pytest.approx(0.60, abs=0.011)


def test_bootstrap_is_seeded_and_counts_its_resamples():
    values = np.linspace(0, 1, 30)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)
    assert bootstrap(values, resamples=1).low == bootstrap(values, resamples=1).high


def test_missing_values_are_shown():
    for values in ([], [1.0, math.nan]):
        found = bootstrap(values)
        assert math.isnan(found.value) and math.isnan(found.low) and found.n == len(values)
        assert found.as_json() == {"value": None, "low": None, "high": None, "n": len(values)}


def test_paired_uses_the_pairs():
    # the two spread widely, their difference not at all
    theirs = np.arange(20) / 20
    found = paired(theirs + 0.125, theirs)
    assert (found.value, found.low, found.high) == pytest.approx((0.125, 0.125, 0.125))
    with pytest.raises(ValueError, match="2 and 1"):
        paired([1, 2], [1])


def test_wilson_by_hand():
    # 5 of 10, z = 2: centre (.5 + 4/20)/1.4 = .5, half 2/1.4 * sqrt(.025 + .01) = .26726
    found = wilson(5, 10, z=2)
    assert (found.low, found.high) == pytest.approx((0.23274, 0.76726), abs=1e-5)
    # 10 of 10, z = 2: low = n/(n + z²) = 10/14
    assert wilson(10, 10, z=2).low == pytest.approx(10 / 14)
    assert wilson(10, 10).high == 1.0 and wilson(0, 10).low == 0.0
    assert math.isnan(wilson(0, 0).value)
    with pytest.raises(ValueError):
        wilson(3, 2)


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
