"""Views of a profile while it grows, and what recording costs."""

import math
import threading

import pytest

from sashimi.errors import BadInput
from sashimi.pab import Tracker, bench, plots, view
from sashimi.pab.series import Series


def test_sparks_show_holes_and_what_is_not_finite():
    assert view.spark(Series([0, 1, 2, 3], [0.0, 1.0, 2.0, 3.5]), width=4) == "▁▃▅█"
    assert view.spark(Series([0, 3], [1.0, 0.0]), width=4) == "█  ▁"
    assert view.spark(Series([0, 1, 2], [math.nan, 1.0, 1.0]), width=3) == "!▁▁"
    assert view.spark(Series([], [])) == ""
    assert len(view.spark(Series(range(1000), range(1000)), width=32)) == 32


def test_the_text_says_what_is_known_and_nothing_else(tmp_path):
    tracker = Tracker(tmp_path, seed=7)
    assert "0 checkpoints" in view.text(tracker.profile())
    for step in range(1, 7):
        tracker.record(step, 4.0 / step, tiers={"tier1": (min(9, 2 * step), 10)})
    running = view.text(tracker.profile())
    assert running.startswith("interrupted  seed 7  step 6  6 checkpoints")
    assert "tier tier1" in running and "90.0%" in running and "middle at 4" in running
    assert "val_loss" not in running and "nan" not in running
    tracker.record(7, math.nan)
    tracker.finish()
    assert "1 losses missing" in view.text(tracker.profile())


def test_the_figure_says_not_reported(tmp_path):
    tracker = Tracker(tmp_path)
    for step in (1, 2, 3):
        tracker.record(step, 1 / step, tiers={"tier1": (1, 2)})
    figure = view.figure(tracker.finish())
    assert [len(axis.lines) for axis in figure.axes] == [1, 1, 0, 1]
    assert figure.axes[2].texts[0].get_text() == "not reported"
    assert plots.save(figure, tmp_path / "v.png").stat().st_size > 5000


def test_watching_ends_when_the_run_does(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    shown = []

    def look(text):
        shown.append(text)
        if len(shown) == 1:
            tracker.record(2, 0.5)
        elif len(shown) == 2:
            tracker.finish("failed: out of memory")

    watcher = threading.Thread(target=view.watch, args=(tmp_path, 0.01, look), daemon=True)
    watcher.start()
    watcher.join(timeout=10)
    assert not watcher.is_alive()
    assert [text.split()[0] for text in shown] == ["interrupted", "interrupted", "failed:"]
    with pytest.raises(BadInput, match="no profile"):
        view.watch(tmp_path / "nowhere")


def test_the_bench_measures_and_states_its_limits():
    rows = {row["what"]: row for row in bench.bench(trits=200_000, checkpoints=60, steps=100)}
    assert len(rows) == 4
    for row in rows.values():
        assert row["ratio"] == row["value"] / row["limit"] and row["n"] > 0
    assert rows["memory gained by trits"]["ratio"] < 10  # of 20,000 bytes, so noise shows
    assert rows["record scalars"]["value"] < 2000  # microseconds; a busy machine is slow


@pytest.mark.slow
def test_recording_stays_within_its_limits():
    for row in bench.bench():
        assert row["ratio"] <= 1, row
