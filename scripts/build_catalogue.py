"""Build ``sashimi/program/catalogue.json`` from facts about actions, and say where sources differ.

    python scripts/build_catalogue.py FOLDER [--programs FILE.jsonl] [--forms FILE.tsv] [--check]
        [--report FILE.md]

FOLDER holds ``shortcutsbench_api2info.json``, ``shortcutsbench_api2param2type.json``,
``scpl_ios12_actions.json``, ``toolkit_v78_parameter_keys.json`` and ``healthkit_reference.json``.
Only identifiers, keys, types, listed values, defaults that are no sentences, and conditions are
taken over. Programs (JSONL as ``sashimi.flagship.data.corpus`` reads it) add first-party actions
and keys as ``observed`` and decide which enums can be trusted. The table of forms says how
published Shortcuts store each parameter. The report says, entry by entry, where
the sources disagree and what of the programs no source names.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import catalogue_forms
import catalogue_report
import catalogue_sources
from catalogue_report import Difference

from sashimi.program import parse
from sashimi.program.names import PREFIX, short
from sashimi.program.spec import COMMON_KEYS, DISPLAYED, observed_type
from sashimi.program.tree import Handle, Interp, Program, Value, Var, actions

OUT = Path(__file__).resolve().parents[1] / "sashimi" / "program" / "catalogue.json"
MANY = 10
"""Uses from which on "always given" says something."""


def first_party(identifier: str) -> bool:
    """Whether an identifier is Apple's own."""
    return identifier.startswith((PREFIX, "com.apple."))


def merge(folder: Path) -> tuple[dict[str, dict], list[Difference]]:
    """One record an action from all sources, and where they disagree."""
    merged: dict[str, dict] = defaultdict(lambda: {"from": [], "params": {}})
    typed: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    differs: list[Difference] = []
    for source in ("bench", "ios12", "toolkit"):
        for identifier, record in getattr(catalogue_sources, source)(folder):
            if not first_party(identifier):
                continue
            name = short(identifier)
            whole = merged[name]
            whole["from"].append(source)
            for field in ("in", "out", "output", "os", "input"):
                if record.get(field) and not whole.get(field):
                    whole[field] = record[field]
            for key, param in record["params"].items():
                typed[name, key][source] = param["type"]
                _merge_param(whole["params"], (name, key), param, source, differs)
    for (name, key), seen in typed.items():
        classes = set(seen.values()) - {"other"}
        if len(classes) > 1:
            differs.append(Difference("type", name, key, seen))
        _settle(merged[name]["params"][key], seen)
    for name, keys in catalogue_sources.required(folder).items():
        for key in keys:
            merged[name]["params"][key]["required"] = "stated"
    for name, key in DISPLAYED:
        merged[name]["params"][key]["displayed"] = True
    return merged, differs


def _settle(param: dict, seen: dict[str, str]) -> None:
    """One class for a parameter; what was listed for a quantity are its units."""
    param["type"] = _type(seen)
    if param["type"] == "quantity" and param.pop("enum", None):
        units = [v for v in param["enum_sources"].values() if v]
        param["units"] = list(dict.fromkeys(unit for listed in units for unit in listed))


def _type(seen: dict[str, str]) -> str:
    """The class on which to settle: a particular one before text before ``other``, newest first."""
    newest_first = [seen[s] for s in ("toolkit", "bench", "ios12") if s in seen]
    for particular in ("quantity", "enum"):
        if particular in newest_first:
            return particular
    particular = [t for t in newest_first if t not in ("other", "text")]
    return particular[0] if particular else "text" if "text" in newest_first else "other"


def _merge_param(
    params: dict, place: tuple[str, str], new: dict, source: str, differs: list[Difference]
) -> None:
    name, key = place
    if key not in params:
        params[key] = {**new, "from": [source], "enum_sources": {source: new.get("enum")}}
        return
    old = params[key]
    before = "+".join(old["from"])
    old["from"].append(source)
    old["enum_sources"][source] = new.get("enum")
    if new.get("enum") and old.get("enum") and set(new["enum"]) != set(old["enum"]):
        only = {before: set(old["enum"]) - set(new["enum"])}
        only[source] = set(new["enum"]) - set(old["enum"])
        differs.append(Difference("enum values", name, key, only))
        old["enum"] = [*old["enum"], *(v for v in new["enum"] if v not in old["enum"])]
    elif new.get("enum"):
        old["enum"] = new["enum"]
    if "default" in new and old.get("default", new["default"]) != new["default"]:
        differs.append(
            Difference("default", name, key, {before: old["default"], source: new["default"]})
        )
    old.setdefault("default", new.get("default"))
    if new.get("when"):  # iOS 12 states relations that the signatures lost ("is not" reads "is")
        if old.get("when") and _bare(old["when"]) != _bare(new["when"]):
            differs.append(
                Difference("condition", name, key, {before: old["when"], source: new["when"]})
            )
        old["when"] = new["when"]


