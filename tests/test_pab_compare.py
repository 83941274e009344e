"""Comparisons: pairs, ties, too few runs, real points only, and the figures and tables."""

import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.pab import Tracker, compare, plots
from sashimi.pab.tables import markdown
from sashimi.statistics import expanded


def runs(folder, level, seeds=6, steps=range(10, 60, 10), noise=0.02, **more):
    """One profile a seed whose loss halves from `level` each checkpoint, with seeded noise."""
    out = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        tracker = Tracker(folder / f"{level}-{seed}", seed=seed, interval=10)
        for i, step in enumerate(steps):
            fields = {name: make(i) for name, make in more.items()}
            tracker.record(step, level * 0.5**i + noise * rng.random(), **fields)
        out.append(tracker.finish())
    return out


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    tiers = {"tiers": lambda i: {"tier1": (i, 10), "tier2": (i, 20)} if i else None}
    return compare(
        {
            "low": runs(folder / "a", 2.0, **tiers),
            "also low": runs(folder / "b", 2.0, **tiers),
            "high": runs(folder / "c", 4.0),
            "few": runs(folder / "d", 8.0, seeds=2),
        }
    )


def test_pairs_by_hand(comparison):
    found = comparison.difference("high", "low", "train_loss_first")
    # same seeds, same noise: every pair differs by exactly 2
    assert (found.mean, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert (found.n, found.verdict) == (6, "higher")
    assert comparison.difference("low", "high", "train_loss_first").verdict == "lower"


def test_ties_and_too_few_runs_are_said(comparison):
    assert comparison.difference("low", "also low", "train_loss_first").verdict == "tie"
    few = comparison.difference("few", "low", "train_loss_first")
    assert (few.n, few.verdict) == (2, "not enough runs")
    assert comparison.difference("high", "low", "tier1_final").n == 0


def test_ranking_shares_ranks(comparison):
    places = {p.row: p for p in comparison.rank("train_loss_first")}
    assert [places[row].rank for row in ("low", "also low", "high")] == [1, 1, 3]
    assert places["low"].tied_with == ("also low",)
    assert places["few"].rank == 1 and len(places["few"].not_enough_runs) == 3
    upside = {p.row: p.rank for p in comparison.rank("train_loss_first", lower_is_better=False)}
    assert (upside["high"], upside["low"], upside["also low"]) == (1, 2, 2)
    with pytest.raises(BadInput, match="beauty"):
        comparison.rank("beauty")


def test_intervals_of_a_handful_of_runs_cover_as_they_say():
    rng = np.random.default_rng(0)
    for n in (5, 8):
        hits = 0
        for _ in range(300):
            low, high = expanded(rng.standard_normal(n), resamples=2000)
            hits += low <= 0 <= high
        assert 0.90 <= hits / 300 <= 0.99


def test_noise_that_hides_the_difference_is_a_tie(tmp_path):
    rng = np.random.default_rng(1)
    rows = {}
    for name in "ab":
        rows[name] = []
        for seed in range(8):
            tracker = Tracker(tmp_path / f"{name}{seed}", seed=seed)
            tracker.record(1, float(rng.normal(2.0, 1.0)))
            rows[name].append(tracker.finish())
    found = compare(rows).difference("a", "b", "train_loss_final")
    assert found.verdict == "tie" and found.low < 0 < found.high


def test_an_overlay_has_real_points_only(tmp_path):
    a = Tracker(tmp_path / "a", seed=0)
    b = Tracker(tmp_path / "b", seed=1)
    for step in (10, 20, 30):
        a.record(
            step, math.nan if step == 20 else float(step), val_loss=1.0 if step == 30 else None
        )
    for step in (10, 15, 30):
        b.record(step, 2.0 * step)
    band = compare({"x": [a.finish(), b.finish()]}).overlay("train_loss")["x"]
    assert [s.steps.tolist() for s in band.seeds] == [[10, 30], [10, 15, 30]]
    assert band.steps.tolist() == [10, 30]
    assert band.mean.tolist() == [15.0, 45.0]
    assert band.high - band.mean == pytest.approx([math.sqrt(50), math.sqrt(450)])
    assert compare({"x": tmp_path / "a"}).overlay("val_loss")["x"].steps.tolist() == [30]
    assert compare({"x": tmp_path / "a"}).overlay("crystallization") == {}


def test_metrics_are_numeric_and_tables_show_what_is_missing(comparison):
    assert "train_loss_final" in comparison.metrics() and "regime" not in comparison.metrics()
    table = [{"row": "a|b", "mean": 0.123456, "n": 2}, {"row": "few", "mean": None, "n": 0}]
    lines = markdown(table).splitlines()
    assert lines[2:] == ["| a\\|b | 0.1235 | 2 |", "| few |  | 0 |"]


def test_figures(comparison, tmp_path):
    figure = plots.overlay(comparison, ["train_loss", "stability", "tiers/tier1", "gradient_norm"])
    one = plots.save(figure, tmp_path / "a.svg").read_bytes()
    assert one.startswith(b"<?xml") and len(one) > 10_000
    again = plots.overlay(comparison, ["train_loss", "stability", "tiers/tier1", "gradient_norm"])
    assert plots.save(again, tmp_path / "b.svg").read_bytes() == one
    multiples = plots.small_multiples(comparison, "tiers")
    assert plots.save(multiples, tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    drawn = multiples.axes[0].lines
    assert len(drawn) == 2 * (6 + 1)  # two rows reported tiers: six seeds and a mean each
    with pytest.raises(BadInput, match="domains"):
        plots.small_multiples(comparison, "domains")
    with pytest.raises(BadInput, match="svg"):
        plots.save(figure, tmp_path / "a.gif")


def test_bad_rows_are_refused(tmp_path):
    tracker = Tracker(tmp_path, seed=1)
    tracker.record(1, 1.0)
    profile = tracker.finish()
    for rows, said in (
        ({}, "nothing"),
        ({"a": []}, "no runs"),
        ({"a": [profile, profile]}, "seed"),
        ({"a": tmp_path / "absent"}, "absent"),
    ):
        with pytest.raises(BadInput, match=said):
            compare(rows)
    with pytest.raises(BadInput, match="no row 'b'"):
        compare({"a": profile}).values("b", "regime")
