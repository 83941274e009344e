"""Real data: ASlib scenarios as asf reads them, and the learning curves of LCDB."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from sashimi.errors import BadInput
from sashimi.studies.planner import curves

CUTOFF = 100.0


def write(folder, n=60, seed=0):
    """A scenario of three solvers, one of which is better where the first feature is large."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    slow = np.stack([3.5 + x[:, 0], 3.5 - x[:, 0], 4.2 + 0.3 * x[:, 1]], 1)
    times = np.exp(slow + 0.3 * rng.normal(size=(n, 3)))
    runs, values, cv = [], [], []
    for i in range(n):
        values.append(f"i{i:02d},1,{x[i, 0]},{'?' if i == 5 else x[i, 1]}")
        cv.append(f"i{i:02d},1,{i % 3 + 1}")
        for a, name in enumerate(("alpha", "beta", "gamma")):
            status = "ok" if times[i, a] <= CUTOFF else "timeout"
            runs.append(f"i{i:02d},1,{name},{min(times[i, a], CUTOFF)},{status}")
    (folder / "description.txt").write_text(
        "scenario_id: TEST\nperformance_measures:\n- runtime\nmaximize:\n- false\n"
        f"algorithm_cutoff_time: {CUTOFF}\nfeature_steps:\n  all:\n    provides: [f1, f2]\n"
    )
    tables = {
        "algorithm_runs": ("instance_id STRING|repetition NUMERIC|algorithm STRING|"
                           "runtime NUMERIC|runstatus {ok,timeout}", runs),
        "feature_values": ("instance_id STRING|repetition NUMERIC|f1 NUMERIC|f2 NUMERIC", values),
        "cv": ("instance_id STRING|repetition NUMERIC|fold NUMERIC", cv),
    }  # fmt: skip
    for name, (heads, lines) in tables.items():
        attributes = "\n".join(f"@ATTRIBUTE {head}" for head in heads.split("|"))
        text = f"% made by a test\n@RELATION {name}\n{attributes}\n\n@DATA\n" + "\n".join(lines)
        (folder / f"{name}.arff").write_text(text + "\n")
    return times


def test_a_scenario_is_read_as_it_was_written(tmp_path):
    times = write(tmp_path)
    read = curves.scenario(tmp_path)
    expected = np.where(times <= CUTOFF, times, 10 * CUTOFF)
    assert np.allclose(read.times.to_numpy(), expected) and not read.maximize
    assert read.features.isna().sum().tolist() == [0, 1]
    assert sorted(read.folds.unique()) == [1, 2, 3] and (read.folds.iloc[:4] == [1, 2, 3, 1]).all()
    rows = np.flatnonzero(read.folds == 1)
    assert read.npar10(expected[rows].argmin(1), rows) == pytest.approx(0.0)
    single = np.full(len(rows), expected[rows].mean(0).argmin())
    assert read.npar10(single, rows) == pytest.approx(1.0)


def test_the_same_scenario_in_asfs_own_reader_and_metric(tmp_path):
    aslib = pytest.importorskip("asf.scenario.aslib_reader", reason="pip install 'sashimi[curves]'")
    pytest.importorskip("arff", reason="pip install 'sashimi[curves]'")
    from asf.metrics.baselines import running_time_closed_gap

    write(tmp_path)
    ours = curves.scenario(tmp_path)
    features, times, _, cv, _, maximize, cutoff, _ = aslib.read_aslib_scenario(str(tmp_path))
    assert (maximize, cutoff) == (ours.maximize, ours.cutoff)
    assert np.abs(times.to_numpy(float) - ours.times.to_numpy()).max() <= 1e-9
    assert np.allclose(features.to_numpy(float), ours.features.to_numpy(), equal_nan=True)
    assert (cv["fold"].astype(int).to_numpy() == ours.folds.to_numpy()).all()
    rng = np.random.default_rng(0)
    for fold in (1, 2, 3):
        rows = np.flatnonzero(ours.folds == fold)
        chosen = rng.integers(0, 3, len(rows))
        part = times.astype(float).iloc[rows]
        picked = {i: [(times.columns[c], cutoff)] for i, c in zip(part.index, chosen, strict=True)}
        none = features.iloc[rows, :1].mul(0.0).rename(columns=lambda _: "feature_time")
        closed = running_time_closed_gap(picked, part, cutoff, none)
        assert 1 - ours.npar10(chosen, rows) == pytest.approx(closed, abs=1e-9)


