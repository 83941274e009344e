"""Calibration by hand, against torchmetrics, and its rules at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sashimi import calibration


def test_a_temperature_undoes_what_logits_were_scaled_by():
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((4000, 3))
    chances = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    labels = np.array([rng.choice(3, p=p) for p in chances])
    found, bound = calibration.temperature(4 * honest, labels)
    assert found == pytest.approx(4, rel=0.1) and not bound
    # always right: the sharper, the likelier, down to the bound
    found, bound = calibration.temperature(np.eye(3)[labels], labels)
    assert bound and found == pytest.approx(calibration.TEMPERATURES[0], rel=0.02)


def test_bins_by_hand_and_their_edges():
    # of ten bins 0.1 opens the second, 1.0 stays in the last
    found = calibration.calibration([0.05, 0.1, 0.15, 1.0], [0, 1, 0, 1], bins=10)
    assert found.counts == (1, 2, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.confidence[1] == pytest.approx(0.125) and found.accuracy[1] == 0.5
    assert found.ece == pytest.approx((0.05 + 2 * 0.375 + 0) / 4)
    assert found.mce == pytest.approx(0.375) and math.isnan(found.accuracy[5])


def test_the_error_is_that_of_torchmetrics():
    import torch
    from torchmetrics.classification import BinaryCalibrationError

    rng = np.random.default_rng(1)
    # chances of a half and more, which torchmetrics reads as its confidence
    chance = 0.5 + rng.random(500) / 2
    right = (rng.random(500) < chance**2).astype(int)
    found = calibration.calibration(chance, right, bins=15)
    for norm, value in (("l1", found.ece), ("max", found.mce)):
        theirs = BinaryCalibrationError(n_bins=15, norm=norm)
        assert float(theirs(torch.tensor(chance), torch.tensor(right))) == pytest.approx(
            value, abs=1e-6
        )


@pytest.mark.parametrize("chance", [[], [1.5], [math.nan]])
def test_what_is_no_chance_is_refused(chance):
    with pytest.raises(ValueError):
        calibration.calibration(chance, [1] * len(chance))


def test_coverage_and_risk_by_hand():
    covered, risk = calibration.coverage_risk([0.9, 0.1, 0.5], [1, 0, 0])
    assert covered == pytest.approx([1 / 3, 2 / 3, 1]) and risk == pytest.approx([0, 1 / 2, 2 / 3])
    assert calibration.area(risk) == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert math.isnan(calibration.area(calibration.coverage_risk([], [])[1]))


@given(st.integers(0, 60), st.integers(1, 60))
def test_clopper_pearson_is_scipys(errors, more):
    n = errors + more
    ends = stats.binomtest(errors, n, alternative="less").proportion_ci(0.95)
    assert calibration.clopper_pearson(errors, n) == pytest.approx(ends.high, abs=1e-9)


def test_the_threshold_keeps_its_bound_and_ties_stand_together():
    # 0.95 ** (1/n): 0 errors of 59 is the first that bounds 5% at 95%
    right = [1] * 59 + [0]
    confidence = [0.9] * 59 + [0.2]
    assert calibration.threshold(confidence, right, 0.05) == 0.9
    assert calibration.threshold(confidence[:58], right[:58], 0.05) is None
    assert calibration.threshold([0.9] * 60, right, 0.05) is None, "the wrong one is as sure"
    assert calibration.clopper_pearson(0, 0) == 1.0
