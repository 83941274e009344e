"""The matrix on a study of seconds: what is refused, skipped, retried, killed and resumed."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import toy
from typer.testing import CliRunner

from sashimi import cli, registry, result
from sashimi import run as runner
from sashimi.ablate import engine, matrix, rows, view
from sashimi.ablate.cell import Ended
from sashimi.cli import app
from sashimi.errors import BadInput
from sashimi.files import locked, root

STUDIES = "toy_studies"
SLOW = 150
"""Steps of a slow cell, a tenth of a second each: longer than another kernel takes to start."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with a toy study that this process and its children can import."""
    toy.build(
        tmp_path,
        {
            "10_wide": "width: 2\n",
            "20_slow": f"steps: {SLOW}\npace: 0.1\n",
            "30_unlucky": "fault: raise\n",
            "40_killed": "fault: kill\n",
            "50_short": "fault: exit\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", toy.path(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield tmp_path
    registry.load.cache_clear()
    for name in [
        name for name in sys.modules if name.partition(".")[0] in (STUDIES, "toy_settings")
    ]:
        sys.modules.pop(name)


def files(*names):
    return [Path("toy", f"{name}.yaml") for name in names]


def ablate(*names, out="reports", **more):
    return matrix.ablate(files(*names), out=out, studies=STUDIES, **more)


def states(board):
    return {cell.name.removeprefix("toy/"): state for cell, state in board.states.items()}


def facts(cell):
    return result.read(Path("reports/toy", cell, "result.json"))["facts"]


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def step_of(cell):
    path = Path("reports/toy", cell, result.PROGRESS)
    return json.loads(path.read_text())["step"] if path.exists() else 0


def test_rows_and_seeds_make_cells_the_first_seed_of_all_rows_first(home):
    cells = rows.expand(files("00_full", "10_wide"), 2, out="reports", studies=STUDIES)
    assert [cell.name for cell in cells] == [
        "toy/00_full/seed0", "toy/10_wide/seed0", "toy/00_full/seed1", "toy/10_wide/seed1",
    ]  # fmt: skip
    assert [dict(cell.changes) for cell in cells[:2]] == [{}, {"width": (1, 2)}]
    assert {cell.state for cell in cells} == {"fresh"}
    Path("toy/90_smoke.yaml").write_text("steps: 2\n")
    smoke = Path("toy/90_smoke.yaml")
    both = rows.expand([smoke, *files("00_full")], 1, out="reports", studies=STUDIES)
    assert [cell.name for cell in both] == ["toy/00_full/seed0"], "no part of a matrix"
    alone = rows.expand([smoke], 1, out="reports", studies=STUDIES)
    assert [cell.name for cell in alone] == ["toy/90_smoke/seed0"]
    assert not Path("reports").exists()


def test_a_row_in_a_folder_of_its_study_belongs_to_it(home):
    Path("toy/more").mkdir()
    Path("toy/more/60_wider.yaml").write_text("width: 3\n")
    chosen = rows.known(STUDIES)
    assert registry.of(Path("toy/more/60_wider.yaml"), chosen) is chosen["toy"]
    assert registry.of("elsewhere/60_wider.yaml", chosen, "toy") is chosen["toy"]
    with pytest.raises(BadInput, match=r"60_wider.yaml: lies in the folder of no study"):
        registry.of("elsewhere/60_wider.yaml", chosen)
    (cell,) = rows.expand([Path("toy/more/60_wider.yaml")], 1, out="reports", studies=STUDIES)
    assert cell.name == "toy/60_wider/seed0" and dict(cell.changes) == {"width": (1, 3)}


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
        both = [*files("10_wide"), "other/10_wide.yaml"]
        matrix.ablate(both, out="reports", studies=STUDIES, default="toy")
    with pytest.raises(BadInput, match="no rows"):
        ablate()


def test_each_cell_ends_by_itself_and_only_what_is_due_runs_again(home, capsys):
    names = ("00_full", "30_unlucky", "40_killed", "50_short")
    board = ablate(*names, jobs=2)
    assert states(board) == {
        "00_full/seed0": "finished", "30_unlucky/seed0": "failed", "40_killed/seed0": "killed",
        "50_short/seed0": "finished",
    }  # fmt: skip
    out = capsys.readouterr().out
    assert "4 cells: 4 waiting" in out and "toy/00_full/seed0: finished" in out
    told = "\n".join(view.failures(board))
    assert "--retry-failed" in told
    assert "RuntimeError: unlucky; see reports/toy/30_unlucky/seed0/run.ipynb" in told
    assert "toy/40_killed/seed0: killed: killed by SIGKILL" in told
    assert Path("reports/toy/30_unlucky/seed0/run.ipynb").exists()
    entry = next(e for e in board.record() if e["cell"] == "toy/50_short/seed0")
    assert entry["early_exit"] == "stopped early at step 4, case 3: flat"

    Path("reports/toy/30_unlucky/seed0/mended").write_text("")
    board = ablate(*names)
    assert states(board) == {
        "00_full/seed0": "skipped", "30_unlucky/seed0": "failed", "40_killed/seed0": "finished",
        "50_short/seed0": "skipped",
    }  # fmt: skip
    assert "RuntimeError: unlucky" in view.failures(board)[0], "told again, though it did not run"
    board = ablate(*names, retry_failed=True)
    assert states(board)["30_unlucky/seed0"] == "finished" and view.failures(board) == []
    for cell, begun in (("00_full", 0), ("30_unlucky", 2), ("40_killed", 2), ("50_short", 0)):
        assert facts(f"{cell}/seed0") == {
            "digest": toy.chain(4), "from_step": begun, "threads": "1",
        }  # fmt: skip
    assert not list(Path("reports").rglob("*.lock"))


def test_stopped_and_killed_matrices_leave_no_kernel_and_go_on(home):
    Path("toy/21_slow_wide.yaml").write_text(f"steps: {SLOW}\npace: 0.1\nwidth: 2\n")
    slow, names = "20_slow/seed0", [str(path) for path in files("20_slow", "21_slow_wide")]
    process = toy.start(home, rows=names, jobs=2, out="reports")
    wait_for(lambda: step_of(slow) > 3 and step_of("21_slow_wide/seed0") > 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    reached = quiet(slow, patience=0)  # both processes are gone when the command is

    process = toy.start(home, rows=names[:1], out="reports")
    wait_for(lambda: step_of(slow) > reached + 3)
    process.kill()
    process.communicate()
    quiet(slow, patience=30)  # a killed one tells nobody: the others look whether it lives

    board = ablate("20_slow", "21_slow_wide", jobs=2)
    assert set(states(board).values()) == {"finished"}
    assert facts(slow)["from_step"] >= reached
    assert facts(slow)["digest"] == toy.chain(SLOW)
    assert facts("21_slow_wide/seed0")["digest"] == toy.chain(SLOW, width=2)


def quiet(cell, patience):
    """Proves that nothing works on a cell any more; returns the step that it reached."""
    with locked(Path("reports/toy", f"{cell}.lock"), patience):
        reached = step_of(cell)
        time.sleep(0.5)
        assert step_of(cell) == reached < SLOW
    return reached


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


@pytest.fixture
def cluster(home):
    """Two workers of one thread on this machine, started where the toy study can be imported."""
    distributed = pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as found:
        yield found


def worker_of(cluster, cell):
    """The process id of the worker that has a cell."""
    import distributed

    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        for address, keys in client.processing().items():
            if any(cell in str(key) for key in keys):
                return next(n.pid for n in cluster.workers.values() if n.worker_address == address)
    return None


def test_the_cells_of_a_killed_worker_resume_elsewhere_to_the_same_bits(home, cluster):
    slow = "20_slow/seed0"

    def kill():
        wait_for(lambda: step_of(slow) > 5, seconds=60)
        os.kill(worker_of(cluster, slow), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    board = ablate("20_slow", "30_unlucky", "00_full", scheduler=cluster.scheduler_address)
    killer.join()
    assert states(board) == {
        slow: "finished", "30_unlucky/seed0": "failed", "00_full/seed0": "finished",
    }  # fmt: skip
    assert "RuntimeError: unlucky" in view.failures(board)[0]
    assert facts(slow)["from_step"] >= 4, "it went on from its checkpoint"
    assert facts(slow)["digest"] == toy.chain(SLOW)
    assert facts("00_full/seed0")["digest"] == toy.chain(4)


@pytest.mark.slow
def test_ctrl_c_stops_the_cells_on_the_workers(home, cluster):
    slow = "20_slow/seed0"
    process = toy.start(
        home, rows=["toy/20_slow.yaml"], out="reports", scheduler=cluster.scheduler_address
    )
    wait_for(lambda: step_of(slow) > 2, seconds=60)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert 2 < quiet(slow, patience=0) < SLOW, "stopped under way, and nobody holds the cell"


def test_an_address_where_no_scheduler_answers_is_bad_input(home, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    monkeypatch.setattr(engine, "ANSWER", 0.5)
    with pytest.raises(BadInput, match="no Dask scheduler answers"):
        ablate("00_full", scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere/*.yaml"], "cannot read nowhere/*.yaml"),
        (["toy/00_full.yaml"], "unknown key"),  # the command knows another toy
        ([], "Missing argument"),
        (["toy/00_full.yaml", "--jobs", "0"], "--jobs"),
    ],
)
def test_the_command_refuses_with_one_message(home, words, says):
    found = CliRunner().invoke(app, ["ablate", *words])
    assert found.exit_code == 2 and says in found.stderr and "Traceback" not in found.output


def test_the_command_tells_a_script_and_a_reader(home, monkeypatch):
    monkeypatch.setattr(cli, "STUDIES", STUDIES)
    folder = Path("reports/toy/30_unlucky/seed0")
    folder.mkdir(parents=True)
    settings = {"seed": 0, "corpus": "builtin", "steps": 4, "width": 1, "pace": 0.0}
    (folder / "unfinished.json").write_text(json.dumps(settings | {"fault": "raise"}))
    (folder / "failed.txt").write_text("10_toy, cell 2: RuntimeError: unlucky\n\nmore\n")
    words = ["ablate", "toy/30_unlucky.yaml", "--out", "reports"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 1
    assert found.stderr.splitlines() == [
        "toy/30_unlucky/seed0: failed: 10_toy, cell 2: RuntimeError: unlucky; "
        "see reports/toy/30_unlucky/seed0/run.ipynb",
        "--retry-failed runs what failed again, from its last checkpoint",
    ]
    found = CliRunner().invoke(app, [*words, "--json"])
    (cell,) = json.loads(found.stdout)["cells"]
    assert (found.exit_code, cell["state"]) == (1, "failed")
    assert cell["changes"] == {"fault": ["", "raise"]}


def test_a_row_ends_alike_whether_it_is_run_or_a_cell_of_a_matrix(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    row, toys = tmp_path / "95_one.yaml", registry.load("sashimi")["toy"]
    smoke = (root() / "params" / "toy" / "90_smoke.yaml").read_text()
    row.write_text(f"{smoke}seeds: 1\n")
    runner.run(toys, row, out=tmp_path / "run", say=lambda line: None)
    board = matrix.ablate([row], out=tmp_path / "matrix", default="toy")
    assert view.failures(board) == []
    ends = [tmp_path / where / "toy" / "95_one" / "seed0" for where in ("run", "matrix")]
    own, other = (result.read(end / result.NAME) for end in ends)
    for record in (own, other):
        del record["seconds"], record["facts"]["seconds"], record["commit"]
    assert own == other and own["facts"]["by seed"]


@pytest.mark.slow
def test_a_trained_network_is_the_same_after_its_worker_was_killed(home, cluster):
    smoke = (root() / "params" / "flagship" / "90_smoke.yaml").read_text()
    smoke = smoke.replace("steps: 30", "steps: 120").replace("every: 1000", "every: 20")
    Path("95_long.yaml").write_text(smoke)
    broken, unbroken = (Path(out, "flagship/95_long/seed0") for out in ("broken", "unbroken"))

    def kill():
        progress = broken / result.PROGRESS
        wait_for(lambda: progress.exists() and json.loads(progress.read_text())["step"] > 30, 300)
        os.kill(worker_of(cluster, "95_long"), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    board = matrix.ablate(["95_long.yaml"], out="broken", scheduler=cluster.scheduler_address)
    killer.join()
    assert view.failures(board) == []
    assert any("resumed after step" in line for line in (broken / "journal.jsonl").open())
    assert view.failures(matrix.ablate(["95_long.yaml"], out="unbroken")) == []
    for name in ("model.safetensors", "scores.json"):
        assert (broken / name).read_bytes() == (unbroken / name).read_bytes(), name
