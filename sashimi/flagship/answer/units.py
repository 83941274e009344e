"""Units that a prompt names beside the numbers that are copied from it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sashimi.flagship.answer.places import Place
from sashimi.flagship.answer.values import Filled
from sashimi.flagship.data.literals import Slot
from sashimi.program import render, tiers
from sashimi.program.catalogue import Catalogue
from sashimi.program.check import accept

_MEASURES = (
    {
        "km": "km k kilometer kilometre",
        "m": "m meter metre",
        "cm": "cm centimeter centimetre",
        "mi": "mi mile",
        "yd": "yd yard",
        "ft": "ft foot feet",
        "in": "inch inche",
    },
    {
        "kg": "kg kilo kilogram",
        "g": "g gram",
        "mg": "mg milligram",
        "lb": "lb pound",
        "oz": "oz ounce",
    },
    {"°C": "c celsius", "°F": "f fahrenheit"},
    {"degC": "c celsius", "degF": "f fahrenheit"},
    {"mL": "ml milliliter millilitre", "L": "l liter litre"},
)
"""What may stand for one another, and what people call each, in the singular."""
_FOLLOWING = re.compile(r"\s*-?\s*(?:degrees? |°)?([a-z]+)", re.IGNORECASE)


def named(unit: str, following: str) -> str:
    """The unit that a text begins with, as ``unit`` is spelt; itself where it names none like it.

    "miles in 28 minutes" is "mi" beside "km", and "km" beside "min" names none of time.
    """
    match = _FOLLOWING.match(following)
    word = match[1].lower() if match else ""
    for measure in _MEASURES:
        if unit in measure:
            known = {name: short for short, names in measure.items() for name in names.split()}
            return known.get(word) or known.get(word.removesuffix("s"), unit)
    return unit


def restated(
    tokens: Sequence[str],
    slots: Sequence[Slot],
    places: Sequence[Place | None],
    prompt: str,
    catalogue: Catalogue,
) -> list[str]:
    """The tokens, with the unit of each copied quantity as the prompt names it behind its number,
    where the validator accepts that one.
    """
    made = list(tokens)
    for slot, place in zip(slots, places, strict=True):
        token = made[slot.position + 1] if slot.context.endswith(" magnitude") else ""
        if place is None or not token.startswith('="'):
            continue
        said = named(token[2:-1], prompt[place[1] :])
        if accept.accepts(slot.context.removesuffix("magnitude") + "unit", said, catalogue):
            made[slot.position + 1] = f'="{said}"'
    return made


def lowered(
    tokens: Sequence[str],
    slots: Sequence[Slot],
    filled: Sequence[Filled],
    prompt: str,
    catalogue: Catalogue,
) -> str:
    """The text of a program: its tokens with what fills their slots, units as the prompt says."""
    places = [one.place for one in filled]
    stated = restated(tokens, slots, places, prompt, catalogue)
    return render(tiers.assemble(stated, [one.value for one in filled]))
