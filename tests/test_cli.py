"""The command line: help, exit codes, one clear line for bad input."""

import errno
import json
import os
import plistlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sashimi.cli import app
from sashimi.files import root

GOOD = 'SHORTCUT "Hi"\nACTION showresult Text="hello"\nENDSHORTCUT\n'
RUNNER = CliRunner()


def sashimi(*words, **kwargs):
    return RUNNER.invoke(app, [str(word) for word in words], **kwargs)


def commands():
    return sorted(typer.main.get_command(app).commands)


def test_every_command_has_help():
    assert {"run", "generate", "report", "check", "compile", "decompile", "doctor"} <= set(
        commands()
    )
    for name in commands():
        found = sashimi(name, "--help")
        assert found.exit_code == 0 and "Usage" in found.output


HEAVY = (
    "{'torch', 'numpy', 'transformers', 'papermill', 'matplotlib', 'pandas', 'sklearn', "
    "'pydantic', 'plistlib'}"
)


@pytest.mark.parametrize("command", ["lint", "check"])
def test_commands_of_the_language_start_without_what_they_do_not_need(tmp_path, command):
    (tmp_path / "a.dsl").write_text(GOOD)
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom sashimi.cli import app\n"
        "CliRunner().invoke(app, ['--help'])\n"
        f"print(CliRunner().invoke(app, [{command!r}, {str(tmp_path / 'a.dsl')!r}]).exit_code)\n"
        f"print(sorted({HEAVY} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0", "[]"]


def test_check_prints_findings_and_exits_1(tmp_path):
    good, bad, odd = tmp_path / "good.dsl", tmp_path / "bad.dsl", tmp_path / "odd.dsl"
    good.write_text(GOOD)
    bad.write_text("SHORTCUT Hi\n")
    odd.write_text('SHORTCUT "Hi"\nACTION nosuchaction\n')
    assert (sashimi("check", good).exit_code, sashimi("check", good).output) == (0, "")
    found = sashimi("check", good, bad, odd)
    assert found.exit_code == 1
    assert f"{bad}:1:10: error" in found.output
    assert f"{odd}:2: error" in found.output and "nosuchaction" in found.output
    first, second = json.loads(sashimi("check", good, bad, "--json").output)
    assert first["findings"] == []
    assert (second["findings"][0]["stage"], second["findings"][0]["line"]) == ("parse", 1)


def test_lint_reports_and_mends(tmp_path):
    file = tmp_path / "draft.dsl"
    file.write_text('SHORTCUT "Hi"\nACTION shwresult Text="a"\n')
    found = sashimi("lint", file)
    assert found.exit_code == 1 and "'shwresult' -> 'showresult'" in found.output
    assert sashimi("lint", file, "--fix").exit_code == 1
    assert "ACTION showresult" in file.read_text()
    assert sashimi("lint", file).exit_code == 0


README = str(root() / "README.md")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "nowhere.dsl"], "nowhere.dsl: No such file"),
        (["compile", "nowhere.dsl", "-o", "a.shortcut"], "nowhere.dsl: No such file"),
        (["generate", "  "], "the prompt is empty"),
        (["generate", "Log water", "--run", "nowhere"], "nowhere"),
        (["decompile", "nowhere.shortcut"], "nowhere.shortcut"),
        (["run", "nowhere.yaml"], "cannot read nowhere.yaml"),
        (["run", "00_full"], "did you mean params/arc/00_full.yaml or "),
        (["run", "98_stream.yaml"], "did you mean params/flagship/more/98_stream.yaml?"),
        (["run", "--seed", str(2**32)], "4294967295"),
        (["generate", "Log water", "--run", README], "no trained model here"),
        (["pack", README], "no packed network"),
        (["publish", README], "README.md"),
        (["report", "--reports", README], "README.md"),
        (["bench", "nothing"], "no bench 'nothing'"),
        (["generate", "Log \udcff water"], "the prompt is not UTF-8 text"),
        (["check"], "Missing argument"),
        (["fly"], "No such command"),
    ],
)
def test_bad_use_is_one_message_and_exit_2(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = sashimi(*words)
    assert found.exit_code == 2
    assert says in found.stderr and "Traceback" not in found.output
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_a_prompt_is_read_from_stdin(tmp_path):
    found = sashimi("generate", "-", "--run", tmp_path, input=" \n")
    assert found.exit_code == 2 and "the prompt is empty" in found.stderr


@pytest.mark.parametrize("words", [["generate"], ["lint"], ["check"]])
def test_bytes_that_are_no_text_are_one_line(words):
    found = sashimi(*words, "-", input=b"Log water \xff\xfe")
    assert found.exit_code == 2 and "UTF-8" in found.stderr and found.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("words", [["--help"], ["check", "--json"]])
def test_a_full_disk_is_one_line(words, tmp_path):
    (tmp_path / "hi.dsl").write_text(GOOD, encoding="utf-8")
    words = [*words, *([] if words == ["--help"] else ["hi.dsl"])]
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "sashimi", *words],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert found.returncode == 2
    assert found.stderr == "sashimi: writing: No space left on device\n"


