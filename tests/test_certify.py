"""Certified answers: the threshold of people's dev prompts, and what it is worth."""

from types import SimpleNamespace

import pytest

from sashimi import calibration
from sashimi.flagship import people
from sashimi.flagship.answer.outcome import Outcome
from sashimi.flagship.judge import certify
from sashimi.flagship.people import splits
from sashimi.program import render


def test_worth_counts_what_is_certified_and_what_of_it_is_wrong():
    stated, right = [0.9, 0.8, 0.8, 0.3], [True, False, True, False]
    found = certify.worth(stated, right, 0.8)
    assert (found["certified"]["value"], found["certified"]["n"]) == (0.75, 4)
    assert found["wrong"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert found["bound"] == calibration.clopper_pearson(1, 3)
    assert found["risk"][-1] == 0.5 and found["coverage"][-1] == 1.0


def test_nothing_is_certified_where_no_threshold_keeps_the_bound():
    found = certify.worth([0.9, 0.2], [True, False], certify.NEVER)
    assert found["certified"]["value"] == 0 and found["bound"] == 1.0


@pytest.mark.parametrize("honest", [True, False])
def test_a_model_that_knows_when_it_is_right_is_certified(honest):
    golds = {e.prompt: e.program for e in splits.load().dev}
    golds |= {item.prompt: item.golds[0] for item in people.test()}

    def generate(prompts):
        good = [n % 3 > 0 for n, _ in enumerate(prompts)]
        return [
            SimpleNamespace(
                accepted=True,
                text=render(golds[prompt]) if ok else 'SHORTCUT "Nothing"\nENDSHORTCUT\n',
                confidence=(0.9 if ok else 0.4) if honest else 0.5,
            )
            for prompt, ok in zip(prompts, good, strict=True)
        ]

    found = certify.certified(generate)
    if honest:
        assert found["confidence"] == 0.9
        assert found["test"]["wrong"]["value"] == 0
        assert found["test"]["certified"]["value"] == pytest.approx(2 / 3)
    else:
        assert found["confidence"] == certify.NEVER


@pytest.mark.parametrize(
    ("accepted", "confidence", "sure", "doubtful"),
    [(True, 0.5, 0.6, True), (True, 0.6, 0.6, False), (True, 0.5, None, None),
     (False, 0.0, 0.6, None)],
)  # fmt: skip
def test_an_answer_below_the_threshold_is_doubtful(accepted, confidence, sure, doubtful):
    nothing = None, None, "", [], None, 0.0
    outcome = Outcome("x", accepted, 0.9, 0.5, *nothing, confidence, 0.0, (), sure)
    assert outcome.doubtful is doubtful
