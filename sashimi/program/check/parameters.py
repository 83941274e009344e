"""What the catalogue says of an action: whether it is known, and each value in its place."""

from __future__ import annotations

from collections.abc import Iterator

from sashimi.program import names
from sashimi.program.catalogue import Catalogue
from sashimi.program.check import beside, health
from sashimi.program.check.parts import label
from sashimi.program.findings import Finding, invalid
from sashimi.program.spec import COMMON_KEYS, ActionSpec, ParamSpec
from sashimi.program.tree import (
    Action,
    Dict,
    Handle,
    Headers,
    Interp,
    List,
    Quantity,
    Value,
    Var,
    special,
)


def action_faults(action: Action, catalogue: Catalogue) -> Iterator[Finding]:
    """An action or a key that the catalogue does not know, and values that do not fit."""
    where = label(action)
    spec = catalogue.find(action.name)
    if spec is None:
        code, why, severity = _unknown(action)
        yield invalid(action.line, code, where, why, severity)
        return
    for key, value in action.params:
        if key not in COMMON_KEYS and value is not None:
            yield from _parameter(action, key, value, spec)


def _unknown(action: Action) -> tuple[str, str, str]:
    """Code, why an action is not known, and how bad that is."""
    if action.name == "?":
        return "no-action", "an entry that is stored unlike an action", "warning"
    if action.name.startswith(".") or names.is_vendor(action.name):
        return "app-action", "an app's action that the catalogue does not know", "warning"
    return "unknown-action", "no such action", "error"


def together(action: Action, catalogue: Catalogue, doubtful: str) -> Iterator[Finding]:
    """What is wrong with an action's parameters side by side."""
    given = dict(action.params)
    beside_it = beside.faults(action, catalogue)
    found = [("leftover" if fault[0] in given else "required", *fault) for fault in beside_it]
    found += [("health", *fault) for fault in health.faults(action)]
    for code, key, why, severity in found:
        severity = doubtful if severity == health.DOUBTFUL else severity
        yield invalid(action.line, code, f"{label(action)} {key}", why, severity)


def _parameter(action: Action, key: str, value: Value, spec: ActionSpec) -> Iterator[Finding]:
    where = f"{label(action)} {key}"
    known = spec.parameter(key)
    if known is None:
        listed = ", ".join(spec.sources)
        why = f"the catalogue lists no such parameter of the action (sources: {listed})"
        yield invalid(action.line, "unknown-key", where, why, "warning")
        return
    if not _fits(value, known):
        why = f"expected {_kind(known.type)}, and {shown(value)} is none"
        sure = len(set(known.sources) - {"observed", "published"}) > 1
        listed = "" if sure else f" (sources: {', '.join(known.sources)})"
        severity = "error" if sure else "warning"
        yield invalid(action.line, "value-type", where, why + listed, severity)
    elif known.units and isinstance(value, Quantity) and isinstance(value.unit, str):
        if value.unit not in known.units:
            listed = ", ".join(known.units)
            why = f"the unit {value.unit!r} is not one of: {listed}"
            yield invalid(action.line, "unit", where, why)
    elif known.enum and isinstance(value, str) and value not in known.enum:
        listed = f"{', '.join(known.enum)} (sources: {', '.join(known.sources)})"
        why = f"{value!r} is not one of: {listed}"
        yield invalid(action.line, "unlisted-value", where, why, "warning")


def _fits(value: Value, spec: ParamSpec) -> bool:
    """Whether a value can be what its parameter is for; references can be anything."""
    if isinstance(value, Var | Handle | Interp) or special(value) or _is_record(value):
        return True
    if not set(spec.sources) - {"observed", "published"}:
        return True
    if spec.observes(value) and (spec.type != "number" or any(map(str.isdigit, str(value)))):
        return True  # published Shortcuts store such a value there
    match spec.type:
        case "boolean":
            return isinstance(value, bool) or value in (0, 1)
        case "number":
            return value == "" or numeric(value)  # Shortcuts leaves "" in a field once cleared
        case "text" | "date":
            return isinstance(value, str | int | float) and not isinstance(value, bool)
        case "enum":  # an app's own enum is stored as a record, several choices as a list
            return not isinstance(value, Quantity)
        case "list":
            return isinstance(value, List)
        case "dictionary":
            return isinstance(value, Dict | Headers)
        case "quantity":
            return isinstance(value, Quantity)
    return True


def _is_record(value: Value) -> bool:
    """Whether a dictionary is Shortcuts' own record of a value, spelled out."""
    return isinstance(value, Dict) and any(key == "WFSerializationType" for key, _ in value.items)


def _kind(type_: str) -> str:
    return {"enum": "one of the listed values"}.get(type_, f"a {type_}")


def shown(value: Value) -> str:
    """A value in the words of a finding."""
    return type(value).__name__ if isinstance(value, Dict | List | Headers) else repr(value)


def numeric(value: Value | None) -> bool:
    """Whether a value is or may be a number; a text may be one with a decimal comma."""
    match value:
        case bool():
            return False
        case str():
            try:
                float(value.replace(",", "."))
            except ValueError:
                return False
            return True
        case Dict() | Headers() | List() | Quantity():
            return bool(special(value))
    return True
