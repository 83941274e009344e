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
from sashimi.program.decompile import decompile_noted
from sashimi.program.store import from_bytes, to_bytes
from sashimi.program.tree import Dict, Handle, Program


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
        assert notes == []


def foreign(*actions: tuple[str, dict]) -> dict:
    return {
        "WFWorkflowActions": [
            {"WFWorkflowActionIdentifier": name, "WFWorkflowActionParameters": parameters}
            for name, parameters in actions
        ]
    }


PREFIX = "is.workflow.actions."


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


def test_an_output_that_no_handle_names_is_noted() -> None:
    uuid = "AAAAAAAA-0000-4000-8000-000000000000"
    attachment = {"Type": "ActionOutput", "OutputUUID": uuid, "OutputName": "First"}
    value = {"Value": attachment, "WFSerializationType": "WFTextTokenAttachment"}
    program, notes = decompile_noted(
        foreign(
            (PREFIX + "ask", {"UUID": uuid}),
            (PREFIX + "ask", {}),
            (PREFIX + "getvariable", {"WFVariable": value}),
        )
    )
    assert program.body[2].params == (("WFVariable", Handle("First")),)
    assert len(notes) == 1 and "no handle can name" in notes[0].why


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
        (
            foreign(flow("choosefrommenu", 0), (PREFIX + "exit", {}), flow("choosefrommenu", 2)),
            "before the first case",
        ),
        (foreign(flow("conditional", 0, WFCondition=4242), flow("conditional", 2)), "4242"),
        (foreign((PREFIX + "number", {"N": float("nan")})), "nan"),
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


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no plist"),
        (b"hello", "no plist"),
        (b"AEA1....", "signed"),
        (b"bplist00", "no plist"),
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
