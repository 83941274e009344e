"""What early steps say: by hand, by what is planted, and by runs that must be left out."""

import json

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.pab import Profile, Tracker
from sashimi.params import digest_of
from sashimi.report.read import Run
from sashimi.statistics import Interval
from sashimi.studies.trajectory import early, public, replay, runs
from sashimi.studies.trajectory.params import PromotionParams
from sashimi.study import Metric, Scores, Study

STUDY = Study(
    name="coins", title="Coins", question="Heads?", params=PromotionParams, train="x",
    scores=Scores(
        ours="a", floors=(), splits={"s": "s"}, held_out=("s",), decides=("cost",),
        metrics=(Metric(key="cost", heading="cost", better="low", unit="nats"),),
    ),
)  # fmt: skip


def tracked(folder, losses, digest="d", finish=True):
    tracker = Tracker(folder, seed=0, config_digest=digest, interval=10)
    for i, loss in enumerate(losses):
        tracker.record(10 * (i + 1), loss)
    if finish:
        tracker.finish()
    else:
        tracker.profile().save(folder)


def ended(tmp_path, losses, name, result, group="g"):
    tracked(tmp_path / name, losses)
    return runs.Ended(name, group, name, Profile.load(tmp_path / name), result)


def test_sums_and_the_power_law_by_hand():
    assert early.ema(np.array([4.0, 2.0, 1.0])) == pytest.approx(4 * 0.81 + 2 * 0.9 + 1)
    steps = np.array([10.0, 20, 40, 80])
    told = early.extrapolated(steps, 1 + 2 * (steps / 160) ** -0.5, 160)
    assert told == pytest.approx(3.0, abs=1e-3)
    assert np.isnan(early.extrapolated(steps[:3], steps[:3], 160))


def test_signs_are_those_of_the_promise():
    assert early.direction("crystallization_rate") == early.direction("tier1_best") == 1
    low = ("stability_mean", "predictability_final", "val_loss_best", "tier1_converged_by")
    assert {early.direction(name) for name in low} == {-1}


def test_regret_is_what_the_choice_loses():
    values, results = np.arange(16.0), np.tile([0.5, 0.6, 0.7, 0.9, 0.1, 0.2, 0.3, 0.8], 2)
    assert early.regrets(values, results, ["g"] * 8 + ["h"] * 8) == pytest.approx(10.0)
    assert early.regrets(values[:4], results[:4], ["g"] * 4) is None


def test_a_copy_of_the_loss_says_nothing_beyond_it_and_news_does():
    rng = np.random.default_rng(0)
    loss, news = rng.standard_normal((2, 60))
    result, groups = loss + news, ["g"] * 30 + ["h"] * 30
    rows = [str(i) for i in range(60)]
    copy = early.related([loss + 1e-3 * news, loss], result, groups, rows, 0)
    new = early.related([news, loss], result, groups, rows, 0)
    assert new[1].low > 0.5 and new[2] < 0.01
    plain = early.related([loss], result, groups, rows, 0)
    assert plain[1] is None and 0.4 < plain[0].value < 0.9
    noise = early.related([rng.standard_normal(60), loss], result, groups, rows, 0)
    assert noise[1].low < 0 < noise[1].high and noise[2] > 0.05
    assert copy[0].value == pytest.approx(plain[0].value, abs=0.05)


def test_an_early_loss_that_ranks_the_ends_is_found(tmp_path):
    some = [
        ended(tmp_path, [4, *np.linspace(3, level, 19)], str(i), 1 - level)
        for i, level in enumerate(np.linspace(0.1, 0.9, 9))
    ]
    told = early.early(some, 0.25)
    best, reached = early.goal({0.25: told})
    assert best.rho.value == pytest.approx(1.0) and best.regret == 0.0 and reached
    assert [one.name for one in told[:4]].count(early.LAST) == 1
    assert early.early(some[:5], 0.25) == []


def test_the_best_of_one_group_of_four_is_no_predictor():
    def told(name, groups, rho):
        return early.Told(name, 0.25, 9, groups, Interval(rho, rho, rho, 9), None, None, 0.0, "")

    every = [told("last", 4, 0.5), told("half", 2, 0.6), told("lucky", 1, 1.0)]
    best, reached = early.goal({0.25: every})
    assert (best.name, reached) == ("half", False)
    assert early.goal({0.25: every[2:]})[0].name == "lucky"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"losses": [1.0, float("nan")]}, runs.NAN),
        ({"finish": False}, runs.CUT),
        ({"digest": "another"}, runs.OTHER),
        ({"profile": False}, runs.NO_PROFILE),
        ({"value": None}, runs.NO_SCORE),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, change, why):
    params = {"seed": 0}
    told = {"losses": [2.0, 1.0], "digest": digest_of(params), "finish": True} | change
    value = {"value": told.pop("value", 3.0), "low": None, "high": None, "n": 1}
    if told.pop("profile", True):
        tracked(tmp_path, **told)
    record = {"study": "coins", "row": "r", "seed": 0, "params": params}
    record["metrics"] = {"s": {"a": {"cost": value}}}
    found = runs.ended_of(Run(tmp_path, record), STUDY)
    if why is None:
        assert (found.result, found.share, found.group) == (-3.0, False, "coins")
    else:
        assert found == why


def test_damaged_results_and_other_studies_are_counted_not_guessed(tmp_path):
    place = tmp_path / "coins" / "r" / "seed0"
    place.mkdir(parents=True)
    (place / "result.json").write_text(json.dumps({"schema": 1}))
    found = runs.collect([tmp_path], {"coins": STUDY})
    assert found.runs == () and found.counts() == {runs.DAMAGED: 1}


def test_rules_by_hand(tmp_path):
    some = [
        ended(tmp_path, [4, 4, 4, 4, *np.linspace(4, level, 12)], str(i), 1 - level)
        for i, level in enumerate((0.1, 0.5, 0.9, 1.3))
    ]
    assert replay.last_value(some).tolist() == [1, 1, 0.25, 0.25], "ties in order"
    assert replay.halving(some).tolist() == [1, 0.25, 0.125, 0.125]
    one = replay.replay(some[::-1], "last value")
    assert (one.ended, one.saved, one.best_survives) == (2, pytest.approx(0.375), False)
    assert one.lost == pytest.approx(0.8)
    assert replay.replay(some, "the plan's protocol").ended == 0


def test_ways_to_stop_by_hand(tmp_path):
    tracker = Tracker(tmp_path, seed=0, interval=10)
    for i in range(12):
        tracker.record(10 * (i + 1), 1.0, val_loss=2.0 if i else 1.0)
    told = replay.stops(tracker.finish())
    assert told == {"convergence step": 20, "patience": 60, "last value": 60}


def test_curves_that_end_early_are_left_out_by_name():
    means = public.drawn(2, learners=8)
    cut = (means["learner"] == "l1") & (means["size_train"] > 200)
    missing = means["learner"] == "l2"
    means = means[~cut].assign(score_test=means["score_test"].where(~missing))
    found = public.curves(means)
    assert found.left_out == {
        "0/l1": runs.CUT,
        "0/l2": runs.NAN,
        "1/l1": runs.CUT,
        "1/l2": runs.NAN,
    }
    assert len(found.runs) == 12 and found.groups() == {"lcdb 0": 6, "lcdb 1": 6}
    assert found.runs[0].profile.last_step() == max(means["size_train"])


def test_no_lcdb_is_named(monkeypatch):
    monkeypatch.setattr(public.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pip install"):
        public.lcdb()
