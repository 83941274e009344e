"""Plists back to trees: the inverse of compiling, foreign plists, and what is refused."""

from __future__ import annotations

import plistlib
import random
from datetime import datetime

import pytest
from cases import VALID
from hypothesis import assume, example, given, settings
from plists import normal
from strategies import programs

from sashimi.errors import BadInput
from sashimi.program import (
    CompileError,
    catalogue,
    compile,
    decompile,
    parse,
    read,
    render,
    validate,
    write,
)
from sashimi.program.plist.decompile import decompile_noted
from sashimi.program.plist.store import from_bytes, to_bytes
from sashimi.program.tree import Dict, Program, Var


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
@example(parse('SHORTCUT "A"\nSET $a = {`k`: QTY(@prev, "m"), "l": [QTY(1, "m"), {}]}\n'))
@example(parse('SHORTCUT "A"\nSET $a = HEADERS {`k`: QTY(1, "m")}\nSET $b = HEADERS {"k": ``}\n'))
@example(parse('SHORTCUT "A"\nIF @input has_any_value true\nENDIF\n'))
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
        "b": Dict((("$date", "2026-01-02T03:04:05Z"),)),
    }
    again = compile(parse(render(program)))
    assert again["WFWorkflowActions"] == plist["WFWorkflowActions"]


def attachment(uuid: str, name: str, *steps: dict) -> dict:
    value = {"Type": "ActionOutput", "OutputUUID": uuid, "OutputName": name}
    value |= {"Aggrandizements": list(steps)} if steps else {}
    return {"Value": value, "WFSerializationType": "WFTextTokenAttachment"}


UUID = "AAAAAAAA-0000-4000-8000-000000000000"
NAME = {"Type": "WFPropertyVariableAggrandizement", "PropertyName": "Name"}


def lines(plist: dict) -> list[str]:
    """The body of a plist that comes back exactly, through the tree and its text."""
    program = decompile(plist)
    assert normal(compile(parse(render(program)))) == normal(plist)
    body = render(program).splitlines()[1:-1]
    return [line.strip() for line in body if not line.startswith("WITH")]


def test_steps_of_a_reference_have_a_syntax() -> None:
    coerced = {
        "Type": "WFCoercionVariableAggrandizement",
        "CoercionItemClass": "WFNumberContentItem",
    }
    key = {"Type": "WFDictionaryValueVariableAggrandizement", "DictionaryKey": "a b"}
    date = {
        "Type": "WFDateFormatVariableAggrandizement",
        "WFDateFormatStyle": "Short",
        "WFISO8601IncludeTime": False,
    }
    custom = {**date, "WFDateFormatStyle": "Custom", "WFDateFormat": "yyyy"}
    del custom["WFISO8601IncludeTime"]
    told = lines(
        foreign(
            (PREFIX + "ask", {"UUID": UUID}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Provided Input", NAME)}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Eingabe", key, coerced)}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Provided Input", date)}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Provided Input", custom)}),
        )
    )
    shown = catalogue.find("ask").output_name
    given = "" if shown == "Provided Input" else '("Provided Input")'
    assert told[1].endswith(f"@prev{given}.Name")
    assert told[2].endswith('@ask("Eingabe")["a b"] as Number')
    assert " with WFDateFormatVariableAggrandizement(" in told[3]
    assert told[4].endswith('format "yyyy"')


def test_an_output_that_nothing_else_names_is_given_a_handle() -> None:
    told = lines(
        foreign(
            (PREFIX + "ask", {"UUID": UUID, "CustomOutputName": "First"}),
            (PREFIX + "ask", {"UUID": UUID.replace("A", "B"), "CustomOutputName": "First"}),
            (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "First")}),
        )
    )
    assert told[0] == 'ACTION ask UUID=@First_2 CustomOutputName="First"'
    assert told[2] == "ACTION getvariable WFVariable=@First_2"


def test_an_output_that_is_gone_stays_gone() -> None:
    (told,) = lines(foreign((PREFIX + "getvariable", {"WFVariable": attachment(UUID, "ask me")})))
    handle = "@output_" + UUID.replace("-", "_")
    assert told == f'ACTION getvariable WFVariable={handle}("ask me")'


