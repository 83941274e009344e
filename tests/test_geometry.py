"""Effective rank and alignment, on matrices whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.flagship import learn
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.judge import geometry
from sashimi.program import parse

SEEDS = st.integers(0, 2**16)


def cloud(seed, n=40, d=6):
    return np.random.default_rng(seed).standard_normal((n, d))


def turn(seed, d):
    return np.linalg.qr(cloud(seed, d, d))[0]


def test_effective_rank_by_hand():
    corners = np.array([[a, b, 0.0] for a in (-1, 1) for b in (-1, 1)])
    assert geometry.effective_rank(corners) == pytest.approx(2.0)
    assert geometry.participation(corners) == pytest.approx(2.0)
    assert geometry.effective_rank(corners + 7.0) == pytest.approx(2.0)  # its mean is no direction
    longer = corners * [3.0, 1.0, 1.0]  # singular values 6 and 2: shares 3/4 and 1/4
    by_hand = np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert geometry.effective_rank(longer) == pytest.approx(by_hand)
    assert geometry.participation(longer) == pytest.approx((9 + 1) ** 2 / (81 + 1))
    assert np.isnan(geometry.effective_rank(np.ones((5, 3))))
    assert np.isnan(geometry.participation(np.ones((5, 3))))


@given(SEEDS)
def test_turning_and_scaling_change_no_rank(seed):
    x = cloud(seed)
    turned = 3.0 * x @ turn(seed + 1, 6) + 1.0
    assert 1.0 <= geometry.participation(x) <= geometry.effective_rank(x) <= 6.0
    assert geometry.effective_rank(turned) == pytest.approx(geometry.effective_rank(x))
    assert geometry.participation(turned) == pytest.approx(geometry.participation(x))


@given(SEEDS, st.booleans())
def test_what_is_only_turned_is_the_same(seed, debiased):
    x = cloud(seed)
    assert geometry.cka(x, x, debiased) == pytest.approx(1.0)
    assert geometry.cka(x, 0.1 * x @ turn(seed + 1, 6) - 2.0, debiased) == pytest.approx(1.0)
    y = cloud(seed + 2, d=9)
    assert geometry.cka(x, y, debiased) == pytest.approx(geometry.cka(y, x, debiased))


def test_alignment_by_hand():
    x, y = np.array([[1.0], [-1.0], [0.0]]), np.array([[1.0], [1.0], [-2.0]])
    assert geometry.cka(x, y, debiased=False) == pytest.approx(0.0)
    both = np.concatenate([x / np.sqrt(2), y / np.sqrt(6)], 1)  # |x'both|² = 2, over 2 and √2
    assert geometry.cka(x, both, debiased=False) == pytest.approx(1 / np.sqrt(2))


def test_the_unbiased_estimate_is_its_definition():
    """Song et al. 2012, eq. 4: sums over indices that all differ."""
    x, y = cloud(0, n=6), cloud(1, n=6, d=3)
    k, other = x @ x.T, y @ y.T
    n = range(6)

    def hsic(k, other):
        two = [k[i, j] * other[i, j] for i in n for j in n if i != j]
        three = [k[i, j] * other[i, q] for i in n for j in n for q in n if len({i, j, q}) == 3]
        four = [
            k[i, j] * other[q, r]
            for i in n
            for j in n
            for q in n
            for r in n
            if len({i, j, q, r}) == 4
        ]
        return np.mean(two) + np.mean(four) - 2 * np.mean(three)

    expected = hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))
    assert geometry.cka(x, y) == pytest.approx(expected)


def test_strangers_are_unlike_in_the_unbiased_estimate_alone():
    pairs = [(cloud(seed, 50, 100), cloud(1000 + seed, 50, 100)) for seed in range(20)]
    assert min(geometry.cka(x, y, debiased=False) for x, y in pairs) > 0.4
    assert abs(np.mean([geometry.cka(x, y) for x, y in pairs])) < 0.02


def test_no_pairs_are_refused():
    with pytest.raises(ValueError, match="no pairs"):
        geometry.cka(cloud(0), cloud(0)[1:])
    with pytest.raises(ValueError, match="no pairs"):
        geometry.cka(cloud(0)[:3], cloud(0)[:3])
    assert np.isnan(geometry.cka(cloud(0), np.ones((40, 2))))


def test_bags_of_actions():
    head = 'SHORTCUT "x"\n'
    one = parse(head + 'ACTION comment WFCommentActionText="a"\nACTION showresult Text="b"\n')
    two = parse(head + 'ACTION showresult Text="b"\nACTION showresult Text="c"\n')
    assert geometry.bags([one, two]).tolist() == [[1.0], [2.0]]


def test_facts_of_a_trained_bottleneck(tmp_path):
    whole = learn.smoke(tmp_path)
    corpus = corpora.load("builtin", limit=160)
    facts = geometry.facts(whole, corpus.dev)
    assert facts["n"] == len(corpus.dev)
    for kind in ("prompts", "pieces"):
        assert 1.0 <= facts["participation"][kind] <= facts["rank"][kind] <= facts["width"] == 32
    assert all(-1.0 <= value <= 1.0 for value in facts["cka"].values())
    assert geometry.facts(whole, corpus.dev[:3]) == {"n": 3}
    prompts = [e.prompt for e in corpus.dev]
    table = geometry.between({"a": tmp_path, "b": tmp_path}, prompts)
    assert table["a"]["b"] == pytest.approx(1.0)
    z, pieces = geometry.bottleneck(whole, prompts)
    assert pieces.shape[1] == 32 and len(pieces) > len(z)
    assert z.shape == (len(prompts), 32)
    assert geometry.bottleneck(whole, prompts[:2])[0] == pytest.approx(z[:2], abs=1e-5)
