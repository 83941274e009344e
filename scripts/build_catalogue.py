"""Build ``sashimi/program/catalogue.json`` from facts about actions, and say where sources differ.

    python scripts/build_catalogue.py FOLDER [--programs FILE.jsonl] [--check]

FOLDER holds ``shortcutsbench_api2info.json``, ``shortcutsbench_api2param2type.json``,
``scpl_ios12_actions.json`` and ``toolkit_v78_parameter_keys.json``. Only identifiers, keys, types,
listed values, defaults that are no sentences, and conditions are taken over. Programs (JSONL as
``sashimi.flagship.corpus`` reads it) add first-party actions and keys as ``observed`` and decide
which enums can be trusted.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from sashimi.program import parse
from sashimi.program.catalogue import COMMON_KEYS, observed_type
from sashimi.program.names import PREFIX, short
from sashimi.program.tree import Handle, Interp, Program, Value, Var, actions

OUT = Path(__file__).resolve().parents[1] / "sashimi" / "program" / "catalogue.json"
ORDER = ("bench", "ios12", "toolkit", "observed")

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
            {"key": key, "in": [ast.literal_eval(v) for v in re.findall(r'"[^"]*"|True|False', vs)]}
            for key, vs in conditions
        ]
    return param


def ios12(folder: Path) -> Iterator[tuple[str, dict]]:
    """Records of Apple's own definitions of iOS 12."""
    for identifier, source in json.loads((folder / "scpl_ios12_actions.json").read_text()).items():
        record: dict = {"params": {}, "os": "12"}
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
    when = [
        {
            "key": rule["WFParameterKey"],
            "not" if rule.get("WFParameterRelation") == "!=" else "in": rule.get(
                "WFParameterValues", [rule.get("WFParameterValue")]
            ),
        }
        for rule in given.get("RequiredResources", [])
        if isinstance(rule, dict)
        and rule.get("WFResourceClass") == "WFParameterRelationResource"
        and rule.get("WFParameterRelation", "==") in ("==", "!=")
    ]
    if when:
        param["when"] = when
    return param


def toolkit(folder: Path) -> Iterator[tuple[str, dict]]:
    """Records of a current system's own table of keys and types."""
    tools = json.loads((folder / "toolkit_v78_parameter_keys.json").read_text())["tools"]
    for identifier, source in tools.items():
        params = {
            given["key"]: {"type": TOOLKIT_TYPES.get(given.get("typePythonName"), "other")}
            for given in source["parameters"]
        }
        yield identifier, {"params": params}


def first_party(identifier: str) -> bool:
    """Whether an identifier is Apple's own."""
    return identifier.startswith((PREFIX, "com.apple."))


def merge(folder: Path) -> tuple[dict[str, dict], Counter]:
    """One record an action from all sources, and a count of the kinds of disagreement."""
    merged: dict[str, dict] = defaultdict(lambda: {"from": [], "params": {}})
    typed: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    differs: Counter = Counter()
    for source, read in (("bench", bench), ("ios12", ios12), ("toolkit", toolkit)):
        for identifier, record in read(folder):
            if not first_party(identifier):
                continue
            name = short(identifier)
            whole = merged[name]
            whole["from"].append(source)
            for field in ("in", "out", "output", "os"):
                if record.get(field) and not whole.get(field):
                    whole[field] = record[field]
            for key, param in record["params"].items():
                typed[name, key][source] = param["type"]
                _merge_param(whole["params"], key, param, source, differs)
    for (name, key), seen in typed.items():
        classes = set(seen.values()) - {"other"}
        if len(classes) > 1:
            differs["type " + " / ".join(sorted(classes))] += 1
        param = merged[name]["params"][key]
        param["type"] = _type(seen)
        if param["type"] == "quantity":
            param.pop("enum", None)  # units, listed where the values belong
    return merged, differs


def _type(seen: dict[str, str]) -> str:
    """The class on which to settle: a particular one before text before ``other``, newest first."""
    newest_first = [seen[s] for s in ("toolkit", "bench", "ios12") if s in seen]
    for particular in ("quantity", "enum"):
        if particular in newest_first:
            return particular
    particular = [t for t in newest_first if t not in ("other", "text")]
    return particular[0] if particular else "text" if "text" in newest_first else "other"


def _merge_param(params: dict, key: str, new: dict, source: str, differs: Counter) -> None:
    if key not in params:
        params[key] = {**new, "from": [source], "enum_sources": {source: new.get("enum")}}
        return
    old = params[key]
    old["from"].append(source)
    old["enum_sources"][source] = new.get("enum")
    if new.get("enum") and old.get("enum") and set(new["enum"]) != set(old["enum"]):
        differs["enum values"] += 1
        old["enum"] = [*old["enum"], *(v for v in new["enum"] if v not in old["enum"])]
    elif new.get("enum"):
        old["enum"] = new["enum"]
    if "default" in new and old.get("default", new["default"]) != new["default"]:
        differs["default"] += 1
    old.setdefault("default", new.get("default"))
    if new.get("when"):  # iOS 12 states relations that the signatures lost ("is not" reads "is")
        old["when"] = new["when"]


