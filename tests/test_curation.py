"""The rules of curation by trajectory, and the numbers by which its arms are compared."""

import numpy as np
import pytest

from sashimi.flagship.data.example import Example
from sashimi.pab import Tracker, curate
from sashimi.pab.dynamics import Trajectories
from sashimi.program import parse
from sashimi.studies.trajectory import actions, compared, curation

STEPS = np.arange(1, 11) * 10


def example(body, domain="d"):
    return Example("a", "a", parse(f'SHORTCUT "a"\n{body}\nENDSHORTCUT\n'), domain)


def trajectories(loss, names):
    loss = np.array(loss, dtype=float)
    return Trajectories(tuple(names), STEPS[: loss.shape[1]], loss, loss < 0.5, loss * np.nan)


def run(tmp_path, losses, **domains):
    """A finished run of these dev losses and, of each domain, times right of 10."""
    tracker = Tracker(tmp_path, seed=1, interval=10)
    for n, loss in enumerate(losses):
        right = {name: (of[n], 10) for name, of in domains.items()}
        tracker.record(10 * (n + 1), train_loss=loss, val_loss=loss, domains=right)
    return tracker.finish()


def test_a_structure_is_the_mean_of_its_examples():
    found = curation.by_structure(trajectories([[1, 0], [4, 4], [3, 2]], "abc"), ["x", "y", "x"])
    assert found.ids == ("x", "y")
    assert found.loss.tolist() == [[2, 1], [4, 4]]
    assert found.correct.tolist() == [[0, 0.5], [0, 0]]
    assert np.isnan(found.margin).all()


def test_weights_follow_the_classes_and_are_dealt_again():
    falling = np.linspace(4, 0.1, 10)
    quick = [4, 0.2, *[0.1] * 8]
    stuck = [4.0, 4.1] * 5
    losses = {f"quick{n}": quick for n in range(3)} | {"late": falling, "stuck": stuck}
    report = curate(trajectories(list(losses.values()), losses))
    weights = curation.weights_of(report)
    assert weights == dict.fromkeys(("quick0", "quick1", "quick2"), 0.5) | {
        "late": 2.0, "stuck": 0.0
    }  # fmt: skip
    dealt = [curation.permuted(weights, seed) for seed in range(20)]
    assert all(sorted(d.values()) == sorted(weights.values()) for d in dealt)
    assert all(list(d) == list(weights) for d in dealt)
    assert dealt[0] == curation.permuted(weights, 0) and any(d != dealt[0] for d in dealt)


def test_the_difficulty_report_groups_by_domain_kind_and_complexity():
    one = example('ACTION showresult Text="a"', "x")
    many = example('MENU "Which?"\nCASE "a"\nACTION vibrate\nCASE "b"\nACTION ask\nENDMENU', "y")
    assert curation.facts_of(one) == {"domain": "x", "kind": "plain", "actions": "1"}
    assert curation.facts_of(many) == {"domain": "y", "kind": "menu", "actions": "2"}
    report = curate(trajectories([[4, *[0.1] * 9], [4.0, 4.1] * 5, [4, *[0.1] * 9]], "abc"))
    rows = curation.difficulty([one, many, one], report, "kind")
    assert [(r["kind"], r["n"], r["easy"], r["unlearnable"]) for r in rows] == [
        ("menu", 1, 0.0, 1.0), ("plain", 2, 1.0, 0.0)
    ]  # fmt: skip
    assert [r["late loss"].value for r in rows] == pytest.approx([4.05, 0.1], abs=0.06)


def test_an_endpoint_is_reached_or_never(tmp_path):
    profile = run(tmp_path, [3, 2, 1, 0.5])
    assert compared.reached(profile, 2.0) == 0.5
    assert compared.reached(profile, 0.5) == 1.0
    assert np.isnan(compared.reached(profile, 0.4))


def test_a_domain_is_unstable_weak_or_learned_at_a_third(tmp_path):
    control = run(
        tmp_path / "a", [1.0] * 9, soon=[8] * 9, late=[0] * 6 + [8] * 3, never=[0] * 9,
        lost=[8, 8, 8, 0, 0, 0, 5, 5, 5],
    )  # fmt: skip
    least = compared.thresholds([control])
    assert least == pytest.approx({"soon": 0.64, "late": 0.64, "lost": 0.4})
    found = compared.phases(control, least)
    assert found == {"soon": "early", "late": "late", "lost": "unstable"}
    assert compared.weak([control], least) == ["lost"]


def test_the_curated_arm_is_compared_within_seeds(tmp_path):
    losses = {
        curation.CONTROL: [[2, 1.5, 1], [2, 1.5, 1.2]],
        curation.CURATED: [[2, 1, 0.9], [2, 1.6, 1.3]],
        curation.RANDOM: [[2, 1.5, 1], [2, 1.5, 1.2]],
    }
    profiles = {
        arm: [run(tmp_path / arm / str(n), own, d=[5, 5, 5]) for n, own in enumerate(each)]
        for arm, each in losses.items()
    }
    right = {arm: [np.array([0.5, 1.0])] * 2 for arm in losses}
    found = compared.answers(profiles, right)
    steps = found[curation.CURATED]["steps to the control's end"]
    assert steps[0] == pytest.approx(2 / 3) and np.isnan(steps[1])
    rows = {row["number"]: row for row in compared.compared(found)}
    ends = rows["dev loss at the end"]
    assert ends["curated"].value == pytest.approx(1.1)
    assert ends["less control"].value == pytest.approx(0.0) and ends["less control"].n == 2
    assert rows["held-out tokens right"]["less random"].value == 0.0
    assert np.isnan(rows["steps to the control's end"]["less control"].value)
    assert rows["share of weak domains learned"]["control"].n == 2


def test_facts_of_actions_are_counted_by_hand():
    short = example('ACTION showresult Text="a"')
    long = example('ACTION vibrate\nACTION showresult\nACTION showresult Text="b"')
    facts = actions.facts([short, long])
    assert facts["frequency"] == {"showresult": 3, "vibrate": 1}
    assert facts["complexity"] == {"showresult": pytest.approx(7 / 3), "vibrate": 3}
    assert facts["parameters"] == {"showresult": pytest.approx(2 / 3), "vibrate": 0}
