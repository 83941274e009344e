"""The words that an IF may state between two values."""

CONDITIONS = (
    "equals_number",
    "is_greater_than",
    "is_less_than",
    "equals_string",
    "not_equal_string",
    "contains",
    "does_not_contain",
    "has_any_value",
    "does_not_have_any_value",
    "is_before",
)
"""Every condition that an IF may state, in LANGUAGE order."""

UNARY_CONDITIONS = frozenset({"has_any_value", "does_not_have_any_value"})
"""Conditions that take no value."""

MORE_CONDITIONS = (
    "is_at_most",
    "is_at_least",
    "begins_with",
    "ends_with",
    "is_between",
    "is_earlier_than",
    "is_later_than",
    "is_in_the_last",
    "is_today",
    "not_equal_number",
    "legacy_equals",
    "legacy_contains",
    "legacy_is_greater_than",
    "legacy_is_less_than",
)
"""Conditions that a person may write and decompiling finds; the decoder writes `CONDITIONS`."""
