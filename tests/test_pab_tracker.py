"""The recorder: what it writes, what survives a kill, what a resume keeps, what it refuses."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.pab import Profile, Tracker, view
from sashimi.pab.early_exit import ExitRule, early_exit
from sashimi.pab.parameters import Parameters
from sashimi.pab.trajectory import PROPOSED, judge
from sashimi.pab.trits import TritStream


def trits(values) -> list[tuple[str, np.ndarray]]:
    return [("w", np.array(values, dtype=np.int8))]


def strict(path) -> dict:
    """JSON that refuses the NaN and Infinity that Python writes by default."""

    def refuse(name):
        raise AssertionError(f"{name} in {path}")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_a_run_by_hand(tmp_path):
    tracker = Tracker(tmp_path, seed=3, config_digest="d", interval=10)
    tracker.record(10, 4.0, tiers={"tier1": (8, 10)}, trits=trits([0, 1, -1, 1]))
    tracker.record(20, 2.0, val_loss=2.5, tiers={"tier1": (9, 10)}, trits=trits([0, 1, -1, 0]))
    tracker.record(30, np.float32(1.0), tiers={"tier1": (8, 10)}, trits=trits([0, 1, -1, 0]))
    profile = tracker.finish()
    numbers = profile.summary()
    assert numbers["stability_mean"] == pytest.approx(0.5)
    assert numbers["predictability_final"] == pytest.approx(0.25)  # differences -2, -1
    assert numbers["generalization_gap_final"] == pytest.approx(0.5)
    assert profile.derived["generalization_gap"].steps.tolist() == [20]
    assert profile.derived["crystallization"].values.tolist() == [0.75, 1.0]
    assert profile.derived["crystallization"].steps.tolist() == [20, 30]
    assert numbers["crystallization_rate"] == pytest.approx(25.0)  # 0.25 in 10 steps, per 1,000
    assert numbers["tier1_converged_by"] == 10
    assert (profile.origin.seed, profile.origin.status) == (3, "completed")
    for name in ("val_loss", "representation_evolution", "learning_rate"):
        assert (name in profile.scalars) == (name == "val_loss")
    assert numbers["representation_evolution_mean"] is None


def test_the_file_is_strict_json_and_loads_as_saved(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, math.nan, components={"ce": math.inf, "margin": -math.inf})
    tracker.record(2, 1.0, val_loss=None, components={"late": 1.0}, domains={"api": (0, 0)})
    profile = tracker.finish()
    raw = strict(tmp_path / "pab_profile.json")
    assert raw["scalars"]["train_loss"]["values"] == [None, 1.0]
    assert raw["scalars"]["train_loss"]["status"] == {"0": "nan"}
    assert raw["components"]["ce"]["status"] == {"0": "inf"}
    assert raw["components"]["late"]["steps"] == [2]  # appeared late, with its own steps
    for path in (tmp_path, tmp_path / "pab_profile.json", tmp_path / "journal.jsonl"):
        loaded = Profile.load(path)
        assert loaded.as_dict() == profile.as_dict()
        assert loaded.recompute().as_dict() == profile.as_dict()
    assert math.isinf(Profile.load(tmp_path).components["margin"].values[0])


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.none()
shares = st.integers(0, 9).map(lambda right: (right, 9)) | st.just((0, 0))
records = st.lists(
    st.fixed_dictionaries(
        {"train_loss": numbers},
        optional={
            "val_loss": numbers,
            "components": st.dictionaries(st.sampled_from("ab"), numbers),
            "tiers": st.dictionaries(st.sampled_from(["tier1", "tier2"]), shares),
            "domains": st.dictionaries(st.text(max_size=3), shares, max_size=2),
            "gradient_norm": numbers,
        },
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(records, st.lists(st.integers(1, 9), min_size=12, max_size=12), st.integers(0, 60))
def test_whatever_was_recorded_is_saved_strictly_and_loads_again(rows, gaps, cut):
    with tempfile.TemporaryDirectory() as folder:
        tracker, step = Tracker(folder), 0
        for row, gap in zip(rows, gaps, strict=False):
            step += gap
            tracker.record(step, **row)
        profile = tracker.finish()
        strict(Path(folder) / "pab_profile.json")
        for path in (folder, Path(folder) / "journal.jsonl"):
            assert Profile.load(path).as_dict() == profile.as_dict()
        assert profile.recompute().as_dict() == profile.as_dict()
        json.dumps(profile.until(cut).as_dict(), allow_nan=False)
        json.dumps(profile.summary(paper_compatible=True), allow_nan=False)
        assert len(view.text(profile)) > 0
        judge(profile), judge(profile, PROPOSED), early_exit(profile, ExitRule(enabled=True))


def test_one_nan_poisons_no_summary(tmp_path):
    tracker = Tracker(tmp_path)
    for step, loss in enumerate([4.0, 2.0, math.nan, 4.0, 2.0], start=1):
        tracker.record(step, loss)
    numbers = tracker.finish().summary()
    assert numbers["stability_mean"] == pytest.approx(0.5)
    assert (numbers["stability_n"], numbers["missing_losses"]) == (2, 1)


def test_recompute_under_other_parameters(tmp_path):
    tracker = Tracker(tmp_path)
    for step, loss in enumerate([9.0, 1.0, 2.0, 4.0], start=1):
        tracker.record(step, loss)
    profile = tracker.finish()
    narrow = profile.recompute(Parameters(window=2))
    assert narrow.summary()["predictability_final"] == pytest.approx(0.25)
    assert profile.summary()["predictability_final"] > 1
    assert narrow.recompute(profile.parameters).as_dict() == profile.as_dict()


def test_a_profile_is_named_on_one_line(tmp_path):
    tracker = Tracker(tmp_path, seed=2)
    assert repr(tracker.profile()) == "Profile(interrupted, seed 2, no checkpoint)"
    tracker.record(7, 1.0)
    assert repr(tracker.finish()) == "Profile(completed, seed 2, 1 checkpoints to step 7)"


def test_until_is_the_profile_the_run_had_then(tmp_path):
    tracker = Tracker(tmp_path / "long")
    for step in range(1, 9):
        tracker.record(step, 1 / step, tiers={"tier1": (step, 8)})
        if step == 4:
            half = tracker.profile()
    cut = tracker.finish().until(4)
    assert cut.summary() == half.summary()
    assert cut.scalars["train_loss"].steps.tolist() == [1, 2, 3, 4]


KILLED = """
import os, signal, sys
from sashimi.pab import Tracker
tracker = Tracker(sys.argv[1], seed=1)
for step in range(1, 6):
    tracker.record(step, 1 / step)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_a_profile(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    profile = Profile.load(tmp_path)
    assert profile.origin.status == "interrupted"
    assert profile.scalars["train_loss"].values.tolist() == [1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5]


def test_a_torn_last_line_is_dropped_with_a_note(tmp_path):
    tracker = Tracker(tmp_path)
    for step in (1, 2, 3):
        tracker.record(step, 1.0)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    torn = Profile.load(path)
    assert torn.scalars["train_loss"].steps.tolist() == [1, 2]
    assert "torn" in torn.origin.notes[0]
    again = Tracker(tmp_path)
    assert again.last_step == 2
    again.record(3, 1.0)
    profile = again.finish()
    assert profile.last_step() == 3 and "torn" in profile.origin.notes[0]


def test_damage_before_the_last_line_is_named(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    tracker.record(2, 1.0)
    path = tmp_path / "journal.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:9], lines[2]]) + "\n")
    with pytest.raises(BadInput, match=r"journal\.jsonl:2"):
        Tracker(tmp_path)


def run(tracker, steps, weights):
    for step in steps:
        tracker.record(
            step,
            1 / step,
            trits=trits(weights[step]),
            embeddings=np.ones((2, 3)) + weights[step][:3],
        )


def test_resume_is_as_if_nothing_had_happened(tmp_path):
    weights = np.random.default_rng(0).integers(-1, 2, (11, 50))
    straight = Tracker(tmp_path / "straight", seed=1)
    run(straight, range(1, 11), weights)
    broken = Tracker(tmp_path / "broken", seed=1)
    run(broken, range(1, 5), weights)
    saved = broken.state()  # what the checkpoint of step 4 holds
    run(broken, range(5, 8), weights)
    again = Tracker(tmp_path / "broken", seed=1)
    assert again.last_step == 7
    again.resume_from(4, saved)
    assert again.last_step == 4 and again.due(50) and not again.due(4)
    run(again, range(5, 11), weights)
    one, two = straight.finish().as_dict(), again.finish().as_dict()
    assert "3 later records dropped" in two["origin"]["notes"][0]
    assert {k: v for k, v in one.items() if k != "origin"} == {
        k: v for k, v in two.items() if k != "origin"
    }


def test_resuming_a_run_that_has_only_begun_leaves_no_note(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.resume_from(0)
    tracker.record(1, 1.0)
    assert tracker.finish().origin.notes == ()


def test_resume_without_state_leaves_the_first_change_missing(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0, trits=trits([1, 1]))
    tracker.record(2, 1.0, trits=trits([1, 0]))
    again = Tracker(tmp_path)
    again.record(3, 1.0, trits=trits([1, 0]))
    again.record(4, 1.0, trits=trits([0, 0]))
    crystallization = again.finish().derived["crystallization"]
    assert crystallization.steps.tolist() == [2, 4]
    assert crystallization.values.tolist() == [0.5, 0.5]


def test_a_finished_run_can_go_on(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    tracker.finish()
    longer = Tracker(tmp_path)
    longer.record(2, 0.5)
    assert longer.finish().scalars["train_loss"].steps.tolist() == [1, 2]


def test_starting_over(tmp_path):
    Tracker(tmp_path, seed=1).record(1, 1.0)
    fresh = Tracker(tmp_path, seed=2, resume=False)
    assert fresh.last_step == -1
    assert Profile.load(tmp_path).origin.seed == 2


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"config_digest": "b"}, {"interval": 5}, {"parameters": Parameters(window=3)}],
)
def test_a_journal_of_another_run_is_refused(tmp_path, other):
    Tracker(tmp_path, seed=1, config_digest="a").record(1, 1.0)
    with pytest.raises(BadInput, match=next(iter(other))):
        Tracker(tmp_path, **{"seed": 1, "config_digest": "a", **other})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"step": 5}, "resume_from"),
        ({"step": 4}, "resume_from"),
        ({"tiers": {"tier1": 0.8}}, "tier1"),
        ({"tiers": {"tier1": (5, 4)}}, "5 correct of 4"),
        ({"domains": {"api": (0.5, 1)}}, "api"),
        ({"train_loss": "low"}, "train_loss"),
        ({"trits": [("w", np.ones(3))]}, "int8"),
        ({"trits": [("w", np.ones(3, np.int8))] * 2}, "twice"),
        ({"embeddings": np.ones((3, 2))}, "probe set"),
        ({"embeddings": np.ones((2, 2, 2))}, "shape"),
    ],
)
def test_bad_records_are_refused_and_leave_the_journal_whole(tmp_path, fields, said):
    tracker = Tracker(tmp_path)
    tracker.record(5, 1.0, embeddings=np.ones((2, 2)))
    with pytest.raises(BadInput, match=said):
        tracker.record(**{"step": 6, "train_loss": 1.0, **fields})
    assert Profile.load(tmp_path).last_step() == 5


