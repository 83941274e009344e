"""The tokens of the typed IR that writer, reader and masks share; `tiers` explains them."""

from __future__ import annotations

import re

LOOP_VARIABLE = re.compile(r"Repeat_(Item|Index)(_\d+)?")
TEXT, KEY, NUMBER, LITERAL, NONE, END = "<text>", "<key>", "<number>", "<literal>", "<none>", "END"
COMPOSITES = frozenset({"<interp>", "<dict>", "<headers>", "<list>", "<quantity>"})
OPEN_SLOTS = {TEXT: "text", KEY: "key", NUMBER: "number", LITERAL: "literal", END: "title"}


class IRError(ValueError):
    """A typed IR that no program has: a token out of place, or too few or too many values."""