def observe(merged: dict[str, dict], programs: list[Program]) -> Counter:
    """Mark what programs contradict; add first-party actions and keys that no source names."""
    seen: dict[tuple[str, str], list[tuple[Value, dict]]] = defaultdict(list)
    for program in programs:
        for action in actions(program):
            if first_party(action.name) or "." not in action.name or action.name in merged:
                merged.setdefault(action.name, {"from": ["observed"], "params": {}})
                for key, value in action.params:
                    if key not in COMMON_KEYS:
                        seen[action.name, key].append((value, dict(action.params)))
    notes: Counter = Counter()
    for (name, key), uses in seen.items():
        params = merged[name]["params"]
        kinds = {observed_type(value) for value, _ in uses}
        if key in params and not _agrees(params[key]["type"], kinds):
            notes["types contradicted"] += 1
            params[key]["type"] = "other"
        if key not in params:
            notes["keys only observed"] += 1
            kinds = kinds - {"reference"} or kinds
            params[key] = {
                "type": kinds.pop() if len(kinds) == 1 else "other",
                "from": ["observed"],
            }
        bare = sum(isinstance(value, Var | Handle) for value, _ in uses)
        if params[key]["type"] == "text" and bare > sum(isinstance(v, Interp) for v, _ in uses):
            params[key]["bare"] = True
    for name, record in merged.items():
        for key, param in record["params"].items():
            _judge(param, seen.get((name, key), []), notes)
    return notes


def _agrees(stated: str, kinds: set[str]) -> bool:
    """Whether composite values that programs give are of the class that the sources state."""
    composite = kinds & {"quantity", "list", "other"}
    if stated == "enum":  # an app's own enum is stored as a record, several choices as a list
        return "quantity" not in composite
    return stated == "other" or composite <= {stated} or stated == "dictionary"


def _judge(param: dict, uses: list[tuple[Value, dict]], notes: Counter) -> None:
    loose = []
    enum, sources = param.get("enum"), param.pop("enum_sources", {})
    if enum:
        given = [value for value, _ in uses if isinstance(value, str)]
        agree = [set(v) for v in sources.values() if v]
        contradicted = any(value not in enum for value in given)
        confirmed = bool(given) or (len(agree) > 1 and agree[0] == agree[1])
        verdict = "contradicted" if contradicted else "trusted" if confirmed else "unconfirmed"
        notes[f"enums {verdict}"] += 1
        if contradicted or not confirmed:
            loose.append("enum")
    if param.get("when"):
        broken = any(not _holds(rule, params) for _, params in uses for rule in param["when"])
        notes["conditions contradicted" if broken else "conditions kept"] += 1
        if broken or not uses:
            loose.append("when")
    if loose:
        param["loose"] = loose
    if param.get("default") is None:
        param.pop("default", None)


def _holds(rule: dict, params: dict) -> bool:
    if rule["key"] not in params or not isinstance(params[rule["key"]], str | bool | int):
        return True
    if "in" in rule:
        return params[rule["key"]] in rule["in"]
    return params[rule["key"]] not in rule["not"]


def dump(merged: dict[str, dict]) -> str:
    """One action a line, sorted; keys of a record in a fixed order."""
    lines = []
    for name in sorted(merged):
        record = merged[name]
        fields = ("from", "os", "in", "out", "output")
        whole = {field: record[field] for field in fields if field in record}
        whole["params"] = {
            key: {
                field: param[field]
                for field in ("type", "from", "enum", "default", "when", "bare", "loose")
                if field in param
            }
            for key, param in record["params"].items()
        }
        lines.append(json.dumps(name) + ": " + json.dumps(whole, ensure_ascii=False))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the catalogue and print the report; with ``--check``, only compare."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    reader.add_argument("--programs", type=Path)
    reader.add_argument("--check", action="store_true", help="exit 1 if the file is out of date")
    args = reader.parse_args()
    merged, differs = merge(args.folder)
    programs = []
    if args.programs:
        lines = args.programs.read_text(encoding="utf-8").splitlines()
        programs = [parse(json.loads(line)["messages"][-1]["content"]) for line in lines]
    notes = observe(merged, programs)
    text = dump(merged)
    short_names = sum(not name.startswith("com.") for name in merged)
    print(f"{len(merged)} actions, {short_names} of them {PREFIX}*; {len(text.encode()):,} bytes")
    print("sources:", dict(Counter("+".join(r["from"]) for r in merged.values())))
    print("sources disagree:", dict(differs.most_common()))
    print("against programs:", dict(notes))
    if args.check:
        return int(OUT.read_text(encoding="utf-8") != text)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
