"""The report of a build: where sources disagree, and what of the real programs none of them names.

Identifiers, keys and counts only: no text of a program is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sashimi.program.names import is_vendor
from sashimi.program.spec import COMMON_KEYS
from sashimi.program.tree import Program, actions

EDITORS = frozenset(
    {
        "AppBundleIdentifier",
        "AppIntentDescriptor",
        "ForceExecutionOnPhone",
        "IntentAppDefinition",
        "IntentData",
        "ShowWhenRun",
        "UserActivityData",
        "UserActivityDescriptor",
        "WFAdjustAsksWhenRun",
    }
)
"""Keys that the editor writes of its own accord: no field that a person fills in."""

WHY_ACTION = "Apple's own by its identifier, and in none of the three lists"
WHY_EDITOR = "written by the editor itself, no field of the action"
WHY_INTENT = "an intent's own key; the sources name the intent without it"
WHY_KEY = "the sources name the action without it: another version's"


@dataclass(frozen=True)
class Difference:
    """One thing on which sources disagree: what each of them says."""

    kind: str
    action: str
    key: str
    said: Mapping[str, object]


def report(merged: Mapping[str, dict], differs: list[Difference], programs: list[Program]) -> str:
    """The whole report as Markdown."""
    lines = ["# What the catalogue is made of", ""]
    lines += ["Written by `scripts/build_catalogue.py … --report docs/catalogue.md`.", ""]
    lines += [*_size(merged), *_coverage(merged, programs), *_disagreements(differs)]
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], rows: list[tuple]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
    yield ""


def _size(merged: Mapping[str, dict]) -> Iterator[str]:
    params = [param for record in merged.values() for param in record["params"].values()]
    rows = [
        ("actions", len(merged)),
        ("of them is.workflow.actions.*", sum(not name.startswith("com.") for name in merged)),
        ("since which iOS stated", sum(r.get("os_from") == "stated" for r in merged.values())),
        (
            "derived: 13 at the earliest",
            sum(r.get("os_from") == "derived" for r in merged.values()),
        ),
        ("parameters", len(params)),
        ("with listed values", sum("enum" in p for p in params)),
        ("with listed units", sum("units" in p for p in params)),
        ("with a default", sum("default" in p for p in params)),
        ("valid only beside another's value", sum("when" in p for p in params)),
        ("required, as stated", sum(p.get("required") == "stated" for p in params)),
        ("required, as always given", sum(p.get("required") == "observed" for p in params)),
        ("displayed text", sum("displayed" in p for p in params)),
    ]
    yield "## Size"
    yield ""
    yield from _table(("what", "n"), rows)


def _coverage(merged: Mapping[str, dict], programs: list[Program]) -> Iterator[str]:
    """Actions and keys of the programs that no source names, each with the reason."""
    used = Counter(action.name for program in programs for action in actions(program))
    keys = Counter(
        (action.name, key)
        for program in programs
        for action in actions(program)
        for key, _ in action.params
        if key not in COMMON_KEYS
    )
    sourced = {n for n in used if n in merged and merged[n]["from"] != ["observed"]}
    thirds = {n for n in used if is_vendor(n) and n not in merged}
    observed = [(n, used[n], WHY_ACTION) for n in sorted(used.keys() - sourced - thirds)]
    stray = [
        (name, key, uses, _why_key(name, key))
        for (name, key), uses in sorted(keys.items())
        if name in sourced and "observed" in merged[name]["params"][key]["from"]
    ]
    yield "## The real programs"
    yield ""
    yield (
        f"{len(used)} actions in {sum(used.values())} uses: {len(sourced)} named by a source, "
        f"{len(observed)} observed only, {len(thirds)} of other apps (a corpus adds those as "
        f"observed, apart from this catalogue). {len(stray)} keys of sourced actions are observed "
        "only. No action and no key is left out."
    )
    yield ""
    yield from _table(("action observed only", "uses", "reason"), observed)
    yield from _table(("action", "key observed only", "uses", "reason"), stray)


def _why_key(name: str, key: str) -> str:
    if key in EDITORS:
        return WHY_EDITOR
    return WHY_INTENT if name.startswith("com.") else WHY_KEY


def _disagreements(differs: list[Difference]) -> Iterator[str]:
    yield "## Where the sources disagree"
    yield ""
    yield "Types: the more particular wins. Values: all are kept. Defaults: the first source's."
    yield "Conditions: those of iOS 12 win, because signatures write *is not* as *is*."
    yield ""
    rows = [
        (d.kind, d.action, d.key, "; ".join(f"{s}: {_shown(v)}" for s, v in d.said.items()))
        for d in sorted(differs, key=lambda d: (d.kind, d.action, d.key))
    ]
    yield from _table(("what", "action", "key", "who says what"), rows)


def _shown(said: object) -> str:
    if isinstance(said, set):
        return ", ".join(sorted(said)) or "-"
    if isinstance(said, list):
        return " and ".join(_rule(rule) for rule in said)
    return str(said)


def _rule(rule: dict) -> str:
    word, values = ("not", rule["not"]) if "not" in rule else ("in", rule["in"])
    return f"{rule['key']} {word} {values}"