def test_records_of_an_unknown_kind_are_kept() -> None:
    record = {"Value": {"a": [1, {"b": b"x"}]}, "WFSerializationType": "WFNovelty"}
    (told,) = lines(foreign((PREFIX + "file", {"x": record, "y": {"$date": "no"}})))
    assert '"WFNovelty"' in told and 'y={"$raw": {"$date": "no"}}' in told


PROPERTY = {
    "Value": {"Type": "ExtensionInput", "Aggrandizements": [NAME]},
    "WFSerializationType": "WFTextTokenAttachment",
}


def conditional(**start: object) -> dict:
    middle = [(PREFIX + "vibrate", {}), flow("conditional", 1), (PREFIX + "exit", {})]
    return foreign(flow("conditional", 0, **start), *middle, flow("conditional", 2))


def source(value: dict) -> dict:
    return {"Type": "Variable", "Variable": value}


@pytest.mark.parametrize(
    ("start", "line"),
    [
        ({"WFCondition": 4242}, "IF WFCondition=4242"),
        ({"WFCondition": 100, "WFInput": source(PROPERTY)}, "IF @input.Name has_any_value"),
        ({"WFCondition": 3, "WFNumberValue": "7", "WFInput": source(PROPERTY)}, 'is_at_least "7"'),
        ({"WFCondition": "Contains", "WFConditionalActionString": "a"}, 'IF legacy_contains "a"'),
        (
            {"WFCondition": 99, "WFConditionalActionString": "a", "WFNumberValue": "3"},
            'IF contains "a" WFNumberValue="3"',
        ),
        (
            {"WFCondition": 100, "WFConditionalLegacyComparisonBehavior": True},
            "IF has_any_value WFConditionalLegacyComparisonBehavior=true",
        ),
    ],
)
def test_any_if_that_nests_reads_as_one(start: dict, line: str) -> None:
    told = lines(conditional(**start))
    assert line in told[0]
    assert told[1:] == ["ACTION vibrate", "ELSE", "ACTION exit", "ENDIF"]


def several(prefix: int) -> dict:
    tests = [
        {"WFCondition": 99, "WFInput": source(PROPERTY), "WFConditionalActionString": "a"},
        {"WFCondition": 100, "WFInput": source(PROPERTY)},
    ]
    table = {"WFActionParameterFilterPrefix": prefix, "WFActionParameterFilterTemplates": tests}
    return {"Value": table, "WFSerializationType": "WFContentPredicateTableTemplate"}


def test_an_if_of_several_conditions() -> None:
    told = lines(conditional(WFConditions=several(1)))
    assert told[0] == 'IF ALL @input.Name contains "a", @input.Name has_any_value'
    assert lines(conditional(WFConditions=several(0)))[0].startswith("IF ANY ")
    assert lines(conditional(WFConditions=several(7)))[0].startswith("IF WFConditions=")


def test_menus() -> None:
    typed = [
        {
            "WFItemType": 0,
            "WFValue": {"Value": {"string": title}, "WFSerializationType": TEXT},
        }
        for title in ("a", "b")
    ]
    menu = flow("choosefrommenu", 0, WFMenuPrompt="?", WFMenuItems=typed)
    cases = [flow("choosefrommenu", 1, WFMenuItemTitle=title) for title in ("a", "b")]
    told = lines(foreign(menu, *cases, flow("choosefrommenu", 2, UUID=UUID)))
    assert told[0] == 'MENU "?" WFMenuItems={"$items": ["a", "b"]}'
    assert told[1:] == ['CASE "a"', 'CASE "b"', "ENDMENU UUID=@Menu_Result"]
    exit_ = (PREFIX + "exit", {})
    early = lines(foreign(flow("choosefrommenu", 0), exit_, flow("choosefrommenu", 2)))
    assert early[0].startswith("ACTION choosefrommenu GroupingIdentifier=")


def test_results_of_blocks_are_handles() -> None:
    end = flow("conditional", 2, CustomOutputName="Mine", UUID=UUID)
    shown = (PREFIX + "getvariable", {"WFVariable": attachment(UUID, "Mine", NAME)})
    told = lines(foreign(flow("conditional", 0, WFCondition=100), end, shown))
    assert told == [
        "IF has_any_value",
        'ENDIF CustomOutputName="Mine"',
        "ACTION getvariable WFVariable=@prev.Name",
    ]


