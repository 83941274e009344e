"""What is wrong with a negative: tags, severity, and the number of places, by comparison alone.

The tags are the same for every source, so that a perturbed program and a model's own mistake can be
laid side by side. Comments, titles and names of variables are set aside.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

from sashimi.program import tiers
from sashimi.program.ir.tokens import OPEN_SLOTS
from sashimi.program.tiers import TypedIR
from sashimi.program.tree import Program

SEVERITY = {
    "other step": 1.0,
    "missing step": 1.0,
    "extra step": 1.0,
    "missing block": 1.0,
    "extra block": 1.0,
    "condition": 1.0,
    "order": 0.75,
    "nesting": 0.75,
    "source": 0.75,
    "parameter": 0.5,
    "listed value": 0.5,
    "literal": 0.5,
    "arrangement": 0.5,
}
"""Tag to severity: 1 the Shortcut does something else, 0.75 with the right steps in the wrong
places or on the wrong data, 0.5 with the right steps in place and a wrong setting."""
TAGS = tuple(SEVERITY)
_BLOCKS = frozenset({"IF", "ELSE", "MENU", "CASE", "REPEAT", "FOREACH"})
_ENDS = frozenset({"ENDIF", "ENDMENU", "ENDREPEAT", "ENDFOREACH"})


def describe(positive: Program, negative: Program) -> tuple[tuple[str, ...], float, int]:
    """Tags, severity (the greatest of any tag's) and count of two programs that differ."""
    want, have = (tiers.encode(tiers.without_comments(p)) for p in (positive, negative))
    found = tags(want, have)
    return found, max(SEVERITY[tag] for tag in found), count(want, have)


def count(want: TypedIR, have: TypedIR) -> int:
    """In how many separate places two programs differ: runs of edits of `places`."""
    matcher = SequenceMatcher(None, places(want), places(have), autojunk=False)
    return sum(operation[0] != "equal" for operation in matcher.get_opcodes())


def places(ir: TypedIR) -> list[str]:
    """Merged tokens, each open slot with its value; names of variables and the title left out."""
    tokens = ir.merged()
    for (position, kind), value in zip(tiers.slots(tokens), ir.values, strict=True):
        if kind not in ("name", "title"):
            tokens[position] += f" {value!r}"
    return tokens


def tags(want: TypedIR, have: TypedIR) -> tuple[str, ...]:
    """What differs, coarse before fine: settings are compared only where the steps agree."""
    found = [*_counted(_steps(want), _steps(have), "step")]
    found += _counted(_blocks(want), _blocks(have), "block")
    if not found:
        found += _arranged(want, have)
        found += _settings(want, have)
    if _conditions(want) != _conditions(have) and _blocks(want) == _blocks(have):
        found.append("condition")
    if _two_sided(_literals(want), _literals(have)):
        found.append("literal")
    return tuple(tag for tag in TAGS if tag in found) or ("arrangement",)


def _counted(want: Counter[str], have: Counter[str], what: str) -> list[str]:
    missing, extra = (want - have).total(), (have - want).total()
    found = ["other step"] if what == "step" and missing and extra else []
    if what == "block" and missing and extra:
        return ["missing block", "extra block"]
    if missing > extra:
        found.append(f"missing {what}")
    if extra > missing:
        found.append(f"extra {what}")
    return found


def _arranged(want: TypedIR, have: TypedIR) -> list[str]:
    """Steps and blocks are the same ones: in another order, or within other blocks?"""
    if _outline(want) == _outline(have):
        return []
    steps = [[t for t in _outline(ir) if _is_step(t)] for ir in (want, have)]
    return ["nesting" if steps[0] == steps[1] else "order"]


def _settings(want: TypedIR, have: TypedIR) -> list[str]:
    found = []
    if _tokens(want, "key:") != _tokens(have, "key:"):
        found.append("parameter")
    elif _listed(want) != _listed(have):
        found.append("listed value")
    if _outline(want) == _outline(have) and _references(want) != _references(have):
        found.append("source")
    return found


def _is_step(token: str) -> bool:
    return token.startswith("ACTION ") or token == "SET"


def _outline(ir: TypedIR) -> list[str]:
    return [t for t in ir.structure if _is_step(t) or t in _BLOCKS or t in _ENDS]


def _steps(ir: TypedIR) -> Counter[str]:
    return Counter(t for t in ir.structure if _is_step(t))


def _blocks(ir: TypedIR) -> Counter[str]:
    return Counter(t for t in ir.structure if t in _BLOCKS)


def _conditions(ir: TypedIR) -> Counter[str]:
    pairs = zip(ir.structure, ir.structure[2:], strict=False)
    return Counter(condition for first, condition in pairs if first == "IF")


def _tokens(ir: TypedIR, prefix: str) -> Counter[tuple[str, str]]:
    """Tokens with a prefix, each with its action."""
    actions = [t for t in ir.structure if t.startswith("ACTION ")]
    pairs = zip(actions, ir.parameters, strict=True)
    return Counter((a, t) for a, tokens in pairs for t in tokens if t.startswith(prefix))


def _listed(ir: TypedIR) -> Counter[tuple[str, str]]:
    return _tokens(ir, '="') + _tokens(ir, "true") + _tokens(ir, "false")


def _references(ir: TypedIR) -> list[str]:
    return [t for t in ir.merged() if t.startswith(("@", "$"))]


def _literals(ir: TypedIR) -> Counter[str]:
    tokens = ir.merged()
    pairs = zip(tiers.slots(tokens), ir.values, strict=True)
    return Counter(
        repr(v) for (at, _), v in pairs if tokens[at] in OPEN_SLOTS and tokens[at] != "END"
    )


def _two_sided(want: Counter, have: Counter) -> bool:
    return bool(want - have) and bool(have - want)
