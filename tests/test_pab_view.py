"""Views of a profile while it grows, and what recording costs."""

import math
import subprocess
import sys
import threading

import IPython.display
import pytest
from IPython.core.formatters import DisplayFormatter

from sashimi.bench import pab as bench
from sashimi.errors import BadInput
from sashimi.pab import Tracker, plots, view
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
    assert running.startswith("unfinished  seed 7  step 6  6 checkpoints")
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

    def look(profile):
        shown.append(profile.origin.status)
        if len(shown) == 1:
            tracker.record(2, 0.5)
        elif len(shown) == 2:
            tracker.finish("failed: out of memory")

    watcher = threading.Thread(target=view.watch, args=(tmp_path, 0.01, look), daemon=True)
    watcher.start()
    watcher.join(timeout=10)
    assert not watcher.is_alive()
    assert shown == ["interrupted", "interrupted", "failed: out of memory"]
    with pytest.raises(BadInput, match="no profile"):
        view.watch(tmp_path / "nowhere")


def test_a_finished_profile_without_its_journal_is_shown_once(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    tracker.finish()
    tracker.path.unlink()
    shown = []
    assert view.watch(tmp_path, show=shown.append).origin.status == "completed"
    assert len(shown) == 1


def test_the_command_follows_a_run_until_it_ends(tmp_path):
    tracker = Tracker(tmp_path, seed=3)
    tracker.record(1, 1.0)
    command = [sys.executable, "-u", "-m", "sashimi.pab.view"]
    with subprocess.Popen([*command, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("unfinished  seed 3  step 1  1 checkpoints")
        tracker.record(2, 0.5)
        tracker.finish()
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "completed  seed 3  step 2  2 checkpoints" in rest


def test_the_command_on_finished_running_and_no_runs(tmp_path, capsys):
    done, running = Tracker(tmp_path / "done"), Tracker(tmp_path / "running")
    for tracker in (done, running):
        tracker.record(1, 1.0)
    done.finish()
    assert view.main([str(tmp_path / "done")]) == 0
    assert view.main(["--once", str(tmp_path / "running")]) == 0
    starts = [line for line in capsys.readouterr().out.splitlines() if "seed" in line]
    assert [line.split()[0] for line in starts] == ["completed", "unfinished"]
    assert view.main([str(tmp_path / "nowhere")]) == 2
    assert "no profile at" in capsys.readouterr().err
    assert view.main([]) == view.main(["--fast", "x"]) == 2
    assert "usage" in capsys.readouterr().err


def test_a_notebook_shows_the_figure_in_place_of_the_last(tmp_path, monkeypatch):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    formats = DisplayFormatter().format(view.figure(tracker.profile()))[0]
    assert formats["image/png"][:4] == b"\x89PNG"
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda *what, **how: shown.append((what, how)))
    view.redraw(tracker.profile())
    ((what, how),) = shown
    assert len(what[0].axes) == 4 and how == {"clear": True}


def test_the_bench_measures_and_states_its_limits():
    rows = {row.what: row for row in bench.bench(trits=200_000, checkpoints=60, steps=100)}
    assert len(rows) == 4
    for row in rows.values():
        assert row.limit > 0 and row.n > 0
    memory = rows["memory gained by trits"]
    assert memory.value / memory.limit < 10  # of 20,000 bytes, so noise shows
    assert rows["record scalars"].value < 2000  # microseconds; a busy machine is slow


@pytest.mark.slow
def test_recording_stays_within_its_limits():
    for row in bench.bench():
        assert (row.value / row.limit) <= 1, row
