"""What we write, opened by the independent reader ``shortcuts`` (PyPI), and by ``plistlib`` alone.

``shortcuts`` 0.11 knows about 50 actions, variables and system values; it knows no action outputs
(magic variables), and reads positions in code points. It is asked about programs within that.
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterator

import pytest
from cases import VALID
from test_compile import check_structure, params, records

from sashimi.flagship.data import corpus
from sashimi.program import compile, parse
from sashimi.program.plist.store import to_bytes
from sashimi.program.tree import Program

ROOT_TYPES = {
    "WFWorkflowActions": list,
    "WFWorkflowClientVersion": str,
    "WFWorkflowMinimumClientVersion": int,
    "WFWorkflowIcon": dict,
    "WFWorkflowInputContentItemClasses": list,
    "WFWorkflowTypes": list,
    "WFWorkflowImportQuestions": list,
}
UNDERSTOOD = """\
SHORTCUT "A"
ACTION comment WFCommentActionText="hello"
ACTION ask WFAskActionPrompt="Name?" WFInputType="Text"
ACTION setvariable WFVariableName="name" WFInput=@input
ACTION showresult Text=`Hi {$name}, it is {@date}`
IF @input equals_string "a"
ACTION alert WFAlertActionTitle="T" WFAlertActionMessage="yes"
ELSE
ACTION exit
ENDIF
REPEAT 3
ACTION vibrate
ENDREPEAT
FOREACH @input
ACTION openurl
ENDFOREACH
MENU "Which?"
CASE "One"
ACTION notification WFNotificationActionTitle="T" WFNotificationActionBody="B"
CASE "Two"
ACTION delay WFDelayTime=2
ENDMENU
ACTION gettext WFTextActionText="x"
ACTION url WFURLActionURL="https://example.org"
ENDSHORTCUT
"""


def reread(program: Program) -> list:
    """The actions that ``shortcuts`` finds in our bytes; the one key it wants beside is added."""
    shortcuts = pytest.importorskip("shortcuts", reason="the reader is in the test extra")
    plist = {**compile(program), "WFWorkflowClientRelease": "2.0"}
    return shortcuts.Shortcut.loads(to_bytes(plist), shortcuts.FMT_SHORTCUT).actions


KEYWORDS = [
    "comment",
    "ask",
    "set_variable",
    "show_result",
    "if",
    "alert",
    "else",
    "exit",
    "endif",
    "repeat_start",
    "vibrate",
    "repeat_end",
    "repeat_with_each_start",
    "open_url",
    "repeat_with_each_end",
    "start_menu",
    "menu_item",
    "notification",
    "menu_item",
    "delay",
    "end_menu",
    "text",
    "url",
]


def test_another_reader_finds_the_actions_and_what_they_hold() -> None:
    found = [(action.keyword, action.data) for action in reread(parse(UNDERSTOOD))]
    assert [keyword for keyword, _ in found] == KEYWORDS
    held = dict(found)
    assert held["comment"] == {"text": "hello"}
    assert held["ask"] == {"question": "Name?", "input_type": "Text"}
    assert held["set_variable"] == {"name": "name"}
    assert held["show_result"]["text"] == "Hi {{name}}\ufffc, it is {{current_date}}\ufffc"
    assert (held["if"]["condition"], held["if"]["compare_with"]) == (4, "a")
    assert held["repeat_start"]["count"] == 3
    assert held["url"] == {"url": "https://example.org"}
    assert held["start_menu"]["menu_items"] == ["One", "Two"]
    assert [data["title"] for keyword, data in found if keyword == "menu_item"] == ["One", "Two"]


def test_another_reader_pairs_the_same_blocks() -> None:
    groups: list[str] = []
    for action in reread(parse(UNDERSTOOD)):
        group = action.data.get("group_id")
        if action.keyword in ("if", "repeat_start", "repeat_with_each_start", "start_menu"):
            groups.append(group)
        elif action.keyword in ("else", "menu_item"):
            assert group == groups[-1]
        elif group is not None:
            assert group == groups.pop()
    assert groups == []


def understood(program: Program) -> bool:
    """Whether a program's plist is within what the other reader knows."""
    registry = pytest.importorskip("shortcuts.actions").actions_registry
    plist = compile(program)
    kinds = {record.get("WFSerializationType") for record in records(plist)}
    return (
        all(
            a["WFWorkflowActionIdentifier"] in registry._itype_to_action_map for a in actions(plist)
        )
        and all(record.get("Type") not in UNKNOWN for record in records(plist))
        and kinds <= {None, "WFTextTokenString", "WFTextTokenAttachment"}
        and not any(isinstance(v, dict) and "Type" in v for a in actions(plist) for v in values(a))
        and all("attachmentsByRange" in record for record in records(plist) if "string" in record)
    )


UNKNOWN = {"ActionOutput", "DeviceDetails"}
"""Types of reference that the other reader does not know."""


def actions(plist: dict) -> list[dict]:
    return plist["WFWorkflowActions"]


def values(action: dict) -> Iterator[object]:
    return iter(params(action).values())


def check_against_the_other(programs: list[Program], at_least: int) -> None:
    within = [program for program in programs if understood(program)]
    assert len(within) >= at_least
    for program in within:
        stored = actions(compile(program))
        found = reread(program)
        assert [action.itype for action in found] == [
            action["WFWorkflowActionIdentifier"] for action in stored
        ]
        for other, own in zip(found, stored, strict=True):
            named = {field.name for field in other.fields}
            held = [v for k, v in params(own).items() if k in named and isinstance(v, str) and v]
            assert set(held) <= {str(value) for value in other.data.values()}


def test_builtin_programs_within_its_knowledge_are_read_alike() -> None:
    programs = [example.program for example in corpus.load("builtin", limit=600).train]
    check_against_the_other(programs, at_least=10)


def test_real_programs_within_its_knowledge_are_read_alike(real_programs: list[Program]) -> None:
    check_against_the_other(real_programs, at_least=50)


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
@pytest.mark.parametrize("fmt", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_plistlib_alone_finds_every_rule_kept(text: str, fmt: plistlib.PlistFormat) -> None:
    plist = plistlib.loads(to_bytes(compile(parse(text)), fmt))
    check_structure(plist)
    assert {key: type(plist[key]) for key in ROOT_TYPES} == ROOT_TYPES
    outputs: set[str] = set()
    for action in actions(plist):
        assert set(action) == {"WFWorkflowActionIdentifier", "WFWorkflowActionParameters"}
        assert "." in action["WFWorkflowActionIdentifier"]
        for record in records(params(action)):
            if record.get("Type") == "ActionOutput":
                assert record["OutputUUID"] in outputs, "an output is of an earlier action"
        outputs.add(params(action).get("UUID", ""))


def test_positions_after_emoji_are_found_by_counting_utf16_alone() -> None:
    plist = compile(parse('SHORTCUT "A"\nACTION showresult Text=`👨‍👩‍👧 {@date} é🎉{@input}`\n'))
    value = params(actions(plist)[0])["Text"]["Value"]
    units = value["string"].encode("utf-16-le")
    found = [at // 2 for at in range(0, len(units), 2) if units[at : at + 2] == b"\xfc\xff"]
    assert [f"{{{at}, 1}}" for at in found] == list(value["attachmentsByRange"])
    assert found == [9, 14]
