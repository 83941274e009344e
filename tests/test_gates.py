"""Gates: hand-computed verdicts, evidence that is too thin, and files that must be refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sashimi import gates
from sashimi.errors import BadInput
from sashimi.gates import Gate

COMPILES = Gate("compiles", metric="compile_strict", at_least=0.85, noise=0.01, z=3)


def test_go_by_hand():
    verdict = COMPILES.judge([0.875, 0.871, 0.880, 0.874])
    assert verdict.decision == "go"
    assert verdict.value == pytest.approx(0.875)
    assert verdict.margin == pytest.approx(0.025)
    assert verdict.needed == pytest.approx(3 * 0.01 / 2)
    assert (verdict.n, verdict.threshold) == (4, 0.85)


def test_a_reason_is_written_as_people_write_numbers():
    exact = Gate("lossless", metric="failures", at_most=0.0, noise=0.0, min_n=1)
    assert exact.judge([0.0]).reason == "clears the threshold by 0, 0 needed"
    small = Gate("small", metric="bytes", at_most=5e8, noise=0.0, min_n=1)
    assert small.judge([1.8e6]).reason == "clears the threshold by 498,200,000, 0 needed"


def test_a_mean_within_the_noise_is_stop():
    verdict = COMPILES.judge([0.851, 0.852, 0.853, 0.852])
    assert verdict.decision == "stop"
    assert verdict.margin == pytest.approx(0.002)
    assert "noise" in verdict.reason


def test_spread_wider_than_the_stated_noise_counts():
    # mean 0.90, sample deviation 0.0816: 3 * 0.0816 / 2 = 0.122 is more than the margin of 0.05
    verdict = COMPILES.judge([0.80, 0.90, 1.00, 0.90])
    assert verdict.decision == "stop"
    assert verdict.needed == pytest.approx(3 * math.sqrt(0.02 / 3) / 2)


def test_below_is_stop_and_at_most_mirrors_at_least():
    assert COMPILES.judge([0.2, 0.2, 0.2]).decision == "stop"
    gate = Gate("stability", metric="stability_mean", at_most=0.15, min_n=1)
    assert gate.judge([0.15]).decision == "go"
    assert gate.judge([0.1501]).decision == "stop"
    assert gate.judge([0.05]).margin == pytest.approx(0.10)


@pytest.mark.parametrize(
    "values", [[], [0.99], [0.99, 0.99], [0.99, 0.99, None], [math.nan] * 4, [math.inf] * 4, None]
)
def test_thin_or_missing_evidence_is_never_go(values):
    assert COMPILES.judge(values).decision == "not-evaluable"


def test_one_value_needs_no_list():
    gate = Gate("rate", metric="rate", at_least=0.5, min_n=1)
    assert gate.judge(0.6).decision == "go"
    assert gate.judge(np.float32(0.6)).decision == "go"
    assert gate.judge(math.nan).decision == "not-evaluable"


@given(
    st.lists(
        st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32)), max_size=8
    )
)
def test_go_implies_enough_finite_values_on_the_good_side(values):
    verdict = COMPILES.judge(values)
    if verdict.decision == "go":
        assert len(values) >= 3
        assert all(v is not None and math.isfinite(v) for v in values)
        assert sum(values) / len(values) >= 0.85 - 1e-9
    assert verdict.n <= len(values)


def test_a_gate_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        COMPILES.at_least = 0.1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"at_least": 1.0, "at_most": 2.0},
        {"at_least": math.nan},
        {"at_least": "0.85"},
        {"at_least": True},
        {"at_least": 0.8, "noise": -1.0},
        {"at_least": 0.8, "min_n": 0},
        {"at_least": 0.8, "min_n": 1.5},
        {"at_least": 0.8, "why": 3},
    ],
)
def test_senseless_rules_are_refused(fields):
    with pytest.raises(ValidationError, match="Gate"):
        Gate("odd", metric="m", **fields)


def test_load(tmp_path):
    path = tmp_path / "gates.yaml"
    path.write_text("compiles:\n  metric: compile_strict\n  at_least: 0.85\n  noise: 0.01\n")
    assert gates.load(path) == {"compiles": COMPILES}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {metric: m, at_least: 1, theshold: 2}", "theshold"),
        ("a: {at_least: 1}", "gate 'a': key 'metric': field required"),
        ("a: {metric: m, at_least: high}", "gate 'a': key 'at_least': .*got the text 'high'"),
        ("a: {metric: m, at_least: .nan}", "key 'at_least': .*finite"),
        ("a: {metric: m, at_most: 1, min_n: 0}", "key 'min_n': .*greater than or equal to 1"),
        ("a: {metric: m, at_most: 1, name: b}", "keys of"),
        ("a: {metric: m}", "exactly one"),
        ("a: {metric: m, at_least: 1, at_least: 0}", "twice"),
        ("a: {metric: m, at_least: 1}\na: {metric: m, at_least: 2}", "twice"),
        ("a: 3", "mapping"),
        ("", "mapping"),
        ("- 1", "mapping"),
        ("a: [", "YAML"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, text, said):
    path = tmp_path / "gates.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said) as caught:
        gates.load(path)
    assert "gates.yaml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"absent\.yaml"):
        gates.load(tmp_path / "absent.yaml")


def test_a_notebooks_values_are_judged_by_the_rules_on_their_metrics():
    rules = {
        "low": Gate("low", "bits", at_most=1.0, min_n=1),
        "high": Gate("high", "hits", at_least=0.5, min_n=2),
        "other": Gate("other", "absent", at_least=0.5, min_n=1),
    }
    told = gates.judge({"bits": 0.5, "hits": [0.5, 0.75], "unjudged": 1.0}, rules)
    assert [(v["gate"], v["decision"], v["n"]) for v in told] == [
        ("low", "go", 1),
        ("high", "stop", 2),
    ]
    assert gates.judge({"bits": None}, rules)[0]["decision"] == "not-evaluable"
