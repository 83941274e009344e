"""The conditions of an IF and their ``WFCondition`` codes, both ways.

``is_before`` compiles to 1000: sources disagree on the code that dates use (1000, 1002), so a
program with it counts as runtime-unverified. Published Shortcuts compare dates by 0 and 2 beside a
``WFDate``, which read ``is_earlier_than`` and ``is_later_than``.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from sashimi.program.tree import List, Value

CODES: dict[str, int | str] = {
    "equals_number": 4,
    "is_greater_than": 2,
    "is_less_than": 0,
    "equals_string": 4,
    "not_equal_string": 5,
    "contains": 99,
    "does_not_contain": 999,
    "has_any_value": 100,
    "does_not_have_any_value": 101,
    "is_before": 1000,
    "is_at_most": 1,
    "is_at_least": 3,
    "begins_with": 8,
    "ends_with": 9,
    "is_between": 1003,
    "is_earlier_than": 0,
    "is_later_than": 2,
    "is_in_the_last": 1001,
    "is_today": 1002,
    "not_equal_number": 5,
    "legacy_equals": "Equals",
    "legacy_contains": "Contains",
    "legacy_is_greater_than": "Is Greater Than",
    "legacy_is_less_than": "Is Less Than",
}
"""``WFCondition`` of each condition of the language; iOS 12 and before wrote words."""

NUMBER, TEXT, DATE, SECOND, DURATION = (
    "WFNumberValue",
    "WFConditionalActionString",
    "WFDate",
    "WFAnotherNumber",
    "WFDuration",
)
OPERANDS = (TEXT, NUMBER, DATE, DURATION)
"""Keys under which a conditional may store what it compares with, in order of asking."""

_KEYS = {
    **dict.fromkeys(("is_before", "is_earlier_than", "is_later_than"), DATE),
    **dict.fromkeys(("equals_number", "not_equal_number", "is_between"), NUMBER),
    **dict.fromkeys(("is_greater_than", "is_less_than", "is_at_most", "is_at_least"), NUMBER),
    **dict.fromkeys(("legacy_is_greater_than", "legacy_is_less_than"), NUMBER),
    "is_in_the_last": DURATION,
}
_UNARY = ("has_any_value", "does_not_have_any_value")


def operand_keys(condition: str, value: Value | None) -> tuple[tuple[str, Value], ...]:
    """Under which keys a condition stores its value, and what under each."""
    if value is None:  # "" is a number field left empty; code 4 needs the key to be told from text
        return ((NUMBER, ""),) if condition == "equals_number" else ()
    if condition == "is_between" and isinstance(value, List) and len(value.items) == 2:
        return ((NUMBER, value.items[0]), (SECOND, value.items[1]))
    if condition in _UNARY and type(value) in (int, float):
        return ((NUMBER, value),)
    return ((_KEYS.get(condition, TEXT), value),)


def condition(code: Any, keys: Container[str]) -> str:
    """The condition of a code, given the keys that stand beside it; ``""`` if unknown."""
    fits = [name for name, known in CODES.items() if known == code and type(known) is type(code)]
    for name in fits:
        if name not in _UNARY and _KEYS.get(name, TEXT) in keys and not _rather_text(name, keys):
            return name
    plain = [name for name in fits if name != "equals_number"]
    return plain[0] if plain else ""


def _rather_text(name: str, keys: Container[str]) -> bool:
    return name in ("equals_number", "not_equal_number") and TEXT in keys
