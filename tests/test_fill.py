"""Slots, spans and literals of the value filler, by hand."""

import re

import numpy as np
import pytest
import torch

from sashimi.encode import PIECE_WIDTH
from sashimi.flagship.answer import places, units
from sashimi.flagship.answer.values import Spans, Taken, filled
from sashimi.flagship.data.literals import (
    Literals,
    Slot,
    from_text,
    slots_of,
    spans_of,
    spelled,
    to_text,
)
from sashimi.flagship.data.spoken_numbers import parse_number
from sashimi.flagship.model.fill import Source, ValueFiller, fill
from sashimi.program import catalogue, parse, tiers, validate
from sashimi.program.ir.walk import MAX_PARTS
from sashimi.program.tree import Dict, Handle, Interp, List, Quantity

PROGRAM = parse(
    'SHORTCUT "Note"\nACTION alert WFAlertActionMessage="Hi Ana" \nREPEAT 3\nENDREPEAT\n'
)


@pytest.mark.parametrize("parts", [1, MAX_PARTS])
def test_no_part_of_an_interpolation_is_empty(parts):
    tokens = ["ACTION gettext", "key:WFTextActionText", "<interp>", *["@date"] * parts]
    tokens += ["<text>", "</interp>", "END"]
    taken, slot = Taken(tokens, catalogue.load()), slots_of(tokens)[0]
    assert slot.context == ("last part" if parts == MAX_PARTS else "part")
    assert not taken.accepts(slot, "")
    assert taken.accepts(slot, "x")


def test_slots_know_their_place():
    tokens = tiers.encode(PROGRAM).merged()
    assert slots_of(tokens) == [
        Slot(2, "text", "alert key:WFAlertActionMessage"),
        Slot(4, "number", "REPEAT"),
        Slot(6, "title", "title"),
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-2.5", -2.5), ("1,250", 1250), ("1,250.5", 1250.5), ("7a", None), ("", None)],
)
def test_numbers_as_prompts_spell_them(text, number):
    assert repr(parse_number(text)) == repr(number)


def test_spans_are_whole_pieces_and_every_occurrence():
    prompt, offsets = "to Ana, 30 and Ana", [(0, 2), (3, 6), (6, 7), (8, 10), (11, 14), (15, 18)]
    assert spans_of("Ana", prompt, offsets) == [(1, 1), (5, 5)]
    assert spans_of("Ana, 30", prompt, offsets) == [(1, 3)]
    assert spans_of(30, prompt, offsets) == [(3, 3)]
    assert spans_of("An", prompt, offsets) == []
    assert spans_of(3, prompt, offsets) == []
    assert spans_of(True, prompt, offsets) == []


def test_a_literal_is_what_no_prompt_spells():
    pairs = [("greet: Hi Ana, a few times", PROGRAM)] * 2 + [("greet a lot", PROGRAM)] * 2
    kept = Literals.build(pairs)
    assert kept.values == (("number", "3"), ("text", '"Hi Ana"'), ("title", '"Note"'))
    assert Literals.build(pairs[:2]).values == (("number", "3"), ("title", '"Note"'))
    assert Literals.from_json(kept.to_json()) == kept
    assert kept.allowed(Slot(0, "number", "REPEAT")).tolist() == [True, False, False]
    assert kept.allowed(Slot(0, "number", "elsewhere")).tolist() == [True, False, False]
    assert spelled("Hi", "oh Hi") and not spelled("Hi", "oh hi") and spelled(3, "3 x")


@pytest.mark.parametrize(
    "value",
    [1, 1.0, True, 'a\n"b', Interp(("x ", Handle("prev"))), List((Dict((("k", 1),)),))],
)
def test_values_survive_text(value):
    assert repr(from_text(to_text(value))) == repr(value)
    assert from_text(to_text(Quantity(2, "m"))) == Quantity(2, "m")


def test_an_untrained_filler_still_fills_legally():
    """Random weights, a program with every group that must differ: the result validates."""
    text = (
        'SHORTCUT "x"\nMENU "m"\nCASE "a"\nCASE "b"\nCASE "c"\nENDMENU\n'
        'SET $a = {"k": "v", "l": "w"}\nSET $b = `x{@input}y`\n'
        'IF @input is_greater_than "3"\nENDIF\nREPEAT 2\nENDREPEAT\n'
    )
    tokens = tiers.encode(parse(text)).merged()
    prompt, offsets = "one 2.5 three", torch.tensor([(0, 3), (4, 7), (8, 13)])
    for seed in range(10):
        torch.manual_seed(seed)
        literals = Literals.build([("", parse(text))] * 2)
        filler = ValueFiller(PIECE_WIDTH, 8, len(literals.values))
        hidden, states = torch.randn(len(tokens) + 1, 8), torch.randn(3, PIECE_WIDTH)
        known = catalogue.load()
        source = Source.of(filler, prompt, states, offsets)
        values = [one.value for one in fill(filler, literals, source, tokens, hidden, known)]
        assert validate(tiers.assemble(tokens, values)) == []


