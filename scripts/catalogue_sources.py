"""What each source says of an action, as records of one form for ``build_catalogue.py``."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from sashimi.program.names import short

BENCH_TYPES = {
    "String": "text",
    "Bool": "boolean",
    "Integer": "number",
    "Float": "number",
    "WFVariablePickerParameter(Object)": "reference",
    "WFDictionaryParameter(Object)": "dictionary",
    "WFContentArrayParameter(Object)": "list",
    "WFDetectedDate": "date",
}
TOOLKIT_TYPES = {
    "bool": "boolean",
    "str": "text",
    "AttributedString": "text",
    "URL": "text",
    "float": "number",
    "int": "number",
    "DateTime": "date",
    "DateComponents": "date",
    "Measurement": "quantity",
    "dict[Any, Any]": "dictionary",
    "com_apple_shortcuts_wfcontent_item": "reference",
}
IOS12_TYPES = {
    "WFTextInputParameter": "text",
    "WFSwitchParameter": "boolean",
    "WFExpandingParameter": "boolean",
    "WFNumberFieldParameter": "number",
    "WFStepperParameter": "number",
    "WFSliderParameter": "number",
    "WFEnumerationParameter": "enum",
    "WFDateFieldParameter": "date",
    "WFVariablePickerParameter": "reference",
    "WFVariableFieldParameter": "text",
    "WFDictionaryParameter": "dictionary",
    "WFArrayParameter": "list",
    "WFContentArrayParameter": "list",
    "WFHealthQuantityFieldParameter": "quantity",
    "WFHealthQuantityAdditionalFieldParameter": "quantity",
    "WFDurationQuantityFieldParameter": "quantity",
    "WFMeasurementUnitPickerParameter": "text",
}


def bench(folder: Path) -> Iterator[tuple[str, dict]]:
    """Records of ShortcutsBench: types from the table, enums and conditions from the signatures."""
    types = json.loads((folder / "shortcutsbench_api2param2type.json").read_text())
    info = json.loads((folder / "shortcutsbench_api2info.json").read_text())
    for identifier, params in types.items():
        record: dict = {"params": {}}
        lines = dict(re.findall(r"^    (\w+): (.*)$", info.get(identifier, ""), re.MULTILINE))
        for key, spelled in params.items():
            if key.startswith("ThisIsReturnValue:"):
                record["output"] = key.partition(":")[2]
                record["out"] = re.findall(r"([\w.]+)\(Object\)", spelled)
                continue
            kind, _, default = (part.strip() for part in spelled.partition(" = "))
            record["params"][key] = _bench_param(kind, default, lines.get(key, ""))
        yield identifier, record


def _bench_param(kind: str, default: str, line: str) -> dict:
    param: dict = {"type": BENCH_TYPES.get(kind, "other")}
    if re.search(r"Quantity(Additional)?Field", kind):
        param["type"] = "quantity"
    elif kind.startswith("array("):
        param["type"] = "list"
    _, found, listed = line.partition("describes the value): ")
    if found:
        listed = listed.split(" This value depends on")[0]
        param.update(type="enum", enum=re.findall(r'(?:^|, )"([^"]*)"(?=[,(.])', listed))
    if default and param["type"] in ("enum", "boolean", "number"):
        param["default"] = ast.literal_eval(default)
    conditions = re.findall(r'when the value of "(\w+)" is ((?:"[^"]*"|True|False|, )+)', line)
    if conditions:
        param["when"] = [
            {
                "key": key,
                "in": [ast.literal_eval(v) for v in re.findall(r'"[^"]*"|True|False', vs)],
                "from": "bench",
            }
            for key, vs in conditions
        ]
    return param


def ios12(folder: Path) -> Iterator[tuple[str, dict]]:
    """Records of Apple's own definitions of iOS 12."""
    for identifier, source in json.loads((folder / "scpl_ios12_actions.json").read_text()).items():
        record: dict = {"params": {}, "os": "12"}
        if source.get("Input", {}).get("Required"):
            record["input"] = True
        if types := source.get("Input", {}).get("Types"):
            record["in"] = types
        if types := source.get("Output", {}).get("Types"):
            record["out"] = types
        if name := source.get("Output", {}).get("OutputName"):
            record["output"] = name
        for given in source.get("Parameters", []):
            record["params"][given["Key"]] = _ios12_param(given)
        yield identifier, record


def _ios12_param(given: dict) -> dict:
    param: dict = {"type": IOS12_TYPES.get(given["Class"], "other")}
    if param["type"] == "enum":
        param["enum"] = given["Items"]
    if param["type"] in ("enum", "boolean", "number") and "DefaultValue" in given:
        param["default"] = given["DefaultValue"]
    rules = (_ios12_rule(rule) for rule in given.get("RequiredResources", []))
    when = [{**rule, "from": "ios12"} for rule in rules if rule]
    if when:
        param["when"] = when
    return param


def _ios12_rule(rule: dict | str) -> dict | None:
    """A relation to another parameter's value; None for what is no such relation.

    Left out: ``>=``, which only IFTTT's count of ingredients uses.
    """
    if not isinstance(rule, dict) or rule.get("WFResourceClass") != "WFParameterRelationResource":
        return None
    values = rule.get("WFParameterValues", [rule.get("WFParameterValue")])
    match rule.get("WFParameterRelation", "=="):
        case "==":
            return {"key": rule["WFParameterKey"], "in": values}
        case "!=":
            return {"key": rule["WFParameterKey"], "not": values}
        case "??":  # has any value: it is not left empty
            return {"key": rule["WFParameterKey"], "not": [""]}
    return None


def required(folder: Path) -> dict[str, list[str]]:
    """Per short name, the parameters without which an action has nothing to work on."""
    reference = json.loads((folder / "healthkit_reference.json").read_text(encoding="utf-8"))
    return {
        short(action["identifier"]): action["required_parameters"]
        for action in reference["shortcuts_actions"].values()
    }


def toolkit(folder: Path) -> Iterator[tuple[str, dict]]:
    """Records of a current system's own table of keys and types."""
    tools = json.loads((folder / "toolkit_v78_parameter_keys.json").read_text())["tools"]
    for identifier, source in tools.items():
        params = {
            given["key"]: {"type": TOOLKIT_TYPES.get(given.get("typePythonName"), "other")}
            for given in source["parameters"]
        }
        yield identifier, {"params": params}