def test_a_refused_record_does_not_move_the_reference(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0, trits=trits([1, 1]), embeddings=np.array([[1.0, 0.0]]))
    changed = {"trits": trits([1, 0]), "embeddings": np.array([[0.0, 1.0]])}
    with pytest.raises(BadInput):
        tracker.record(2, 1.0, tiers={"tier1": (2, 1)}, **changed)
    tracker.record(2, 1.0, **changed)
    profile = tracker.finish()
    assert profile.derived["crystallization"].values.tolist() == [0.5]
    assert profile.derived["representation_evolution"].values.tolist() == [1.0]
    with pytest.raises(BadInput, match="finished"):
        tracker.record(3, 1.0)


@pytest.mark.parametrize(
    "line", ['{"kind":"start"}', '{"kind":"start","schema":9}', '{"kind":"record"}', "{}"]
)
def test_a_journal_that_cannot_be_understood_is_refused(tmp_path, line):
    (tmp_path / "journal.jsonl").write_text(line + "\n" + line + "\n")
    for attempt in (Profile.load, Tracker):
        with pytest.raises(BadInput, match=r"journal\.jsonl"):
            attempt(tmp_path)


def test_a_set_of_weights_that_changes_is_refused():
    stream = TritStream()
    stream.update(trits([1, 0]))
    with pytest.raises(BadInput, match="keep the set fixed"):
        stream.update(trits([1, 0, 0]))
    with pytest.raises(BadInput, match="missing"):
        stream.update([])


