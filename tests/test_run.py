"""The runner, on a small study whose notebooks are written here."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from sashimi import notebooks, result
from sashimi import run as runner
from sashimi.errors import BadInput
from sashimi.params import Params
from sashimi.study import Study

TRAIN = """
from pathlib import Path
from sashimi import params, result
from sashimi.params import Params
kinds = {"seed": int, "corpus": str, "rate": float}
Settings = type("Settings", (Params,), {"__annotations__": kinds})
settings = params.gather(Settings, globals())
folder = Path(run_dir)
steps = folder / "steps.txt"
done = int(steps.read_text()) if steps.exists() else 0
print(f"from step {done}")
steps.write_text(str(done + 1))
if rate == 13:
    raise RuntimeError("unlucky")
if rate == 14:
    from sashimi.errors import BadInput
    raise BadInput("the checkpoint is damaged")
if rate == 15:
    import os
    os._exit(9)
record = dict.fromkeys(result.FIELDS) | result.provenance(folder, settings)
if rate == 16:
    record["params"] = record["params"] | {"rate": 1.0}
result.write(folder, record)
(folder / "model.safetensors").write_bytes(b"")
"""
READ = "print(Path(run_dir, 'steps.txt').read_text(), seed)"


class Settings(Params):
    seed: int
    corpus: str
    rate: float


def refuse(settings):
    if settings.corpus == "missing":
        raise BadInput("missing: no such corpus")


STUDY = Study(
    name="toy",
    title="A toy",
    question="Does it run?",
    params=Settings,
    train="10_train",
    read=("11_read",),
    check=refuse,
)


def notebook(path, parameters, *sources):
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    path.write_text(notebooks.text(new_notebook(cells=cells + [new_code_cell(s) for s in sources])))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout with a toy study, and the working folder in it."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params" / "toy").mkdir(parents=True)
    cell = "run_dir = ''\nseed = 0\ncorpus = 'builtin'\nrate = 0.5"
    notebook(tmp_path / "notebooks" / "10_train.ipynb", cell, TRAIN)
    read = "run_dir = ''\nseed = 0\nprompt = 'its own'"
    notebook(tmp_path / "notebooks" / "11_read.ipynb", read, "from pathlib import Path", READ)
    write_row(tmp_path, "00_full", "seed: 0\ncorpus: builtin\nrate: 0.25\n")
    monkeypatch.setattr(runner, "root", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_row(home, name, text):
    path = home / "params" / "toy" / f"{name}.yaml"
    path.write_text(text)
    return path


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_notebook_is_given_plain_values(home):
    """papermill writes a tuple, a path or an enumeration into a notebook as its text."""
    kinds = {"sizes": tuple[int, ...], "inputs": tuple[Path, ...]}
    wide = type("Wide", (Settings,), {"__annotations__": kinds})
    cell = "run_dir = ''\nseed = 0\ncorpus = ''\nrate = 0.5\nsizes = [1]\ninputs = ['a']"
    notebook(home / "notebooks" / "10_train.ipynb", cell)
    chosen = wide(seed=0, corpus="builtin", rate=1.0, sizes=(1, 2), inputs=(Path("a/b"),))
    told = runner.arguments_of(STUDY, "10_train", chosen)
    assert (told["sizes"], told["inputs"]) == ([1, 2], ["a/b"])


def test_a_run_leaves_its_files_and_a_second_call_skips_it(home, capsys):
    folder = runner.run(STUDY, seed=3)
    assert folder == Path("reports/toy/00_full/seed3")
    assert names(folder) == [
        "11_read.html", "11_read.ipynb", "model.safetensors", "result.json", "run.html",
        "run.ipynb", "steps.txt",
    ]  # fmt: skip
    record = result.read(folder / "result.json")
    assert record["params"] == {"seed": 3, "corpus": "builtin", "rate": 0.25}
    assert record["command"] == "sashimi run params/toy/00_full.yaml --seed 3"
    assert (record["study"], record["row"], record["seed"]) == ("toy", "00_full", 3)
    told = capsys.readouterr().out
    assert "from step 0" in told, "the notebook's output is shown while it runs"
    executed = notebooks.read(folder / "11_read.ipynb")
    assert executed.cells[-1].outputs[0].text == "1 3\n"
    assert str(home) not in (folder / "run.ipynb").read_text(), "no path of this machine"

    assert runner.run(STUDY, seed=3) == folder
    assert "10_train skipped" in capsys.readouterr().out
    assert (folder / "steps.txt").read_text() == "1"
    runner.run(STUDY, seed=3, force=True)
    assert "from step 0" in capsys.readouterr().out, "an earlier run is thrown away"


def test_a_committed_result_without_its_model_is_run_again(home):
    folder = runner.run(STUDY)
    (folder / "model.safetensors").unlink()
    runner.run(STUDY)
    assert (folder / "model.safetensors").exists() and (folder / "steps.txt").read_text() == "1"


def test_other_parameters_in_the_same_folder_are_refused(home):
    runner.run(STUDY)
    write_row(home, "00_full", "seed: 0\ncorpus: builtin\nrate: 0.75\n")
    with pytest.raises(BadInput, match=r"rate: 0\.25 is now 0\.75.*--force"):
        runner.run(STUDY)


def test_a_failed_run_leaves_its_notebook_and_the_reason_and_is_resumed(home, capsys):
    row = write_row(home, "10_unlucky", "rate: 13.0\n")
    with pytest.raises(runner.RunFailed, match="10_train, cell 2: RuntimeError: unlucky"):
        runner.run(STUDY, row)
    folder = home / "reports/toy/10_unlucky/seed0"
    assert names(folder) == ["failed.txt", "run.ipynb", "steps.txt", "unfinished.json"]
    reason = (folder / "failed.txt").read_text()
    assert "RuntimeError: unlucky" in reason and "\x1b" not in reason
    with pytest.raises(runner.RunFailed):
        runner.run(STUDY, row)
    assert "resuming" in capsys.readouterr().out
    assert (folder / "steps.txt").read_text() == "2", "its files were there to resume from"
    write_row(home, "10_unlucky", "rate: 12.0\n")
    with pytest.raises(BadInput, match=r"rate: 13\.0 is now 12\.0"):
        runner.run(STUDY, row)


def test_a_dead_kernel_is_a_failure(home):
    row = write_row(home, "10_dead", "rate: 15.0\n")
    with pytest.raises(runner.RunFailed, match="DeadKernelError"):
        runner.run(STUDY, row)
    assert "DeadKernelError" in (home / "reports/toy/10_dead/seed0/failed.txt").read_text()


def test_bad_input_inside_a_notebook_stays_bad_input(home):
    with pytest.raises(BadInput, match="the checkpoint is damaged"):
        runner.run(STUDY, write_row(home, "10_bad", "rate: 14.0\n"))


def test_a_notebook_that_records_other_parameters_fails(home):
    with pytest.raises(runner.RunFailed, match="records other parameters"):
        runner.run(STUDY, write_row(home, "10_liar", "rate: 16.0\n"))


def test_wrong_input_is_refused_before_anything_is_written(home):
    wrong = write_row(home, "10_wrong", "rat: 1.0\n")
    (home / "file").write_text("")
    for arguments, says in (
        ({"row": wrong}, "unknown key 'rat'"),
        ({"row": "nowhere.yaml"}, "cannot read nowhere.yaml"),
        ({"corpus": "missing"}, "no such corpus"),
        ({"out": home / "file"}, "cannot write"),
    ):
        with pytest.raises(BadInput, match=says):
            runner.run(STUDY, **arguments)
    assert not (home / "reports").exists()


def test_a_run_that_another_must_come_before_is_asked_for_before_anything_is_written(home):
    def needs(settings, folder):
        assert folder == Path("reports/toy/00_full/seed0")
        raise BadInput("10_first has not run")

    with pytest.raises(BadInput, match="10_first has not run"):
        runner.run(STUDY.model_copy(update={"needs": needs}))
    assert not (home / "reports").exists()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("run_dir = ''\nseed = 0\ncorpus = ''", "does not assign rate"),
        ("run_dir = ''\nseed = 0\ncorpus = ''\nrate = 1\nrates = 1", "unknown key 'rates'"),
        ("run_dir = ''\nseed = 0\ncorpus = ''\nrate = 1  # a=b", "'=' in a comment"),
    ],
)
def test_papermills_traps_are_closed_before_anything_runs(home, cell, says):
    notebook(home / "notebooks" / "10_train.ipynb", cell, "raise SystemError")
    with pytest.raises(BadInput, match=says):
        runner.run(STUDY)
    assert not (home / "reports").exists()


def test_a_row_from_elsewhere_is_read_over_the_studys_reference(home, tmp_path_factory):
    row = tmp_path_factory.mktemp("mine") / "20_mine.yaml"
    row.write_text("rate: 0.125\n")
    folder = runner.run(STUDY, row, corpus="data/My corpus.jsonl")
    assert folder == Path("reports/toy/20_mine-My corpus/seed0")
    record = json.loads((folder / "result.json").read_text())
    assert record["params"]["rate"] == 0.125
    assert record["command"] == (
        "sashimi run params/toy/20_mine.yaml --corpus 'data/My corpus.jsonl' --seed 0"
    )
