"""The tokens of the typed IR that writer, reader and masks share; `tiers` explains them."""

from __future__ import annotations

import re
from collections.abc import Sequence

LOOP_VARIABLE = re.compile(r"Repeat_(Item|Index)(_\d+)?")
TEXT, KEY, NUMBER, LITERAL, NONE, END = "<text>", "<key>", "<number>", "<literal>", "<none>", "END"
COMPOSITES = frozenset({"<interp>", "<dict>", "<headers>", "<list>", "<quantity>"})
OPEN_SLOTS = {TEXT: "text", KEY: "key", NUMBER: "number", LITERAL: "literal", END: "title"}
BEGINS = frozenset(
    {"SET", "IF", "ELSE", "ENDIF", "MENU", "CASE", "ENDMENU"}
    | {"REPEAT", "ENDREPEAT", "FOREACH", "ENDFOREACH", END}
)
"""Tokens that begin a statement, beside those of actions."""


class IRError(ValueError):
    """A typed IR that no program has: a token out of place, or too few or too many values."""


def in_parameters(merged: Sequence[str]) -> list[bool]:
    """Whether each merged token is of Tier 2: from an action's first key to its next statement."""
    inside, result = False, []
    for token in merged:
        if token.startswith("key:"):
            inside = True
        elif token in BEGINS or token.startswith("ACTION "):
            inside = False
        result.append(inside)
    return result
