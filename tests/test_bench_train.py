"""The training bench compares a ternary network with its continuous twin, step by step."""

import pytest

from sashimi.flagship.bench import training as bench


def test_rows_are_a_pair_and_their_ratio():
    ternary, continuous, ratio = bench(examples=40, steps=3)
    assert (ternary.unit, continuous.unit, ratio.unit) == ("ms", "ms", "times")
    assert ternary.value > 0 and continuous.value > 0
    assert ratio.value == pytest.approx(ternary.value / continuous.value, rel=1.0)
    assert ratio.limit == 1.15
