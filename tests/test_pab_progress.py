"""Progress, regimes and the plan's own numbers, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.pab import Tracker
from sashimi.pab.parameters import Parameters
from sashimi.pab.progress import (
    band,
    events,
    phase,
    regressions,
    reversals,
    reversals_beyond_noise,
    sustained_crossing,
    trace,
)
from sashimi.pab.regime import convergence_step, regime, steps_to_target
from sashimi.pab.series import Counts
from sashimi.statistics import wilson

STEPS = [10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_one_lucky_checkpoint_reaches_nothing():
    values = [0.1, 0.9, 0.1, 0.8, 0.8, 0.8, 0.9, 0.9, 0.9]
    assert sustained_crossing(STEPS, values, 0.8, sustained=3) == 40
    assert sustained_crossing(STEPS, values, 0.8, sustained=1) == 20
    assert sustained_crossing(STEPS, values, 0.95, sustained=1) is None
    assert sustained_crossing([], [], 0.5) is None


def test_a_missing_value_breaks_a_run():
    assert sustained_crossing([1, 2, 3, 4, 5], [1, 1, None, 1, 1], 0.5, sustained=3) is None
    assert sustained_crossing([1, 2, 3, 4, 5], [1, None, 1, 1, 1], 0.5, sustained=3) == 3
    with pytest.raises(BadInput, match="sustained"):
        sustained_crossing([1], [1.0], 0.5, sustained=0)


def test_learned_lost_regained():
    values = [1, 1, 0, 1, 0, 0, 1, 1, 0]
    assert events(STEPS, values, 0.5, sustained=2) == [
        (10, "learned"),
        (50, "lost"),
        (70, "regained"),
    ]


@given(st.lists(st.sampled_from([0.0, 1.0, math.nan]), max_size=30), st.integers(1, 4))
def test_events_alternate_and_begin_with_learned(values, k):
    found = events(range(len(values)), values, 0.5, k)
    names = [name for _, name in found]
    assert names[:1] in ([], ["learned"])
    assert names[1::2] == ["lost"] * len(names[1::2])
    assert names[2::2] == ["regained"] * len(names[2::2])
    assert [step for step, _ in found] == sorted({step for step, _ in found})


def test_reversals_ignore_plateaus_and_holes():
    assert reversals([1, 2, 3]) == 0
    assert reversals([1, 2, 2, 1, 2, 1]) == 3
    assert reversals([1, None, 2, 1]) == 1
    assert reversals([]) == 0


@pytest.mark.parametrize(
    ("reached", "name"), [(300, "early"), (301, "middle"), (600, "middle"), (601, "late")]
)
def test_phases_are_thirds_of_the_run(reached, name):
    assert phase(reached, 900) == name
    assert phase(None, 900) == "never"


def counts(*correct, total=100, steps=STEPS):
    return Counts(steps[: len(correct)], correct, [total] * len(correct))


def test_trace_by_hand():
    out = trace(counts(10, 90, 90, 90, 20, 20, 20), 0.8, 90, Parameters())
    assert (out["reached"], out["phase"], out["unstable"]) == (20, "early", True)
    assert out["events"] == [[20, "learned"], [50, "lost"]]
    assert (out["best"], out["best_step"], out["final"], out["final_n"]) == (0.9, 20, 0.2, 100)
    assert out["final_low"] == pytest.approx(0.1334, abs=1e-4)  # Wilson, 20 of 100
    assert out["final_high"] == pytest.approx(0.2888, abs=1e-4)


def test_unstable_is_a_flag_beside_the_phase():
    steady = trace(counts(10, 90, 91, 92, 93, 94), 0.8, 90, Parameters())
    assert (steady["phase"], steady["unstable"]) == ("early", False)
    zigzag = trace(counts(10, 20, 10, 20, 10), 0.8, 90, Parameters())
    assert (zigzag["phase"], zigzag["unstable"], zigzag["reversals"]) == ("never", True, 3)


def test_turns_within_noise_are_told_from_real_ones():
    noise, real = (60, 63, 59, 62, 60, 61), (60, 90, 60, 90, 60, 90)
    assert reversals(counts(*noise).share) == reversals(counts(*real).share) == 4
    assert reversals_beyond_noise(counts(*noise)) == 0
    assert reversals_beyond_noise(counts(*real)) == 4
    # a slow fall counts from its top, not from the point before
    assert reversals_beyond_noise(counts(50, 70, 68, 66, 62, 58, 52, 46)) == 1
    assert reversals_beyond_noise(counts()) == 0
    out = trace(counts(*noise), 0.8, 90, Parameters())
    assert (out["unstable"], out["unstable_beyond_noise"]) == (True, False)


@given(st.lists(st.integers(0, 50), max_size=12))
def test_turns_beyond_noise_are_turns(correct):
    series = counts(*correct, total=50, steps=range(12))
    assert reversals_beyond_noise(series) <= reversals(series.share)


def test_too_few_checkpoints_are_unknown_not_never():
    assert trace(counts(90, 95), 0.8, 90, Parameters())["phase"] == "unknown"
    nothing = trace(counts(0, 0, 0, total=0), 0.8, 90, Parameters())
    assert (nothing["phase"], nothing["final"], nothing["checkpoints"]) == ("unknown", None, 0)


def test_the_band_is_wilsons_and_open_where_nothing_was_tried():
    lows, highs = band(counts(8, 10, total=10))
    assert lows[0] == pytest.approx(wilson(8, 10).low, abs=1e-4) and highs[1] == 1.0
    lows, highs = band(counts(0, total=0))
    assert (lows.tolist(), highs.tolist()) == ([0.0], [1.0])


def domain_profile(tmp_path, **shares):
    tracker = Tracker(tmp_path)
    n = len(next(iter(shares.values())))
    for i in range(n):
        here = {name: (series[i], 100) for name, series in shares.items() if series[i] is not None}
        tracker.record((i + 1) * 10, 1.0, domains=here)
    return tracker.finish()


def test_regressions_are_beyond_chance_and_late(tmp_path):
    profile = domain_profile(
        tmp_path,
        fell=[50, 90, 90, 90, 90, 90, 90, 90, 60, 55],  # steps 90 and 100 are the last fifth
        dipped=[50, 90, 30, 90, 90, 90, 90, 90, 88, 85],  # early dip; a late fall within chance
        late=[None] * 8 + [50, 10],  # nothing before to compare with
    )
    found = regressions(profile)
    assert [f["domain"] for f in found] == ["fell"]
    assert (found[0]["from"], found[0]["at"]) == (20, 100)
    assert found[0]["fall"] == pytest.approx(0.35)
    assert 0 < found[0]["least"] < 0.35


def test_nothing_to_compare_is_none_not_empty(tmp_path):
    assert regressions(domain_profile(tmp_path / "a", late=[None] * 9 + [10])) is None
    assert regressions(domain_profile(tmp_path / "b", flat=[50] * 10)) == []


def test_smoothing_does_not_take_one_lucky_point_for_the_best(tmp_path):
    profile = domain_profile(tmp_path, lucky=[70, 70, 70, 86, 70, 70, 70, 70, 71, 70])
    assert len(regressions(profile)) == 1
    assert regressions(profile, smooth=2) == []


@pytest.mark.parametrize(
    ("stability", "name"),
    [
        ([0.1] * 10, "stable"),
        ([0.2] * 10, "moderate"),
        ([0.4] * 10, "chaotic"),
        ([0.3] * 5 + [0.1] * 5, "phase transition"),  # mean 0.2
        ([0.9] * 5 + [0.01] * 5, "phase transition"),  # mean 0.455: chaos must not shadow it
        ([0.26] * 5 + [0.0] * 5, "phase transition"),  # mean 0.13: nor stability
        ([0.9] * 4 + [0.01] * 4, "chaotic"),  # too few points to tell
        ([math.nan, 0.1], "stable"),
        ([], None),
    ],
)
def test_regimes(stability, name):
    assert regime(stability) == name


def test_convergence_and_target():
    assert convergence_step(range(8), [0.5, 0.09, 0.1, *[0.09] * 5]) == 3
    assert convergence_step(range(4), [0.0] * 4) is None
    assert steps_to_target([10, 20, 30], [3.0, 2.0, 1.0], target=2.0) == 20
    assert steps_to_target([10, 20, 30], [3.0, 2.0, 2.5], target=2.0, sustained=2) is None


def test_the_plans_numbers_keep_their_placeholders(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(50, 4.0)
    tracker.record(100, 2.0, tiers={"tier1": (9, 10)}, trits=[("w", np.zeros(4, np.int8))])
    tracker.record(150, 1.0, trits=[("w", np.array([0, 0, 0, 1], np.int8))])
    profile = tracker.finish()
    ours, plan = profile.summary(), profile.summary(paper_compatible=True)
    assert ours["stability_mean"] == pytest.approx(0.5)
    assert plan["stability_mean"] == pytest.approx(1 / 3)  # 0.0, 0.5, 0.5
    assert ours["tier1_converged_by"] is None  # one checkpoint is not sustained
    assert plan["tier1_convergence_step"] == 100
    assert plan["crystallization_rate"] == pytest.approx(0.375)  # 0, 0, 0.75 by checkpoint
    assert ours["crystallization_rate"] is None
    assert plan["stability_regime"] == "chaotic"


def test_the_plans_mean_is_poisoned_where_ours_is_not(tmp_path):
    tracker = Tracker(tmp_path)
    for step, loss in enumerate([4.0, 2.0, math.nan, 1.0], start=1):
        tracker.record(step, loss)
    profile = tracker.finish()
    assert profile.summary(paper_compatible=True)["stability_mean"] is None
    assert profile.summary()["stability_mean"] == pytest.approx(0.5)
