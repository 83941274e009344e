"""Early exit and trajectory gates on runs whose fate is known, and on thin evidence."""

import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.gates import Gate
from sashimi.pab import Tracker
from sashimi.pab.early_exit import ExitRule, early_exit
from sashimi.pab.trajectory import PLAN, PROPOSED, judge

ON = ExitRule(enabled=True)


def profile_of(folder, losses, tier=None, interval=50, **more):
    """A profile with one loss (and one count of 100) a checkpoint; `more`: f(i) by field."""
    tracker = Tracker(folder, interval=interval, resume=False)
    for i, loss in enumerate(losses):
        fields = {name: make(i) for name, make in more.items()}
        if tier is not None:
            fields["tiers"] = {"tier1": (round(100 * tier[i]), 100)}
        tracker.record((i + 1) * interval, loss, **fields)
    return tracker.finish()


def rough(n, size=0.5, seed=0):
    """A loss about 2 that jumps by about `size` of itself each time."""
    return [2.0 * (1 + size) ** (1 if i % 2 else -1) for i in range(n)]


def test_case_1_stops_chaos(tmp_path):
    found = early_exit(profile_of(tmp_path, rough(8), tier=[0.3] * 8), ON)
    assert (found.stop, found.case, found.step) == (True, 1, 400)
    assert found.evidence["stability"] > 0.3 and found.evidence["predictability"] > 0.1


def test_case_2_protects_a_slow_and_steady_run(tmp_path):
    losses = [3 - 0.01 * i for i in range(12)]
    rising = [0.2 + 0.01 * i for i in range(12)]
    found = early_exit(profile_of(tmp_path, losses, tier=rising), ON)
    assert (found.stop, found.case) == (False, 2)


@pytest.mark.parametrize("tier", [[0.5] * 12, [0.6 - 0.01 * i for i in range(12)]])
def test_case_3_stops_a_plateau_even_a_perfectly_flat_one(tmp_path, tier):
    found = early_exit(profile_of(tmp_path, [1.0] * 12, tier=tier), ON)
    assert (found.stop, found.case) == (True, 3)
    assert found.evidence["trend"] <= 0


def test_what_was_not_reported_stops_nothing(tmp_path):
    found = early_exit(profile_of(tmp_path, rough(20)), ON)  # chaotic, no accuracy at all
    assert not found.stop and "tier1" in found.reason
    stale = [{"tier1": (10, 100)} if i < 4 else None for i in range(20)]
    profile = profile_of(tmp_path, [1.0] * 20, tiers=lambda i: stale[i])
    assert not early_exit(profile, ON).stop
    holed = [math.nan if i % 2 else 2.0 for i in range(20)]  # no two losses in a row
    found = early_exit(profile_of(tmp_path, holed, tier=[0.9] * 20), ON)
    assert not found.stop and "stability" in found.reason


def test_the_rule_is_off_unless_asked_and_never_early(tmp_path):
    bad = profile_of(tmp_path, rough(8), tier=[0.3] * 8)
    assert early_exit(bad).reason == "the rule is off"
    assert not early_exit(bad.until(150), ON).stop
    assert not early_exit(profile_of(tmp_path, [1.0] * 12, tier=[0.9] * 12), ON).stop


def test_a_plateau_must_cover_200_steps(tmp_path):
    dense = profile_of(tmp_path, [1.0] * 60, tier=[0.1 + 0.005 * i for i in range(60)], interval=10)
    assert early_exit(dense, ON).evidence["trend"] > 0.9
    few = [None] * 50 + [0.5] * 10  # flat, but only over the last 90 steps
    tiers = [None if value is None else {"tier1": (50, 100)} for value in few]
    found = early_exit(profile_of(tmp_path, [1.0] * 60, interval=10, tiers=lambda i: tiers[i]), ON)
    assert not found.stop and found.evidence["trend"] is None


def decisions(profiles, gates=None):
    return {verdict.gate: verdict.decision for verdict in judge(profiles, gates)}


def flips(share):
    """Trits (1000,) of which `share(i)` flip at checkpoint i."""
    rng = np.random.default_rng(0)
    weights = np.ones(1000, np.int8)

    def make(i):
        weights[rng.permutation(1000)[: int(1000 * share(i))]] *= -1
        return [("w", weights)]

    return make


def good(folder):
    """Falls by a twentieth a checkpoint, learns, crystallizes."""
    losses = [4 * 0.95**i for i in range(20)]
    tier = [min(0.95, 0.2 + 0.2 * i) for i in range(20)]
    domains = [{"api": (90, 100), "files": (80, 100)} for _ in range(20)]
    trits = flips(lambda i: 0.2 * 0.7**i)
    return profile_of(folder, losses, tier, domains=lambda i: domains[i], trits=trits)


