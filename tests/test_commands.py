"""The commands: what they print, what they write, and their exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from sashimi.program import compile, parse, write
from sashimi.program.commands import check_files, compile_files, decompile_files, lint_files
from sashimi.program.text.recover import diagnose

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


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "ENDIF\nACTION x k=\nREPEAT 2\nENDFOREACH\nSET $a\nENDSHORTCUT\nACTION y",
            (2, 3, 5, 6, 8),
        ),
        ("FOREACH @i\nIF @b has_any_value\nELSE\nACTION y k=\nENDFOREACH\nSET $b", (5, 6, 7)),
        ('MENU "a"\nCASE "b"\nACTION x\nIF @i contains "z"\nACTION q k=[1,', (6, 6, 6)),
        ('SHORTCUT "B"\nACTION x k=\nELSE\nIF @a contains 1 2\nENDIF x', (2, 3, 4, 5, 6)),
        ("IF @a has_any_value\nELSE\nELSE\nENDIF\nENDIF\nACTION exit 5", (4, 6, 7)),
    ],
)
def test_faults_of_blocks_hide_no_others_and_are_told_once(body: str, lines: tuple) -> None:
    program, faults = diagnose(f'SHORTCUT "A"\n{body}\n')
    assert program is None and tuple(fault.line for fault in faults) == lines
    for fault in faults:
        shown = f'SHORTCUT "A"\n{body}'.split("\n")[fault.line - 1]
        assert fault.excerpt.startswith(shown) and fault.fix


def test_prose_around_a_program_is_one_fault() -> None:
    assert [f.line for f in diagnose('Sure!\nHere:\nSHORTCUT "A"\nACTION x k=\n')[1]] == [1, 4]
    assert [fault.line for fault in diagnose("hello\nthere\n")[1]] == [1, 2]


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
    fault = second["findings"][0]
    assert (fault["line"], fault["column"], fault["offending"]) == (2, 12, "")
    assert "a number" in fault["expected"] and fault["fix"].startswith("give a value")
    assert fault["severity"] == "error" and "\n" not in fault["why"]


def test_the_caret_is_under_the_part_that_a_finding_names(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.dsl"
    path.write_text('SHORTCUT "A"\n  ACTION ask WFInputType="Colour"\n')
    assert check_files([str(path)]) == 0
    _, source, caret = capsys.readouterr().out.rstrip("\n").split("\n")[-3:]
    assert source[caret.index("^") : caret.rindex("^") + 1] == "WFInputType"


def test_colours_are_for_terminals(files: dict[str, str], capsys, monkeypatch) -> None:
    assert check_files([files["faults"]]) == 1
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert check_files([files["faults"]]) == 1
    assert "\x1b[31m" in capsys.readouterr().out


def test_layout_that_contradicts_the_blocks_is_a_warning(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.dsl"
    lines = ("IF @input has_any_value", "  IF @input contains 1", "    ACTION exit", "  ENDIF")
    path.write_text("\n".join(('SHORTCUT "A"', *lines, "  ELSE", "ENDIF", "")))
    assert check_files([str(path)], analyses=False) == 0
    assert "ELSE: it belongs to the IF of line 2" in capsys.readouterr().out


def test_lint_and_fix(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert lint_files([files["named"]]) == 1
    assert "'showresutl' -> 'showresult' (confidence 0.90)" in capsys.readouterr().out
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
    assert "a program as text" in capsys.readouterr().err


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    class Fed:
        buffer = io.BytesIO(GOOD.encode())

    monkeypatch.setattr("sys.stdin", Fed)
    target = tmp_path / "a.plist"
    assert compile_files(["-"], output=str(target)) == 0
    assert target.read_bytes().startswith(b"<?xml")
    assert compile_files([]) == 2 and compile_files(["a", "b"], output="c") == 2


def test_fixed_text_goes_from_standard_input_to_standard_output(monkeypatch, capsys) -> None:
    class Fed:
        buffer = io.BytesIO(b'SHORTCUT "A"\nMACRO wait seconds=1\n')

    monkeypatch.setattr("sys.stdin", Fed)
    assert lint_files(["-"], fix=True) == 1
    assert capsys.readouterr().out == 'SHORTCUT "A"\nACTION delay WFDelayTime=1\n'


def test_notes_of_a_foreign_plist_go_to_standard_error(tmp_path: Path, capsys) -> None:
    plist = compile(parse(GOOD))
    loop = {"GroupingIdentifier": "A", "WFControlFlowMode": "0"}
    name = "is.workflow.actions.repeat.count"
    plist["WFWorkflowActions"] += [
        {"WFWorkflowActionIdentifier": name, "WFWorkflowActionParameters": loop}
    ]
    write(plist, tmp_path / "a.plist")
    assert decompile_files([str(tmp_path / "a.plist")]) == 0
    out, err = capsys.readouterr()
    assert compile(parse(out)) == plist
    (line,) = err.splitlines()
    assert line.startswith(f"{tmp_path / 'a.plist'}: warning: action")
    assert "repeat.count: WFControlFlowMode is a str" in line


def test_text_that_is_no_utf8(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a.dsl").write_bytes(b"SHORTCUT \xff")
    assert check_files([str(tmp_path / "a.dsl")]) == 2
    assert "byte 9" in capsys.readouterr().err