def _bare(rules: list[dict]) -> list[str]:
    return sorted(json.dumps({k: v for k, v in r.items() if k != "from"}) for r in rules)


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
    times = Counter(action.name for program in programs for action in actions(program))
    for name, record in merged.items():
        _oldest(record)
        for key, param in record["params"].items():
            uses = seen.get((name, key), [])
            _judge(param, uses, notes)
            _require(param, times[name], len(uses), notes)
    return notes


def _oldest(record: dict) -> None:
    """Since which iOS: as stated, or 13 at the earliest, as iOS 12's own definitions lack it."""
    if "os" in record:
        record["os_from"] = "stated"
    elif record["from"] != ["observed"]:
        record.update(os="13", os_from="derived")


def _require(param: dict, uses: int, given: int, notes: Counter) -> None:
    """Whether a parameter is needed: as stated, or because every one of many uses gives it."""
    if param.get("required") == "stated" and given < uses:
        notes["required parameters left out"] += uses - given
        param["required"] = "contradicted"
    always = uses >= MANY and given == uses and "default" not in param
    if always and "required" not in param and param["type"] not in ("reference", "boolean"):
        param["required"] = "observed"


def _agrees(stated: str, kinds: set[str]) -> bool:
    """Whether composite values that programs give are of the class that the sources state."""
    composite = kinds & {"quantity", "list", "other"}
    if stated == "enum":  # an app's own enum is stored as a record, several choices as a list
        return "quantity" not in composite
    return stated == "other" or composite <= {stated} or stated == "dictionary"


def _judge(param: dict, uses: list[tuple[Value, dict]], notes: Counter) -> None:
    loose: list[str] = []
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


FIELDS = (
    *("type", "from", "enum", "units", "default", "required", "when", "displayed", "bare", "loose"),
    *("lone", "forms"),
)


def dump(merged: dict[str, dict]) -> str:
    """One action a line, sorted; keys of a record in a fixed order."""
    lines = []
    for name in sorted(merged):
        record = merged[name]
        fields = ("from", "os", "os_from", "input", "in", "out", "output")
        whole = {field: record[field] for field in fields if field in record}
        whole["params"] = {
            key: {field: param[field] for field in FIELDS if field in param}
            for key, param in record["params"].items()
        }
        lines.append(json.dumps(name) + ": " + json.dumps(whole, ensure_ascii=False))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def name_properties(merged: dict[str, dict]) -> None:
    """Add to a setter's list of properties those that its own keys name.

    ``WFReminderContentItemIsCompleted`` holds what ``Is Completed`` is set to.
    """
    for name, record in merged.items():
        listed = record["params"].get("WFContentItemPropertyName", {}).get("enum")
        if not name.startswith("setters.") or not listed:
            continue
        for key in record["params"]:
            word = re.fullmatch(r"WF\w+ContentItem([A-Z]\w*)", key)
            spelled = word and re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word[1])
            if spelled and spelled not in listed:
                listed.append(spelled)


def main() -> int:
    """Write the catalogue and print the report; with ``--check``, only compare."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    reader.add_argument("--programs", type=Path)
    reader.add_argument("--forms", type=Path, help="how published Shortcuts store parameters")
    reader.add_argument("--report", type=Path, metavar="FILE.md", help="write the whole report")
    reader.add_argument("--check", action="store_true", help="exit 1 if the file is out of date")
    args = reader.parse_args()
    merged, differs = merge(args.folder)
    name_properties(merged)
    programs = []
    if args.programs:
        lines = args.programs.read_text(encoding="utf-8").splitlines()
        programs = [parse(json.loads(line)["messages"][-1]["content"]) for line in lines]
    notes = observe(merged, programs)
    if args.forms:
        catalogue_forms.add(merged, args.forms)
    text = dump(merged)
    short_names = sum(not name.startswith("com.") for name in merged)
    print(f"{len(merged)} actions, {short_names} of them {PREFIX}*; {len(text.encode()):,} bytes")
    print("sources:", dict(Counter("+".join(r["from"]) for r in merged.values())))
    print("sources disagree:", dict(Counter(d.kind for d in differs).most_common()))
    print("against programs:", dict(notes))
    if args.report:
        args.report.write_text(catalogue_report.report(merged, differs, programs), encoding="utf-8")
    if args.check:
        return int(OUT.read_text(encoding="utf-8") != text)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