def test_a_good_run_passes_both_sets(tmp_path):
    run = good(tmp_path)
    assert set(decisions(run).values()) == {"go"}
    assert set(decisions(run, PROPOSED).values()) == {"go"}


def test_the_plan_lets_a_run_at_chance_through_and_we_do_not(tmp_path):
    rng = np.random.default_rng(0)
    stuck = profile_of(tmp_path, 3.0 + 0.02 * rng.standard_normal(20), tier=[0.1] * 20)
    plan, ours = decisions(stuck), decisions(stuck, PROPOSED)
    assert (plan["stability_mean"], plan["predictability_final"]) == ("go", "go")
    assert ours["loss_progress"] == "stop"
    assert plan["tier1_converged_by"] == ours["tier1_converged_by"] == "stop"


def test_the_plan_refuses_a_clean_decay_and_we_do_not(tmp_path):
    clean = profile_of(tmp_path, [4 * 0.8**i for i in range(20)])
    assert decisions(clean)["stability_mean"] == "stop"
    ours = decisions(clean, PROPOSED)
    assert (ours["loss_progress"], ours["log_loss_jitter"]) == ("go", "go")


def test_the_plans_predictability_depends_on_the_unit_of_the_loss(tmp_path):
    losses = np.array([4 * 0.9**i * (1.1 if i % 2 else 1.0) for i in range(20)])
    small, large = (
        profile_of(tmp_path / name, losses * scale) for name, scale in (("a", 1), ("b", 1000))
    )
    assert decisions(small)["predictability_final"] == "go"
    assert decisions(large)["predictability_final"] == "stop"
    assert decisions(small, PROPOSED) == decisions(large, PROPOSED)


def test_a_loss_that_was_once_nan_is_refused_by_ours(tmp_path):
    losses = [4 * 0.95**i for i in range(20)]
    losses[7] = math.nan
    verdict = next(v for v in judge(profile_of(tmp_path, losses), PROPOSED))
    assert (verdict.gate, verdict.decision, verdict.value) == ("losses_finite", "stop", 1)


def test_a_regression_names_its_domain_and_checkpoint(tmp_path):
    def domains(i):
        return {"api": (90, 100), "files": (90 if i < 18 else 40, 100)}

    verdict = judge(profile_of(tmp_path, [1.0] * 20, domains=domains))[3]
    assert (verdict.gate, verdict.decision) == ("no_domain_regression", "stop")
    assert verdict.evidence["runs"][0]["domains"][0]["domain"] == "files"
    assert verdict.evidence["runs"][0]["domains"][0]["at"] == 950


def test_nothing_reported_is_not_evaluable_and_says_so(tmp_path):
    found = {v.gate: v for v in judge(profile_of(tmp_path, [1.0]))}
    assert {v.decision for v in found.values()} == {"not-evaluable"}
    assert "too few checkpoints" in found["tier1_converged_by"].reason
    short = profile_of(tmp_path, [1.0] * 6, tier=[0.1] * 6)  # ends at 300: might yet have come
    assert decisions(short)["tier1_converged_by"] == "not-evaluable"
    assert decisions([])["stability_mean"] == "not-evaluable"


def test_several_seeds_and_one_that_never_got_there(tmp_path):
    runs = [good(tmp_path / str(seed)) for seed in range(3)]
    verdict = judge(runs)[0]
    assert (verdict.decision, verdict.n) == ("go", 3)
    never = profile_of(tmp_path / "never", [1.0] * 20, tier=[0.1] * 20)
    assert decisions([*runs, never])["tier1_converged_by"] == "stop"
    unreported = profile_of(tmp_path / "none", [1.0] * 20)
    assert decisions([*runs, unreported])["tier1_converged_by"] == "not-evaluable"


def test_the_plans_own_numbers_may_say_otherwise(tmp_path):
    losses = [4 * 0.84**i for i in range(20)]  # 0.16 a checkpoint; 0.152 with the placeholder
    tier = [0.9 if i == 3 else 0.1 for i in range(20)]
    run = profile_of(tmp_path, losses, tier)
    assert decisions(run)["tier1_converged_by"] == "stop"
    assert run.summary(paper_compatible=True)["tier1_convergence_step"] == 200


def test_a_gate_on_an_unknown_number_is_refused(tmp_path):
    with pytest.raises(BadInput, match="brilliance"):
        judge(good(tmp_path), {"b": Gate("b", metric="brilliance", at_least=1)})


def test_every_gate_has_its_own_name_and_threshold():
    assert {g.threshold for g in PLAN.values()} == {0.15, 0.05, 500, 0, 0.001}
    assert all(gate.name == name for name, gate in (PLAN | PROPOSED).items())
