"""Plists back to trees: the inverse of compiling, foreign plists, and what is refused."""

from __future__ import annotations

import plistlib
import random
from datetime import datetime

import pytest
from cases import VALID
from hypothesis import assume, example, given, settings
from strategies import programs

from sashimi.errors import BadInput
from sashimi.program import CompileError, compile, decompile, parse, read, render, write
from sashimi.program.plist.decompile import decompile_noted
from sashimi.program.plist.store import from_bytes, to_bytes
from sashimi.program.tree import Dict, Handle, Program, Var


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_cases_come_back(text: str) -> None:
    program = parse(text)
    for fmt in (plistlib.FMT_BINARY, plistlib.FMT_XML):
        again = decompile(from_bytes(to_bytes(compile(program), fmt)))
        assert again == program and render(again) == render(program)


@settings(max_examples=100, deadline=None)
@given(programs)
@example(parse('SHORTCUT "A"\nACTION ask\nACTION showresult Text=`{@ask}{@prev}`\n'))
@example(parse('SHORTCUT "A"\nFOREACH @x\nSET $a = @item\nSET $b = $Repeat_Item\nENDFOREACH\n'))
@example(parse('SHORTCUT "A"\nSET $a = true\nSET $b = QTY(1, "m")\nSET $c = [1]\nSET $d = {}\n'))
def test_any_program_comes_back(program: Program) -> None:
    assume(not any(words in render(program) for words in ("HEADERS {}", 'equals_number ""')))
    try:
        plist = compile(program)
    except CompileError:
        assume(False)
    again = decompile(plist)
    assert again == program and render(again) == render(program)


def test_every_real_program_comes_back(real_programs: list[Program]) -> None:
    for program in real_programs:
        again, notes = decompile_noted(from_bytes(to_bytes(compile(program))))
        assert again == program and render(again) == render(program)
        assert [note for note in notes if note.severity != "info"] == []


def foreign(*actions: tuple[str, dict]) -> dict:
    return {
        "WFWorkflowActions": [
            {"WFWorkflowActionIdentifier": name, "WFWorkflowActionParameters": parameters}
            for name, parameters in actions
        ]
    }


PREFIX = "is.workflow.actions."
TEXT, ATTACHMENT = "WFTextTokenString", "WFTextTokenAttachment"


def test_bytes_and_dates_are_kept_as_literals() -> None:
    plist = foreign((PREFIX + "file", {"a": b"\x00\xff", "b": datetime(2026, 1, 2, 3, 4, 5)}))
    program = decompile(plist)
    assert dict(program.body[0].params) == {
        "a": Dict((("$data", "AP8="),)),
        "b": Dict((("$date", "2026-01-02T03:04:05"),)),
    }
    again = compile(parse(render(program)))
    assert again["WFWorkflowActions"] == plist["WFWorkflowActions"]


def test_a_property_of_an_output_stays_a_record_with_its_uuid() -> None:
    attachment = {
        "Type": "ActionOutput",
        "OutputUUID": "AAAAAAAA-0000-4000-8000-000000000000",
        "OutputName": "File",
        "Aggrandizements": [{"Type": "WFPropertyVariableAggrandizement", "PropertyName": "Name"}],
    }
    value = {"Value": attachment, "WFSerializationType": "WFTextTokenAttachment"}
    plist = foreign(
        (PREFIX + "file", {"UUID": attachment["OutputUUID"]}),
        (PREFIX + "getvariable", {"WFVariable": value}),
    )
    program = decompile(plist)
    assert compile(program)["WFWorkflowActions"] == plist["WFWorkflowActions"]


def attachment(uuid: str, name: str) -> dict:
    value = {"Type": "ActionOutput", "OutputUUID": uuid, "OutputName": name}
    return {"Value": value, "WFSerializationType": "WFTextTokenAttachment"}


UUID = "AAAAAAAA-0000-4000-8000-000000000000"


