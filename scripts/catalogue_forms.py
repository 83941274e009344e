"""In which form published Shortcuts store each parameter, for ``build_catalogue.py``.

The table has a row a form: action, parameter, form, uses, repositories. Only forms and counts are
taken over.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

from sashimi.program.names import short
from sashimi.program.spec import COMMON_KEYS

LITERALS = {
    "string": "text",
    "boolean": "boolean",
    "integer": "number",
    "real": "number",
    "list": "list",
    "dictionary": "dictionary",
    "WFDictionaryFieldValue": "dictionary",
}
"""Forms of literals, in the words of ``spec.observed_form``."""


def add(merged: dict[str, dict], table: Path) -> None:
    """Add to each parameter how a lone reference is stored, and as what literals are.

    Actions and keys that no source names are added as ``published``.
    """
    forms: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["parameter"] not in COMMON_KEYS:
                forms[short(row["action"]), row["parameter"]][row["form"]] += int(row["uses"])
    for (name, key), seen in sorted(forms.items()):
        action = merged.setdefault(name, {"from": ["published"], "params": {}})
        literals = _literals(seen)
        new = {"type": literals[0] if len(literals) == 1 else "other", "from": ["published"]}
        param = action["params"].setdefault(key, new)
        if lone := _lone(seen):
            param["lone"] = lone
        if literals:
            param["forms"] = literals


def _lone(seen: Counter[str]) -> str:
    """How most references that stand alone are stored; ``""`` where none or as many either way."""
    text = seen["WFTextTokenString(one reference alone)"]
    attached = sum(n for form, n in seen.items() if form.startswith("WFTextTokenAttachment"))
    return "" if text == attached else "text" if text > attached else "attachment"


def _literals(seen: Counter[str]) -> list[str]:
    words = (form.split("{")[0].split("(")[0].split(" ")[0] for form in seen)
    return sorted({LITERALS[word] for word in words if word in LITERALS})