def test_trits_may_stream_from_a_generator():
    rng = np.random.default_rng(1)
    before = {name: rng.integers(-1, 2, (300, 401)).astype(np.int8) for name in "ab"}
    after = {name: rng.integers(-1, 2, (300, 401)).astype(np.int8) for name in "ab"}
    stream = TritStream()
    assert stream.update(before.items())[0] is None
    unchanged, total = stream.update((name, after[name]) for name in "ab")
    assert total == 2 * 300 * 401
    assert unchanged == sum(int((before[n] == after[n]).sum()) for n in "ab")


def test_losses_of_different_kinds_have_no_gap(tmp_path):
    tracker = Tracker(tmp_path, same_loss=False)
    tracker.record(1, 1.0, val_loss=2.0)
    assert tracker.finish().summary()["generalization_gap_final"] is None


def test_unusable_folders_and_files(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot write"):
        Tracker(tmp_path / "file" / "below")
    with pytest.raises(BadInput, match="no profile"):
        Profile.load(tmp_path / "nowhere")
    for text in ("{", "{}", '{"schema": 1}', "[]"):
        (tmp_path / "pab_profile.json").write_text(text)
        with pytest.raises(BadInput, match="rerun"):
            Profile.load(tmp_path)


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    tracker = Tracker(tmp_path)
    tracker.record(1, 1.0)
    profile = tracker.finish()
    before = (tmp_path / "pab_profile.json").read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        profile.save(tmp_path)
    assert (tmp_path / "pab_profile.json").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.jsonl", "pab_profile.json"]


HEAVY = """
import sys, sashimi.pab
sys.exit(str({"torch", "matplotlib", "pandas", "scipy"} & set(sys.modules) or "") or 0)
"""


def test_the_import_is_light():
    assert subprocess.run([sys.executable, "-c", HEAVY], check=False).returncode == 0
