"""What the start and the parts of a block say by themselves, and which actions make blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sashimi.program.check.scope import FLOW_ACTIONS
from sashimi.program.plist import conditions
from sashimi.program.plist.wire import wrapped
from sashimi.program.tree import ForEach, If, Menu, Repeat, Statement, Test, Value

BLOCK_ACTIONS = {
    "if": "conditional",
    "menu": "choosefrommenu",
    "repeat": "repeat.count",
    "foreach": "repeat.each",
}
"""The action that each kind of block is stored as."""

START, MIDDLE, END = 0, 1, 2
"""``WFControlFlowMode``."""

PREFIXES = {"any": 0, "all": 1}
"""``WFActionParameterFilterPrefix`` of an IF with several conditions."""

TABLE = "WFContentPredicateTableTemplate"
TEMPLATES = "WFActionParameterFilterTemplates"
PREFIX = "WFActionParameterFilterPrefix"

MAX_BLOCKS = 24
"""Deepest nesting of blocks that are read as such; deeper ones stay actions."""

Encode = Callable[[Value, str], Any]


def said(statement: Statement, encode: Encode) -> dict:
    """The keys of a block's start that the statement itself says."""
    match statement:
        case If(match="", target=target, condition=condition, value=value):
            return _test(Test(target, condition, value), encode)
        case If(match=match, more=more):
            first = Test(statement.target, statement.condition, statement.value)
            tests = [_test(test, encode) for test in (first, *more)]
            return {"WFConditions": wrapped({PREFIX: PREFIXES[match], TEMPLATES: tests}, TABLE)}
        case Menu(prompt=prompt, cases=cases):
            asked = {} if prompt is None else {"WFMenuPrompt": encode(prompt, "text")}
            return {**asked, "WFMenuItems": [encode(case.title, "text") for case in cases]}
        case Repeat(count=count) if count is not None:
            return {"WFRepeatCount": encode(count, "plain")}
        case ForEach(target=target) if target is not None:
            return {"WFInput": encode(target, "plain")}
    return {}


def _test(test: Test, encode: Encode) -> dict:
    out: dict = {}
    if test.target is not None:
        out["WFInput"] = {"Type": "Variable", "Variable": encode(test.target, "plain")}
    if test.condition:
        out["WFCondition"] = conditions.CODES[test.condition]
    for key, value in conditions.operand_keys(test.condition, test.value) if out else ():
        out[key] = encode(value, "text" if key == conditions.TEXT else "plain")
    return out


def parts(records: Sequence[tuple[str, dict]]) -> dict[int, list[int]]:
    """By the number of each block's start, the numbers of its start, middles and end in order.

    Only blocks that statements can say: they nest, at most ``MAX_BLOCKS`` deep, an IF has at most
    one ELSE, a loop has no middle, nothing stands between a menu and its first case. The actions
    of all others are kept as they are.
    """
    found: dict[int, list[int]] = {}
    stack: list[tuple[tuple, list[int]]] = []
    for number, (name, parameters) in enumerate(records):
        mode = mode_of(name, parameters)
        if mode is None:
            continue
        place = (name, repr(parameters.get("GroupingIdentifier")))
        if mode == START:
            stack.append((place, [number]))
            continue
        open_ = next((i for i in reversed(range(len(stack))) if stack[i][0] == place), None)
        if open_ is None:
            continue
        del stack[open_ + 1 :]  # blocks that cross this one
        stack[-1][1].append(number)
        if mode == END:
            _, numbers = stack.pop()
            if _sayable(name, numbers):
                found[numbers[0]] = numbers
    return _shallow(found)


def mode_of(name: str, parameters: dict) -> int | None:
    """Whether an action starts, divides or ends a block; None for others. Unsaid is a start."""
    if name not in FLOW_ACTIONS:
        return None
    mode = parameters.get("WFControlFlowMode", START)
    return mode if type(mode) is int and mode in (START, MIDDLE, END) else None


def _sayable(name: str, numbers: list[int]) -> bool:
    middles = len(numbers) - 2
    if name == "choosefrommenu":
        return numbers[1] == numbers[0] + 1
    return middles <= (1 if name == "conditional" else 0)


def _shallow(found: dict[int, list[int]]) -> dict[int, list[int]]:
    """The blocks less those that are nested too deeply."""
    kept: dict[int, list[int]] = {}
    ends: list[int] = []
    for start in sorted(found):
        while ends and ends[-1] < start:
            ends.pop()
        if len(ends) < MAX_BLOCKS:
            kept[start] = found[start]
            ends.append(found[start][-1])
    return kept
