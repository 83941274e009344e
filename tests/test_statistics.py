"""Intervals, tests and rank statistics against values worked out by hand, and against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sashimi import ranks, statistics
from sashimi.errors import BadInput
from sashimi.statistics import Interval, bootstrap, paired, wilson


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


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_is_scipys_and_holds_the_rate(successes, more):
    n = successes + more
    found = wilson(successes, n)
    ends = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), abs=1e-12)
    assert 0 <= found.low <= successes / n <= found.high <= 1


def test_newcombes_fall_by_hand():
    # Newcombe 1998, table II (a): 56/70 against 48/80 gives 0.0524 to 0.3339
    found = statistics.fall((56, 70), (48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert statistics.fall((0, 0), (0, 0)).value == 0.0


def test_student_is_scipys():
    values = [0.1, 0.4, 0.2]
    ends = stats.ttest_1samp(values, 0).confidence_interval()
    found = statistics.student(values)
    assert (found.low, found.high, found.n) == pytest.approx((ends.low, ends.high, 3))
    assert math.isnan(statistics.student([0.5]).low)
    assert statistics.student([0.5, 0.5]) == Interval(0.5, 0.5, 0.5, 2)


def test_resamples_of_a_ratio_keep_the_pairs():
    def ratio(a, b, axis=-1):
        return a.sum(axis) / b.sum(axis)

    above, below = np.array([1.0, 2, 3]), np.array([2.0, 4, 6])
    assert set(statistics.resampled(ratio, above, below, paired=True)) == {0.5}
    assert statistics.resampled(np.mean, np.array([3.0])).tolist() == [3.0] * 2000


def test_weights_are_resamples_as_counts():
    drawn = statistics.weights(4, seed=0, resamples=500)
    assert drawn.shape == (500, 4) and set(drawn.sum(1)) == {4}
    values = np.array([0.0, 1, 2, 3])
    assert (drawn @ values / 4).std() == pytest.approx(values.std() / 2, rel=0.1)


def test_an_interval_leaves_out_resamples_that_have_no_value():
    draws = np.array([1.0, math.nan, 3.0])
    assert statistics.interval(2.0, draws, 5, level=1.0) == Interval(2.0, 1.0, 3.0, 5)
    assert math.isnan(statistics.interval(2.0, draws[1:2], 5).low)


def test_p_over_seeds_and_over_examples_by_hand():
    assert statistics.p_of_seeds([0.1, 0.2, 0.3]) == pytest.approx(
        stats.ttest_1samp([0.1, 0.2, 0.3], 0).pvalue
    )
    assert math.isnan(statistics.p_of_seeds([0.1])) and statistics.p_of_seeds([0, 0]) == 1.0
    # four equal signs: 2 of 16 ways are as extreme; zeros are nothing to flip
    assert statistics.p_of_examples([1, 0, 1, 1, 0, 1]) == pytest.approx(2 / 16)
    assert statistics.p_of_examples([0, 0]) == 1.0
    assert statistics.p_of_examples([0, 3, 0]) == 1.0
    assert math.isnan(statistics.p_of_examples([1, math.nan]))


def test_holm_by_hand():
    assert statistics.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )


def test_spearman_with_ties_and_without_an_answer():
    x, y = [1, 2, 2, 4, 5, 5], [3, 1, 2, 5, 5, 4]
    assert ranks.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert ranks.spearman([1, 2, 3], [3, 3, 3]) is None
    rows = np.array([x, [1, 1, 1, 1, 1, 1]])
    both = ranks.ranked(rows, np.array([y, y]))
    assert both[0] == pytest.approx(stats.spearmanr(x, y).statistic) and math.isnan(both[1])


def test_correlate_says_why_not_and_is_seeded():
    assert ranks.correlate([1, 2, 3], [1, 2, 3]).reason == "fewer than 4 pairs"
    assert ranks.correlate([1, 1, 1, 1], [1, 2, 3, 4]).reason == "one side is constant"
    x = np.arange(12.0)
    found = ranks.correlate(x, x**3)
    assert (found.rho, found.n) == (pytest.approx(1.0), 12)
    assert found.p == pytest.approx(1 / (statistics.RESAMPLES + 1))
    assert found == ranks.correlate(x, x**3)
    noise = ranks.correlate(x, np.random.default_rng(0).permutation(12))
    assert noise.low < noise.rho < noise.high and noise.p > 0.05
    # of the 24 orders of four, two are as extreme
    assert ranks.correlate([1, 2, 3, 4, math.nan], [1, 2, 3, 4, 5]).p == pytest.approx(2 / 24)


def test_sorts_is_the_area_under_the_roc_curve():
    high, low = np.array([2.0, 3, 3]), np.array([1.0, 3])
    # pairs: 2>1, 2<3, 3>1 twice, 3=3 twice as halves
    assert ranks.sorts(high, low) == pytest.approx((1 + 2 + 1) / 6)
    assert ranks.sorts(high, low) == pytest.approx(stats.mannwhitneyu(high, low).statistic / 6)


def test_slope_by_hand():
    exact = ranks.slope([0, 1, 2], [1, 3, 5])
    assert (exact.value, exact.low, exact.high) == pytest.approx((2, 2, 2))
    found = ranks.slope([0, 1, 2], [0, 2, 1])
    assert found.value == pytest.approx(0.5)
    # residuals -0.5, 1, -0.5: error sqrt(1.5 / 1 / 2)
    half = statistics.Z * math.sqrt(0.75)
    assert found.high - found.value == pytest.approx(half) == found.value - found.low
    assert ranks.slope([0, 1], [0, 1]) is None


def test_the_expanded_bootstrap_needs_two_finite_values():
    with pytest.raises(BadInput):
        statistics.expanded([1.0])
    low, high = statistics.expanded([1, 2, 3, 4, 5, 7])
    plain = bootstrap([1, 2, 3, 4, 5, 7])
    assert low < plain.low and high > plain.high


def test_an_interval_formats_itself():
    found = Interval(0.1234, 0.05, 0.2, 9)
    assert f"{found}" == "0.123 [0.050, 0.200]" and f"{found:.1f}" == "0.1 [0.1, 0.2]"
    assert f"{Interval(1.0, math.nan, math.nan, 1)}" == "1.000"
    assert f"{Interval(math.nan, math.nan, math.nan, 0)}" == "n/a"
