"""What is known of one action and of one parameter, whoever knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sashimi.program.names import identifier
from sashimi.program.tree import Dict, Handle, Headers, Interp, List, Quantity, Value, Var

TYPES = (
    "text",
    "number",
    "boolean",
    "enum",
    "reference",
    "dictionary",
    "list",
    "quantity",
    "date",
    "other",
)
"""The classes of parameters; ``other`` is a picker or a record that only Shortcuts can make."""

COMMON_KEYS = frozenset(
    {"AppIntentDescriptor", "CustomOutputName", "GroupingIdentifier", "UUID", "WFControlFlowMode"}
)
"""Keys that every action may carry."""

DISPLAYED = frozenset(
    {
        ("alert", "WFAlertActionMessage"),
        ("alert", "WFAlertActionTitle"),
        ("ask", "WFAskActionPrompt"),
        ("choosefromlist", "WFChooseFromListActionPrompt"),
        ("notification", "WFNotificationActionBody"),
        ("notification", "WFNotificationActionTitle"),
        ("showresult", "Text"),
        ("speaktext", "WFText"),
    }
)
"""Actions and keys whose text is put before the user."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parameter is valid only if ``key`` is (or, negated, is not) one of ``values``.

    ``trusted``: programs keep to it. ``source`` states it; only iOS 12's own definitions are sure
    to tell *is* from *is not*.
    """

    key: str
    values: tuple[str | bool | int, ...]
    negated: bool = False
    trusted: bool = False
    source: str = ""

    def holds(self, value: object) -> bool:
        """Whether the other parameter's literal value lets this one count."""
        return (value in self.values) != self.negated


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter of an action; ``enum`` is empty where no values are listed.

    ``units`` are those of a quantity. ``required``: ``stated`` by a source, ``contradicted`` by
    programs that do without, ``observed`` (each of many uses gives it) or empty. ``displayed``: its
    text is put before the user. ``bare``: real programs put a lone reference there without making
    text of it. ``lone``: how published Shortcuts store a reference that stands there alone,
    ``text`` or ``attachment``; ``forms``: as what they store literals (see `observed_form`).
    """

    key: str
    type: str
    enum: tuple[str, ...] = ()
    enum_trusted: bool = False
    default: str | bool | int | float | None = None
    when: tuple[Condition, ...] = ()
    sources: tuple[str, ...] = ("observed",)
    bare: bool = False
    units: tuple[str, ...] = ()
    required: str = ""
    displayed: bool = False
    lone: str = ""
    forms: tuple[str, ...] = ()

    def observes(self, value: Value) -> bool:
        """Whether published Shortcuts store such a value here: as text, number, boolean, …"""
        return observed_form(value) in self.forms


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action, by its short name; types are those of its sources, verbatim.

    ``since``: the oldest iOS, ``since_from`` whether that is ``stated`` or ``derived``.
    """

    name: str
    params: Mapping[str, ParamSpec] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    output_name: str | None = None
    since: str | None = None
    sources: tuple[str, ...] = ("observed",)
    since_from: str = ""
    needs_input: bool = False

    @property
    def identifier(self) -> str:
        """The full identifier, as a plist has it."""
        return identifier(self.name)

    @property
    def confidence(self) -> str:
        """``high`` with two sources or more, ``medium`` with one, ``low`` if only observed."""
        sourced = len(set(self.sources) - {"observed"})
        return ("low", "medium", "high")[min(sourced, 2)]

    def parameter(self, key: str) -> ParamSpec | None:
        """What is known of a key; None if nothing is."""
        return self.params.get(key)


def observed_form(value: Value) -> str:
    """As what a plist stores a literal; ``""`` for what is none."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "text", List: "list"}
    return kinds.get(type(value), "dictionary" if isinstance(value, Dict | Headers) else "")


def observed_type(value: Value) -> str:
    """The class that a value speaks for, where nothing better is known."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str() | Interp():
            return "text"
        case Var() | Handle():
            return "reference"
        case Quantity():
            return "quantity"
        case Headers():
            return "dictionary"
        case List():
            return "list"
        case Dict():
            return "other"
    raise TypeError(f"not a value of a program: {value!r}")