def test_a_disk_that_fills_up_while_a_file_is_written_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "hi.dsl").write_text(GOOD, encoding="utf-8")

    def replace(*paths):
        raise OSError(errno.ENOSPC, "No space left on device", "a.shortcut")

    monkeypatch.setattr(os, "replace", replace)
    found = sashimi("compile", tmp_path / "hi.dsl", "-o", tmp_path / "a.shortcut")
    assert found.exit_code == 2 and "No space left on device" in found.stderr
    assert found.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["hi.dsl"]


def test_ctrl_c_of_a_run_is_one_line_and_130(tmp_path, monkeypatch):
    """As the terminal does it: while the notebook's kernel works, to the command alone."""
    command = [sys.executable, "-m", "sashimi", "run", root() / "params/flagship/90_smoke.yaml"]
    run = subprocess.Popen(
        [*command, "--out", tmp_path], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    begun = time.monotonic()
    while not list(tmp_path.rglob("*.ipynb")) and time.monotonic() - begun < 120:
        time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    told = run.communicate(timeout=120)[1]
    assert run.returncode == 130
    assert "Traceback" not in told
    assert told.strip().splitlines()[-1].startswith("stopped; the same command goes on")


def test_compile_writes_a_plist_or_nothing(tmp_path):
    source, target = tmp_path / "a.dsl", tmp_path / "a.shortcut"
    source.write_text(GOOD)
    assert sashimi("compile", source, "-o", target).exit_code == 0
    plist = plistlib.loads(target.read_bytes())
    assert [a["WFWorkflowActionIdentifier"] for a in plist["WFWorkflowActions"]] == [
        "is.workflow.actions.showresult"
    ]
    assert sashimi("decompile", target).output == GOOD
    back = tmp_path / "back.dsl"
    assert sashimi("decompile", target, "-o", back).exit_code == 0 and back.read_text() == GOOD
    target.unlink()
    source.write_text('SHORTCUT "Hi"\nACTION nosuchaction\n')
    found = sashimi("compile", source, "-o", target)
    assert found.exit_code == 1 and "nosuchaction" in found.output and not target.exists()


def test_doctor_lists_what_it_looked_at(tmp_path):
    rows = json.loads(sashimi("doctor", "--json", "--reports", tmp_path / "reports").output)
    assert {"version of torch", "encoder weights", "device", "folder reports"} <= {
        row["name"] for row in rows
    }
    assert all(row["passed"] for row in rows)
    (tmp_path / "file").write_text("")
    found = sashimi("doctor", "--reports", tmp_path / "file")
    assert found.exit_code == 1 and "BAD folder reports: cannot write" in found.output


def test_bench_measures_each_stage_of_the_language():
    rows = {row["what"]: row for row in json.loads(sashimi("bench", "language", "--json").output)}
    for stage in ("parse", "validate", "compile", "decompile"):
        assert rows[stage]["value"] > 0 and rows[stage]["n"] >= 100
        assert f"{stage}, cost ~ lines^" in rows
    assert rows["text to plist, median"]["limit"] == 5
