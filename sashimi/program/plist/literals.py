"""Plain values of plists as the language writes them, and how deep values nest."""

from __future__ import annotations

import base64
import math
import plistlib
from datetime import datetime

from sashimi.errors import BadInput
from sashimi.program import dates
from sashimi.program.plist.wire import Plist
from sashimi.program.tree import Dict, Headers, List, Quantity, Value

DEEPEST = 36
"""Most braces that a value is written with, one in another; what is deeper stays a plist."""


def scalar(stored: Plist) -> Value:
    """A plain value, as a dictionary of one key where the language has no literal for it."""
    match stored:
        case bytes():
            return Dict((("$data", base64.b64encode(stored).decode("ascii")),))
        case datetime():
            return Dict((("$date", dates.spell(stored)),))
        case plistlib.UID():
            return Dict((("$uid", str(stored.data)),))
        case int() if not -(2**63) <= stored < 2**64:
            return Dict((("$integer", hex(stored)),))
        case float() if not math.isfinite(stored):
            return Dict((("$real", repr(stored)),))
    return stored


def packed(stored: Plist) -> Value:
    """A value that is nested too deeply to be written out, as the bytes of a plist."""
    try:
        data = plistlib.dumps(stored, fmt=plistlib.FMT_BINARY, sort_keys=False)
    except OverflowError:
        raise BadInput("an integer beyond 64 bits, nested too deeply to be kept") from None
    return Dict((("$plist", base64.b64encode(data).decode("ascii")),))


def depth(stored: Plist) -> int:
    """How deep a plist nests."""
    level, deepest = [stored], -1
    while level:
        deepest += 1
        inner: list = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = inner
    return deepest


def nesting(value: Value) -> int:
    """How deep the braces of a value nest in its text."""
    match value:
        case Dict(items=items) | Headers(items=items):
            return 1 + max((nesting(inner) for _, inner in items), default=0)
        case List(items=items):
            return 1 + max(map(nesting, items), default=0)
        case Quantity(magnitude=magnitude, unit=unit):
            return 1 + max(nesting(magnitude), nesting(unit))
    return 0