def test_blocks_that_cross_or_end_nowhere_are_kept_as_actions() -> None:
    cross = foreign(
        flow("conditional", 0, "A"),
        flow("conditional", 0, "B"),
        flow("conditional", 2, "A"),
        flow("conditional", 2, "B"),
        flow("repeat.count", 2, "C"),
        flow("repeat.each", 0, "D"),
    )
    told = lines(cross)
    assert [line.split()[0] for line in told] == ["IF", "ACTION", "ENDIF", *["ACTION"] * 3]
    written = foreign(
        (PREFIX + "conditional", {"GroupingIdentifier": "A", "WFControlFlowMode": "0"})
    )
    (note,) = decompile_noted(written)[1]
    assert "WFControlFlowMode is a str" in note.why and note.severity == "warning"
    lines(written)


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

    def setting(name: str) -> tuple[str, dict]:
        return (PREFIX + "setvariable", {"WFInput": source, "WFVariableName": name})

    def shown(name: str) -> tuple[str, dict]:
        value = {"Value": {"Type": "Variable", "VariableName": name}}
        return (
            PREFIX + "getvariable",
            {"WFVariable": {**value, "WFSerializationType": ATTACHMENT}},
        )

    told = lines(foreign(setting("My List"), shown("My List")))
    assert told[1] == "ACTION getvariable WFVariable=$My_List"
    (told,) = lines(foreign(shown("My List")))
    assert told == 'ACTION getvariable WFVariable=$"My List"'
    told = lines(foreign(setting("😀"), setting("😎"), shown("😎"), setting("My_List")))
    assert told[2:] == ['ACTION getvariable WFVariable=$"😎"', "SET $My_List = @input"]


def test_what_the_root_and_the_records_say_beside_comes_back() -> None:
    plist = compile(parse(VALID["one action"]))
    assert decompile_noted(plist)[1] == [] and decompile(plist).settings == ()
    del plist["WFWorkflowName"]
    plist["WFWorkflowIcon"] = {"WFWorkflowIconStartColor": 1}
    plist["WFWorkflowImportQuestions"] = [{"ActionIndex": 0}]
    plist["WFWorkflowActions"][0]["Extra"] = 1
    plist["WFWorkflowActions"] += [{"WFWorkflowActionIdentifier": "jp.co"}, 3]
    program = decompile(plist, "Tea timer")
    assert compile(parse(render(program))) == plist
    assert render(program) == (
        'SHORTCUT "Tea timer"\nWITH WFWorkflowIcon={"WFWorkflowIconStartColor": 1}\n'
        'WITH WFWorkflowImportQuestions=[{"ActionIndex": 0}]\nWITH WFWorkflowName=NONE\n'
        'ACTION ? record={"WFWorkflowActionIdentifier": "is.workflow.actions.showresult", '
        '"WFWorkflowActionParameters": {"Text": "Hi"}, "Extra": 1}\n'
        "ACTION .jp.co WFWorkflowActionParameters=NONE\nACTION ? record=3\nENDSHORTCUT\n"
    )


def test_dates_are_instants_in_utc() -> None:
    text = 'SHORTCUT "A"\nACTION date WFDate={"$date": "2026-01-02T03:04:05+02:00"}\n'
    plist = compile(parse(text))
    for fmt in (plistlib.FMT_BINARY, plistlib.FMT_XML):
        (action,) = from_bytes(to_bytes(plist, fmt))["WFWorkflowActions"]
        assert action["WFWorkflowActionParameters"]["WFDate"] == datetime(2026, 1, 2, 1, 4, 5)
    fraction = text.replace("05+02:00", "05.25Z")
    assert any("fraction of a second" in f.why for f in validate(parse(fraction)))
    assert from_bytes(to_bytes(compile(parse(fraction)))) == compile(parse(fraction))
    with pytest.raises(BadInput, match=r"WFWorkflowActions/0/.*WFDate: XML cannot hold"):
        to_bytes(compile(parse(fraction)), plistlib.FMT_XML)
    broken = parse(text.replace("01-02T", "13-02T"))
    (finding,) = [f for f in validate(broken) if f.severity == "error"]
    assert finding.line == 2 and "2026-01-31T12:00:00Z" in finding.why
    with pytest.raises(CompileError, match="cannot be read"):
        compile(broken)


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
    starts = [flow("repeat.each", 0, str(n), **TARGET) for n in range(50)]
    ends = [flow("repeat.each", 2, str(n)) for n in reversed(range(50))]
    assert sum(line.startswith("FOREACH") for line in lines(foreign(*starts, *ends))) == 24


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
