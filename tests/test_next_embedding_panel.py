import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.studies.next_embedding import PANEL, windows
from sashimi.studies.next_embedding.measure import energy, mean, ranks, scored
from sashimi.studies.next_embedding.panel import components, scalars


def test_five_scalars_by_hand():
    x, y = np.eye(5)[:, :, None], np.array([0.05, 0.06, 0.08, 0.11, 0.24])[:, None]
    centre, s = scalars(np.concatenate([x, -x]), np.concatenate([y, -y]))  # so the mean is 0
    assert centre == pytest.approx([0.0])
    assert s == pytest.approx([0.05, 0.06, 0.08, 0.11, 0.24])


def test_components_find_scalars_of_their_own():
    rng = np.random.default_rng(0)
    x = 1 + rng.standard_normal((4000, 2, 3))
    planted = np.stack([np.diag([0.8, 0.4, 0.0]), np.diag([0.1, 0.1, 0.5])])  # by lag
    y = 1 + np.einsum("tij,rti->rj", planted, x - 1)
    mean, weights = components(x, y)
    np.testing.assert_allclose(mean, [1, 1, 1], atol=0.05)
    np.testing.assert_allclose(weights, planted.reshape(6, 3), atol=0.05)
    common = np.kron(scalars(x, y)[1][:, None], np.eye(3))
    np.testing.assert_allclose(components(x, y, np.inf)[1], common, atol=1e-12)


def test_floors_that_learn_nothing_by_hand():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 5, 3)), rng.standard_normal((20, 3))
    made = {name: floor.fit(x, y).predict(x) for name, floor in PANEL.items()}
    np.testing.assert_allclose(made["train mean"], np.tile(y.mean(0), (20, 1)))
    np.testing.assert_array_equal(made["copy last"], x[:, 4])
    np.testing.assert_allclose(made["mean of context"], x.sum(1) / 5)
    weighted = 0.1 * x[:, 0] + 0.12 * x[:, 1] + 0.16 * x[:, 2] + 0.24 * x[:, 3] + 0.38 * x[:, 4]
    np.testing.assert_allclose(made["recency weights"], weighted)


def test_scalars_and_ridge_find_what_was_planted():
    rng = np.random.default_rng(0)
    x = 1 + rng.standard_normal((1500, 5, 3))
    y = 1 + np.einsum("c,rcd->rd", [0, 0, 0.1, 0.2, 0.4], x - 1)
    for name, tolerance in (("mean + scalars", 0.06), ("ridge", 0.06)):
        np.testing.assert_allclose(PANEL[name].fit(x, y).predict(x), y, atol=tolerance)


@pytest.mark.parametrize("context", [1, 2, 3, 5, 7, 9])
def test_every_floor_takes_every_context_length(context):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, context, 4)), rng.standard_normal((30, 4))
    for floor in PANEL.values():
        assert floor.fit(x, y).predict(x[:7]).shape == (7, 4)


def test_floors_refuse_what_does_not_belong_together():
    x, y = np.zeros((4, 5, 3)), np.zeros((4, 3))
    with pytest.raises(BadInput, match="give"):
        PANEL["ridge"].fit(x, y[:3])
    with pytest.raises(BadInput, match="not finite"):
        PANEL["copy last"].fit(x + np.nan, y)


def test_retrieval_leaves_the_context_out_and_counts_ties_against_us():
    angles = np.radians([0, 10, 20, 30, 40, 50, 60, 45])  # a document of 8 chunks
    table = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    rows = windows([table])  # targets: chunks 5, 6, 7
    exact = ranks(rows.targets, rows)
    assert exact.tolist() == [0, 0, 0]
    # at 40 degrees the context's chunk 4 would win, but is left out: 45 is nearer than the targets
    at_40 = np.tile(table[4], (3, 1))
    assert ranks(at_40, rows).tolist() == [1, 1, 0]
    assert np.isnan(ranks(at_40 * np.nan, rows)).all()
    flat = np.zeros((3, 2), np.float32)
    assert ranks(flat, rows).tolist() == [2, 2, 2]  # all equal: behind the two others


def test_scores_by_hand():
    table = np.eye(7, dtype=np.float32)
    rows = windows([table])
    found = scored(np.array([[0, 0, 0, 0, 0, 2, 0], [0, 0, 0, 0, 0, 1, 1]]), rows, np.zeros(7))
    np.testing.assert_allclose(found["cosine"], [1, 0.5**0.5])
    np.testing.assert_allclose(found["centred_cosine"], [1, 0.5**0.5])
    assert found["recall_at_1"].tolist() == [1, 1]
    chance = 5 / 6  # R@5 of a bank of six
    assert chance == pytest.approx(0.833, abs=1e-3)


def test_energy_score_by_hand():
    samples = np.array([[[0.0], [2.0]]])
    assert energy(samples, np.array([[1.0]])) == pytest.approx([0.0])  # 1 - 2 / 2: distinct pairs
    assert energy(samples[:, :1], np.array([[1.0]])) == pytest.approx([1.0])


def test_energy_score_is_best_for_the_right_spread():
    rng = np.random.default_rng(0)
    y = rng.standard_normal((800, 2))
    at = {s: energy(s * rng.standard_normal((800, 16, 2)), y).mean() for s in (0.3, 1.0, 2.0)}
    assert at[1.0] < min(at[0.3], at[2.0])


def test_intervals_are_over_groups():
    values, group = np.array([1.0, 1, 1, 0]), np.array([7, 7, 7, 9])
    found = mean(values, group)
    assert (found.value, found.low, found.high, found.n) == (0.75, 0.0, 1.0, 2)
    assert np.isnan(mean(values, group * 0).low)  # one group has no spread
    assert np.isnan(mean(np.array([np.nan, 1.0]), np.array([0, 1])).value)
