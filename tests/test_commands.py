"""The commands: what they print, what they write, and their exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from sashimi.program import parse
from sashimi.program.commands import check_files, compile_files, decompile_files, lint_files
from sashimi.program.recover import diagnose

GOOD = 'SHORTCUT "A"\nACTION showresult Text="x"\n'


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {
        "good": GOOD,
        "named": 'SHORTCUT "A"\nACTION showresutl Text="x"\n',
        "faults": 'SHORTCUT "A"\nACTION x k=\nSET $a\nIF @b\nACTION exit\nENDIF\n',
        "unknown": 'SHORTCUT "A"\nACTION showresult Text=$x\n',
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.dsl").write_text(text)
    return {name: str(tmp_path / f"{name}.dsl") for name in texts}


def test_several_faults_in_one_go() -> None:
    program, faults = diagnose(
        'SHORTCUT "A"\nACTION x k=\nSET $a\nIF @b\nACTION exit\nENDIF\nMENU "a"\nCASE\nENDMENU\n'
    )
    assert program is None and [fault.line for fault in faults] == [2, 3, 4, 8]
    assert diagnose(GOOD) == (parse(GOOD), [])
    assert [fault.line for fault in diagnose("")[1]] == [1]


def test_a_fault_behind_a_long_string_keeps_its_line() -> None:
    text = 'SHORTCUT "A"\nACTION gettext WFTextActionText="a\nb" k=\nACTION x k=\n'
    assert [fault.line for fault in diagnose(text)[1]] == [3, 4]


def test_check(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert check_files([files["good"]]) == 0
    assert capsys.readouterr().out == ""
    assert check_files([files["good"], files["faults"]]) == 1
    out = capsys.readouterr().out
    assert out.count("error") == 3 and "^" in out and "faults.dsl:2:12" in out
    assert check_files([files["unknown"]]) == 1
    assert check_files([files["unknown"]], strict=False) == 0
    assert check_files([files["unknown"], "no such file"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_check_as_json(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert check_files([files["unknown"], files["faults"]], json=True) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["findings"][0]["line"] == 2 and len(second["findings"]) == 3


def test_lint_and_fix(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert lint_files([files["named"]]) == 1
    assert "'showresutl' -> 'showresult'" in capsys.readouterr().out
    assert lint_files([files["named"]], json=True) == 1
    assert json.loads(capsys.readouterr().out)[0]["repairs"][0]["kind"] == "action"
    assert lint_files([files["named"]], fix=True) == 1
    assert Path(files["named"]).read_text() == GOOD
    assert lint_files([files["named"], files["good"]]) == 0


def test_compile_and_decompile(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert compile_files([files["good"]]) == 0
    assert "not signed" in capsys.readouterr().out
    made = files["good"].replace(".dsl", ".shortcut")
    assert decompile_files([made]) == 0
    assert parse(capsys.readouterr().out) == parse(GOOD)
    assert compile_files([files["unknown"]]) == 1
    assert not Path(files["unknown"]).with_suffix(".shortcut").exists()
    assert decompile_files([files["good"]]) == 2
    assert "no plist" in capsys.readouterr().err


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    class Fed:
        buffer = io.BytesIO(GOOD.encode())

    monkeypatch.setattr("sys.stdin", Fed)
    target = tmp_path / "a.plist"
    assert compile_files(["-"], output=str(target)) == 0
    assert target.read_bytes().startswith(b"<?xml")
    assert compile_files([]) == 2 and compile_files(["a", "b"], output="c") == 2


def test_text_that_is_no_utf8(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a.dsl").write_bytes(b"SHORTCUT \xff")
    assert check_files([str(tmp_path / "a.dsl")]) == 2
    assert "byte 9" in capsys.readouterr().err
