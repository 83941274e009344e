"""The conditions of an IF and their ``WFCondition`` codes, both ways.

``is_before`` compiles to 1000: sources disagree on the code that dates use (1000, 1002), so a
program with it counts as runtime-unverified. The codes that LANGUAGE has no word for keep a word
of their own when a foreign plist is decompiled; ``validate`` reports them.
"""

from __future__ import annotations

from sashimi.program.tree import List, Value

CODES = {
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
}
"""``WFCondition`` of each condition of the language."""

FOREIGN = {
    "is_at_most": 1,
    "is_at_least": 3,
    "begins_with": 8,
    "ends_with": 9,
    "is_between": 1003,
}
"""Codes that Shortcuts has and the language has no condition for."""

NUMBER, TEXT, DATE, SECOND = (
    "WFNumberValue",
    "WFConditionalActionString",
    "WFDate",
    "WFAnotherNumber",
)
_NUMERIC = frozenset(
    {"equals_number", "is_greater_than", "is_less_than", "is_at_most", "is_at_least", "is_between"}
)


def code(condition: str) -> int:
    """The ``WFCondition`` of a condition; ``KeyError`` for one that nobody knows."""
    return CODES[condition] if condition in CODES else FOREIGN[condition]


def operand_keys(condition: str, value: Value | None) -> tuple[tuple[str, Value], ...]:
    """Under which keys a condition stores its value, and what under each."""
    if value is None:  # "" is a number field left empty; code 4 needs the key to be told from text
        return ((NUMBER, ""),) if condition == "equals_number" else ()
    if condition == "is_between" and isinstance(value, List) and len(value.items) == 2:
        return ((NUMBER, value.items[0]), (SECOND, value.items[1]))
    if condition == "is_before":
        return ((DATE, value),)
    numeric = condition in _NUMERIC or (
        condition in ("has_any_value", "does_not_have_any_value") and isinstance(value, int | float)
    )
    return ((NUMBER if numeric else TEXT, value),)


def condition(number: int, keys: set[str]) -> str:
    """The condition of a code, given the keys that stand beside it; ``KeyError`` if unknown."""
    if number == 4:
        return "equals_number" if NUMBER in keys and TEXT not in keys else "equals_string"
    for name, known in {**CODES, **FOREIGN}.items():
        if known == number:
            return name
    raise KeyError(number)
