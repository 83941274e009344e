"""Mutated plists: each comes back exactly through the tree and its text, or is refused in words.

Damage to bytes is mostly refused before anything reads it; here values, keys and whole branches of
plists that are sound change places, so that nearly all of them reach the decompiler.
"""

from __future__ import annotations

import marshal
import math
import plistlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sashimi.bench.fuzz import SECONDS, limited
from sashimi.errors import BadInput
from sashimi.program import compile, decompile, parse, render
from sashimi.program.collection import canonical, differences
from sashimi.program.tree import Program
from sashimi.study import Measurement

MINUTES = 60.0
"""Most processor time of a run; it stops there and says how many it has done."""

ODD: tuple[Any, ...] = (
    *("", "0", "5", "0,5", "\ufffc", "{@prev}", "$raw", "My List", "\x14", "a\r\nb", "😀 \ufffc"),
    *(True, False, 0, 1, 2, -1, 2**63, 0.0, -0.0, 1.0, 1e300, math.nan, math.inf),
    *(b"", b"\x00\xff", datetime(2026, 1, 2, 3, 4, 5), datetime(1, 1, 1, 0, 0, 0, 1)),
    *(plistlib.UID(3), {}, [], [[]], {"": ""}, {"$raw": 1}, {"$text": "a"}),
    *({"Type": "Ask", "Prompt": "?"}, {"Type": "Variable", "VariableName": "My List"}),
    {"Type": "ActionOutput", "OutputUUID": "gone", "OutputName": "Text"},
    {"string": "a \ufffc", "attachmentsByRange": {"{2, 1}": {"Type": "CurrentDate"}}},
    {"string": "\ufffc", "attachmentsByRange": {"{1, 1}": {"Type": "Clipboard"}}},
)
"""Values that a branch may become."""

KINDS = (
    *("WFTextTokenString", "WFTextTokenAttachment", "WFDictionaryFieldValue", "WFNovelty"),
    *("WFQuantityFieldValue", "WFArrayParameterState", "WFNumberSubstitutableState"),
)


@dataclass
class Mutated:
    """How many plists a run tried, how many were read, and the slowest, in seconds."""

    tried: int = 0
    read: int = 0
    slowest: float = 0.0


def mutants(programs: Sequence[Program], count: int, seed: int = 0) -> Mutated:
    """Try ``count`` mutants, or as many as `MINUTES` allow.

    Raises AssertionError for one that does not come back, ``Hang`` for one that takes too long.
    """
    rng, done, begun = random.Random(seed), Mutated(), time.process_time()
    plists = [compile(program) for program in programs]
    pool = [value for plist in plists for _, _, value in _branches(plist)]
    frozen = [marshal.dumps(plist) for plist in plists]
    while done.tried < count and time.process_time() - begun < 60 * MINUTES:
        plist = mutate(marshal.loads(rng.choice(frozen)), pool, rng)
        now = time.process_time()
        with limited(SECONDS):
            done.read += _comes_back(plist)
        done.tried += 1
        done.slowest = max(done.slowest, time.process_time() - now)
    return done


def mutate(plist: dict, pool: Sequence[Any], rng: random.Random) -> dict:
    """The plist, changed in place at one to four of its branches."""
    for _ in range(rng.randint(1, 4)):
        branches = _branches(plist)
        if not branches:
            return plist
        container, key, value = rng.choice(branches)
        match rng.randrange(7):
            case 0:
                del container[key]
            case 1:
                container[key] = rng.choice(ODD)
            case 2 | 3:
                container[key] = rng.choice(pool)
            case 4:
                container[key] = {"Value": value, "WFSerializationType": rng.choice(KINDS)}
            case 5 if isinstance(container, list):
                container.insert(rng.randrange(len(container) + 1), value)
            case 5:
                container[rng.choice(branches)[1] if rng.random() < 0.5 else "new"] = value
            case _ if isinstance(value, dict):
                container[key] = dict(reversed(value.items()))
            case _:
                container[key] = [value]
    return plist


def _branches(plist: Any) -> list[tuple[Any, Any, Any]]:
    """Every value below a root with the container and the key that hold it."""
    found: list[tuple[Any, Any, Any]] = []
    stack = [plist]
    while stack and len(found) < 5_000:
        container = stack.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in items:
            found.append((container, key, value))
            if isinstance(value, dict | list):
                stack.append(value)
    return found


def _comes_back(plist: dict) -> bool:
    try:
        program = decompile(plist)
    except BadInput:
        return False
    again = compile(parse(render(program)))
    place = next(differences(canonical(plist), canonical(again)), None)
    assert place is None, f"{place}: {plist!r}"
    return True


def bench(programs: Sequence[Program], count: int = 1_000_000) -> list[Measurement]:
    """A run's numbers as rows: how many came back (all that were read), and the slowest."""
    done = mutants(programs, count)
    share = 100 * done.read / max(done.tried, 1)
    return [
        Measurement("mutated plists: tried", done.tried, "", done.tried),
        Measurement("mutated plists: read, and exact", share, "%", done.tried),
        Measurement(
            "mutated plists: slowest", 1000 * done.slowest, "ms", done.tried, 1000 * SECONDS
        ),
    ]