@pytest.mark.slow
def test_value_models_beside_asfs_selectors_on_a_written_scenario(tmp_path):
    """The rule that is learned here is seen by both: each leaves less than half of the gap."""
    pytest.importorskip("asf", reason="pip install 'sashimi[curves]'")
    from asf.predictors import RandomForestRegressorWrapper
    from asf.selectors import PerformanceModel

    write(tmp_path, n=150)
    read = curves.scenario(tmp_path)
    x = read.features.fillna(0.0)
    train, test = np.flatnonzero(read.folds != 1), np.flatnonzero(read.folds == 1)
    theirs = PerformanceModel(model_class=RandomForestRegressorWrapper, budget=CUTOFF)
    theirs.fit(x.iloc[train], read.times.iloc[train])
    names = list(read.times.columns)
    said = theirs.predict(x.iloc[test])
    picked = np.array([names.index(said[i][0][0]) for i in x.index[test]])
    forest = ExtraTreesRegressor(100, min_samples_leaf=3, random_state=0)
    forest.fit(x.iloc[train], np.log(read.times.iloc[train]))
    ours = forest.predict(x.iloc[test]).argmin(1)
    assert read.npar10(picked, test) < 0.5 and read.npar10(ours, test) < 0.5


@pytest.mark.parametrize("damage", ["missing", "no data", "no measure"])
def test_a_damaged_scenario_names_its_file(tmp_path, damage):
    write(tmp_path)
    file = tmp_path / ("description.txt" if damage == "no measure" else "cv.arff")
    if damage == "missing":
        file.unlink()
    else:
        file.write_text("maximize: [false]\n" if damage == "no measure" else "@relation cv\n")
    with pytest.raises(BadInput, match=r"cv\.arff|not an ASlib scenario"):
        curves.scenario(tmp_path)


def curve(n=24, seed=0):
    """Data sets of two kinds, told by one meta-feature; each has a learner of its own."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 2
    accuracy = np.stack([np.where(kind == 0, 0.9, 0.6), np.where(kind == 1, 0.9, 0.6)], 1)
    meta = np.stack([kind + 0.01 * rng.normal(size=n), rng.normal(size=n)], 1)
    seconds = np.full((n, 2), 9.0)
    return curves.Curves(
        np.arange(n), [("a", 64), ("b", 64)], accuracy, seconds, meta, accuracy,
        np.full((n, 2), 0.01),
    )  # fmt: skip


def test_utility_gaps_and_paid_probes():
    told = curve()
    assert told.utility(0.1)[0] == pytest.approx([0.9 - 0.1, 0.6 - 0.1])
    worth = curves.leave_one_out(told, 0.01, trees=20)
    gaps = curves.closed(worth)
    assert gaps["forest"].value == pytest.approx(1.0, abs=0.02)
    paid = 0.01 * np.log10(1 + 2 * 0.01)
    assert worth["forest"][0] - worth["forest, probed"][0] == pytest.approx(paid)
    assert (worth["oracle"] >= worth["single best"]).all()


def test_dear_probes_are_not_paid_for():
    told = curve()
    told.probe_seconds[:] = 2 * curves.CHEAP
    worth = curves.leave_one_out(told, 0.01, trees=20)
    assert (worth["forest"] == worth["forest, probed"]).all()


def test_what_is_not_offered_is_not_chosen_by_the_single_best_either():
    told = curve()
    told.accuracy[:, 1] -= 0.1  # "a" is the single best
    told.accuracy[0, 0] = told.seconds[0, 0] = np.nan
    worth = curves.leave_one_out(told, 0.01, trees=20)
    second = told.utility(0.01)[0, 1]
    assert {name: each[0] for name, each in worth.items() if "probed" not in name} == {
        name: second for name in ("single best", "nearest sets", "forest", "oracle")
    }


def test_where_an_action_is_missing_it_is_as_far_from_the_mean_as_elsewhere():
    worth = np.array([[0.9, 0.7], [0.8, 0.6], [0.5, np.nan]])
    assert curves.complete(worth)[2] == pytest.approx([0.5, 0.4])


@pytest.mark.slow
def test_lcdb_is_read_without_being_imported():
    import sys

    pytest.importorskip("pandas")
    if curves.importlib.util.find_spec("lcdb") is None:
        pytest.skip("pip install 'sashimi[curves]'")
    told = curves.lcdb(12)
    assert len(told.sets) == 12 and told.probes.shape[0] == 12 and "lcdb" not in sys.modules
    assert np.nanmax(told.accuracy) <= 1 and np.nanmin(told.seconds) >= 0
    assert np.isfinite(told.meta).all() and np.nanmin(told.probe_seconds) > 0
