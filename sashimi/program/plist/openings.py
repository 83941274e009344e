"""How the start of a block reads, as far as a statement can say it; pairs put the rest right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sashimi.program.plist import conditions, flow
from sashimi.program.plist.same import same
from sashimi.program.plist.unwire import Decoder
from sashimi.program.tree import (
    Case,
    ForEach,
    Handle,
    If,
    Interp,
    List,
    Menu,
    Pairs,
    Reference,
    Repeat,
    Statement,
    Test,
    Value,
    Var,
)


def opening(name: str, start: dict, decoder: Decoder) -> Statement:
    """The start of a block, as far as it can be said; what is said wrongly, pairs put right."""
    match name:
        case "conditional":
            return _several(start, decoder) or If(*_test(start, decoder), ())
        case "choosefrommenu":
            prompt = (
                decoder.value(start["WFMenuPrompt"], "text") if "WFMenuPrompt" in start else None
            )
            return Menu(_text(prompt), ())
        case "repeat.count":
            count = decoder.value(start.get("WFRepeatCount", ""))
            fits = isinstance(count, Var | Handle) or type(count) in (int, float)
            return Repeat(count if fits else None, ())
    return ForEach(_target(start.get("WFInput"), decoder), ())


def title(stored: Any, decoder: Decoder) -> str | Interp:
    """The title of a case; empty if it is no text."""
    title = _text(decoder.value(stored, "text"))
    return "" if title is None else title


def _target(stored: Any, decoder: Decoder) -> Reference | None:
    value = decoder.value(stored) if isinstance(stored, dict) else None
    return value if isinstance(value, Var | Handle) else None


def _test(start: dict, decoder: Decoder) -> tuple[Reference | None, str, Value | None]:
    """What a condition compares, how, and with what."""
    condition = conditions.condition(start.get("WFCondition"), start)
    if not condition:
        return None, "", None
    source = start.get("WFInput")
    target = _target(source.get("Variable"), decoder) if isinstance(source, dict) else None
    key = next((k for k in conditions.OPERANDS if k in start and _fits(condition, k, start)), None)
    if key is None:
        return target, condition, None
    value = decoder.value(start[key], "text" if key == conditions.TEXT else "plain")
    if condition == "is_between" and conditions.SECOND in start:
        value = List((value, decoder.value(start[conditions.SECOND])))
    if condition == "equals_number" and value == "":
        value = None
    return target, condition, value


def _fits(condition: str, key: str, start: dict) -> bool:
    """Whether a condition stores such a value under a key."""
    number = type(start[key]) in (int, float)
    sample = 0 if number else List((0, 0)) if condition == "is_between" else "x"
    return key in (k for k, _ in conditions.operand_keys(condition, sample))


def _several(start: dict, decoder: Decoder) -> If | None:
    """An IF of several conditions, if all of them can be said."""
    stored = start.get("WFConditions")
    match stored:
        case {"Value": {flow.PREFIX: int() as prefix, flow.TEMPLATES: [*tests]}}:
            match_ = next((m for m, code in flow.PREFIXES.items() if code == prefix), None)
        case _:
            return None
    if match_ is None or not tests or not all(isinstance(test, dict) for test in tests):
        return None
    first, *more = (Test(*_test(test, decoder)) for test in tests)
    candidate = If(first.target, first.condition, first.value, (), None, match_, tuple(more))
    conditions_ = all(test.condition for test in (first, *more))
    if conditions_ and same(flow.said(candidate, decoder.encode)["WFConditions"], stored):
        return candidate
    return None


def closed(
    opening: Statement, start: Pairs, titles: list, bodies: list, beside: list, end: Pairs
) -> Statement:
    """The whole block, from its start, the titles and bodies of its parts, and what is beside."""
    match opening:
        case Menu(prompt=prompt):
            cases = zip(titles, bodies[1:], beside, strict=True)
            return Menu(prompt, tuple(Case(*case) for case in cases), start, end)
        case If():
            orelse = bodies[1] if len(bodies) > 1 else None
            middle = beside[0] if beside else ()
            return replace(
                opening, then=bodies[0], orelse=orelse, pairs=start, middle=middle, end=end
            )
    return replace(opening, body=bodies[0], pairs=start, end=end)


def _text(value: Value | None) -> str | Interp | None:
    """A value as a title or prompt; None if it is none."""
    match value:
        case str() | Interp():
            return value
        case Var() | Handle():
            return Interp((value,))
    return None
