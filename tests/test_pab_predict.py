"""Difficulty rankings, and the report that asks whether a trajectory predicts anything."""

import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.pab import Tracker, plots
from sashimi.pab.difficulty import difficulty
from sashimi.pab.predict import BASELINES, Run, outcomes, predictiveness, table
from sashimi.pab.tables import markdown
from sashimi.pab.trajectory import PROPOSED
from sashimi.studies.trajectory import cheap


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


def gated_runs(tmp_path, finals):
    """Runs whose loss falls from 4 to the one given; the result is what (loss, result) says."""
    out = []
    for seed, (loss, result) in enumerate(finals):
        tracker = Tracker(tmp_path / str(seed), seed=seed, interval=1)
        for step, value in enumerate([4.0, *[loss] * 5]):
            tracker.record(step, value)
        out.append(Run(tracker.finish(), result))
    return out


def test_outcomes_by_hand(tmp_path):
    gates = {"loss_progress": PROPOSED["loss_progress"]}  # at least half of the loss is gone
    good = [(1.0, 0.9), (1.0, 0.8), (1.5, 0.85), (0.5, 0.7), (0.1, 0.95)]
    bad = [(3.0, 0.1), (3.0, 0.2), (3.9, 0.75), (4.0, 0.1), (2.5, 0.7)]
    (found,) = outcomes(gated_runs(tmp_path / "a", good + bad), gates)
    assert (found.go, found.stop, found.not_evaluable) == (5, 5, 0)
    assert (found.median_go, found.median_stop) == (0.85, 0.2)
    assert found.sorts == pytest.approx(23.5 / 25)  # 0.7 loses to 0.75 and ties with 0.7
    assert found.low < found.sorts <= found.high
    assert found.verdict == "lets the better ones through"
    turned = [(loss, -result) for loss, result in good + bad]
    (found,) = outcomes(gated_runs(tmp_path / "b", turned), gates)
    assert found.verdict == "refuses the better ones"
    (found,) = outcomes(gated_runs(tmp_path / "c", good + bad[:3]), gates)
    assert found.verdict == "not enough runs (3 of 5 on one side)"
    (found,) = outcomes(gated_runs(tmp_path / "d", good), gates)
    assert found.verdict.startswith("decides nothing") and found.sorts is None
    (found,) = outcomes(gated_runs(tmp_path / "e", good), {"late": PROPOSED["late_flip_rate"]})
    assert (found.go, found.stop, found.not_evaluable) == (0, 0, 5)


def test_one_batchs_loss_makes_a_calm_run_look_chaotic(tmp_path):
    regimes = {}
    for loss in ("batch", "mean", "set"):
        recipe = cheap.Recipe(seed=0, rate=0.02, steps=2000, interval=50, loss=loss)
        regimes[loss] = cheap.run(tmp_path / loss, recipe).profile.summary()["regime"]
    assert regimes == {"batch": "chaotic", "mean": "stable", "set": "stable"}
    with pytest.raises(BadInput, match="'median'"):
        cheap.run(tmp_path, cheap.Recipe(seed=0, loss="median"))


def test_figures_of_gates_and_correlations(tmp_path):
    runs = planted_runs(tmp_path, n=6)
    rows = predictiveness(runs)
    figure = plots.correlations(rows)
    known = [row for row in rows if row.correlation.rho is not None]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"{row.name} (n={row.correlation.n})" for row in known]
    cells = plots.decisions([{"run": "a", "one": "go (1)", "two": "stop"}]).axes[0].texts
    assert [cell.get_text() for cell in cells] == ["go (1)", "stop"]
    panels = plots.gallery({f"run {i}": run.profile for i, run in enumerate(runs)}).axes
    assert [axis.get_visible() for axis in panels] == [True] * 6 + [False] * 4


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
