"""Difficulty rankings, and the report that asks whether a trajectory predicts anything."""

import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.pab import Tracker, cheap
from sashimi.pab.difficulty import difficulty
from sashimi.pab.predict import BASELINES, Run, predictiveness, table
from sashimi.pab.tables import markdown


def test_difficulty_by_hand(tmp_path):
    tracker = Tracker(tmp_path, interval=10)
    shares = {"quick": [9, 9, 9], "slow": [0, 5, 10], "never": [0, 0, 0], "rare": [1, 1, 1]}
    for t in range(3):
        actions = {name: (s[t], 1 if name == "rare" else 10) for name, s in shares.items()}
        tracker.record(10 * (t + 1), 1.0, actions=actions)
    profile = tracker.finish()
    facts = {
        "frequency": {"quick": 50, "slow": 20, "never": 10, "rare": 1},
        "parameters": {"quick": 1, "slow": 2, "never": 3},
    }
    found = difficulty(profile, facts, top=3)
    assert [(one.name, one.shortfall) for one in found.ranking] == [
        ("never", 1.0),
        ("slow", 0.5),  # 0, 0.5, 1 by trapezoids over the steps
        ("quick", pytest.approx(0.1)),
    ]
    assert [one.phase for one in found.ranking] == ["never", "never", "early"]
    assert found.correlations["parameters"].reason == "fewer than 4 pairs"
    whole = difficulty(profile, facts, top=4).correlations
    assert whole["frequency"].n == 4
    assert whole["frequency"].rho == pytest.approx(0.2)  # shortfall ranks 2 3 4 1 by 4 3 2 1
    assert whole["parameters"].n == 3
    with pytest.raises(BadInput, match="domains"):
        difficulty(profile, group="domains")


def planted_runs(tmp_path, n=24):
    """Runs whose stability in the first half is their result; the losses say nothing else."""
    rng = np.random.default_rng(0)
    out = []
    for seed in range(n):
        tracker = Tracker(tmp_path / str(seed), seed=seed, interval=1)
        unrest = rng.uniform(0.01, 0.4)
        for step in range(20):
            size = unrest if step <= 10 else 0.1
            level = (1 + size) if step % 2 else 1.0
            val_loss = rng.random() if step == 5 else None
            tracker.record(step, level if step != 9 else 1.0, val_loss=val_loss)
        out.append(Run(tracker.finish(), result=-unrest))
    return out


def test_a_planted_predictor_is_found_at_half_time(tmp_path):
    rows = {row.name: row for row in predictiveness(planted_runs(tmp_path))}
    assert list(rows)[:3] == sorted(BASELINES, key=lambda n: -abs(rows[n].correlation.rho or 0))
    found = rows["stability_mean"]
    assert found.correlation.rho == pytest.approx(-1.0)
    assert found.correlation.n == 24
    assert found.p_holm < 0.05 and found.verdict.startswith("predicts, and more than")
    dev = rows["val_loss_best"]
    assert dev.verdict == "not distinguishable from chance"
    assert rows["best dev score so far"].correlation.rho == pytest.approx(dev.correlation.rho)
    final = rows["final training loss"].correlation
    assert final.rho is None and final.reason == "one side is constant"


def test_few_runs_claim_nothing(tmp_path):
    rows = predictiveness(planted_runs(tmp_path, n=6))
    found = next(row for row in rows if row.name == "stability_mean")
    assert found.verdict == "not enough runs (6 of 10)"
    with pytest.raises(BadInput, match="1 runs"):
        predictiveness(planted_runs(tmp_path / "one", n=1))


def test_the_table_has_a_line_a_row(tmp_path):
    rows = predictiveness(planted_runs(tmp_path, n=6))
    text = markdown(table(rows))
    assert text.count("\n") == 2 + len(rows)


def test_summaries_see_only_the_first_half(tmp_path):
    runs = planted_runs(tmp_path / "a", n=12)
    changed = []
    for i, run in enumerate(runs):  # the same first half, another second one
        tracker = Tracker(tmp_path / f"b{i}", seed=i)
        series = run.profile.scalars["train_loss"]
        for step, loss in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            tracker.record(step, loss if step <= 9 else 5.0 + i * step)
        changed.append(Run(tracker.finish(), run.result))
    one, two = ({r.name: r.correlation for r in predictiveness(list_)} for list_ in (runs, changed))
    for name in ("stability_mean", "log_predictability_final", "training loss so far"):
        assert one[name] == two[name]
    assert one["final training loss"] != two["final training loss"]


def test_the_cheap_network_learns_and_is_really_ternary(tmp_path):
    trits, scale = cheap.ternarize(np.array([[0.1, -2.0], [0.9, 1.0]]))
    assert scale == pytest.approx(1.0) and trits.tolist() == [[0, -1], [1, 1]]
    run = cheap.run(tmp_path, cheap.Recipe(seed=0, steps=200))
    numbers = run.profile.summary()
    assert run.result > 0.6 > 2 / cheap.CLASSES
    assert 0.5 < numbers["crystallization_final"] <= 1.0
    again = cheap.run(tmp_path, cheap.Recipe(seed=0, steps=200))
    assert again.profile.summary() == numbers and again.result == run.result


def test_the_matrix_gives_the_report_something_to_find(tmp_path):
    runs = cheap.matrix(tmp_path, n=16, steps=120)
    rows = {row.name: row for row in predictiveness(runs)}
    assert rows["final training loss"].correlation.rho < -0.5
    assert all(math.isfinite(run.result) for run in runs)
    assert rows["crystallization_rate"].correlation.n == sum(
        "trits" in run.profile.weights for run in runs
    )