def kept_as_it_is(plist: dict) -> list[str]:
    """The notes on a plist that comes back as it was, through the tree and its text."""
    program, notes = decompile_noted(plist)
    again = compile(parse(render(program)))
    assert again["WFWorkflowActions"] == plist["WFWorkflowActions"]
    assert decompile(again) == program
    assert {note.severity for note in notes} <= {"info"}
    return [f"{note.where}: {note.why}" for note in notes]


def test_an_output_that_no_handle_names_is_kept_as_a_literal() -> None:
    mixed = {
        "string": "\ufffc, \ufffc",
        "attachmentsByRange": {
            "{0, 1}": attachment(UUID, "First")["Value"],
            "{3, 1}": {"Type": "CurrentDate"},
        },
    }
    notes = kept_as_it_is(
        foreign(
            (PREFIX + "ask", {"UUID": UUID}),
            (PREFIX + "ask", {}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "First")}),
            (PREFIX + "showresult", {"Text": {"Value": mixed, "WFSerializationType": TEXT}}),
        )
    )
    assert len(notes) == 2 and all("which no handle can name" in note for note in notes)
    assert all("kept as a literal" in note for note in notes)


def test_records_of_an_unknown_kind_are_kept_and_told() -> None:
    record = {"Value": {"a": [1, {"b": b"x"}]}, "WFSerializationType": "WFNovelty"}
    (note,) = kept_as_it_is(foreign((PREFIX + "file", {"x": record})))
    assert "a record of WFNovelty is kept" in note


PROPERTY = {
    "Value": {
        "Type": "ExtensionInput",
        "Aggrandizements": [{"Type": "WFPropertyVariableAggrandizement", "PropertyName": "Name"}],
    },
    "WFSerializationType": "WFTextTokenAttachment",
}


def conditional(**start: object) -> dict:
    middle = [(PREFIX + "vibrate", {}), flow("conditional", 1), (PREFIX + "exit", {})]
    return foreign(flow("conditional", 0, **start), *middle, flow("conditional", 2))


@pytest.mark.parametrize(
    ("start", "why"),
    [
        ({"WFCondition": 4242}, "the condition 4242 is unknown"),
        ({"WFCondition": 100, "WFInput": PROPERTY}, "stored in another way"),
        (
            {"WFCondition": 100, "WFInput": {"Type": "Variable", "Variable": PROPERTY}},
            "a property or a coercion",
        ),
        (
            {
                "WFConditions": {
                    "Value": {},
                    "WFSerializationType": "WFContentPredicateTableTemplate",
                }
            },
            "WFConditions has no place",
        ),
        ({"WFCondition": 4, "WFNumberValue": 1, "WFDate": "x"}, "values are stored"),
    ],
)
def test_an_if_that_no_statement_can_say_is_kept_as_its_actions(start: dict, why: str) -> None:
    notes = kept_as_it_is(conditional(**start))
    assert why in notes[0] and "kept as its actions" in notes[0]


