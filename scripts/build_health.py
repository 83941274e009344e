"""Build ``program/check/health.json``: what the Health actions take, from facts about HealthKit.

    python scripts/build_health.py FOLDER [--check]

FOLDER holds ``healthkit_reference.json``: types of samples with the unit in which HealthKit keeps
them, values of categories, activities, units. The reference derives most labels from the names of
the SDK and saw some in real Shortcuts; `NAMES` adds what the Health app calls others. Which units
measure the same is HealthKit's documented rule, written out in `ALIKE`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "sashimi" / "program" / "check" / "health.json"

ALIKE = {
    "mass": "g kg mg mcg oz lb st",
    "length": "m cm mm km in ft yd mi",
    "volume": "L mL cL dL fl_oz_us fl_oz_imp cup_us cup_imp pt_us pt_imp",
    "pressure": "mmHg Pa hPa kPa cmAq inHg atm",
    "time": "s ms min hr d",
    "energy": "kcal cal Cal J kJ",
    "temperature": "degC degF K kK",
    "conductance": "S mS mcS kS",
    "share": "%",
    "number": "count",
    "rate": "count/min count/s",
    "speed": "m/s m/min km/hr mi/hr ft/s",
    "acceleration": "m/s^2",
    "power": "W kW J/s",
    "concentration": "mg/dL mg/dl g/L mmol<180.1558800000541>/L",
    "flow": "L/min L/s mL/min",
    "oxygen": "ml/(kg*min) mL/(kg*min) mL/kg/min",
    "sound": "dBASPL",
    "insulin": "IU",
    "effort": "appleEffortScore",
    "intensity": "kcal/(kg*hr)",
}
"""Units that measure the same, by what they measure."""

NAMES = {
    "ActiveEnergyBurned": "Active Energy",
    "AppleExerciseTime": "Exercise Minutes",
    "AppleStandHour": "Stand Hours",
    "AppleStandTime": "Stand Minutes",
    "BasalEnergyBurned": "Resting Energy",
    "BodyMass": "Weight",
    "DietaryCholesterol": "Dietary Cholesterol",
    "DietaryEnergyConsumed": "Dietary Energy",
    "DietaryFatMonounsaturated": "Monounsaturated Fat",
    "DietaryFatPolyunsaturated": "Polyunsaturated Fat",
    "DietaryFatSaturated": "Saturated Fat",
    "DietaryFatTotal": "Total Fat",
    "DietarySugar": "Dietary Sugar",
    "DistanceCycling": "Cycling Distance",
    "DistanceSwimming": "Swimming Distance",
    "DistanceWheelchair": "Wheelchair Distance",
    "HeartRateVariabilitySDNN": "Heart Rate Variability",
    "MenstrualFlow": "Menstruation",
    "MindfulSession": "Mindful Minutes",
    "OxygenSaturation": "Blood Oxygen",
    "PushCount": "Pushes",
    "SleepAnalysis": "Sleep",
    "StepCount": "Steps",
    "SwimmingStrokeCount": "Swimming Strokes",
    "ToothbrushingEvent": "Toothbrushing",
    "HandwashingEvent": "Handwashing",
    "UVExposure": "UV Index",
    "VO2Max": "Cardio Fitness",
}
"""What the Health app calls a type where the SDK's name says something else."""

KEPT_IN = {"UVExposure": "count", "BloodPressure": "mmHg"}
"""Units of types for which the reference states none: an index, and a pair of pressures."""

OBSERVED = ("observed_shortcuts_labels", "observed_find_samples_labels")


def measures(unit: str) -> str:
    """What a unit measures; ``KeyError`` for one that no entry of `ALIKE` has."""
    return {u: kind for kind, units in ALIKE.items() for u in units.split()}[unit]


def samples(reference: dict) -> Iterator[tuple[str, dict]]:
    """Each label with its type, what it measures or its values, since when, and who says so."""
    values = reference["category_values"]
    groups = ("quantity_types", "category_types", "correlation_types")
    for group in groups:
        for given in reference[group]:
            kept, _, _ = given["unit_and_aggregation"].partition(",")
            record: dict = {"type": given["sdk_suffix"]}
            kept = KEPT_IN.get(given["sdk_suffix"], kept)
            if group == "category_types":
                record["values"] = [v["shortcut_label_guess"] for v in values.get(kept, ())]
            elif kept:
                record["measures"] = measures(kept)
            else:
                continue  # a meal: it holds samples and is none
            if os := re.search(r"ios\(([\d.]+)\)", given["availability"]):
                record["os"] = os[1]
            yield from _labels(given, record)


def _labels(given: dict, record: dict) -> Iterator[tuple[str, dict]]:
    seen = [label for key in OBSERVED for label in given.get(key, ())]
    for label in dict.fromkeys(seen):
        yield label, {**record, "from": "observed"}
    for source, label in (
        ("named", NAMES.get(given["sdk_suffix"])),
        ("derived", given["shortcut_label_guess"]),
    ):
        if label and label not in seen:
            yield label, {**record, "from": source}


def build(folder: Path) -> dict:
    """All that the file holds; ``KeyError`` naming a unit of the reference that `ALIKE` lacks."""
    reference = json.loads((folder / "healthkit_reference.json").read_text(encoding="utf-8"))
    for unit in [u["unit"] for u in reference["quantity_units"]] + reference["quantity_unit_hints"]:
        measures(unit)
    return {
        "units": {kind: units.split() for kind, units in ALIKE.items()},
        "samples": dict(sorted(samples(reference), key=lambda labelled: labelled[0])),
        "workouts": sorted(w["shortcut_label_guess"] for w in reference["workout_activity_types"]),
    }


def dump(facts: dict) -> str:
    """One sample a line, so that a change shows as what it is."""
    blocks = []
    for name, block in facts.items():
        if isinstance(block, list):
            lines = [json.dumps(entry) for entry in block]
            blocks.append(f'"{name}": [\n' + ",\n".join(lines) + "\n]")
        else:
            lines = [f"{json.dumps(key)}: {json.dumps(entry)}" for key, entry in block.items()]
            blocks.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def main() -> int:
    """Write the file and say what it holds; with ``--check``, only compare."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    reader.add_argument("--check", action="store_true", help="exit 1 if the file is out of date")
    args = reader.parse_args()
    facts = build(args.folder)
    text = dump(facts)
    sources = [record["from"] for record in facts["samples"].values()]
    said = ", ".join(f"{sources.count(s)} {s}" for s in ("observed", "named", "derived"))
    print(f"{len(sources)} labels of samples ({said}), {len(facts['workouts'])} activities")
    if args.check:
        return int(OUT.read_text(encoding="utf-8") != text)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
