"""A folder of real files: what comes back exactly, and what is kept as it is stored."""

from __future__ import annotations

import json
import plistlib
from pathlib import Path

import pytest

from sashimi.errors import BadInput
from sashimi.program import compile, parse
from sashimi.program.collection import canonical, differences, survey
from sashimi.program.commands import survey_folder

TEXT = """SHORTCUT "A"
ACTION ask
IF @prev has_any_value
  ACTION showresult Text=$never
ENDIF
REPEAT 2
  ACTION vibrate
ENDREPEAT
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plist = compile(parse(TEXT))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.plist").write_bytes(plistlib.dumps(plist, sort_keys=False))
    action = compile(parse('SHORTCUT "B"\nACTION vibrate\n'))["WFWorkflowActions"]
    cut = {**plist, "WFWorkflowClientVersion": "700", "WFWorkflowActions": action}
    (tmp_path / "b.shortcut").write_bytes(plistlib.dumps(cut))
    (tmp_path / "c.shortcut").write_bytes(b"<html>")
    (tmp_path / "d.txt").write_text("passed over")
    return tmp_path


def test_a_folder_is_surveyed(folder: Path) -> None:
    report = survey(folder)
    assert (report.files, report.read, report.exact, report.differ) == (3, 2, 2, [])
    assert len(report.refused) == 1 and "c.shortcut: HTML" in report.refused[0]
    assert vars(report.kinds["actions"]) == {"total": 8, "kept": 0}
    assert [report.kinds[kind].total for kind in ("if", "menu", "repeat")] == [1, 0, 1]
    assert report.kinds["if"].readable == 1 and report.kinds["menu"].readable is None
    assert next(iter(report.versions)) == "700"
    assert report.versions["700"] == {"files": 1, "exact": 1, "actions": 1, "kept": 0}
    assert report.clean == 1 and sum(report.findings.values()) == 1


def test_the_command_says_it_and_gives_json(folder: Path, capsys) -> None:
    assert survey_folder(str(folder)) == 0
    assert "3 files, 2 read, 2 come back exactly" in capsys.readouterr().out
    assert survey_folder(str(folder), json=True) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kinds"]["repeat"] == {"total": 1, "kept": 0, "readable": 1.0}
    with pytest.raises(BadInput, match="no folder"):
        survey(folder / "nowhere")


def test_only_identifiers_may_be_renamed() -> None:
    one = [{"UUID": "A"}, {"OutputUUID": "A", "n": 1}, {"GroupingIdentifier": "B"}]
    two = [{"UUID": "X"}, {"OutputUUID": "X", "n": 1}, {"GroupingIdentifier": "Y"}]
    assert list(differences(canonical(one), canonical(two))) == []
    two[1]["OutputUUID"] = "Z"
    assert list(differences(canonical(one), canonical(two))) != []
    assert list(differences({"a": 1}, {"a": True})) == ["/a: 1 becomes True"]
    assert list(differences({"a": [1]}, {"a": [1], "b": 2})) == ["/b is new"]
    assert list(differences([1], [1, 2])) == [": [1] becomes [1, 2]"]
