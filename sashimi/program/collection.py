"""A folder of real files: how many come back exactly, and how readable their text is.

Each file is read, decompiled, written as text, parsed and compiled again; what was read and what
was made are compared by `canonical`, which knows nothing of how either was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sashimi.errors import BadInput
from sashimi.program.check.scope import FLOW_ACTIONS
from sashimi.program.check.validate import validate
from sashimi.program.findings import errors
from sashimi.program.plist.compile import compile
from sashimi.program.plist.decompile import decompile_noted
from sashimi.program.plist.store import read_noted
from sashimi.program.text.parse import parse
from sashimi.program.text.render import render
from sashimi.program.tree import (
    Action,
    Dict,
    ForEach,
    Headers,
    If,
    List,
    Menu,
    Program,
    Quantity,
    Repeat,
    Value,
    special,
    walk,
)

SUFFIXES = frozenset({".shortcut", ".wflow", ".plist", ".xml", ".json"})
"""Names of files that are looked at; others in a folder are passed over."""

BLOCKS = {
    "conditional": ("if", If),
    "choosefrommenu": ("menu", Menu),
    "repeat.count": ("repeat", Repeat),
    "repeat.each": ("repeat with each", ForEach),
}
"""What a block's actions are called, and the statement that says it."""

RENAMED = frozenset({"UUID", "OutputUUID", "GroupingIdentifier"})
"""Keys whose values may be renamed, consistently."""

COLUMNS = ("files", "exact", "actions", "kept")


@dataclass
class Share:
    """How many of some actions or blocks there are, and how many are kept as they are stored."""

    total: int = 0
    kept: int = 0

    @property
    def readable(self) -> float | None:
        """The share that is not kept as stored, from 0 to 1; None of none."""
        return 1 - self.kept / self.total if self.total else None


@dataclass
class Report:
    """What became of a folder's files."""

    files: int = 0
    read: int = 0
    exact: int = 0
    differ: list[str] = field(default_factory=list)
    """Files that do not come back exactly, each with the first place that differs."""
    refused: list[str] = field(default_factory=list)
    """Files that are no Shortcut or cannot be read, each in words."""
    kinds: dict[str, Share] = field(default_factory=dict)
    """Actions and blocks, by kind; of ``values in them``, those kept raw in a readable action."""
    versions: dict[str, dict[str, int]] = field(default_factory=dict)
    """By the client that wrote them: files, exact, actions, kept."""
    clean: int = 0
    """Files without an error of the strict check."""
    findings: Counter[str] = field(default_factory=Counter)
    """Errors of the strict check, by their code."""

    def lines(self) -> Iterator[str]:
        """The report as text, a line each."""
        yield f"{self.files} files, {self.read} read, {self.exact} come back exactly"
        yield f"{self.clean} of {self.read} have no error of the strict check"
        for kind, share in self.kinds.items():
            if share.readable is not None:
                told = f"{100 * share.readable:6.2f}% readable"
                yield f"  {kind:<18} {share.total:>7}  {told}  ({share.kept} kept as stored)"
        for version, row in self.versions.items():
            told = ", ".join(f"{row[key]} {key}" for key in COLUMNS)
            yield f"  client {version:<12} {told}"
        for code, count in self.findings.most_common():
            yield f"  error {count:>6}  {code}"
        yield from (f"differs: {line}" for line in self.differ)
        yield from (f"refused: {line}" for line in self.refused)

    def as_json(self) -> dict:
        """Everything, for a script."""
        kinds = {k: vars(s) | {"readable": s.readable} for k, s in self.kinds.items()}
        return {**vars(self), "kinds": kinds, "findings": dict(self.findings.most_common())}