def test_a_slot_that_accepts_nothing_still_ends():
    """A structure from elsewhere: a list where the catalogue wants a yes or no."""
    text = 'SHORTCUT "x"\nACTION alert WFAlertActionCancelButtonShown="neither"\n'
    tokens = tiers.encode(parse(text)).merged()
    literals, prompt = Literals.build([]), "one"
    filler = ValueFiller(PIECE_WIDTH, 8, 0)
    source = Source.of(filler, prompt, torch.zeros(1, PIECE_WIDTH), torch.tensor([(0, 3)]))
    hidden = torch.zeros(len(tokens) + 1, 8)
    made = fill(filler, literals, source, tokens, hidden, catalogue.load())
    assert [one.value for one in made] == ["Text", "One"]


@pytest.mark.parametrize(
    ("said", "body", "held"),
    [
        ("three quarters of an hour", 'timer.start WFDuration=QTY(1, "hr")', 0.75),
        ("three quarters of an hour", 'timer.start WFDuration=QTY(1, "min")', 45),
        ("six and a half minutes", 'timer.start WFDuration=QTY(1, "min")', 6.5),
        ("an hour and a half", 'timer.start WFDuration=QTY(1, "min")', 90),
        ("5", 'timer.start WFDuration=QTY(1, "min")', 5),
        ("5 minutes", "delay WFDelayTime=1", 300),
        ("20 seconds", "delay WFDelayTime=1", 20),
    ],
)
def test_a_copied_duration_is_counted_in_the_unit_that_stands_beside_it(said, body, held):
    tokens = tiers.encode(parse(f'SHORTCUT "x"\nACTION {body}')).merged()
    slots = slots_of(tokens)
    literals = Literals((), {}, {slots[0].context: "duration"})
    spans = Spans(said, [[0, len(said)]])
    chosen = filled(
        tokens, slots, np.zeros((len(slots), 1)), lambda *_: 0, literals, spans, catalogue.load()
    )
    title = said[:1].upper() + " ".join(said.split()[:5])[1:]
    assert [one.value for one in chosen] == [held, title]
    assert [one.place for one in chosen] == [(0, len(said)), None]


def test_no_two_texts_of_a_list_are_the_same():
    tokens = tiers.encode(parse('SHORTCUT "x"\nACTION list WFItems=["a", "b"]')).merged()
    slots = slots_of(tokens)
    scores = np.array([[0.0, -1.0], [0.0, -1.0], [0.0, -1.0]])
    spans = Spans("milk eggs", [[0, 4], [5, 9]])
    known = catalogue.load()
    chosen = filled(tokens, slots, scores, lambda _, first: first, Literals((), {}), spans, known)
    assert [one.value for one in chosen] == ["milk", "eggs", "Milk eggs"]


@pytest.mark.parametrize(
    ("prompt", "copied", "others", "whole"),
    [
        ("text Ana I'm on the 8:15 train", "I'm on the", ["Ana"], "I'm on the 8:15 train"),
        ("message Dad: what time is dinner?", "what time", ["Dad"], "what time is dinner"),
        ("append be kind anyway to Quotes", "be kind", ["Quotes"], "be kind anyway"),
        ("say good night, then lock it", "good", [], "good night"),
        ("add rice, lentils, tofu", "rice", [], "rice"),
        ('text Ana "see you, bring it." now', "see", ["Ana"], "see you, bring it."),
        ('add "milk, eggs" to Food', "milk", ["eggs", "Food"], "milk"),
        ("say good night then lock it", "good", [], "good night"),
        ("remind me to pay the rent tomorrow", "pay the", ["tomorrow"], "pay the"),
        ("remind me to pay the rent (all)", "pay the", [], "pay the rent"),
        ("say hello", "hello", [], "hello"),
    ],
)
def test_a_sentence_is_copied_to_the_end_of_its_clause(prompt, copied, others, whole):
    def place(words):
        return prompt.index(words), prompt.index(words) + len(words)

    found = Spans(prompt, []).prolonged(place(copied), [place(other) for other in others])
    assert prompt[slice(*found)] == whole


@pytest.mark.parametrize(
    ("prompt", "cut", "place"),
    [
        ("append it to Summaries", "maries", "Summaries"),
        ("text +44 7700 900123 hello", "44 77", "+44 7700 900123"),
        ("call +1 (415) 555-0132.", "415", "+1 (415) 555-0132"),
        ("mail jo.doe@example.com, it is done", "doe", "jo.doe@example.com"),
        ("see docs.example.org/a/b.html?c=1.", "docs.example", "docs.example.org/a/b.html?c=1"),
        ('say "dinner is ready" aloud', 'dinner is ready" aloud', "dinner is ready"),
        ("show 'it's done' now", "it's done' now", "it's done"),
        ("zip it as receipts.zip", "receipts", "receipts"),
        ("take 3 or 4 of 10", "3 or", "3 or"),
    ],
)
def test_what_is_one_thing_is_not_cut(prompt, cut, place):
    begin = prompt.index(cut)
    start, end = places.whole(prompt, (begin, begin + len(cut)))
    assert prompt[start:end] == place


