"""What published Shortcuts hold, kind by kind: exact, as statements, and without a false alarm.

Inputs are our own. Where the table of forms is there, every form in it is tried as well.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from plists import normal

from sashimi.program import analyse, compile, decompile, parse, render, validate
from sashimi.program.findings import errors

PREFIX = "is.workflow.actions."
UUID = "0A0B0C0D-1111-4222-8333-444455556666"
MARK = "\ufffc"


def wrap(value: object, kind: str) -> dict:
    return {"Value": value, "WFSerializationType": kind}


def output(*steps: dict) -> dict:
    record = {"Type": "ActionOutput", "OutputUUID": UUID, "OutputName": "Provided Input"}
    return record | ({"Aggrandizements": list(steps)} if steps else {})


def variable(name: str = "n", *steps: dict) -> dict:
    record = {"VariableName": name, "Type": "Variable"}
    return record | ({"Aggrandizements": list(steps)} if steps else {})


def lone(record: dict) -> dict:
    return wrap(record, "WFTextTokenAttachment")


def text(string: str, *records: dict) -> dict:
    """A token string, its keys in the order that ``plutil`` sorts them to."""
    places = [match.start() for match in re.finditer(MARK, string)]
    ranges = {f"{{{at}, 1}}": record for at, record in zip(places, records, strict=True)}
    return wrap({"attachmentsByRange": ranges, "string": string}, "WFTextTokenString")


def item(kind: int, value: object, key: str | None = None) -> dict:
    named = {} if key is None else {"WFKey": wrap({"string": key}, "WFTextTokenString")}
    return {"WFItemType": kind, **named, "WFValue": value}


def fields(*items: dict) -> dict:
    return wrap({"WFDictionaryFieldValueItems": list(items)}, "WFDictionaryFieldValue")


KEY = {"Type": "WFDictionaryValueVariableAggrandizement", "DictionaryKey": "size"}
NUMBER = {"Type": "WFCoercionVariableAggrandizement", "CoercionItemClass": "WFNumberContentItem"}
NAME = {"Type": "WFPropertyVariableAggrandizement", "PropertyName": "Name"}
DAY = {
    "Type": "WFDateFormatVariableAggrandizement",
    "WFDateFormatStyle": "Custom",
    "WFDateFormat": "EEEE",
}
ASK = ("ask", {"UUID": UUID, "WFInputType": "Number"})
SET = ("setvariable", {"WFVariableName": "n", "WFInput": lone(output())})


def part(name: str, mode: int, group: str = "G", **more: object) -> tuple[str, dict]:
    return name, {"GroupingIdentifier": group, "WFControlFlowMode": mode, **more}


def asks(code: object, record: dict | None, **more: object) -> list[tuple[str, dict]]:
    source = {"WFInput": {"Type": "Variable", "Variable": lone(record)}} if record else {}
    start = part("conditional", 0, WFCondition=code, **source, **more)
    return [ASK, SET, start, ("vibrate", {}), part("conditional", 2)]


CASES = {
    "a property beside a plain variable": (
        [
            ASK,
            SET,
            ("gettext", {"WFTextActionText": text(f"{MARK}: {MARK}", output(NAME), variable())}),
        ],
        ["WFTextActionText=`{@prev.Name}: {$n}`"],
    ),
    "a date moved by a key": (
        [
            ASK,
            SET,
            (
                "adjustdate",
                {
                    "WFDuration": wrap(
                        {"Magnitude": variable("n", KEY), "Unit": "days"}, "WFQuantityFieldValue"
                    )
                },
            ),
        ],
        ['WFDuration=QTY($n["size"], "days")'],
    ),
    "typed items that variables give": (
        [
            ASK,
            SET,
            (
                "dictionary",
                {
                    "WFItems": fields(
                        item(0, text(f"v{MARK}", output(KEY)), "t"),
                        item(3, text(MARK, variable()), "i"),
                        item(4, wrap(lone(variable()), "WFNumberSubstitutableState"), "b"),
                        item(2, wrap(lone(variable()), "WFArraySubstitutableParameterState"), "a"),
                        item(5, wrap(lone(output()), "WFTokenAttachmentParameterState"), "f"),
                        item(
                            1, wrap(fields(item(0, text("q"), "w")), "WFDictionaryFieldValue"), "e"
                        ),
                    )
                },
            ),
        ],
        [
            '"i": {"$number": $n}',
            '"b": {"$boolean": $n}',
            '"a": {"$array": $n}',
            '"f": {"$file": @',
            '"e": {"w": `q`}',
        ],
    ),
    "arrays of plain texts": (
        [
            ASK,
            (
                "dictionary",
                {
                    "WFItems": fields(
                        item(
                            2,
                            wrap(
                                ["x", "y", item(0, text(MARK, output()))], "WFArrayParameterState"
                            ),
                            "k",
                        )
                    )
                },
            ),
        ],
        ['WFItems={"k": ["x", "y", '],
    ),
    "a switch stored as a number": (
        [("dictionary", {"WFItems": fields(item(4, wrap(1, "WFNumberSubstitutableState"), "k"))})],
        ['{"k": {"$boolean": 1}}'],
    ),
    "a question with words of its own": (
        [("gettext", {"WFTextActionText": text(f"Hi {MARK}", {"Type": "Ask", "Prompt": "Who?"})})],
        ['WFTextActionText=`Hi {@Ask("Who?")}`'],
    ),
    "a case with an attributed title": (
        [
            ASK,
            part(
                "choosefrommenu",
                0,
                WFMenuItems=[item(0, text(f"A {MARK}", output())), "B"],
                WFMenuLegacyCancelBehavior=True,
            ),
            part(
                "choosefrommenu",
                1,
                WFMenuItemTitle=f"A {MARK}",
                WFMenuItemAttributedTitle=text(f"A {MARK}", output())["Value"],
            ),
            part("choosefrommenu", 1, WFMenuItemTitle="B"),
            part("choosefrommenu", 2, UUID=UUID.replace("0A", "0B")),
        ],
        ["MENU", 'WFMenuItemAttributedTitle={"$bare": `A {@', 'CASE "B"', "ENDMENU"],
    ),
    "an offset of time": (
        [
            ASK,
            SET,
            (
                "adjustdate",
                {
                    "WFAdjustOffsetPicker": wrap(
                        {"Operation": "Add", "Unit": "Days", "Value": variable()},
                        "WFTimeOffsetValue",
                    )
                },
            ),
        ],
        ['"Value": {"$bare": $n}'],
    ),
    "a quantity without a magnitude": (
        [
            (
                "health.quantity.log",
                {
                    "WFQuantitySampleAdditionalQuantity": wrap(
                        {"Unit": "kcal"}, "WFQuantityFieldValue"
                    )
                },
            )
        ],
        ['{"Value": {"Unit": "kcal"}'],
    ),
    "an output that is a number": (
        asks(2, output(NUMBER), WFNumberValue="3"),
        ["as Number is_greater_than", "ENDIF"],
    ),
    "an IF on a formatted date": (
        asks(
            4, {"Type": "CurrentDate", "Aggrandizements": [DAY]}, WFConditionalActionString="Monday"
        ),
        ['IF @date format "EEEE" equals_string "Monday"'],
    ),
    "an IF of two steps": (
        asks(99, variable("n", KEY, NAME), WFConditionalActionString=text(MARK, output())),
        ['IF $n["size"].Name contains @', "ENDIF"],
    ),
    "an IF as iOS 12 stored it": (
        asks("Is Greater Than", None, WFNumberValue=5),
        ["IF legacy_is_greater_than 5"],
    ),
    "an IF without a condition": (
        [part("conditional", 0, WFConditionalActionString="x"), part("conditional", 2)],
        ['IF WFConditionalActionString="x"'],
    ),
    "a start without a mode": (
        [
            ("conditional", {"GroupingIdentifier": "G", "WFCondition": 100}),
            ASK,
            part("conditional", 2),
        ],
        ["IF has_any_value WFControlFlowMode=NONE"],
    ),
    "blocks that share an identifier": (
        [part("conditional", 0, WFCondition=100), part("conditional", 2)] * 2
        + [part("repeat.count", 0, WFRepeatCount=2.0), part("repeat.count", 2)],
        ["IF has_any_value", "REPEAT 2.0", "ENDREPEAT"],
    ),
    "a number with a decimal comma": (
        [("number", {"WFNumberActionNumber": "1 234,5"}), ("number", {"WFNumberActionNumber": ""})],
        ["1 234,5"],
    ),
    "keys with a dash, apps of any country": (
        [
            ("text.split", {"Show-text": True, "text": "a"}),
            (
                "jp.example.Tea-App.BrewIntent",
                {"ShowWhenRun": False, "AppIntentDescriptor": {"Name": "Tea"}},
            ),
        ],
        ['"Show-text"=true', "ACTION jp.example.Tea-App.BrewIntent"],
    ),
    "exit with a result": (
        [ASK, ("exit", {"WFResult": lone(output())})],
        ["ACTION exit WFResult=@"],
    ),
    "properties that a setter's keys name": (
        [
            ASK,
            (
                "setters.reminders",
                {
                    "WFInput": lone(output()),
                    "WFContentItemPropertyName": "Is Flagged",
                    "Mode": "Set",
                },
            ),
        ],
        ['WFContentItemPropertyName="Is Flagged"'],
    ),
}


def shortcut(actions: list[tuple[str, dict]]) -> dict:
    return {
        "WFWorkflowActions": [
            {
                "WFWorkflowActionIdentifier": name
                if name.count(".") > 1 and not name.startswith(("health", "text"))
                else PREFIX + name,
                "WFWorkflowActionParameters": parameters,
            }
            for name, parameters in actions
        ]
    }


def through_text(plist: dict) -> tuple[str, object]:
    """The text of a plist and the program it parses to, which compiles to the plist again."""
    written = render(decompile(plist))
    program = parse(written)
    assert normal(compile(program)) == normal(plist)
    return written, program


@pytest.mark.parametrize("name", CASES)
def test_each_kind_comes_back_as_statements_without_a_false_alarm(name: str) -> None:
    actions, wanted = CASES[name]
    written, program = through_text(shortcut(actions))
    for words in wanted:
        assert words in written
    assert not re.search(r'"\$(raw|plist|item)"|ACTION \?', written), written
    assert errors(validate(program)) == []
    assert not [f for f in analyse(program) if "ignored" in f.why or "never reached" in f.why]


def test_a_group_that_is_named_elsewhere_keeps_its_identifier() -> None:
    block = [part("conditional", 0, WFCondition=100), ("comment", {"x": "G"})]
    written, _ = through_text(shortcut([*block, part("conditional", 2)]))
    assert 'ENDIF GroupingIdentifier="G"' in written


def test_texts_of_lists_are_stored_as_they_usually_are() -> None:
    program = parse(
        'SHORTCUT "A"\nACTION dictionary WFItems={"a": "x", "b": ["y", `{@date}`, 2]}\n'
    )
    (action,) = compile(program)["WFWorkflowActions"]
    first, second = action["WFWorkflowActionParameters"]["WFItems"]["Value"][
        "WFDictionaryFieldValueItems"
    ]
    assert first["WFValue"] == wrap({"string": "x"}, "WFTextTokenString")
    array = second["WFValue"]["Value"]
    assert array[0] == "y" and [element["WFItemType"] for element in array[1:]] == [0, 3]


FORMS = Path(__file__).resolve().parents[2] / "shared" / "data" / "real" / "parameter_forms.tsv"
REFERENCE = re.compile(r"(\w+)\((\w+)((?:\+\w+)*)\)")
STEPS = {"WFDictionaryValue": KEY, "WFCoercion": NUMBER, "WFProperty": NAME, "WFDateFormat": DAY}


@pytest.mark.skipif(not FORMS.exists(), reason="the table of published forms is not there")
def test_every_published_form_of_a_reference_is_readable() -> None:
    with FORMS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    tried = 0
    for row in rows:
        form = REFERENCE.fullmatch(row["form"])
        if form is None or form[1] != "WFTextTokenAttachment" or row["action"] == "?":
            continue
        steps = [
            STEPS.get(s.removesuffix("VariableAggrandizement"), {"Type": s})
            for s in form[3].split("+")
            if s
        ]
        record = {"ActionOutput": output(), "Variable": variable()}.get(form[2], {"Type": form[2]})
        record |= {"Aggrandizements": steps} if steps else {}
        action = {
            "WFWorkflowActionIdentifier": row["action"],
            "WFWorkflowActionParameters": {row["parameter"]: lone(record)},
        }
        plist = shortcut([ASK, SET])
        plist["WFWorkflowActions"].append(action)
        written, program = through_text(plist)
        assert '"$' not in written.replace('{"$attachment"', ""), written
        assert not [f for f in errors(validate(program)) if f.code != "no-case"], written
        tried += 1
    assert tried > 300


def test_an_empty_dictionary_inside_reads_so_whatever_its_order() -> None:
    empty = wrap(fields(), "WFDictionaryFieldValue")
    written, _ = through_text(shortcut([("dictionary", {"WFItems": fields(item(1, empty, "e"))})]))
    assert 'WFItems={"e": {}}' in written


def test_a_name_that_only_a_literals_action_tells_is_kept() -> None:
    plist = compile(parse('SHORTCUT "A"\nSET $My_List = 5\n'))
    plist["WFWorkflowActions"][1]["WFWorkflowActionParameters"]["WFVariableName"] = "My List"
    written, _ = through_text(plist)
    assert 'WFVariableName="My List"' in written
