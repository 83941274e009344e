"""Real programs by cross-validation: groups, folds, features and the choice among neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.flagship.data.example import Corpus, Example
from sashimi.program import parse
from sashimi.studies.real_programs import crossed, rerank
from sashimi.studies.real_programs.params import RealParams


def program(*names: str):
    actions = "".join(f"ACTION {name}\n" for name in names)
    return parse(f'SHORTCUT "x"\n{actions}ENDSHORTCUT\n')


def example(name: str, prompt: str, *actions: str) -> Example:
    return Example(name, prompt, program(*actions), "other", "terse")


def known(prompt: str, *actions: str, vector=(1.0, 0.0)) -> rerank.Known:
    return rerank.Known.of(example("x", prompt, *actions), np.array(vector))


def test_a_prompt_or_a_program_that_is_shared_makes_a_group_also_in_a_chain():
    found = crossed.groups(
        [
            example("a", "Torch on", "flashlight"),
            example("b", "torch ON", "getbatterylevel"),  # a's prompt
            example("c", "battery", "getbatterylevel"),  # b's program
            example("d", "weather", "getclipboard"),
        ]
    )
    assert found[0] == found[1] == found[2] != found[3]


@given(st.lists(st.integers(0, 9), min_size=12, max_size=60).filter(lambda g: len(set(g)) >= 3))
def test_no_group_is_on_both_sides_and_each_example_is_asked_once(groups):
    groups = np.array(groups)
    asked = []
    for learned, own in crossed.folds(groups, 3, 0):
        assert not set(groups[learned]) & set(groups[own])
        asked += own.tolist()
    assert sorted(asked) == list(range(len(groups)))


def test_the_candidates_are_the_skeletons_of_the_nearest_examples_in_order():
    neighbours = rerank.Neighbours(
        [
            known("torch on", "flashlight"),
            known("torch please", "flashlight"),
            known("copy it", "getclipboard", vector=(0.0, 1.0)),
        ]
    )
    (question,) = neighbours.questions([known("torch", "flashlight")], near=3)
    (one,) = neighbours.questions([known("torch", "flashlight")], near=1)
    assert question.skeletons == [("ACTION flashlight", "END"), ("ACTION getclipboard", "END")]
    assert question.nearest[1] == 2 and len(one.skeletons) == 1
    assert np.isfinite(question.features).all() and len(question.features) == 2


def test_what_is_seen_of_a_candidate_by_hand():
    view = np.array([[0.5, 0.9, 0.1]])
    seen = rerank._seen(view, [[0, 1], [2]])
    weights = np.exp((view[0] - 0.9) / rerank.WIDE)
    assert seen[0, :2] == pytest.approx([0.9, 0.0]) and seen[1, :2] == pytest.approx([0.1, 0.8])
    assert seen[0, 3] == pytest.approx((weights[0] + weights[1]) / weights.sum())
    assert seen[:, 2].sum() == pytest.approx(1.0), "every example has one of the two skeletons"


def test_the_reranker_learns_which_features_tell():
    rng = np.random.default_rng(0)
    right, wrong = ("ACTION flashlight", "END"), ("ACTION getclipboard", "END")
    asked = known("torch", "flashlight")

    def question(first: bool) -> rerank.Question:
        features = rng.normal(size=(2, 3))
        features[:, 1] = (2.0, -2.0) if first else (-2.0, 2.0)
        pair = [right, wrong] if first else [wrong, right]
        return rerank.Question(asked, pair, [7, 8], features)

    fitted = rerank.Reranker(20, 0).fit([question(n % 2 == 0) for n in range(200)])
    assert [fitted.pick(question(first)) for first in (True, False)] == [7, 8]


def test_a_whole_cross_validation_of_a_small_corpus_judges_each_example_once():
    words = {"flashlight": "torch", "getclipboard": "copied", "getbatterylevel": "battery"}
    pairs = [*([name] for name in words), *([name, name] for name in words)]
    said = [(own, f"{words[own[0]]} {len(own)} {n} please") for own in pairs for n in range(8)]
    made = [example(f"{n:03d}", prompt, *own) for n, (own, prompt) in enumerate(said)]
    corpus = Corpus("made", "0", made[0:48:2], [], made[1:48:2], [])
    settings = RealParams(seed=0, corpus="made", limit=None, folds=2, inner=2, near=9, trees=5)
    pool = crossed.Pool.of(corpus)
    assert len(set(pool.groups)) == 6, "examples of one program are one group"
    splits = crossed.crossed(pool, settings, say=lambda _: None)
    ours = splits["crossed"][crossed.OURS]["skeleton_exact"]
    assert len(ours) == 48 and sum(ours) == 0, "no program of another group has the skeleton"
    assert len(splits["crossed_unseen"][crossed.OURS]["action_f1"]) == 48
    frozen = crossed.frozen(pool, corpus, settings)
    assert frozen["test_unseen"] == {} and len(frozen["test"][crossed.BEST]["key_f1"]) == 24
    assert sum(frozen["test"][crossed.BEST]["skeleton_exact"]) == 24, "each program was seen"


def test_fewer_groups_than_folds_are_refused_with_what_to_do():
    with pytest.raises(BadInput, match=r"4 examples are 2 groups.*fewer folds"):
        crossed.folds(np.array([0, 0, 1, 1]), 3, 0)