@pytest.mark.parametrize(
    ("prompt", "first", "last", "place"),
    [
        ("open school.example.com/lunch", 0, 1, "school.example.com/lunch"),
        ("https://example.com response headers", 0, 2, "https://example.com"),
        ("open github.com.", 1, 1, "github.com"),
        ("open the page", 1, 2, "the page"),
    ],
)
def test_an_address_is_copied_alone(prompt, first, last, place):
    words = [[m.start(), m.end()] for m in re.finditer(r"\w+:?/*[\w.]*", prompt)]
    slot = Slot(0, "text", "openurl key:WFInput")
    start, end = Spans(prompt, words).place(slot, "url", first, lambda: last)
    assert prompt[start:end] == place


@pytest.mark.parametrize(
    ("unit", "following", "named"),
    [
        ("km", " miles in 28 minutes", "mi"),
        ("km", "k run", "km"),
        ("°C", " degrees fahrenheit", "°F"),
        ("degC", "°F", "degF"),
        ("lb", " kilos", "kg"),
        ("ft", " inches wide", "in"),
        ("km", " minutes", "km"),
        ("min", " miles", "min"),
        ("mL", "", "mL"),
    ],
)
def test_a_unit_is_the_one_that_the_prompt_names(unit, following, named):
    assert units.named(unit, following) == named


def test_a_quantity_is_stated_in_the_unit_that_stands_behind_its_number():
    action = "health.workout.log WFWorkoutDistanceQuantity=QTY(3, {unit})"
    stated, wanted = (
        tiers.encode(parse('SHORTCUT "x"\nACTION ' + action.format(unit=f'"{unit}"'))).merged()
        for unit in ("km", "mi")
    )
    slots, known = slots_of(stated), catalogue.load()
    nowhere = [None] * len(slots)
    assert units.restated(stated, slots, [(4, 5), None], "ran 3 miles", known) == wanted
    assert units.restated(stated, slots, [(4, 5), None], "ran 3 hours", known) == stated
    assert units.restated(stated, slots, nowhere, "ran 3 miles", known) == stated


def test_no_date_is_made_up_where_the_prompt_names_one():
    action = 'ACTION addnewevent WFCalendarItemEndDate="a"'
    tokens = tiers.encode(parse('SHORTCUT "x"\n' + action)).merged()
    slots, prompt = slots_of(tokens), "until 11 am"
    made_up = (("text", '"Monday at 4:00 PM"'),)
    literals = Literals(made_up, {slots[0].context: (0,)}, {slots[0].context: "when"})
    for said, scores, held in (
        (prompt, [-0.1, -9.0], "11:00 AM"),
        ("until", [-0.1, -np.inf], "Monday at 4:00 PM"),
    ):
        spans = Spans(said, [[6, 11]])
        table = np.array([scores] * len(slots))
        chosen = filled(tokens, slots, table, lambda *_: 0, literals, spans, catalogue.load())
        assert chosen[0].value == held


def test_a_message_runs_on_over_a_comma_and_a_title_does_not():
    spans = Spans("note milk is out, buy more", [])
    assert spans.prolonged((5, 16), []) == (5, 16)
    assert spans.prolonged((5, 16), [], runs_on=True) == (5, 26)


def test_two_texts_of_a_list_do_not_grow_to_be_the_same():
    tokens = tiers.encode(parse('SHORTCUT "x"\nACTION list WFItems=["a", "b"]')).merged()
    slots = slots_of(tokens)
    spans = Spans("good night moon", [[0, 4], [0, 10], [11, 15]])
    literals = Literals((), {}, {slots[0].context: "sentence"})
    scores = np.array([[0.0, -1.0, -2.0], [-1.0, 0.0, -2.0], [0.0, -1.0, -2.0]])
    known = catalogue.load()
    chosen = filled(tokens, slots, scores, lambda _, first: first, literals, spans, known)
    assert [one.value for one in chosen[:2]] == ["Good night moon", "Good night"]


@pytest.mark.parametrize(("reading", "held"), [("sentence", "Good night moon"), ("plain", "good")])
def test_only_sentences_are_prolonged(reading, held):
    tokens = tiers.encode(parse('SHORTCUT "x"\nACTION speaktext WFText="a"')).merged()
    slots = slots_of(tokens)
    spans = Spans("say good night moon", [[0, 3], [4, 8], [9, 14], [15, 19]])
    literals = Literals((), {}, {slots[0].context: reading})
    scores = np.array([[-2.0, 0.0, -2.0, -2.0]] * 2)
    chosen = filled(
        tokens, slots, scores, lambda _, first: first, literals, spans, catalogue.load()
    )
    assert chosen[0].value == held
    assert spans.prompt[slice(*chosen[0].place)].lower() == held.lower()
