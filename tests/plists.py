"""Hypothesis strategies for foreign plists of Shortcuts: odd types, unknown kinds, any nesting.

``normal`` renames the identifiers of outputs and groups consistently, so that two plists which
differ in nothing else are equal.
"""

from __future__ import annotations

import plistlib
from datetime import datetime

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.sampled_from(
    (
        "",
        "a",
        "\ufffc",
        "￼ ￼",
        "{@prev}",
        "`",
        '"',
        "\\",
        "\n\r\t",
        "😀\ufffc",
        "\x14",
        "$raw",
        "0,5",
        "5",
    )
)
KEYS = st.sampled_from(
    [
        "WFInput",
        "WFItems",
        "WFTextActionText",
        "text",
        "Text",
        "WFHTTPHeaders",
        "WFURL",
        "UUID",
        "WFVariableName",
        "record",
        "CustomOutputName",
        "WFDuration",
        "Show-text",
        "$date",
        "WFCondition",
        "WFConditionalActionString",
        "WFNumberValue",
        "WFWorkflowActionParameters",
        "",
        "",
    ]
)
UUIDS = st.sampled_from([f"0000000{n}-0000-4000-8000-00000000000{n}" for n in range(6)] + ["u", ""])
SCALARS = (
    TEXTS
    | UUIDS
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.binary(max_size=4)
    | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda d: d.replace(fold=0))
    | st.builds(plistlib.UID, st.integers(0, 2**64 - 1))
)
STEPS = st.one_of(
    st.fixed_dictionaries(
        {"Type": st.just("WFPropertyVariableAggrandizement"), "PropertyName": TEXTS},
        optional={"PropertyUserInfo": SCALARS},
    ),
    st.fixed_dictionaries(
        {
            "Type": st.just("WFCoercionVariableAggrandizement"),
            "CoercionItemClass": st.sampled_from(
                ("WFNumberContentItem", "WFStringContentItem", "WFTextContentItem", "x y")
            ),
        }
    ),
    st.fixed_dictionaries(
        {"Type": st.just("WFDictionaryValueVariableAggrandizement"), "DictionaryKey": TEXTS}
    ),
    st.fixed_dictionaries(
        {
            "Type": st.just("WFDateFormatVariableAggrandizement"),
            "WFDateFormatStyle": st.sampled_from(("Custom", "Short")),
            "WFDateFormat": TEXTS,
        },
        optional={"WFISO8601IncludeTime": SCALARS},
    ),
    st.fixed_dictionaries({"Type": SCALARS}, optional={"x": SCALARS, "a b": SCALARS}),
)
ATTACHMENTS = st.one_of(
    st.fixed_dictionaries(
        {"Type": st.just("ActionOutput"), "OutputUUID": UUIDS},
        optional={
            "OutputName": st.sampled_from(("Text", "If Result", "prev", "Ask")) | TEXTS,
            "Aggrandizements": st.lists(STEPS, max_size=2),
        },
    ),
    st.fixed_dictionaries(
        {
            "VariableName": st.sampled_from(("x", "My List", "My_List", "Repeat Item", "😀", "")),
            "Type": st.just("Variable"),
        },
        optional={"Aggrandizements": st.lists(STEPS, max_size=2)},
    ),
    st.fixed_dictionaries(
        {"Type": st.sampled_from(("ExtensionInput", "CurrentDate", "Ask", "Clipboard", "Input"))},
        optional={"Aggrandizements": st.lists(STEPS, max_size=2), "Prompt": SCALARS},
    ),
)
RANGES = st.sampled_from(("{0, 1}", "{1, 1}", "{2,1}", "{0, 2}", "{99, 1}", "x"))
TOKENS = st.fixed_dictionaries(
    {"string": TEXTS},
    optional={"attachmentsByRange": st.dictionaries(RANGES, ATTACHMENTS, max_size=2)},
)
STATES = st.sampled_from(
    [
        "WFTextTokenString",
        "WFTextTokenAttachment",
        "WFDictionaryFieldValue",
        "WFQuantityFieldValue",
        "WFArrayParameterState",
        "WFNumberSubstitutableState",
        "WFArraySubstitutableParameterState",
        "WFTokenAttachmentParameterState",
        "WFNovelty",
    ]
)


def _nested(values: st.SearchStrategy) -> st.SearchStrategy:
    items = st.fixed_dictionaries(
        {"WFItemType": st.integers(0, 6) | SCALARS, "WFValue": values},
        optional={"WFKey": values, "x": values},
    )
    fields = st.fixed_dictionaries({"WFDictionaryFieldValueItems": st.lists(items, max_size=3)})
    inner = TOKENS | ATTACHMENTS | fields | values
    quantity = st.fixed_dictionaries({"Magnitude": inner, "Unit": inner})
    wrapped = st.fixed_dictionaries({"Value": inner | quantity, "WFSerializationType": STATES})
    ordered = st.tuples(wrapped, st.booleans()).map(
        lambda pair: dict(reversed(pair[0].items())) if pair[1] else pair[0]
    )
    return (
        ordered
        | st.lists(values | items, max_size=3)
        | st.dictionaries(KEYS | TEXTS, values, max_size=3)
        | fields
    )


