"""Candidates, what they weigh, and the one that is taken."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.flagship.answer import choose
from sashimi.flagship.answer.choose import Candidates, Choice, Form
from sashimi.metrics import overlap

ONE = Form.of(["ACTION alert", "key:Text", "<text>", "END"])
TWO = Form.of(["ACTION alert", "ACTION delay", "END"])
OTHER = Form.of(["ACTION delay", "ACTION alert", "END"])


def test_a_form_holds_structure_without_comments():
    tokens = ["ACTION comment", "key:Text", "<text>", "IF", "ACTION delay", "ENDIF", "END"]
    form = Form.of(tokens)
    assert form.skeleton == ("IF", "ACTION delay", "ENDIF", "END")
    assert form.actions == ("ACTION delay",)


def test_agreement_is_half_actions_half_skeleton():
    table = choose.agreements([ONE, TWO], [ONE, OTHER, TWO])
    assert table == pytest.approx(np.array([[1.0, 1 / 3, 1 / 3], [1 / 3, 0.5, 1.0]]))


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=2, max_size=6))
def test_agreements_are_the_overlaps_of_every_pair_to_the_last_bit(programs):
    forms = [Form.of([*(f"ACTION {name}" for name in own), "END"]) for own in programs]
    rows, columns = forms[:-1], forms[1:]
    expected = [
        [(overlap(a.actions, b.actions).f1 + (a.skeleton == b.skeleton)) / 2 for b in columns]
        for a in rows
    ]
    assert choose.agreements(rows, columns).tolist() == expected


def test_weights_are_a_softmax_on_either_side():
    found = Candidates([ONE, TWO], [math.log(3), 0.0], [OTHER, ONE], [0.8, 0.8])
    assert choose.weights(found, Choice(0.5, 0.1)) == pytest.approx([0.375, 0.125, 0.25, 0.25])
    sharp = Candidates([], [], [OTHER, ONE], [0.9, 0.8])
    ratio = math.exp(1.0)
    expected = [ratio / (1 + ratio), 1 / (1 + ratio)]
    assert choose.weights(sharp, Choice(0.5, 0.1)) == pytest.approx(expected)
    alone = Candidates([ONE], [0.0], [], [])
    assert choose.weights(alone, Choice(0.0, 0.1)) == pytest.approx([1.0])


def test_the_answer_is_what_agrees_best_not_what_is_likeliest():
    # 0.4 for ONE, 0.3 each for two that share their actions: TWO agrees with most of the evidence
    found = Candidates([ONE, TWO, OTHER], [math.log(p) for p in (0.4, 0.3, 0.3)], [], [])
    order = choose.ranked(found, Choice(1.0, 0.1))
    third = (2 / 3) / 2
    by_hand = [0.4 + 0.6 * third, 0.4 * third + 0.3 + 0.15, 0.4 * third + 0.15 + 0.3]
    assert [value for _, value in sorted(order)] == pytest.approx(by_hand)
    assert order[0][0] == int(np.argmax(by_hand))


def test_tuning_trusts_the_side_that_is_right():
    found = [Candidates([ONE], [0.0], [TWO], [0.5])] * 3
    assert choose.tuned(found, [ONE] * 3).own == 1.0  # of equal choices the first
    assert choose.tuned(found, [TWO] * 3).own < 0.5
    alike = [Candidates([ONE], [0.0], [ONE], [0.5])] * 3  # without ONE, nothing is left of them
    assert choose.tuned(alike, [ONE] * 3) == choose.tuned([], [])
    assert choose.tuned([], []) == Choice(choose.SHARES[0], choose.TEMPERATURES[0])


def test_a_decoder_that_answers_better_alone_is_left_alone():
    # ONE is right and likeliest; what the neighbours and the other beams share speaks for TWO
    sure = Candidates([ONE, TWO, TWO], [0.0, -0.1, -0.1], [TWO], [0.5])
    lost = Candidates([TWO], [0.0], [ONE], [0.5])
    assert choose.tuned([sure] * 9 + [lost], [ONE] * 10) is None
    assert choose.tuned([sure] * 2 + [lost] * 8, [ONE] * 10) is not None


def test_coverage_and_risk_by_hand():
    curve = choose.coverage_risk([0.9, 0.1, 0.5, 0.7], [1.0, 0.0, 0.0, 1.0])
    assert curve["risk"][-1] == curve["random"] == 0.5
    assert curve["area"] == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4) == curve["best"]
    worst = choose.coverage_risk([0.1, 0.9], [1.0, 0.0])
    assert worst["area"] == pytest.approx((1 + 1 / 2) / 2)
    assert math.isnan(choose.coverage_risk([], [])["area"])
