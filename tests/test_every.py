"""Notebooks checked in parallel: what passed and has not changed is not run again."""

import threading

from sashimi import every
from sashimi.every import Checked, check


def test_only_what_changed_or_failed_is_run_again(tmp_path):
    first, second, common = (tmp_path / name for name in ("a.ipynb", "b.ipynb", "m.py"))
    for path in (first, second, common):
        path.write_text("1")
    passes = {"a.ipynb": True, "b.ipynb": False}

    def run(path):
        return Checked(path, passes[path.name], "", {"a.ipynb": 1.0, "b.ipynb": 2.0}[path.name])

    def names():
        done = check([first, second], 2, run, tmp_path / "record.json", [common])
        return [one.path.name for one in done]

    assert names() == ["a.ipynb", "b.ipynb"]
    assert names() == ["b.ipynb"], "what failed is due"
    passes["b.ipynb"] = True
    assert names() == ["b.ipynb"] and names() == []
    first.write_text("2")
    assert names() == ["a.ipynb"]
    common.write_text("2")
    assert names() == ["b.ipynb", "a.ipynb"], "the longest of last time first"
    (tmp_path / "record.json").write_text("{")
    assert names() == ["a.ipynb", "b.ipynb"], "a damaged record knows nothing"


def test_jobs_run_at_once(tmp_path):
    both = threading.Barrier(2, timeout=10)
    paths = [tmp_path / "a.ipynb", tmp_path / "b.ipynb"]
    for path in paths:
        path.write_text("1")

    def run(path):
        both.wait()
        return Checked(path, True, "", 0.0)

    assert len(check(paths, 2, run, tmp_path / "record.json", [])) == 2


def test_the_sources_are_the_package_and_the_rows():
    names = {path.name for path in every.sources()}
    assert {"every.py", "00_full.yaml", "network.bin"} <= names
    assert not any(name.endswith(".pyc") for name in names)


def test_the_command_says_what_ran(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.ipynb"
    monkeypatch.setattr(every, "check", lambda paths: [Checked(path, False, "cell 3 differs", 4.0)])
    assert every.main(["a.ipynb", "b.ipynb"]) == 1
    said = capsys.readouterr().out
    assert "BAD a.ipynb: 4 s" in said and "cell 3 differs" in said
    assert "1 of 2 notebooks run, 1 unchanged" in said
