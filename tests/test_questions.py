"""Which pair answers which question: the arithmetic by hand, what is missing, and among many."""

import dataclasses
import math
import re
from dataclasses import replace

import pytest
from test_ablate_table import leave

from sashimi import result, scores
from sashimi.ablate import questions, table
from sashimi.ablate.questions import Question
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.params import row_of
from sashimi.statistics import Interval, p_of_seeds

ASKED = [
    Question("better", "Is it?", "flagship", "10_other", "00_full", metric="action_f1"),
    Question("unrun", "Would it be?", "flagship", "20_never", "00_full", metric="action_f1"),
    Question(
        "copying",
        "More than a copy?",
        "flagship",
        "00_full",
        floor="vote of 10 neighbours",
        metric="action_f1",
    ),
]


def answered(reports, asked=ASKED):
    rows = table.read(reports)
    return {(a.corpus, a.question.name): a for a in questions.answers(rows, asked)}


def test_a_pair_is_compared_and_a_row_that_has_not_run_stays_in_the_list(tmp_path):
    for seed, base in ((0, 0.5), (1, 0.6), (2, 0.4)):
        leave(tmp_path, "00_full", seed, base)
        leave(tmp_path, "10_other", seed, base + 0.1 + seed / 1000, ternary=False)
    found = answered(tmp_path)
    better, unrun = (found["builtin", name] for name in ("better", "unrun"))
    assert better.number.over_seeds.value == pytest.approx(0.101)
    assert better.verdict == "better" and better.p == pytest.approx(p_of_seeds([0.1, 0.101, 0.102]))
    assert unrun.number is None and unrun.verdict == "not run: 20_never"
    assert better.family == 1 and math.isnan(unrun.p_holm), "what has not run is no part of it"
    text = re.sub(" +", " ", questions.markdown(list(found.values())))
    assert "| Is it? | 10_other − 00_full | action F1, test | 0.601 ± " in text
    assert "| Would it be? | 20_never − 00_full | action F1, test | – | – | – | not run:" in text
    plain = better.as_json()
    assert plain["verdict"] == "better" and len(plain["results"]) == 6


def test_among_many_a_verdict_needs_more_than_its_own_interval(tmp_path):
    for seed, own in ((0, 0.52), (1, 0.65), (2, 0.44)):  # differences 0.025, 0.05, 0.04
        leave(tmp_path, "00_full", seed, own - (0.025, 0.05, 0.04)[seed])
        leave(tmp_path, "10_other", seed, own, ternary=False)
    alone = answered(tmp_path, ASKED[:1])["builtin", "better"]
    assert alone.verdict == "better" and 0.03 < alone.p < 0.05
    twice = [
        ASKED[0],
        Question("again", "?", "flagship", "10_other", "00_full", metric="action_f1"),
    ]
    found = answered(tmp_path, twice)["builtin", "better"]
    assert found.p_holm == pytest.approx(2 * alone.p)
    assert found.verdict == "better by itself, not among 2 questions"
    apart = [ASKED[0], replace(twice[1], family="other")]
    found = answered(tmp_path, apart)["builtin", "better"]
    assert (found.p_holm, found.family, found.verdict) == (alone.p, 1, "better")


def test_a_floor_is_paired_by_example_within_the_same_runs(tmp_path):
    folder = leave(tmp_path, "00_full", 0, 0.5, corpus="mine")
    given = {
        "test": scores.Scores("same", {"action_f1": [1.0, 0.0]}),
        "test/vote of 10 neighbours": scores.Scores("same", {"action_f1": [0.4, -0.6]}),
    }
    (copying,) = (answered(tmp_path)["mine", "copying"],)
    assert copying.verdict == "too few to say", "no number of the floor, and no scores"
    scores.write(folder, given)
    (copying,) = (answered(tmp_path)["mine", "copying"],)
    assert copying.number.over_examples.value == pytest.approx(0.6)


def test_a_fact_decides_over_seeds_in_units_of_its_own(tmp_path):
    for seed in range(3):
        for row, nats in (("00_full", 2.0), ("10_other", 3.5 + seed / 10)):
            folder = leave(tmp_path, row, seed, 0.5, ternary=row == "00_full")
            record = result.read(folder / result.NAME)
            parted = {"mean": Interval(nats, nats - 1, nats + 1, 9), "median": nats}
            result.write(folder, record | {"facts": {"nats": parted}})
    asked = [
        Question("mean", "?", "flagship", "10_other", "00_full", metric="facts.nats.mean"),
        Question("median", "?", "flagship", "10_other", "00_full", metric="facts.nats.median"),
        Question("lost", "?", "flagship", "10_other", "00_full", metric="facts.nats.mode"),
    ]
    found = {a.question.name: a for a in questions.answers(table.read(tmp_path), asked)}
    for name in ("mean", "median"):
        assert found[name].number.over_seeds.value == pytest.approx(1.6)
        assert found[name].number.over_examples is None and found[name].verdict == "above"
    assert found["lost"].number is None and not asked[0].is_share
    scores = found["mean"].scores
    assert asked[0].decided_by(scores) == "nats, mean"
    assert ASKED[0].of(scores).decided_by(scores) == "action F1, test"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a:\n  asks: '?'\n  study: s\n  own: x\n", "needs other .* or floor, one of them"),
        ("a:\n  asks: '?'\n  study: s\n  own: x\n  other: y\n  floor: z\n", "one of them"),
        ("a:\n  asks: '?'\n  study: s\n  other: y\n", "needs asks, study and own"),
        ("a:\n  asks: '?'\n  study: s\n  own: x\n  othr: y\n", "needs asks, study and own"),
        ("a: 3\n", "needs asks, study and own"),
    ],
)
def test_a_mistake_in_the_questions_is_named(tmp_path, text, says):
    (tmp_path / "questions.yaml").write_text(text)
    with pytest.raises(BadInput, match=rf"questions\.yaml: question 'a' .*{says}"):
        questions.load(tmp_path / "questions.yaml")


def test_a_question_that_came_late_says_so():
    asked = questions.Question("q", "Is it?", "flagship", "one", other="two")
    assert asked.words == "Is it?"
    assert dataclasses.replace(asked, exploratory=True).words == "Is it? Exploratory."


def test_the_questions_of_the_project_name_rows_that_exist():
    asked = questions.load(root() / "reports" / questions.NAME)
    rows = {(q.study, name) for q in asked for name in (q.own, q.other) if name}
    assert {pair for pair in rows if row_of(*pair) is None} == set()