def test_other_blocks_that_no_statement_can_say() -> None:
    exit_ = (PREFIX + "exit", {})
    early = foreign(flow("choosefrommenu", 0), exit_, flow("choosefrommenu", 2))
    assert "before the first case" in kept_as_it_is(early)[0]
    menu = flow("choosefrommenu", 0, WFMenuPrompt="?", WFMenuItems=["a", "b"])
    case = flow("choosefrommenu", 1, WFMenuItemTitle="a")
    titled = foreign(menu, case, flow("choosefrommenu", 2))
    assert "not that of its cases" in kept_as_it_is(titled)[0]
    item = {"Value": {"VariableName": "Repeat Item", "Type": "Variable"}}
    shown = (PREFIX + "getvariable", {"WFVariable": {**item, "WFSerializationType": ATTACHMENT}})
    loop = flow("repeat.each", 0, WFInput=PROPERTY), shown, flow("repeat.each", 2)
    assert "more than a reference" in kept_as_it_is(foreign(*loop))[0]
    named = flow("conditional", 2, CustomOutputName="Mine", UUID=UUID)
    result = (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Mine")})
    program, notes = decompile_noted(
        foreign(flow("conditional", 0, WFCondition=100), named, result)
    )
    assert program.body[2].params == (("WFVariable", Handle("Mine")),)
    assert "CustomOutputName has no place" in notes[0].why
    assert decompile(compile(program)) == program


def test_an_outer_loops_item_is_not_taken_for_the_inner_ones() -> None:
    item = {"Value": {"VariableName": "Repeat Item", "Type": "Variable"}}
    shown = (PREFIX + "getvariable", {"WFVariable": {**item, "WFSerializationType": ATTACHMENT}})
    source = {"Value": {"Type": "ExtensionInput"}, "WFSerializationType": ATTACHMENT}
    outer = flow("repeat.each", 0, "A", WFInput=source), flow("repeat.each", 2, "A")
    inner = flow("repeat.each", 0, "B", WFInput=source), flow("repeat.each", 2, "B")
    program = decompile(foreign(outer[0], inner[0], shown, inner[1], outer[1]))
    assert program.body[0].body[0].body[0].params == (("WFVariable", Var("Repeat_Item")),)


def test_names_of_variables_keep_their_spelling() -> None:
    source = {"Value": {"Type": "ExtensionInput"}, "WFSerializationType": ATTACHMENT}
    variable = {"Value": {"Type": "Variable", "VariableName": "My List"}}
    shown = (
        PREFIX + "getvariable",
        {"WFVariable": {**variable, "WFSerializationType": ATTACHMENT}},
    )
    setting = (PREFIX + "setvariable", {"WFInput": source, "WFVariableName": "My List"})
    assert kept_as_it_is(foreign(setting, shown)) == []
    _, notes = decompile_noted(foreign(shown))
    assert "'My List' is renamed My_List" in notes[0].why and notes[0].severity == "warning"
    other = (PREFIX + "setvariable", {"WFInput": source, "WFVariableName": "My_List"})
    _, notes = decompile_noted(foreign(setting, other))
    assert "become one" in notes[0].why


def test_what_the_root_and_the_records_say_beside_is_told() -> None:
    plist = compile(parse(VALID["one action"]))
    assert decompile_noted(plist)[1] == []
    plist["WFWorkflowIcon"] = {"WFWorkflowIconStartColor": 1}
    plist["WFWorkflowImportQuestions"] = [{"ActionIndex": 0}]
    plist["WFWorkflowActions"][0]["Extra"] = 1
    plist["WFWorkflowActions"].append({"WFWorkflowActionIdentifier": "jp.co"})
    told = [(note.where, note.why) for note in decompile_noted(plist)[1]]
    assert told == [
        ("WFWorkflowIcon", "it is left out"),
        ("WFWorkflowImportQuestions", "it is left out"),
        ("action 0 showresult", "Extra is left out"),
        ("action 1 jp.co", "its identifier is read as is.workflow.actions.jp.co"),
    ]


def flow(name: str, mode: int, group: str = "G", **more: object) -> tuple[str, dict]:
    return PREFIX + name, {"GroupingIdentifier": group, "WFControlFlowMode": mode, **more}


ITEM = {"Type": "ExtensionInput"}
TARGET = {
    "WFInput": {"Value": ITEM, "WFSerializationType": "WFTextTokenAttachment"},
}


@pytest.mark.parametrize(
    ("plist", "why"),
    [
        ([], "no array WFWorkflowActions"),
        ({"WFWorkflowActions": 1}, "no array WFWorkflowActions"),
        ({"WFWorkflowActions": [1]}, "action 0: no dictionary"),
        ({"WFWorkflowActions": [{}]}, "no identifier"),
        (foreign(("not an identifier", {})), "no identifier"),
        (foreign(flow("repeat.each", 0, **TARGET)), "ends inside a block"),
        (foreign(flow("repeat.each", 2)), "closes no open block"),
        (
            foreign(flow("repeat.each", 0, **TARGET), flow("repeat.each", 2, "H")),
            "closes no open block",
        ),
        (foreign((PREFIX + "number", {"N": float("nan")})), "nan"),
        (foreign((PREFIX + "number", {"N": 10**400})), "a plist has 64"),
        ({"WFWorkflowActions": [], "x": {1: 2}}, "a key that is no text"),
    ],
)
def test_what_is_no_shortcut_is_refused(plist: object, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        decompile(plist)


def test_deep_cyclic_and_swollen_plists_are_refused() -> None:
    deep: list = []
    for _ in range(1000):
        deep = [deep]
    cyclic: list = []
    cyclic.append(cyclic)
    swollen: list = ["x"] * 10
    for _ in range(12):
        swollen = [swollen] * 10
    for value, why in ((deep, "deep"), (cyclic, "deep"), (swollen, "more than")):
        with pytest.raises(BadInput, match=why):
            decompile({"WFWorkflowActions": [], "x": value})
    blocks = [flow("repeat.each", 0, str(n), **TARGET) for n in range(500)]
    with pytest.raises(BadInput, match="nested more than"):
        decompile(foreign(*blocks))


def test_a_bomb_of_a_few_bytes_is_refused() -> None:
    swollen: list = ["x"] * 10
    for _ in range(12):
        swollen = [swollen] * 10
    data = plistlib.dumps({"WFWorkflowActions": [], "x": swollen}, fmt=plistlib.FMT_BINARY)
    assert len(data) < 1000
    with pytest.raises(BadInput, match="more than 2,000,000 values"):
        decompile(from_bytes(data))


STEPS = zip("abcdefgh", "bcdefghi", strict=True)
LAUGHS = "".join(f'<!ENTITY {b} "{10 * f"&{a};"}">' for a, b in STEPS)
ENTITIES = (
    f'<!DOCTYPE p [<!ENTITY a "ha">{LAUGHS}]><plist><string>&i;</string></plist>',
    '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><plist><string>&a;</string></plist>',
    '<!DOCTYPE p [<!ENTITY % a "b"> %a;]><plist><string>x</string></plist>',
    '<!DOCTYPE p [<!ENTITY a "b">]><plist><string>x</string></plist>',
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("text", ENTITIES)
def test_entities_of_xml_are_refused(text: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    with pytest.raises(BadInput, match="plist"):
        from_bytes((head + text).encode(encoding))


def test_a_document_type_is_not_fetched() -> None:
    kind = '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "file:///nowhere.dtd">'
    text = f'<?xml version="1.0"?>{kind}<plist><string>x</string></plist>'
    assert from_bytes(text.encode()) == "x"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "an empty file"),
        (b"hello", "no plist"),
        (b"AEA1....", "damaged Apple archive"),
        (b"bplist00", "damaged binary plist"),
        (b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "b">]><plist>&a;</plist>', "no plist"),
        (b"<?xml version='1.0'?><plist><array>" * 3, "no plist"),
    ],
)
def test_files_that_hold_no_plist_are_refused(tmp_path, data: bytes, why: str) -> None:
    path = tmp_path / "a.shortcut"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=why) as caught:
        read(path)
    assert "a.shortcut" in str(caught.value)
    with pytest.raises(BadInput, match="No such file"):
        read(tmp_path / "b.shortcut")


def test_damaged_plists_give_a_program_or_bad_input() -> None:
    random.seed(5)
    sources = [to_bytes(compile(parse(text))) for text in VALID.values()]
    sources += [to_bytes(compile(parse(text)), plistlib.FMT_XML) for text in VALID.values()]
    outcomes = {"read": 0, "refused": 0}
    for _ in range(2000):
        data = bytearray(random.choice(sources))
        for _ in range(random.randint(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            decompile(from_bytes(bytes(data)))
        except BadInput:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert min(outcomes.values()) > 50


def test_written_and_read_again(tmp_path) -> None:
    program = parse(VALID["all values"])
    write(compile(program), tmp_path / "a.shortcut")
    assert decompile(read(tmp_path / "a.shortcut")) == program