def survey(folder: Path | str) -> Report:
    """What becomes of every file in a folder and the folders in it; ``BadInput`` if it is none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(f"{folder}: no folder; name one that holds .shortcut or .plist files")
    report = Report(kinds={name: Share() for name in ("actions", "values in them")})
    report.kinds |= {name: Share() for name, _ in BLOCKS.values()}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            _file(path, report)
    report.versions = dict(sorted(report.versions.items(), key=lambda item: _number(item[0])))
    return report


def _number(version: str) -> tuple[float, str]:
    head = version.split(".")[0]
    return (float(head) if head.isdigit() else -1.0, version)


def _file(path: Path, report: Report) -> None:
    report.files += 1
    try:
        plist, _ = read_noted(path)
        program, _ = decompile_noted(plist, path.stem)
    except BadInput as error:
        told = str(error)
        report.refused.append(told if str(path) in told else f"{path}: {told}")
        return
    report.read += 1
    again = parse(render(program))
    place = _difference(plist, again)
    if place is None:
        report.exact += 1
    else:
        report.differ.append(f"{path}: {place}")
    kept = _count(plist, again, report.kinds)
    version = str(plist.get("WFWorkflowClientVersion", "none"))
    row = report.versions.setdefault(version, dict.fromkeys(COLUMNS, 0))
    counted = (1, int(place is None), len(plist["WFWorkflowActions"]), kept)
    for key, value in zip(COLUMNS, counted, strict=True):
        row[key] += value
    wrong = errors(validate(again))
    report.clean += not wrong
    report.findings.update(finding.code for finding in wrong)


def _difference(plist: dict, program: Program) -> str | None:
    """Where the plist that a program compiles to differs from one; None if it does not."""
    made = compile(program)
    return next(differences(canonical(plist), canonical(made)), None)


def canonical(plist: Any, names: dict[str, str] | None = None) -> Any:
    """A plist with the identifiers of outputs and groups numbered as they are met."""
    names = {} if names is None else names
    if isinstance(plist, dict):
        return {
            key: names.setdefault(value, f"#{len(names)}")
            if key in RENAMED and isinstance(value, str)
            else canonical(value, names)
            for key, value in sorted(plist.items(), key=lambda item: str(item[0]))
        }
    if isinstance(plist, list):
        return [canonical(value, names) for value in plist]
    return plist


def differences(a: Any, b: Any, at: str = "") -> Iterator[str]:
    """The places where two values differ, types included."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}, key=str):
            if key not in a or key not in b:
                yield f"{at}/{key} is {'gone' if key in a else 'new'}"
            else:
                yield from differences(a[key], b[key], f"{at}/{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from differences(one, other, f"{at}/{index}")
    elif type(a) is not type(b) or (a != b and not (a != a and b != b)):
        yield f"{at}: {a!r:.60} becomes {b!r:.60}"


def _count(plist: dict, program: Program, kinds: dict[str, Share]) -> int:
    """Count what a plist holds and what of it is kept as it is stored; the actions so kept."""
    begun = Counter(name for action in plist["WFWorkflowActions"] if (name := _begun(action)))
    said = Counter(type(statement) for statement in walk(program.body))
    for name, (kind, node) in BLOCKS.items():
        kinds[kind].total += begun[name]
        kinds[kind].kept += max(0, begun[name] - said[node])
    plain = [statement for statement in walk(program.body) if isinstance(statement, Action)]
    kept = sum(action.name == "?" or action.name in FLOW_ACTIONS for action in plain)
    kinds["actions"].total += len(plist["WFWorkflowActions"])
    kinds["actions"].kept += kept
    for action in plain:
        kinds["values in them"].total += len(action.params)
        kinds["values in them"].kept += sum(_is_raw(value) for _, value in action.params)
    return kept


def _begun(action: Any) -> str:
    """The short name of an action that begins a block; ``""`` of others."""
    if not isinstance(action, dict):
        return ""
    name = str(action.get("WFWorkflowActionIdentifier", "")).removeprefix("is.workflow.actions.")
    params = action.get("WFWorkflowActionParameters")
    mode = params.get("WFControlFlowMode", 0) if isinstance(params, dict) else None
    return name if name in BLOCKS and mode == 0 else ""


def _is_raw(value: Value | None) -> bool:
    """Whether a value is, or holds, one that is kept as it is stored."""
    match value:
        case Dict(items=items) | Headers(items=items):
            return special(value) == "$raw" or any(_is_raw(inner) for _, inner in items)
        case List(items=items):
            return any(map(_is_raw, items))
        case Quantity(magnitude=magnitude, unit=unit):
            return _is_raw(magnitude) or _is_raw(unit)
    return False
