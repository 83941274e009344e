"""The simulated worlds: exact utilities, history without leaks, splits by issue, controls."""

from dataclasses import replace

import numpy as np
import pytest

from sashimi.studies.planner import data, layout, outcomes, world
from sashimi.studies.planner.actions import CLASSES, NUMBER, UNION, VALID, Action


@pytest.fixture(scope="module")
def small():
    return world.make(world.Settings(issues=200), data.logging_policy())


def test_utilities_are_those_of_attempts_drawn_one_by_one(small):
    """A plain loop over the same numbers for one dispatch and some actions of code."""
    i = int(np.flatnonzero(small.seen["job"] == 0)[3])
    rng = np.random.default_rng(5)
    draws = rng.standard_normal((9, 1, 40), dtype=np.float32)
    one = {key: value[[i]] for key, value in small.seen.items()}
    hidden = {key: value[[i]] for key, value in small.hidden.items()}
    table = world.expected(one, hidden, np.broadcast_to(draws, (9, 1, 40)))[:, 0]
    margin, pace = world.attempts(hidden, draws, np.array([0]))
    rates, tools = outcomes.RATES, hidden["tools"][0]
    for candidates, cap in ((1, 15), (2, 30), (3, 120)):
        passed, wall, usd = [], [], []
        for m in range(40):
            ends = []
            for k in range(candidates):
                solves, time = margin[1 + k, 0, m] > 0, pace[1 + k, 0, m]
                used = time if solves else 1.6 * time
                ends.append((solves and used <= cap, min(used, cap), rates[tools[1 + k]]))
            passed.append(any(end[0] for end in ends))
            wall.append(max(end[1] for end in ends) + 2)
            usd.append(sum(end[1] * end[2] for end in ends))
        place = NUMBER[Action("speculate_vote", candidates, cap, None)]
        means = [np.mean(part) for part in (passed, wall, usd)]
        assert table[:, place] == pytest.approx(means, rel=1e-4)


def test_what_is_valid_has_a_value_and_nothing_else(small):
    assert np.array_equal(np.isfinite(small.utility), VALID[small.seen["job"]])
    passes = small.outcome[0][VALID[small.seen["job"]]]
    assert passes.min() >= 0 and passes.max() <= 1
    value, wait, money = small.prices[7]
    known = value * small.outcome[0, 7] - wait * small.outcome[1, 7] - money * small.outcome[2, 7]
    assert np.allclose(small.utility[7], known, equal_nan=True)
    lost = np.nanmax(small.utility, 1) - small.utility[np.arange(len(small.labels)), small.labels]
    spread = np.nanmax(small.utility, 1) - np.nanmin(small.utility, 1)
    assert (lost <= small.settings.epsilon * spread + 1e-9).all()


def test_the_label_is_the_cheapest_of_the_good_ones():
    values = np.array([[1.0, 0.995, 0.0]])
    outcome = np.array([[[1, 1, 1]], [[9, 5, 1]], [[0, 0, 0]]], dtype=float)
    prices = np.array([[1.0, 0.1, 0.1]])
    assert world.labels(values, outcome, prices, 0.01).tolist() == [1]
    assert world.labels(values, outcome, prices, 0.001).tolist() == [0]


def test_na_means_something_of_its_own(small):
    code = small.seen["job"] == 0
    of = lambda *choice: small.utility[code][:, NUMBER[Action(*choice)]]  # noqa: E731
    for minutes in (15, 30, 45, 60, 120):
        other = of("serial_handoff", 1, minutes, None)
        assert (of("serial_handoff", 1, None, None) != other).mean() > 0.5
    for count in (1, 2, 3):
        other = of("speculate_vote", count, 60, None)
        assert (of("speculate_vote", None, 60, None) != other).mean() > 0.2


