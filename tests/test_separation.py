"""Separation by hand and by brute force, retrieval, silhouettes, the linear probe."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sashimi.flagship.data import corpus
from sashimi.studies.encoder import probe
from sashimi.studies.encoder.separation import (
    LEVELS,
    by_program,
    encoders,
    label,
    measure,
    nearer,
    numbered,
    ratio,
    retrieval,
    sample,
    silhouettes,
    unit,
)

TWO = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [0.0, 1.0]])
CLASSES = np.array([0, 0, 1, 1])


@pytest.fixture(scope="module")
def data():
    return corpus.load("builtin", limit=80)


def test_the_ratio_by_hand():
    found = ratio(TWO, CLASSES)
    assert found["within"].value == pytest.approx((0.8 + 1.0) / 2)
    assert found["between"].value == pytest.approx((0 + 0 + 0.6 + 0.6) / 4)
    assert found["ratio"].value == pytest.approx(0.9 / 0.3)
    assert found["ratio"].n == 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=12), st.integers(0, 99))
def test_the_ratio_is_the_one_over_all_pairs(names, seed):
    classes = numbered(names)
    vectors = unit(np.random.default_rng(seed).normal(size=(len(names), 5)))
    cosine = vectors @ vectors.T
    same = classes[:, None] == classes
    within = [
        cosine[np.ix_(c, c)][np.triu_indices(len(c), 1)].mean()
        for c in (np.flatnonzero(classes == k) for k in set(classes.tolist()))
        if len(c) > 1
    ]
    found = ratio(vectors, classes)
    if not within:
        assert np.isnan(found["ratio"].value)
        return
    assert found["within"].value == pytest.approx(np.mean(within))
    if (~same).any():
        assert found["between"].value == pytest.approx(cosine[~same].mean())


def test_pairs_of_one_class_are_nearer_or_not():
    apart = unit(np.array([[1, 0.01], [1, 0], [0, 1], [0.01, 1]]))
    assert nearer(apart, CLASSES).value == 1.0
    rng = np.random.default_rng(0)
    noise = unit(rng.normal(size=(600, 20)))
    assert abs(nearer(noise, np.arange(600) // 3).value - 0.5) < 0.03


def test_the_nearest_prompt_by_hand():
    angles = np.radians([0, 5, 20, 50, 54, 90])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    classes = {
        "program": np.array([0, 0, 1, 2, 2, 3]),
        "domain": np.array([0, 0, 0, 1, 1, 1]),
    }
    shared = retrieval(vectors, classes, block=2)
    assert np.array_equal(shared["program"], [1, 1, np.nan, 1, 1, np.nan], equal_nan=True)
    # the nearest of another program: 2, 2, 1, 2, 2, 4
    assert shared["domain"].tolist() == [1, 1, 1, 0, 0, 1]
    assert by_program(shared["domain"], classes["program"]).tolist() == [1, 1, 0, 1]
    assert by_program(shared["program"], classes["program"]).tolist() == [1, 1]


def test_labels_number_classes_and_programs_with_several_prompts_come_first(data):
    drawn = sample(data, 10, seed=0)
    assert drawn == sample(data, 10, seed=0) != sample(data, 10, seed=1)
    found = label(drawn)
    evaluation = len(data.dev) + len(data.test) + len(data.test_unseen)
    assert tuple(found.classes) == LEVELS and len(found) == len(drawn)
    sizes = np.bincount(found.classes["program"][: len(drawn) - evaluation])
    assert len(sizes) == 10 and (sizes > 1).all()
    for classes in found.classes.values():
        assert set(classes.tolist()) == set(range(classes.max() + 1))
    skeletons = found.classes["skeleton"]
    for program in set(found.classes["program"].tolist()):
        assert len(set(skeletons[found.classes["program"] == program].tolist())) == 1


def test_every_encoder_gives_unit_vectors_and_shuffled_labels_give_chance(data):
    found = label(sample(data, 30, seed=0))
    ours = unit(np.random.default_rng(0).normal(size=(len(found), 64)).astype(np.float32))
    every = encoders(found.prompts, ours, seed=0)
    for vectors in every.values():
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    words = measure(every["bag of words"], found.classes, seed=0)
    assert words["program"]["nearer_than_strangers"].value > 0.8
    mixed = np.random.default_rng(0).permutation(found.classes["program"])
    assert ratio(every["bag of words"], mixed)["ratio"].low < 1.2


def test_silhouettes_by_hand():
    vectors = unit(np.array([[1, 0.0], [1, 0.01], [0, 1.0], [0.01, 1]]))
    found = silhouettes(vectors, ["a", "a", "b", "b"], most=10, seed=0)
    assert found["all"].value > 0.99 and set(found) == {"a", "b", "all"}
    assert silhouettes(vectors, ["a"] * 4, most=10, seed=0) == {}


def test_the_probe_finds_what_a_linear_map_can_find():
    rng = np.random.default_rng(0)
    marks = rng.normal(size=(4, 16))
    used = [sorted({int(a) for a in rng.integers(0, 4, 2)}) for _ in range(200)]
    vectors = np.array([marks[list(u)].sum(0) / len(u) for u in used])
    names = [[f"a{i}" for i in u] for u in used]
    assert np.mean(probe.action_f1(vectors[:150], names[:150], vectors[150:], names[150:])) > 0.95
    mixed = [names[i] for i in rng.permutation(150)]
    assert np.mean(probe.action_f1(vectors[:150], mixed, vectors[150:], names[150:])) < 0.7
    with pytest.raises(ValueError, match="10 training prompts"):
        probe.action_f1(vectors[:5], names[:5], vectors[5:], names[5:])