VALUES = st.recursive(SCALARS | TOKENS | ATTACHMENTS, _nested, max_leaves=8)
FLOW = ("conditional", "choosefrommenu", "repeat.count", "repeat.each")
NAMES = st.sampled_from(
    [f"is.workflow.actions.{name}" for name in ("gettext", "ask", "list", "setvariable", "openurl")]
    + [f"is.workflow.actions.{name}" for name in ("appendvariable", "comment", "dictionary")]
    + ["at.example.Stash", "jp.co", "com.apple.x.Y", "is.workflow.actions.com.a.b", "x y", "", "?"]
)
_SIMPLE = st.fixed_dictionaries(
    {
        "WFWorkflowActionIdentifier": NAMES,
        "WFWorkflowActionParameters": st.dictionaries(KEYS | TEXTS, VALUES, max_size=3)
        | st.fixed_dictionaries({"UUID": UUIDS}, optional={"WFInput": VALUES}),
    }
)
_PARTS = st.fixed_dictionaries(
    {
        "WFWorkflowActionIdentifier": st.sampled_from([f"is.workflow.actions.{n}" for n in FLOW]),
        "WFWorkflowActionParameters": st.fixed_dictionaries(
            {"GroupingIdentifier": st.sampled_from(("A", "B", 3)) | SCALARS},
            optional={
                "WFControlFlowMode": st.sampled_from((0, 1, 2, "0", True)),
                "UUID": UUIDS,
                "WFCondition": st.sampled_from((0, 2, 3, 4, 5, 99, 100, 1003, "Contains", 7)),
                "WFInput": st.fixed_dictionaries({"Type": st.just("Variable"), "Variable": VALUES}),
                "WFNumberValue": VALUES,
                "WFConditionalActionString": VALUES,
                "WFMenuPrompt": VALUES,
                "WFMenuItems": VALUES,
                "WFMenuItemTitle": VALUES,
                "WFRepeatCount": VALUES,
                "x": VALUES,
            },
        ),
    }
)


@st.composite
def _blocks(draw: st.DrawFn) -> list:
    """The parts of one block in order, with actions between them; where it has no identifier the
    start may have no parameters at all."""
    name, group = draw(st.sampled_from(FLOW)), draw(st.sampled_from(("A", "B", "C", "D", None)))
    out = []
    for mode in draw(st.sampled_from(((0, 2), (0, 1, 2), (0, 1, 1, 2)))):
        part = draw(_PARTS)
        control = {"GroupingIdentifier": group, "WFControlFlowMode": mode}
        parameters = {**part["WFWorkflowActionParameters"], **control}
        if group is None:
            del parameters["GroupingIdentifier"]
        kept = {"WFWorkflowActionParameters": parameters}
        if group is None and mode == 0 and draw(st.booleans()):
            kept = {}
        out.append({"WFWorkflowActionIdentifier": f"is.workflow.actions.{name}", **kept})
        if mode != 0 or name != "choosefrommenu":
            out += draw(st.lists(_SIMPLE, max_size=1))
    return out


_OTHER = st.dictionaries(st.sampled_from(("WFWorkflowActionIdentifier", "x")), VALUES, max_size=2)
ACTIONS = st.lists(
    _SIMPLE.map(lambda a: [a])
    | _PARTS.map(lambda a: [a])
    | _blocks()
    | (_OTHER | SCALARS).map(lambda a: [a]),
    max_size=5,
).map(lambda groups: [action for group in groups for action in group])
ROOT = st.dictionaries(
    st.sampled_from(("WFWorkflowName", "WFWorkflowTypes", "WFWorkflowIcon", "a b", "$x", "")),
    VALUES,
    max_size=3,
)
PLISTS = st.builds(lambda root, actions: {**root, "WFWorkflowActions": actions}, ROOT, ACTIONS)


def normal(plist: dict) -> object:
    """A plist with the identifiers of outputs and groups numbered by where they are met first."""
    known: dict[str, str] = {}
    given = set()
    for action in plist["WFWorkflowActions"]:
        parameters = action.get("WFWorkflowActionParameters") if isinstance(action, dict) else None
        if isinstance(parameters, dict):
            given |= {
                v for k in ("UUID", "GroupingIdentifier") if isinstance(v := parameters.get(k), str)
            }

    def go(value: object) -> object:
        if isinstance(value, dict):
            return {key: go(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [go(item) for item in value]
        if isinstance(value, str) and value in given:
            return known.setdefault(value, f"renamed {len(known)}")
        return (type(value).__name__, repr(value))

    return go(plist)
