"""Identifiers of outputs and groups that stand in other places too: actions must keep them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sashimi.program.plist.literals import DEEPEST, depth
from sashimi.program.plist.refer import is_attachment


def elsewhere(records: Sequence[Any], root: Any) -> set[str]:
    """Identifiers that stand elsewhere than in a reference or under an action's own key.

    ``records`` are the actions, ``root`` is everything else. A reference to an output that only a
    later action gives counts too: no handle can stand for it.
    """
    found: set[str] = set()
    given: dict[str, int] = {}
    for index, (_, parameters) in enumerate(records):
        if isinstance(parameters.get("UUID"), str):
            given.setdefault(parameters["UUID"], index)
    groups = {g for _, p in records if isinstance(g := p.get("GroupingIdentifier"), str)}
    own = {"UUID": given.keys() | set(), "GroupingIdentifier": groups - given.keys()}
    given |= dict.fromkeys(own["GroupingIdentifier"], len(records))
    if not given:
        return found
    for index, (_, parameters) in enumerate(records):
        for key, value in parameters.items():
            if key not in own or not isinstance(value, str) or value not in own[key]:
                literal = depth(value) > DEEPEST
                found.update(_texts(value, given, index, literal))
    return found.union(_texts(root, given, 0, True))


def _texts(plist: Any, given: dict[str, int], now: int, literal: bool) -> Iterator[str]:
    stack = [plist]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if value in given:
                yield value
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            inner = value
            output = not literal and value.get("Type") == "ActionOutput" and is_attachment(value)
            if output and given.get(value["OutputUUID"], now) < now:
                inner = {k: v for k, v in value.items() if k != "OutputUUID"}
            stack += inner.values()
