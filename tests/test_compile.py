"""The plist: every structural rule, on hand-made programs and on the real corpus."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import VALID
from hypothesis import given, settings
from strategies import programs

from sashimi.errors import BadInput
from sashimi.program import CompileError, compile, parse, runtime_unverified, write
from sashimi.program.plist.store import to_bytes, unfit
from sashimi.program.tree import Program

PREFIX = "is.workflow.actions."


def build(body: str) -> list[dict]:
    return compile(parse(f'SHORTCUT "A"\n{body}\n'))["WFWorkflowActions"]


def params(action: dict) -> dict:
    return action["WFWorkflowActionParameters"]


def records(plist: object) -> Iterator[dict]:
    if isinstance(plist, dict):
        yield plist
        for value in plist.values():
            yield from records(value)
    elif isinstance(plist, list):
        for value in plist:
            yield from records(value)


def check_structure(plist: dict) -> None:
    """Every rule that holds for any plist of a program."""
    actions = plist["WFWorkflowActions"]
    uuids = [params(a)["UUID"] for a in actions if "UUID" in params(a)]
    assert len(uuids) == len(set(uuids))
    assert all(re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", u) for u in uuids)
    groups: list[tuple[str, str]] = []
    for action in actions:
        mode = params(action).get("WFControlFlowMode")
        place = (params(action).get("GroupingIdentifier"), action["WFWorkflowActionIdentifier"])
        if mode == 0:
            groups.append(place)
        elif mode == 1:
            assert groups[-1] == place
        elif mode == 2:
            assert groups.pop() == place
    assert groups == []
    for record in records(plist):
        if record.get("WFSerializationType") == "WFTextTokenString":
            check_token_string(record["Value"])


def check_token_string(value: dict) -> None:
    units = value["string"].encode("utf-16-le", "surrogatepass")
    for key, attachment in value.get("attachmentsByRange", {}).items():
        at = int(re.fullmatch(r"\{(\d+), 1\}", key)[1])
        assert units[2 * at : 2 * at + 2] == "\ufffc".encode("utf-16-le")
        assert "Type" in attachment


def test_root() -> None:
    plist = compile(parse('SHORTCUT "Näme"\nACTION showresult Text=`{@input}`\n'))
    assert plist["WFWorkflowName"] == "Näme"
    assert plist["WFWorkflowMinimumClientVersion"] == 900
    assert plist["WFWorkflowHasShortcutInputVariables"] is True
    for key in (
        "WFWorkflowClientVersion",
        "WFWorkflowIcon",
        "WFWorkflowInputContentItemClasses",
        "WFWorkflowTypes",
        "WFWorkflowImportQuestions",
    ):
        assert key in plist


def test_only_a_referenced_output_has_a_uuid() -> None:
    first, second, third = build("ACTION ask\nACTION date\nACTION showresult Text=`{@ask}`")
    assert "UUID" in params(first) and "UUID" not in params(second) | params(third)
    (attachment,) = params(third)["Text"]["Value"]["attachmentsByRange"].values()
    assert attachment["Type"] == "ActionOutput"
    assert attachment["OutputUUID"] == params(first)["UUID"]


def test_positions_count_utf16_code_units() -> None:
    action = build("ACTION showresult Text=`😀a{@date}é{@input}👍🏽{@Clipboard}`")[0]
    value = params(action)["Text"]["Value"]
    assert value["string"] == "😀a\ufffcé\ufffc👍🏽\ufffc"
    assert value["attachmentsByRange"] == {
        "{3, 1}": {"Type": "CurrentDate"},
        "{5, 1}": {"Type": "ExtensionInput"},
        "{10, 1}": {"Type": "Clipboard"},
    }


@pytest.mark.parametrize(
    ("reference", "attachment"),
    [
        ("@input", {"Type": "ExtensionInput"}),
        ("@date", {"Type": "CurrentDate"}),
        ("@Ask", {"Type": "Ask"}),
        ("@Clipboard", {"Type": "Clipboard"}),
        ("@DeviceDetails", {"Type": "DeviceDetails"}),
        ("$x", {"Type": "Variable", "VariableName": "x"}),
    ],
)
def test_types_of_references(reference: str, attachment: dict) -> None:
    action = build(f"ACTION getvariable WFVariable={reference}")[0]
    assert params(action)["WFVariable"] == {
        "Value": attachment,
        "WFSerializationType": "WFTextTokenAttachment",
    }


def test_displayed_text_is_a_token_string_even_for_one_reference() -> None:
    for action, key in (
        ("alert", "WFAlertActionMessage"),
        ("notification", "WFNotificationActionBody"),
        ("showresult", "Text"),
    ):
        value = params(build(f"ACTION {action} {key}=@input")[0])[key]
        assert value["WFSerializationType"] == "WFTextTokenString"
        assert value["Value"]["string"] == "\ufffc"


def test_conditional() -> None:
    start, _, middle, _, end = build(
        "IF $n is_greater_than 3\nACTION nothing\nELSE\nACTION nothing\nENDIF\n"
    )
    assert [a["WFWorkflowActionIdentifier"] for a in (start, middle, end)] == [
        PREFIX + "conditional"
    ] * 3
    assert [params(a)["WFControlFlowMode"] for a in (start, middle, end)] == [0, 1, 2]
    assert len({params(a)["GroupingIdentifier"] for a in (start, middle, end)}) == 1
    assert params(start)["WFCondition"] == 2 and params(start)["WFNumberValue"] == 3
    assert params(start)["WFInput"] == {
        "Type": "Variable",
        "Variable": {
            "Value": {"Type": "Variable", "VariableName": "n"},
            "WFSerializationType": "WFTextTokenAttachment",
        },
    }


@pytest.mark.parametrize(
    ("condition", "code", "key"),
    [
        ("equals_number 1", 4, "WFNumberValue"),
        ("is_greater_than 1", 2, "WFNumberValue"),
        ("is_less_than 1", 0, "WFNumberValue"),
        ('equals_string "a"', 4, "WFConditionalActionString"),
        ('not_equal_string "a"', 5, "WFConditionalActionString"),
        ('contains "a"', 99, "WFConditionalActionString"),
        ('does_not_contain "a"', 999, "WFConditionalActionString"),
        ("has_any_value", 100, None),
        ("does_not_have_any_value", 101, None),
        ('is_before "tomorrow"', 1000, "WFDate"),
    ],
)
def test_codes_of_conditions(condition: str, code: int, key: str | None) -> None:
    start = params(build(f"IF @input {condition}\nENDIF")[0])
    assert start["WFCondition"] == code
    operands = {"WFNumberValue", "WFConditionalActionString", "WFDate"} & set(start)
    assert operands == ({key} if key else set())


def test_menu() -> None:
    start, first, _, second, end = build(
        'MENU "Which?"\nCASE "One"\nACTION nothing\nCASE `T{@input}`\nENDMENU'
    )
    assert params(start)["WFMenuPrompt"] == "Which?"
    assert params(start)["WFMenuItems"] == [
        params(first)["WFMenuItemTitle"],
        params(second)["WFMenuItemTitle"],
    ]
    assert params(first)["WFMenuItemTitle"] == "One"
    assert params(end)["WFControlFlowMode"] == 2


def test_nested_loops_name_their_items() -> None:
    written = build(
        "FOREACH @input\nREPEAT 2\nACTION getvariable WFVariable=@item\n"
        "ACTION getvariable WFVariable=$Repeat_Item\nACTION getvariable WFVariable=@index\n"
        "ENDREPEAT\nACTION getvariable WFVariable=@item\nENDFOREACH"
    )
    assert [
        params(a)["WFVariable"]["Value"]["VariableName"]
        for a in written
        if a["WFWorkflowActionIdentifier"] == PREFIX + "getvariable"
    ] == ["Repeat Item 2", "Repeat Item", "Repeat Index 2", "Repeat Item"]
    assert params(written[1])["WFRepeatCount"] == 2


def test_results_of_blocks_are_their_ends() -> None:
    written = build("FOREACH @input\nENDFOREACH\nACTION showresult Text=`{@repeat_each}`")
    (attachment,) = params(written[2])["Text"]["Value"]["attachmentsByRange"].values()
    assert attachment["OutputUUID"] == params(written[1])["UUID"]
    assert "UUID" not in params(written[0])


def test_dictionary_items_carry_their_types() -> None:
    value = params(
        build('ACTION dictionary WFItems={"a": "t", "b": {"c": 1}, "d": [2], "e": true}')[0]
    )
    assert value["WFItems"]["WFSerializationType"] == "WFDictionaryFieldValue"
    items = value["WFItems"]["Value"]["WFDictionaryFieldValueItems"]
    assert [item["WFItemType"] for item in items] == [0, 1, 2, 4]
    assert [item["WFKey"]["Value"]["string"] for item in items] == ["a", "b", "d", "e"]
    inner = items[1]["WFValue"]["Value"]["Value"]["WFDictionaryFieldValueItems"]
    assert inner[0]["WFItemType"] == 3 and inner[0]["WFValue"]["Value"]["string"] == "1"
    assert items[2]["WFValue"]["Value"][0]["WFItemType"] == 3
    assert items[3]["WFValue"]["Value"] is True


def test_a_dictionary_elsewhere_is_a_plain_record() -> None:
    value = params(build('ACTION runworkflow WFWorkflow={"isSelf": false, "x": @input}')[0])
    assert value["WFWorkflow"]["isSelf"] is False
    assert value["WFWorkflow"]["x"]["WFSerializationType"] == "WFTextTokenAttachment"


def test_quantity() -> None:
    value = params(build('ACTION adjustdate WFDuration=QTY(7, "days")')[0])["WFDuration"]
    assert value == {
        "Value": {"Magnitude": 7, "Unit": "days"},
        "WFSerializationType": "WFQuantityFieldValue",
    }


def test_set_and_set_with_a_literal() -> None:
    date, text, variable = build('ACTION date\nSET $x = "hi"')
    assert params(text)["WFTextActionText"] == "hi"
    assert params(variable)["WFVariableName"] == "x"
    assert params(variable)["WFInput"]["Value"]["OutputUUID"] == params(text)["UUID"]
    assert params(date) == {}
    assert len(build("SET $x = @input")) == 1


def test_a_variable_keeps_the_spelling_of_its_name() -> None:
    written = build(
        'ACTION appendvariable WFVariableName="My List" WFInput=@input\n'
        "ACTION getvariable WFVariable=$My_List"
    )
    assert params(written[1])["WFVariable"]["Value"]["VariableName"] == "My List"


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_cases_have_sound_plists(text: str) -> None:
    check_structure(compile(parse(text)))


@settings(max_examples=60, deadline=None)
@given(programs)
def test_any_program_has_a_sound_plist_or_a_reason(program: Program) -> None:
    try:
        plist = compile(program)
    except CompileError as error:
        assert "no plist can hold" in str(error) or "64 bits" in str(error)
        return
    check_structure(plist)
    assert plistlib.loads(to_bytes(plist)) == plist
    if unfit(plist, plistlib.FMT_XML) is None:
        assert plistlib.loads(to_bytes(plist, plistlib.FMT_XML)) == plist
    assert compile(program) == plist


def test_every_real_program_has_a_sound_plist(real_programs: list[Program]) -> None:
    for program in real_programs:
        plist = compile(program)
        check_structure(plist)
        assert plistlib.loads(to_bytes(plist)) == plist
    assert sum(bool(runtime_unverified(program)) for program in real_programs) == 274


def test_unverified_reasons() -> None:
    program = parse('SHORTCUT "A"\nIF @date is_before "tomorrow"\nENDIF\n')
    assert runtime_unverified(program) == ["is_before: sources disagree on its code"]
    assert runtime_unverified(parse(VALID["all values"])) == []


def test_written_files_are_read_again(tmp_path: Path) -> None:
    plist = compile(parse('SHORTCUT "A"\nACTION gettext WFTextActionText="a\rb\\n\\r"\n'))
    for name, start in (("a.shortcut", b"bplist00"), ("a.plist", b"<?xml"), ("a.xml", b"<?xml")):
        write(plist, tmp_path / name)
        data = (tmp_path / name).read_bytes()
        assert data.startswith(start) and plistlib.loads(data) == plist
    assert compile(parse('SHORTCUT "A"\n')) == compile(parse('SHORTCUT "A"\nENDSHORTCUT\n'))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.plist", "a.shortcut", "a.xml"]


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    plist = compile(parse('SHORTCUT "A"\n'))
    with pytest.raises(BadInput, match=r"a\.txt.*\.shortcut"):
        write(plist, tmp_path / "a.txt")
    with pytest.raises(BadInput, match="no"):
        write(plist, tmp_path / "no" / "a.plist")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    ["IF @input resembles 1\nENDIF", f"ACTION number N={2**64}", "ACTION ask a=1 a=2"],
)
def test_what_no_plist_can_hold_is_refused(body: str) -> None:
    with pytest.raises(CompileError, match="line"):
        build(body)