def test_history_holds_finished_runs_of_the_same_job_newest_first(small):
    past, start = small.past, small.seen["time"]
    end = start + small.run["minutes"] / 1440
    for i in range(len(past)):
        known = past[i][past[i] >= 0]
        assert (np.diff(known) < 0).all() and (end[known] <= start[i]).all()
        assert (small.seen["job"][known] == small.seen["job"][i]).all()
    assert (past[-1] >= 0).all()


def test_similarity_of_tags_and_recency():
    """Jaccard 1/3 and a run of today 0.30 beats what shares nothing."""
    seen = {
        "time": np.array([0.0, 0.5, 0.6]), "job": np.zeros(3, dtype=int),
        "place": np.array([1, 2, 1]), "noise_tags": np.array([[1, 2], [3, 4], [5, 6]]),
    }  # fmt: skip
    run = {"minutes": np.zeros(3)}
    assert world.similar(seen, run, most=1).tolist() == [[-1], [0], [0]]
    assert pytest.approx(0.30) == 0.6 * 2 / 6 + 0.1


def test_an_issue_lies_in_one_part_and_parts_follow_each_other(small):
    split, issue, time = small.split, small.seen["issue"], small.seen["time"]
    for one in np.unique(issue):
        assert len(set(split[(issue == one) & (split >= 0)])) <= 1
    assert time[split == 0].max() < time[split == 1].min()
    assert time[split == 1].max() < time[split == 2].min()


def test_logging_explores_with_known_propensities(small):
    chance, valid = small.run["propensity"], VALID[small.seen["job"]].sum(1)
    low, high = 0.1 / valid, 0.9 + 0.1 / valid
    assert (np.isclose(chance, low) | np.isclose(chance, high)).all()
    assert VALID[small.seen["job"], small.run["action"]].all()
    assert 0.02 < np.isclose(chance, low).mean() < 0.2


def test_a_world_is_the_same_again_and_another_seed_is_another(small):
    policy = data.logging_policy()
    again = world.make(small.settings, policy)
    backwards = {key: small.seen[key] for key in sorted(small.seen, reverse=True)}
    for one in (again, replace(small, seen=backwards)):
        assert world.fingerprint(one) == world.fingerprint(small), "whatever order its parts have"
    other = world.make(world.Settings(seed=1, issues=200), policy)
    assert world.fingerprint(other) != world.fingerprint(small)


def test_without_signal_what_is_visible_is_that_of_others():
    same = world.Settings(issues=200), world.Settings(issues=200, signal=False)
    one, two = (world.make(settings, data.logging_policy()) for settings in same)
    assert np.array_equal(one.outcome, two.outcome, equal_nan=True)
    assert np.array_equal(one.seen["job"], two.seen["job"])
    assert (one.seen["place"] != two.seen["place"]).mean() > 0.8
    assert np.array_equal(np.sort(one.seen["size"]), np.sort(two.seen["size"]))


def test_a_world_is_encoded_without_anything_unknown(small, tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    before = sum(layout.unknown.values())
    x = data.features(small)
    assert x.shape == (len(small.split), 3779) and sum(layout.unknown.values()) == before
    inputs = list(data.inputs(small))
    for i in (0, 50, len(inputs) - 1):
        assert np.array_equal(x[i], layout.encode(inputs[i]))
    report = layout.report(x, [t for one in inputs for t in one["issue"]["tags"]])
    assert report["never 1"] + report["always 1"] > 2000, "the space of actions never varies"
    told = data.data(small.settings)
    assert told.x.shape[1] == len(told.live) < 3779
    lost = np.delete(x[told.rows(0)], told.live, axis=1)
    assert not lost.any()


def test_permuted_outcomes_stay_within_their_job_and_leave_the_test_alone(
    small, tmp_path, monkeypatch
):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    plain, control = (data.data(small.settings, permuted=p) for p in (False, True))
    test, train = plain.rows(2), plain.rows(0)
    assert np.array_equal(plain.labels[test], control.labels[test])
    assert (plain.labels[train] != control.labels[train]).mean() > 0.3
    assert VALID[control.jobs, control.labels].all()
    assert CLASSES.shape == (len(UNION), 4)
