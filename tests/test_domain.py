"""The domain head and those beside it: what they learn, and numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from sashimi.encode import Encoded, encode_uncached
from sashimi.flagship.model import domain
from sashimi.studies.domain import heads
from sashimi.studies.domain.heads import Batch

WIDTH = 4


def made(n: int, strange: float, seed: int) -> Encoded:
    """Prompts of 2 to 6 pieces; in one piece of each the first coordinate says what they are."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(2, 7, (n,), generator=generator)
    starts = torch.tensor([0, *sizes.tolist()]).cumsum(0)
    states = torch.randn(int(starts[-1]), WIDTH, generator=generator)
    states[:, 0] = 0.0
    states[starts[:-1] + (sizes // 2), 0] = strange
    pooled = torch.nn.functional.normalize(torch.randn(n, WIDTH, generator=generator), dim=1)
    return Encoded(pooled, states.half(), torch.zeros(len(states), 2, dtype=torch.int32), starts)


def test_a_head_finds_the_one_piece_that_tells():
    inside, outside = made(300, 0.0, 0), made(200, 3.0, 1)
    head = domain.train_head(inside, outside, seed=0, epochs=12)
    domain.set_threshold(head, inside, outside, precision=0.99)
    scores = domain.score(head, made(200, 0.0, 2), made(200, 3.0, 3))
    assert scores.auroc > 0.98
    assert scores.recall > 0.9
    assert scores.false_accepts < 0.05
    assert (scores.n_in, scores.n_out) == (200, 200)


def test_training_a_head_is_repeatable_and_leaves_the_generator_alone():
    inside, outside = made(40, 0.0, 0), made(40, 3.0, 1)
    torch.manual_seed(7)
    first = domain.train_head(inside, outside, seed=0, epochs=1)
    after = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(1))
    again = domain.train_head(inside, outside, seed=0, epochs=1)
    assert torch.equal(first.pieces.weight, again.pieces.weight)


def test_a_head_from_the_cache_is_the_one_that_was_trained(tmp_path, monkeypatch):
    """To the bit, and without a second training; another seed or another prompt is another head."""
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    inside = [f"Start a timer for {n} minutes" for n in range(9)]
    outside = [f"why is planet {n} so cold?" for n in range(9)]
    trained, times = domain.train_head, []

    def counted(*arguments):
        times.append(1)
        return trained(*arguments)

    monkeypatch.setattr(domain, "train_head", counted)
    cold, warm = domain.cached_head(inside, outside, 0), domain.cached_head(inside, outside, 0)
    right = trained(encode_uncached(inside), encode_uncached(outside), 0)
    for name, tensor in right.state_dict().items():
        assert torch.equal(cold.state_dict()[name], tensor), name
        assert torch.equal(warm.state_dict()[name], tensor), name
    assert not any(p.requires_grad for p in warm.parameters()) and not warm.training
    assert len(times) == 1
    domain.cached_head(inside, outside, 1)
    domain.cached_head([*inside[:-1], "Ring me"], outside, 0)
    domain.cached_head(inside[:-1], [inside[-1], *outside], 0)
    assert len(times) == 4


def test_a_prompt_scores_the_same_alone_and_among_others():
    prompts = ["Start a timer", "why is the sky blue over the Baltic Sea in autumn?", "Ring me"]
    head = domain.DomainHead(384).eval()
    together = head(encode_uncached(prompts))
    alone = torch.cat([head(encode_uncached([prompt])) for prompt in prompts])
    assert torch.allclose(together, alone, atol=1e-4)
    assert head.admits(encode_uncached(prompts)).shape == (3,)


def test_the_threshold_is_the_lowest_that_holds_the_precision():
    inside = torch.tensor([0.2, 0.4, 0.6, 0.8])
    outside = torch.tensor([0.1, 0.3, 0.3, 0.5])
    # at 0.4: recall 3/4 against 1/4, precision 0.75; at 0.6: 1/2 against 0, precision 1
    assert domain.threshold(inside, outside, 0.75) == pytest.approx(0.4)
    assert domain.threshold(inside, outside, 0.9) == pytest.approx(0.6)
    assert domain.threshold(inside, inside, 0.9) == pytest.approx(0.8)


def test_the_operating_point_that_holds_false_accepts():
    outside = np.arange(100.0)
    assert (outside >= heads.accepting(outside, 0.01)).sum() == 1
    assert (outside >= heads.accepting(outside, 0.0)).sum() == 0


def test_a_set_is_judged_by_hand():
    inside, outside = np.array([3.0, 2.0, 1.0, 0.0]), np.array([2.5, -1.0, -1.0, -1.0, -1.0])
    found = heads.judged(inside, outside, ["a", "b", "b", "c", "c"], at=1.5, held=2.6)
    assert found["recall"].value == pytest.approx(0.5)
    assert found["false_accepts"].value == pytest.approx(0.2)
    assert found["precision"].value == pytest.approx(0.5 / 0.7)
    assert found["auroc"].value == pytest.approx(17 / 20)
    assert found["recall"].low < 0.5 < found["recall"].high
    assert (found["recall"].n, found["false_accepts"].n) == (4, 5)
    assert found["recall_at_1_percent"].value == pytest.approx(0.25)
    assert found["false_accepts_at_1_percent"].value == 0.0


def test_no_false_accept_seen_is_no_certainty():
    found = heads.judged(np.ones(10), np.zeros(30), list("abc") * 10, at=0.5, held=0.5)
    bound = 3.841459 / (3 + 3.841459)  # Wilson's upper end for none of three templates
    assert found["false_accepts"].high == pytest.approx(bound, abs=1e-4)
    assert found["precision"].value == 1.0
    assert found["precision"].low == pytest.approx(1 / (1 + bound), abs=1e-4)


def test_ranks_are_weighed_as_scikit_learn_weighs_them():
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(1, 1, 40).round(1), rng.normal(0, 1, 60).round(1)
    weights = rng.uniform(0, 1, 100)
    good, bad = weights[:40] / weights[:40].sum(), weights[40:] / weights[40:].sum()
    found = heads.ranked(inside, outside, good[None], bad[None])
    given = np.r_[np.ones(40), np.zeros(60)], np.r_[inside, outside]
    both = np.r_[good, bad]
    assert found["auroc"][0] == pytest.approx(roc_auc_score(*given, sample_weight=both))
    expected = average_precision_score(*given, sample_weight=both)
    assert found["average_precision"][0] == pytest.approx(expected)


def test_templates_are_drawn_whole():
    inside, outside = np.full(50, 1.0), np.r_[np.full(50, 2.0), np.full(50, 0.0)]
    groups = {"whole": ["a"] * 50 + ["b"] * 50, "apart": [str(n) for n in range(100)]}
    rates = {k: heads.judged(inside, outside, g, at=1.0, held=9.0) for k, g in groups.items()}
    whole, apart = rates["whole"]["false_accepts"], rates["apart"]["false_accepts"]
    assert whole.high - whole.low > 0.9
    assert apart.high - apart.low < 0.25


def test_temperature_mends_a_head_that_is_too_sure():
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(1, 1.4, 4000), rng.normal(-1, 1.4, 4000)
    honest = 1 / 1.4**2 * 2  # log-odds of two normals of one variance: 2 x / variance
    t = heads.temperature(inside * 5 * honest, outside * 5 * honest)
    assert t == pytest.approx(5, rel=0.15)
    before = heads.calibration_error(inside * 5 * honest, outside * 5 * honest)
    after = heads.calibration_error(inside * 5 * honest / t, outside * 5 * honest / t)
    assert after < 0.03 < before


def test_coverage_and_risk_by_hand():
    covered, risk = heads.coverage_risk(np.array([3.0, -1.0]), np.array([-2.0, 0.5]), at=0.0)
    assert covered == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert risk == pytest.approx([0.0, 0.0, 1 / 3, 0.5])


@pytest.mark.parametrize("name", list(heads.FITS))
def test_every_head_learns_what_is_plain(name):
    inside = [f"Start a timer of {n} minutes" for n in range(2, 26)]
    outside = [f"Tell me about the war of {n} and its kings" for n in range(1700, 1724)]
    batches = Batch.of(inside), Batch.of(outside)
    train = [batch.only(range(0, 24, 2)) for batch in batches]
    test = [batch.only(range(1, 24, 2)) for batch in batches]
    score = heads.FITS[name](*train, seed=0)
    good, bad = (score(batch) for batch in test)
    assert good.shape == (12,)
    assert good.mean() > bad.mean()
    assert (good[:, None] > bad[None, :]).mean() > 0.9
