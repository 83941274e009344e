"""What foreign plists hold and the language cannot say: found, and kept as literals."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from sashimi.errors import BadInput
from sashimi.program.plist import conditions, unwire
from sashimi.program.tree import Dict, Handle, Interp, List, Reference, Value, Var

FLOW = frozenset({"GroupingIdentifier", "WFControlFlowMode", "UUID"})
SAID = {
    "conditional": frozenset(
        {
            "WFInput",
            "WFCondition",
            conditions.NUMBER,
            conditions.TEXT,
            conditions.DATE,
            conditions.SECOND,
        }
    ),
    "choosefrommenu": frozenset({"WFMenuPrompt", "WFMenuItems"}),
    "repeat.count": frozenset({"WFRepeatCount"}),
    "repeat.each": frozenset({"WFInput"}),
}
"""By block, the keys of its start that a statement says."""

START, MIDDLE, END = 0, 1, 2
MAX_DEPTH = 60
"""Deepest nesting of a plist that is read, below what the parser of texts accepts."""


class Unnamed(Exception):
    """An output that no handle stands for where it is referred to."""


def parts(records: Sequence[tuple[str, dict]], kinds: Container[str]) -> dict[int, list[int]]:
    """By the number of each block's start, the numbers of its start, middles and end in order.

    Raises ``BadInput`` where blocks do not nest, or nest more than ``MAX_DEPTH`` deep.
    """
    found: dict[int, list[int]] = {}
    stack: list[tuple[tuple, list[int]]] = []
    for number, (name, parameters) in enumerate(records):
        mode = parameters.get("WFControlFlowMode")
        if name not in kinds or mode is None:
            continue
        place = (name, parameters.get("GroupingIdentifier"))
        if mode == START:
            stack.append((place, [number]))
            if len(stack) > MAX_DEPTH:
                raise BadInput(f"action {number}: blocks are nested more than {MAX_DEPTH} deep")
        elif not stack or stack[-1][0] != place or mode not in (MIDDLE, END):
            raise BadInput(f"action {number} {name}: it closes no open block")
        else:
            stack[-1][1].append(number)
            if mode == END:
                _, numbers = stack.pop()
                found[numbers[0]] = numbers
    if stack:
        raise BadInput(f"the plist ends inside a block of {stack[-1][0][0]}")
    return found


def beyond(
    name: str, own: Sequence[dict], numbers: Sequence[int], refer: Callable[[dict], Reference]
) -> str | None:
    """Why no statement can say a block with these parameters of its parts; None if one can."""
    start, *middles, end = own
    extra = set(start) - FLOW - SAID[name] | set(end) - FLOW
    extra |= {key for middle in middles for key in set(middle) - FLOW - {"WFMenuItemTitle"}}
    if extra:
        return f"{', '.join(sorted(extra))} has no place in a statement"
    if len(middles) > (1 if name == "conditional" else 0) and name != "choosefrommenu":
        return f"it has {len(own) - 1} parts"
    try:
        if name == "conditional":
            return _condition(start, refer)
        if name == "choosefrommenu":
            return _menu(start, middles, numbers, refer)
        stored = start.get("WFRepeatCount", 1) if name == "repeat.count" else start.get("WFInput")
        if stored is None:
            return None
        value = unwire.decode(stored, refer)
    except Unnamed as unnamed:
        return str(unnamed)
    number = name == "repeat.count" and isinstance(value, int | float)
    fits = (number and not isinstance(value, bool)) or reference(value) is not None
    return None if fits else "what it repeats over is more than a reference"


def _condition(start: dict, refer: Callable[[dict], Reference]) -> str | None:
    keys, code, source = operands(start), start.get("WFCondition"), start.get("WFInput")
    try:
        condition = conditions.condition(code, keys)
    except (KeyError, TypeError):
        return f"the condition {code!r} is unknown"
    if source is not None:
        plain = isinstance(source, dict) and set(source) == {"Type", "Variable"}
        if not plain or source["Type"] != "Variable":
            return "its input is stored in another way"
        if reference(unwire.decode(source["Variable"], refer)) is None:
            return "its input is a property or a coercion of an output"
    values = [unwire.decode(start[key], refer) for key in sorted(keys, reverse=True)]
    value: Value | None = values[0] if values else None
    if condition == "is_between" and len(values) == 2:
        value = List(tuple(values))
    if condition == "equals_number" and values == [""]:
        value = None
    if {key for key, _ in conditions.operand_keys(condition, value)} != keys:
        return "its values are stored in another way"
    return None


def _menu(
    start: dict, middles: Sequence[dict], numbers: Sequence[int], refer: Callable
) -> str | None:
    if numbers[1] != numbers[0] + 1:
        return "an action stands before the first case"
    titles = [title(start, n, middle) for n, middle in enumerate(middles)]
    listed = start.get("WFMenuItems", titles)
    if listed != titles:
        return "its list of items is not that of its cases"
    for stored in (start.get("WFMenuPrompt", ""), *titles):
        if text(unwire.decode(stored, refer)) is None:
            return "a title or its prompt is no text"
    return None


def operands(start: dict) -> set[str]:
    """The keys under which a conditional stores what it compares with."""
    return {conditions.NUMBER, conditions.TEXT, conditions.DATE, conditions.SECOND} & set(start)


def title(start: dict, number: int, case: dict) -> Any:
    """What a case's title is stored as: its own, or else that of the menu's list."""
    listed = start.get("WFMenuItems")
    other = listed[number] if isinstance(listed, list) and number < len(listed) else ""
    return case.get("WFMenuItemTitle", other)


def text(value: Value) -> str | Interp | None:
    """A value as a title or prompt; None if it is none."""
    match value:
        case str() | Interp():
            return value
        case Var() | Handle():
            return Interp((value,))
    return None


def reference(value: Value) -> Any:
    """A value as a block's operand: a reference, or a number as it is; None if it is neither."""
    match value:
        case Var() | Handle():
            return value
        case Interp(parts=(Var() | Handle() as only,)):
            return only
        case int() | float() if not isinstance(value, bool):
            return value
    return None


def literal(stored: Any) -> Value:
    """A plist's value as it is stored, nothing in it read as a reference."""
    match stored:
        case list():
            return List(tuple(literal(item) for item in stored))
        case dict():
            return Dict(tuple((key, literal(value)) for key, value in stored.items()))
    return unwire.decode(stored, lambda record: Handle("prev"))  # a scalar: it holds no reference


def unknown(value: Dict) -> bool:
    """Whether a dictionary is a record of a kind of value that the language has no word for."""
    keys = [key for key, _ in value.items]
    return "WFSerializationType" in keys and "Value" in keys


def uuids(plist: Any, literal: bool) -> Iterator[str]:
    """UUIDs of outputs that are referred to from records which stay literals.

    With ``literal`` the whole plist stays one; else only those records that no reference can be.
    """
    stack = [plist]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("Type") == "ActionOutput" and (literal or not unwire.is_attachment(value)):
                yield str(value.get("OutputUUID"))
            stack += value.values()
        elif isinstance(value, list):
            stack += value
