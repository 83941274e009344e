"""The formulas of a trajectory against values worked out by hand, their edges and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.pab import definitions as d
from sashimi.pab.series import Counts, Series

losses = st.lists(st.floats(0.01, 100.0), min_size=3, max_size=30)


@pytest.mark.parametrize(
    ("prev", "curr", "value"),
    [
        (2.0, 1.0, 0.5),
        (1.0, 2.0, 1.0),
        (-2.0, -1.0, 0.5),  # the plan's formula gives -0.5 here
        (0.0, 1.0, 1e8),
        (0.0, 0.0, 0.0),
        (np.float32(4.0), np.int64(3), 0.25),
    ],
)
def test_stability_by_hand(prev, curr, value):
    assert d.stability(prev, curr) == pytest.approx(value, rel=1e-6)
    assert isinstance(d.stability(prev, curr), float)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_stability_of_a_missing_loss_is_missing(missing):
    assert math.isnan(d.stability(missing, 1.0))
    assert math.isnan(d.stability(1.0, missing))


def test_stability_of_arrays():
    assert d.stability([4.0, 2.0, 2.0], [2.0, 2.0, 3.0]) == pytest.approx([0.5, 0.0, 0.5])
    assert len(d.stability([], [])) == 0
    holed = d.stability([4.0, None, 2.0], [None, 2.0, 1.0])
    assert np.isnan(holed).tolist() == [True, True, False]
    assert d.mean(holed) == pytest.approx(0.5)  # one gap does not poison the summary


@pytest.mark.parametrize(
    ("values", "window", "result"),
    [
        ([], 10, None),
        ([1.0], 10, None),
        ([1.0, 2.0], 10, None),
        ([1.0, 2.0, 4.0], 10, 0.25),  # differences 1, 2
        ([4.0, 3.0, 2.0, 1.0], 10, 0.0),
        ([9.0, 1.0, 2.0, 4.0], 2, 0.25),  # the last two differences only
        ([1.0, None, 2.0, 4.0], 10, None),  # one known difference is left
        ([1.0, 2.0, 4.0, None, 8.0], 10, 0.25),  # nothing is bridged
        ([0.0, 1.0, -1.0], 10, 2.25),  # differences 1, -2 about -0.5
    ],
)
def test_predictability_by_hand(values, window, result):
    assert d.predictability(values, window) == (None if result is None else pytest.approx(result))


def test_predictability_looks_back_ten_differences():
    values = [100.0, *range(11)]  # eleven points of slope 1 after a jump
    assert d.predictability(values) == pytest.approx(0.0)
    assert d.predictability(values[:-1]) > 1
    assert d.rolling(d.predictability, values)[-2:] == pytest.approx(
        [d.predictability(values[:-1]), 0]
    )
    with pytest.raises(BadInput, match="window"):
        d.predictability(values, window=1)


@given(losses, st.floats(1e-3, 1e3))
def test_rescaling_the_loss(values, factor):
    scaled = [factor * value for value in values]
    raw, log = d.predictability(values), d.log_predictability(values)
    assert d.predictability(scaled) == pytest.approx(
        raw * factor**2, rel=1e-6, abs=1e-9 * factor**2
    )
    assert d.log_predictability(scaled) == pytest.approx(log, rel=1e-6, abs=1e-9)


def test_log_predictability_by_hand():
    e = math.e
    assert d.log_predictability([1.0, e, e**3]) == pytest.approx(0.25)  # differences 1, 2
    assert d.log_predictability([1.0, 0.8, 0.64, 0.512]) == pytest.approx(0.0)  # a clean decay
    assert d.log_predictability([1.0, 0.0, -1.0, 2.0]) is None


def test_generalization_gap():
    assert d.generalization_gap(1.0, 1.5) == 0.5
    assert d.generalization_gap([1.0, 2.0], [0.5, 3.0]) == pytest.approx([-0.5, 1.0])
    assert math.isnan(d.generalization_gap(1.0, None))


def test_representation_evolution_by_hand():
    east, north = np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 5.0]])
    assert d.representation_evolution(east, east * 7) == pytest.approx(0.0)
    assert d.representation_evolution(east, north) == pytest.approx(1.0)
    assert d.representation_evolution(east, -east) == pytest.approx(2.0)
    slanted = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert d.representation_evolution(east, slanted) == pytest.approx(1 - 1 / math.sqrt(2))
    assert math.isnan(d.representation_evolution(east, east * 0))
    with pytest.raises(BadInput, match="probe"):
        d.representation_evolution(east, north[:1])


def test_crystallization_is_of_trits():
    before = np.array([1, 0, -1, 1], dtype=np.int8)
    after = np.array([1, 1, -1, -1], dtype=np.int8)
    assert d.crystallization(before, after) == 0.5
    with pytest.raises(BadInput, match="int8"):
        d.crystallization(before * 0.5, after)
    with pytest.raises(BadInput, match="shape"):
        d.crystallization(before, after[:2])
    assert math.isnan(d.crystallization(before[:0], after[:0]))


def test_slope_and_rate():
    assert d.slope([0, 1, 2], [1.0, 3.0, 5.0], per=1) == pytest.approx(2.0)
    assert d.slope([0, 500, 1000], [0.5, 0.6, 0.7]) == pytest.approx(0.2)
    assert d.slope([0, 500, 900, 1000], [0.5, 0.6, None, 0.7]) == pytest.approx(0.2)
    # steps are unequal: the slope is over steps, not over checkpoints
    assert d.slope([0, 1, 10], [0.0, 1.0, 10.0], per=1) == pytest.approx(1.0)
    assert d.slope([5], [1.0]) is None


def test_importance_consistency_averages_the_last_fifth():
    steps = [0, 20, 40, 60, 80, 100]
    assert d.importance_consistency(steps, [0, 0, 0, 0, 0.8, 0.9]) == pytest.approx(0.85)
    assert d.importance_consistency(steps, [0, 0, 0, 0, None, 0.9]) == pytest.approx(0.9)
    assert d.importance_consistency([], []) is None


@pytest.mark.parametrize("steps", [[1, 1], [1, 3, 2]])
def test_repeated_or_decreasing_steps_are_refused(steps):
    with pytest.raises(BadInput, match="increase"):
        Series(steps, [0.0] * len(steps))


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20),
    st.integers(-5, 5),
)
def test_series_round_trip(values, start):
    series = Series(range(start, start + len(values)), values)
    again = Series.from_dict(series.as_dict())
    assert again.steps.tolist() == series.steps.tolist()
    np.testing.assert_array_equal(again.values, series.values)


def test_counts_know_their_share_and_when_nothing_was_tried():
    counts = Counts([1, 2], [1, 0], [4, 0])
    assert counts.share[0] == 0.25 and math.isnan(counts.share[1])
    assert counts.series().last() == 0.25
    assert Counts.from_dict(counts.as_dict()).total.tolist() == [4, 0]
