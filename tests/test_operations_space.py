"""The space of operations: vectors computed by hand, and input that must be refused."""

import json
import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.studies import operations
from sashimi.studies.operations import space


def test_every_operation_once_in_the_plans_order():
    table = operations.every()
    assert table.shape == (19683, 9) and table.dtype == np.int8
    assert table[0].tolist() == [-1] * 9
    assert table[9841].tolist() == [0] * 9
    assert table[19682].tolist() == [1] * 9
    assert table[5].tolist() == [1, 0, *[-1] * 7]
    assert (table[::-1] == -table).all()
    assert (space.rows(table) == np.arange(19683)).all()


@pytest.mark.parametrize(
    ("n", "share"),
    [(0, 0), (1, 1 / 19683), (10_000, 0.39834), (19_683, 0.63213), (50_000, 0.92116)],
)
def test_the_ceiling(n, share):
    assert operations.ceiling(n) == pytest.approx(share, abs=5e-6)


@pytest.mark.parametrize("n", [-1, 2.5, True, "9", None, math.nan])
def test_a_wrong_number_of_draws_is_refused(n):
    with pytest.raises(BadInput, match="whole number"):
        operations.ceiling(n)


def test_coverage_counts_operations():
    found = operations.coverage([[0] * 9, [1] * 9, [0] * 9])
    assert (found.unique, found.n) == (2, 3)
    assert found.share == 2 / 19683
    assert found.of_ceiling == pytest.approx(2 / 19683 / operations.ceiling(3))
    assert operations.coverage(operations.every().astype(float)).share == 1


def test_uniform_draws_reach_the_ceiling():
    rng = np.random.default_rng(0)
    draws = space.cut(rng.standard_normal((50_000, 9)))
    assert operations.coverage(draws).of_ceiling == pytest.approx(1, abs=0.006)


@pytest.mark.parametrize(
    "draws",
    [
        np.zeros((0, 9)), np.zeros(9), np.zeros((2, 8)), np.zeros((2, 3, 9)), [[0] * 9, [0] * 8],
        np.full((1, 9), 2), np.full((1, 9), 0.5), np.full((1, 9), np.nan), [["a"] * 9], None, 3,
    ],
)  # fmt: skip
def test_draws_that_are_no_operations_are_refused(draws):
    with pytest.raises(BadInput):
        operations.coverage(draws)


def table_of(n11, n10, n01, n00):
    a = np.repeat([True, True, False, False], [n11, n10, n01, n00])
    b = np.repeat([True, False, True, False], [n11, n10, n01, n00])
    return operations.error_table(a, b)


def test_the_error_table():
    found = table_of(19600, 40, 40, 3)
    assert (found.n11, found.n10, found.n01, found.n00) == (19600, 40, 40, 3)
    assert found.yule_q == pytest.approx(0.947, abs=5e-4)
    assert found.disagreement == pytest.approx(0.00406, abs=5e-6)
    assert found.balance() == 1.0
    assert found.null()["mean"] == pytest.approx(0.094, abs=5e-4)
    assert found.null()["p"] < 1e-3, "three common errors are not by chance"
    low, high = found.q_interval()
    assert low < found.yule_q < high


def test_what_is_undefined_is_nan():
    perfect = table_of(19683, 0, 0, 0)
    assert math.isnan(perfect.yule_q) and math.isnan(perfect.balance())
    assert json.loads(json.dumps(perfect.as_json(), allow_nan=False))["yule_q"] is None
    assert perfect.disagreement == 0
    assert table_of(19681, 1, 1, 0).balance(least=1) == 1.0, "the plan's number for one error each"


@pytest.mark.parametrize("wrong", [np.ones(3, bool), np.ones(19683), np.ones((19683, 1), bool), []])
def test_an_error_table_wants_one_answer_an_operation(wrong):
    with pytest.raises(BadInput, match="19683"):
        operations.error_table(wrong, np.ones(19683, bool))


def test_neighbours_differ_in_one_trit():
    table, beside = operations.every(), space.neighbours()
    for row in (0, 5, 9841, 19682):
        assert len(set(beside[row].tolist())) == 18
        assert {int((table[j] != table[row]).sum()) for j in beside[row]} == {1}


def test_precision_of_known_codes():
    table, some = operations.every(), np.arange(0, 19683, 29)
    one_hot = np.eye(3)[table + 1].reshape(19683, 27)
    assert space.precision_at_18(one_hot, some) == 1
    zeros = (table[some] == 0).sum() / (9 * len(some))
    raw = space.precision_at_18(table, some)
    assert raw == pytest.approx((1 + zeros) / 2, abs=1e-9), "a trit 0 has both neighbours at 1"
    random = np.random.default_rng(0).standard_normal((19683, 9))
    assert space.precision_at_18(random, some) < 0.01


def test_ties_go_to_the_lower_row():
    """Of equal codes every operation's nearest are the first rows but itself."""
    some = np.array([0, 1, 5, 19682])
    beside = space.neighbours()
    expected = [
        len(set(beside[q].tolist()) & set([r for r in range(19) if r != q][:18])) for q in some
    ]
    assert space.precision_at_18(np.full((19683, 2), 0.3), some) == sum(expected) / (18 * 4)


@pytest.mark.parametrize(
    "codes", [np.zeros((5, 2)), np.zeros(19683), np.zeros((19683, 0)), np.full((19683, 1), np.inf)]
)
def test_codes_of_another_shape_are_refused(codes):
    with pytest.raises(BadInput):
        operations.precision_at_18(codes)


def test_a_box_holds_its_operation():
    draws = space.boxes(np.random.default_rng(0))
    assert np.abs(draws).max() <= 1
    assert (np.round(1.5 * draws) == operations.every()).all()
