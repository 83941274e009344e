"""The examples of docs/pab.md run as they stand, and its tables are what the code says."""

import re
from pathlib import Path

import pytest

from sashimi.pab import Profile
from sashimi.pab.tables import markdown
from sashimi.pab.trajectory import PLAN, PROPOSED
from sashimi.studies.trajectory import planted

DOC = Path(__file__).resolve().parents[1] / "docs" / "pab.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)


def run_example(index, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(EXAMPLES[index], f"{DOC.name}, example {index + 1}", "exec"), {})


def test_there_are_two_examples():
    assert len(EXAMPLES) == 2


def test_the_torch_loop(tmp_path, monkeypatch, capsys):
    run_example(0, tmp_path, monkeypatch)
    profile = Profile.load(tmp_path / "runs" / "torch")
    numbers = profile.summary()
    assert numbers["checkpoints"] == 20 and "torch" in profile.origin.versions
    assert numbers["label_final"] > 0.8
    assert numbers["generalization_gap_final"] is not None
    assert 0.5 < numbers["sign_crystallization_final"] <= 1
    assert numbers["crystallization_final"] is None  # no trits were given
    assert "tier label" in capsys.readouterr().out


def test_the_scikit_learn_loop(tmp_path, monkeypatch, capsys):
    run_example(1, tmp_path, monkeypatch)
    profile = Profile.load(tmp_path / "runs" / "sklearn")
    assert profile.summary()["checkpoints"] == 20 and "sklearn" in profile.origin.versions
    assert profile.summary()["label_final"] > 0.6
    assert profile.actions == {} and profile.summary()["representation_evolution_mean"] is None
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(("name", "gates"), [("plan", PLAN), ("proposed", PROPOSED)])
def test_the_tables_of_gates_are_what_the_code_decides(tmp_path, name, gates):
    shown = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", DOC.read_text("utf-8"), re.DOTALL)[1]
    assert shown == markdown(planted.judged(tmp_path, gates))
