"""Values as they are said: every form is read back as its value."""

from __future__ import annotations

import random

import pytest

from sashimi.flagship.builtin import forms, grammar, slots, speak
from sashimi.flagship.data import normal, phrases

TABLE = grammar.load().slots
COPIED = [name for name, slot in TABLE.items() if slot.kind != "map"]


@pytest.mark.parametrize("name", COPIED)
def test_every_form_is_read_as_its_value(name):
    rng, slot = random.Random(name), TABLE[name]
    for evaluation in (False, True) * 20:
        filling = slots.draw(slot, TABLE, rng, evaluation=evaluation)
        assert filling.says
        assert str(filling.value).strip()
        for text in filling.says:
            prompt = f"well {text} ok"
            told = filling.value + ": " if slot.read == "label" else filling.value
            spans = [prompt[a:b] for a, b in phrases.find(slot.read, told, prompt)]
            assert spans, (text, filling.value)
        for text in filling.measured:
            read = {"mL": "volume"}.get(slot.unit, "duration")
            assert phrases.find(read, filling.value, f"well {text} ok"), text


@pytest.mark.parametrize(
    ("value", "read", "said"),
    [
        ("7:30 PM", "when", "half seven tonight"),
        ("7:45 PM", "when", "quarter to eight tonight"),
        ("7:00 PM", "when", "7pm"),
        ("19:30", "when", "19:30"),
        ("in 20 minutes", "when", "in 20 mins"),
        ("tomorrow night", "when", "tomorrow night"),
        ("tomorrow at 8:00 PM", "when", "tomorrow at 8pm"),
        ("May 3", "when", "the 3rd of may"),
        ("I'm running late", "sentence", "im running late"),
        ("Ana Weber", "title", "ana weber"),
        ("https://weber.org", "url", "weber.org"),
        ("How much is it?", "question", "how much is it"),
    ],
)
def test_forms_that_people_use(value, read, said):
    assert said.lower() in [form.lower() for form in forms.says(value, read)]


def test_numbers_are_said_in_words_and_with_their_units():
    assert {"50%", "fifty percent", "50 %", "halfway"} <= set(forms.says(0.5, "fraction", True))
    assert {"an hour and a half", "90 minutes", "1.5 hours"} <= set(forms.measured(90, "min"))
    assert {"200 ml", "200ml", "two hundred ml"} <= set(forms.measured(200, "mL"))
    assert "half a litre" in forms.measured(500, "mL")
    assert "half an hour" in forms.measured(30, "min")
    assert forms.spelt(9450) == "nine thousand four hundred fifty"


def test_a_wrong_slot_is_named():
    for entry, message in (
        ({"heap": []}, "slot x: one of"),
        ({"pool": ["a"], "read": "shout"}, "read is one of"),
        ({"int": [1, 2, 1], "unit": "ell"}, "unit is one of"),
    ):
        with pytest.raises(ValueError, match=message):
            slots.read_slots({"x": entry})


def _ways(phrase: str) -> set[str]:
    """Every reading of a phrase with choices."""
    match = speak.GROUP.search(phrase)
    if not match:
        return {" ".join(phrase.split())}
    before, after = phrase[: match.start()], phrase[match.end() :]
    return set().union(*(_ways(before + choice + after) for choice in match[1].split("|")))


def test_every_step_is_said_in_a_dozen_ways():
    for step in grammar.load().steps.values():
        ways = set().union(*map(_ways, (*step.say, *step.np)))
        assert len(ways) >= 12, (step.id, len(ways))


def test_a_number_below_zero_is_said_as_it_is_read():
    assert "-38" in forms.says(-38, normal.PLAIN, True)
    for value in (-38, -7.25):
        for said in forms.says(value, normal.PLAIN, True):
            assert normal.read(normal.PLAIN, said, number=True) == value
