"""What the Health actions take: types of samples, the units of each, values, activities.

``health.json`` is built by ``scripts/build_health.py``. Labels of types are what the Health app
shows; ``from`` says how each is known: ``observed`` in real Shortcuts, ``named`` (what the app
calls it) or ``derived`` from the SDK's name, which is a good guess and no more. So an unknown label
is doubtful, and a unit that measures something else than a known type is wrong: HealthKit refuses
to convert it, and the action stops.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sashimi.program.tree import Action, Dict, List, Quantity, Value

LOG, WORKOUT, FIND = "health.quantity.log", "health.workout.log", "filter.health.quantity"
TYPE, QUANTITY, SECOND = (
    "WFQuantitySampleType",
    "WFQuantitySampleQuantity",
    "WFQuantitySampleAdditionalQuantity",
)
CATEGORY_VALUE, ACTIVITY = "WFCategorySampleEnumeration", "WFWorkoutReadableActivityType"
FILTER, FILTER_UNIT = "WFContentItemFilter", "WFHKSampleFilteringUnit"
MEASURED = {"WFWorkoutCaloriesQuantity": "energy", "WFWorkoutDistanceQuantity": "length"}
"""What the quantities of a workout measure."""

ERROR, DOUBTFUL, WARNING = "error", "doubtful", "warning"
Fault = tuple[str, str, str]
"""Where, why, and how bad; ``doubtful`` is an error when strict and a warning when not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A type of samples; ``units`` is empty for a category, ``values`` for a quantity."""

    label: str
    type: str
    units: tuple[str, ...]
    values: tuple[str, ...]
    since: str
    source: str


@cache
def _facts() -> dict:
    text = files("sashimi.program.check").joinpath("health.json").read_text(encoding="utf-8")
    return json.loads(text)


@cache
def samples() -> dict[str, Sample]:
    """Every type by its label in lower case: the editor matches without regard to case."""
    units = _facts()["units"]
    return {
        label.lower(): Sample(
            label,
            given["type"],
            tuple(units[given["measures"]]) if "measures" in given else (),
            tuple(given.get("values", ())),
            given.get("os", ""),
            given["from"],
        )
        for label, given in _facts()["samples"].items()
    }


@cache
def units() -> frozenset[str]:
    """Every unit that Health knows."""
    return frozenset(unit for alike in _facts()["units"].values() for unit in alike)


@cache
def activities() -> frozenset[str]:
    """Every kind of workout, in lower case."""
    return frozenset(name.lower() for name in _facts()["workouts"])


def faults(action: Action) -> Iterator[Fault]:
    """What is wrong with a Health action; nothing for any other."""
    given = dict(action.params)
    if action.name == LOG:
        yield from _log(given)
    elif action.name == WORKOUT:
        yield from _workout(given)
    elif action.name == FIND:
        yield from _find(given)


def _log(given: dict[str, Value]) -> Iterator[Fault]:
    label = given.get(TYPE)
    sample = samples().get(label.lower()) if isinstance(label, str) else None
    if isinstance(label, str) and sample is None:
        yield TYPE, f"Health has no samples of {label!r}", DOUBTFUL
    for key in (QUANTITY, SECOND):
        value = given.get(key)
        if sample and not sample.units and value is not None:
            why = f"{sample.label} is no quantity: the value is ignored"
            yield key, why, WARNING  # Shortcuts itself leaves it there, out of sight
        elif isinstance(value, Quantity):
            main = sample.units if sample and key == QUANTITY else ()
            yield from _unit(key, value.unit, main, label)
    value = given.get(CATEGORY_VALUE)
    if sample and isinstance(value, str) and sample.values and value not in sample.values:
        listed = ", ".join(sample.values)
        yield (
            CATEGORY_VALUE,
            f"{value!r} is none of the values of {sample.label}: {listed}",
            WARNING,
        )


def _unit(key: str, unit: Value, wanted: tuple[str, ...], of: Value) -> Iterator[Fault]:
    if not isinstance(unit, str):
        return
    if unit not in units():
        yield key, f"Health has no unit {unit!r}", ERROR
    elif wanted and unit not in wanted:
        yield key, f"{unit!r} is no unit of {of}: {', '.join(wanted)}", ERROR


def _workout(given: dict[str, Value]) -> Iterator[Fault]:
    name = given.get(ACTIVITY)
    if isinstance(name, str) and name.lower() not in activities():
        yield ACTIVITY, f"Health has no workout {name!r}", DOUBTFUL
    for key, measure in MEASURED.items():
        value = given.get(key)
        if isinstance(value, Quantity):
            yield from _unit(key, value.unit, tuple(_facts()["units"][measure]), measure)


def _find(given: dict[str, Value]) -> Iterator[Fault]:
    unit = given.get(FILTER_UNIT)
    for label in _types_of_filter(given.get(FILTER)):
        sample = samples().get(label.lower())
        if sample is None:
            yield FILTER, f"Health has no samples of {label!r}", DOUBTFUL
        elif isinstance(unit, str) and sample.units and unit not in sample.units:
            # it only says how results are shown: what is found is the same
            yield FILTER_UNIT, f"{unit!r} is no unit of {label}: {', '.join(sample.units)}", WARNING


def _types_of_filter(value: Value | None) -> Iterator[str]:
    """The labels of the rows of a filter that ask for a type."""
    match value:
        case List(items=items):
            for item in items:
                yield from _types_of_filter(item)
        case Dict(items=items):
            row = dict(items)
            if row.get("Property") == "Type":
                yield from _enumerated(row.get("Values"))
            else:
                for inner in row.values():
                    yield from _types_of_filter(inner)


def _enumerated(value: Value | None) -> Iterator[str]:
    for key in ("Enumeration", "Value"):
        value = dict(value.items).get(key) if isinstance(value, Dict) else None
    if isinstance(value, str):
        yield value


def offers(place: str) -> tuple[str, ...]:
    """Texts that a place of the grammar takes, where no other text will do; most often none."""
    action, _, key = place.partition(" key:")
    if action == LOG and key == TYPE:
        return tuple(sample.label for sample in samples().values())
    if action == WORKOUT and key == ACTIVITY:
        return tuple(sorted(activities()))
    if action in (LOG, WORKOUT) and key.endswith(" unit"):
        return tuple(sorted(units()))
    return ()
