"""The matrix on a study of seconds: what is refused, skipped, retried, killed and resumed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import toy

from sashimi import result
from sashimi.ablate import matrix, rows, view
from sashimi.ablate.cell import Ended
from sashimi.errors import BadInput
from sashimi.files import locked

STUDIES = "toy_study"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with a toy study that this process and its children can import."""
    toy.build(
        tmp_path,
        {
            "10_wide": "width: 2\n",
            "20_slow": "steps: 40\npace: 0.1\n",
            "30_unlucky": "fault: raise\n",
            "40_killed": "fault: kill\n",
            "50_short": "fault: exit\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield tmp_path
    import sys

    sys.modules.pop(STUDIES, None)


def files(*names):
    return [Path("toy", f"{name}.yaml") for name in names]


def ablate(*names, out="reports", **more):
    return matrix.ablate(files(*names), out=out, studies=STUDIES, **more)


def states(board):
    return {cell.name.removeprefix("toy/"): state for cell, state in board.states.items()}


def digest(folder):
    return result.read(Path(folder) / "result.json")["facts"]["digest"]


def facts(cell, out="reports"):
    return result.read(Path(out, "toy", cell, "result.json"))["facts"]


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def step_of(cell, out="reports"):
    path = Path(out, "toy", cell, result.PROGRESS)
    return json.loads(path.read_text())["step"] if path.exists() else 0


def test_rows_and_seeds_make_cells_the_first_seed_of_all_rows_first(home):
    cells = rows.expand(files("00_full", "10_wide"), 2, out="reports", studies=STUDIES)
    assert [cell.name for cell in cells] == [
        "toy/00_full/seed0", "toy/10_wide/seed0", "toy/00_full/seed1", "toy/10_wide/seed1",
    ]  # fmt: skip
    assert [dict(cell.changes) for cell in cells[:2]] == [{}, {"width": (1, 2)}]
    assert {cell.state for cell in cells} == {"fresh"}
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("widht: 2\n", "unknown key 'widht'; did you mean 'width'"),
        ("", r"90_bad\.yaml: changes nothing of 00_full\.yaml"),
        ("width: 3\nsteps: 4\n", r"90_bad\.yaml: steps changes nothing"),
        ("seed: 7\nwidth: 3\n", r"90_bad\.yaml: seed changes nothing"),
        ("width: 2\n", r"10_wide\.yaml and .*90_bad\.yaml have the same parameters"),
        ("width: two\n", "key 'width'"),
        ("corpus: missing\n", "missing: no such corpus"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_before_anything_starts(home, text, says):
    Path("toy/90_bad.yaml").write_text(text)
    with pytest.raises(BadInput, match=says):
        ablate("00_full", "10_wide", "90_bad")
    assert not Path("reports").exists()


def test_the_same_row_twice_is_refused_unless_it_is_the_same_file(home):
    (home / "other").mkdir()
    for name, text in (("00_full", Path("toy/00_full.yaml").read_text()), ("10_wide", "width: 3")):
        (home / "other" / f"{name}.yaml").write_text(text)
    with pytest.raises(BadInput, match="have the same folder"):
        matrix.ablate([*files("10_wide"), "other/10_wide.yaml"], out="reports", studies=STUDIES)
    with pytest.raises(BadInput, match="no rows"):
        ablate()


def test_cells_run_once_and_alike_however_many_at_once(home, capsys):
    board = ablate("00_full", "10_wide", seeds=2, jobs=2)
    assert set(states(board).values()) == {"finished"}
    out = capsys.readouterr().out
    assert "4 cells: 4 waiting" in out and "toy/10_wide/seed1: finished" in out
    again = ablate("00_full", "10_wide", seeds=2, jobs=2)
    assert set(states(again).values()) == {"skipped"}
    alone = ablate("00_full", jobs=1, out="alone")
    assert set(states(alone).values()) == {"finished"}
    assert facts("00_full/seed0") == facts("00_full/seed0", "alone")
    assert facts("00_full/seed0")["threads"] == "1"
    found = {digest(path.parent) for path in Path("reports").rglob("result.json")}
    assert len(found) == 4, "every row and seed has a result of its own"
    assert not list(Path("reports").rglob("*.lock"))


def test_a_failure_is_told_and_only_retried_on_request(home, capsys):
    board = ablate("00_full", "30_unlucky", jobs=2)
    assert states(board) == {"00_full/seed0": "finished", "30_unlucky/seed0": "failed"}
    (line, remedy) = view.failures(board)
    assert "RuntimeError: unlucky; see reports/toy/30_unlucky/seed0/run.ipynb" in line
    assert "--retry-failed" in remedy and Path("reports/toy/30_unlucky/seed0/run.ipynb").exists()
    told = view.failures(ablate("00_full", "30_unlucky"))
    assert [line, remedy] == told, "a later call tells it too, and runs nothing"
    Path("reports/toy/30_unlucky/seed0/mended").write_text("")
    board = ablate("00_full", "30_unlucky", retry_failed=True)
    assert states(board) == {"00_full/seed0": "skipped", "30_unlucky/seed0": "finished"}
    assert view.failures(board) == []
    assert facts("30_unlucky/seed0")["from_step"] == 2, "it went on from its checkpoint"


def test_a_killed_cell_takes_nothing_with_it_and_resumes_to_the_same_bits(home):
    board = ablate("40_killed", "10_wide", "50_short", jobs=2)
    assert states(board) == {
        "40_killed/seed0": "killed", "10_wide/seed0": "finished", "50_short/seed0": "finished",
    }  # fmt: skip
    assert "SIGKILL" in view.failures(board)[0]
    records = {entry["cell"]: entry for entry in board.record()}
    assert records["toy/50_short/seed0"]["early_exit"] == ("stopped early at step 4, case 3: flat")
    board = ablate("40_killed", "10_wide", "50_short", jobs=2)
    assert states(board)["40_killed/seed0"] == "finished"
    assert facts("40_killed/seed0")["from_step"] == 2
    assert facts("40_killed/seed0")["digest"] == facts("50_short/seed0")["digest"]


def test_ctrl_c_stops_the_kernels_and_the_same_command_goes_on(home):
    Path("toy/21_slow_wide.yaml").write_text("steps: 40\npace: 0.1\nwidth: 2\n")
    names = [str(path) for path in files("20_slow", "21_slow_wide")]
    process = toy.start(home, rows=names, jobs=2, out="reports")
    wait_for(lambda: step_of("20_slow/seed0") > 3 and step_of("21_slow_wide/seed0") > 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    reached = step_of("20_slow/seed0")
    with locked(Path("reports/toy/20_slow/seed0.lock"), patience=0):
        pass  # nobody holds it: the kernel is gone too
    time.sleep(0.5)
    assert step_of("20_slow/seed0") == reached < 40
    board = ablate("20_slow", "21_slow_wide", jobs=2)
    assert set(states(board).values()) == {"finished"}
    assert facts("20_slow/seed0")["from_step"] >= 2
    Path("toy/00_full.yaml").write_text(
        Path("toy/00_full.yaml").read_text().replace("steps: 4", "steps: 40")
    )
    ablate("00_full", out="unbroken")
    assert facts("20_slow/seed0")["digest"] == facts("00_full/seed0", "unbroken")["digest"]


def test_cells_end_when_the_engine_is_killed(home):
    process = toy.start(home, rows=["toy/20_slow.yaml"], out="reports")
    wait_for(lambda: step_of("20_slow/seed0") > 2)
    process.kill()
    process.communicate()
    with locked(Path("reports/toy/20_slow/seed0.lock"), patience=10):
        reached = step_of("20_slow/seed0")
        time.sleep(0.5)
        assert step_of("20_slow/seed0") == reached < 40


def test_the_board_shows_progress_and_the_time_left(home, monkeypatch):
    from rich.console import Console

    cells = rows.expand(files("00_full", "10_wide", "20_slow"), 1, out="reports", studies=STUDIES)
    now = [100.0]
    monkeypatch.setattr(view.time, "monotonic", lambda: now[0])
    told = []
    board = view.Board(cells, cells, told.append)
    board.update([cells[0]], [])
    now[0] += 60
    board.update([cells[1]], [(cells[0], Ended(0))])
    cells[1].folder.mkdir(parents=True)
    known = {"step": 30, "steps": 100, "loss": 1.25, "seconds_left": 140.0}
    (cells[1].folder / result.PROGRESS).write_text(json.dumps(known))
    now[0] += 15
    board.update([cells[1]], [])
    assert board.left() == 45 + 60, "what is left of one cell, and another one"
    assert told[-1] == "toy/10_wide/seed0: step 30/100, 2.3 min of it left"
    page = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    page.print(board.table())
    text = page.export_text()
    assert "1 finished, 1 running, 1 waiting; about 1.8 min left" in text
    assert "30/100" in text and "1.250" in text and "2.3 min" in text
