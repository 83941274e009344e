"""Spans as people say them, and the values that programs hold: both ways, by hand."""

import pytest

from sashimi.flagship.data import normal, phrases
from sashimi.flagship.data.literals import Literals, Slot
from sashimi.flagship.data.spoken_numbers import measured
from sashimi.flagship.data.spoken_sums import expression
from sashimi.flagship.data.spoken_times import agree, alarm, when
from sashimi.program import parse


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("half seven", "7:30 PM"),
        ("half past six pm", "6:30 PM"),
        ("quarter to eight tonight", "7:45 PM"),
        ("ten to nine", "8:50 AM"),
        ("9 30 pm", "9:30 PM"),
        ("720am", "7:20 AM"),
        ("six twenty five am", "6:25 AM"),
        ("sat quarter past nine", "Saturday at 9:15 AM"),
        ("tuesday 9 to 11 am", None),
        ("10 to 8", "7:50 PM"),
        ("7pm", "7:00 PM"),
        ("7 a.m.", "7:00 AM"),
        ("18:45", "18:45"),
        ("five thirty in the morning", "5:30 AM"),
        ("noon", "12:00 PM"),
        ("tomorrow at 8pm", "tomorrow at 8:00 PM"),
        ("8pm tomorrow", "tomorrow at 8:00 PM"),
        ("tomorrow night", "tomorrow night"),
        ("next friday at ten", "next Friday at 10:00 AM"),
        ("the 3rd of may", "May 3"),
        ("May 3, 2027 at 5pm", "May 3, 2027 at 5:00 PM"),
        ("in 20 mins", "in 20 minutes"),
        ("in an hour and a half", "in 90 minutes"),
        ("two hours from now", "in 2 hours"),
        ("07:30", "7:30 AM"),
        ("08:15 tonight", "8:15 PM"),
        ("0630", "6:30 AM"),
        ("1730 tomorrow", "tomorrow at 17:30"),
        ("2026", None),
        ("7 o clock", "7:00 PM"),
        ("seven oh five", "7:05 PM"),
        ("12 noon", "12:00 PM"),
        ("12 tonight", "12:00 AM"),
        ("12/24", "December 24"),
        ("24/12/2027 at 9", "December 24, 2027 at 9:00 AM"),
        ("2027-12-24", "December 24, 2027"),
        ("13/14", None),
        ("june twenty first", "June 21"),
        ("monday june 5th at ten", "June 5 at 10:00 AM"),
        ("on the 2nd", "the 2nd"),
        ("friday the 13th at 9am", "the 13th at 9:00 AM"),
        ("the day after tomorrow at 5", "day after tomorrow at 5:00 PM"),
        ("next week", "next week"),
        ("weds at 4", "Wednesday at 4:00 PM"),
        ("15th", None),
        ("the oven", None),
        ("", None),
    ],
)
def test_times_and_dates(said, meant):
    assert when(said) == meant
    if meant is not None:
        assert when(meant) == meant


def test_an_alarm_knows_no_day_and_rings_in_the_morning():
    assert [alarm("7pm"), alarm("tomorrow at 7"), alarm("monday")] == ["7:00 PM", "7:00 AM", None]
    assert [alarm("half two"), alarm("18:45"), when("7")] == ["2:30 PM", "18:45", "7:00 PM"]


@pytest.mark.parametrize(
    ("said", "value", "day", "may"),
    [
        ("quarter to four", "3:45 PM", None, True),
        ("quarter to four", "3:45 AM", None, True),
        ("quarter to four pm", "3:45 AM", None, False),
        ("15:30", "3:30 PM", None, True),
        ("8 am", "Monday at 8:00 AM", "Monday", True),
        ("8 am", "Monday at 8:00 AM", None, False),
        ("tuesday at 8", "Monday at 8:00 AM", "Monday", False),
        ("may 3 2027 at 5", "May 3, 2027 at 5:00 PM", None, True),
        ("the oven", "8:00 AM", None, False),
    ],
)
def test_a_time_may_leave_open_its_half_and_its_day(said, value, day, may):
    assert agree(said, value, day) is may


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("42 times 1.79", "42*1.79"),
        ("take 17.5 off 90", "90-17.5"),
        ("half of three hundred and seventy five", "375/2"),
        ("40 percent off 120", "120*0.6"),
        ("120 with 40% off", "120*0.6"),
        ("ten percent tip for an 84 bill", "84*0.1"),
        ("1,234 plus 5,678", "1234+5678"),
        ("18.75 + 42.30", "18.75+42.3"),
        ("12 * (3 + 4)", "12*(3+4)"),
        ("a thousand take away three six five", "1000-365"),
        ("18% of $64", "64*0.18"),
        ("20 percent tip on a $85.40 bill", "85.4*0.2"),
        ("tip 20% on 60 dollars", "60*0.2"),
        ("split a £96 bill 3 ways", "96/3"),
        ("divide 144 by 12", "144/12"),
        ("84 divided between three", "84/3"),
        ("multiply 23 by 19", "23*19"),
        ("260, times 0.35", "260*0.35"),
        ("37x12", "37*12"),
        ("two thirds of 90", "90*2/3"),
        ("1/4 of 60", "60/4"),
        ("double 48", "48*2"),
        ("12 squared", "12*12"),
        ("the top of 90", None),
        ("15", None),
        ("fifteen percent", None),
        ("the bill and the tip", None),
    ],
)
def test_sums(said, meant):
    assert expression(said) == meant


def test_what_a_prompt_leaves_open_is_found_all_the_same():
    prompt = "bring the books on monday, can you remind me at eight, then toggle the porch light"
    value = "Monday at 8:00 AM"
    found = phrases.find("when", value, prompt)
    assert [prompt[a:b] for a, b in found] == ["at eight", "eight"]
    told = [m for a, b, m in phrases.longest("when", prompt, False) if (a, b) in found]
    assert told == [value, value]
    lamp = normal.entity("porch light")
    assert [prompt[a:b] for a, b in phrases.find("entity", lamp, prompt)] == ["porch light"]
    maps = phrases.find("app", "com.google.Maps", "open google maps please")
    assert maps == [(5, 16), (12, 16)]
    assert phrases.find("duration", 600, "wait ten minutes") == [(5, 16)]
    assert phrases.find("title", "Hardware store", "to the hardware store") == [(7, 21)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("an hour and a half", (90, "min")),
        ("1h30", (90, "min")),
        ("1.5 hours", (90, "min")),
        ("half an hour", (30, "min")),
        ("2 hours", (2, "hr")),
        ("an hour", (1, "hr")),
        ("twenty five minutes", (25, "min")),
        ("25-minute", (25, "min")),
        ("two minutes and thirty seconds", (150, "sec")),
        ("3 days", (3, "days")),
        ("half hour", (30, "min")),
        ("1/2 hour", (30, "min")),
        ("3/4 of an hour", (45, "min")),
        ("a quarter of an hour", (15, "min")),
        ("hour and a half", (90, "min")),
        ("an hour & a half", (90, "min")),
        ("half a day", (12, "hr")),
        ("1 hr, 10 min", (70, "min")),
        ("couple minutes", (2, "min")),
        ("10 min, 5 min", None),
        ("20", None),
        ("a dog", None),
    ],
)
def test_durations(said, meant):
    assert measured(said) == meant


@pytest.mark.parametrize(
    ("reading", "said", "meant"),
    [
        ("plain", "1,250", 1250),
        ("plain", "two hundred and fifty", 250),
        ("plain", "a dozen", 12),
        ("plain", "an", None),
        ("plain", "twelve forty", None),
        ("plain", "seven fifty", 750),
        ("plain", "ninety point four", 90.4),
        ("plain", "three six five", 365),
        ("plain", "minus ten", -10),
        ("plain", "minus zero", None),
        ("fraction", "3/4", 0.75),
        ("fraction", "three quarters", 0.75),
        ("fraction", "4/3", None),
        ("fraction", "75 pct", 0.75),
        ("fraction", "50 %", 0.5),
        ("fraction", "fifty percent", 0.5),
        ("fraction", "halfway", 0.5),
        ("fraction", "35", 0.35),
        ("fraction", "0.3", 0.3),
        ("fraction", "100%", 1),
        ("volume", "half a litre", 500),
        ("volume", "1.5 l", 1500),
        ("volume", "250", 250),
        ("duration", "20", 20),
        ("hour", "5 in the afternoon", 17),
        ("hour", "20", 20),
        ("past", "10pm", 21),
        ("past", "nine at night", 20),
        ("past", "7:30 pm", None),
    ],
)
def test_numbers(reading, said, meant):
    assert repr(normal.read(reading, said, number=True)) == repr(meant)


@pytest.mark.parametrize(
    ("reading", "said", "meant"),
    [
        ("plain", "as it is", "as it is"),
        ("sentence", "im running late, dont wait", "I'm running late, don't wait"),
        ("sentence", "call me when i'm back", "Call me when I'm back"),
        ("sentence", "iPhone is charged", "iPhone is charged"),
        ("sentence", "ill be there, its ready", "I'll be there, it's ready"),
        ("title", "songs for ana", "Songs for Ana"),
        ("title", "MoMA", "MoMA"),
        ("label", "total so far", "Total so far: "),
        ("question", "how much was it", "How much was it?"),
        ("url", "bbc.co.uk/news", "https://bbc.co.uk/news"),
        ("url", "http://a.org", "http://a.org"),
        ("url", "not one", None),
    ],
)
def test_texts(reading, said, meant):
    assert normal.read(reading, said) == meant
    if meant is not None:
        assert normal.read(reading, meant) == meant
        assert [f"x {said} y"[a:b] for a, b in phrases.find(reading, meant, f"x {said} y")] == [
            said
        ]


def test_phrases_of_a_prompt():
    prompt = "remind me tomorrow at half seven, and a timer for an hour and a half at fifty percent"
    shown = {
        (reading, prompt[start:end]): meaning
        for reading, number in (("when", False), ("duration", True), ("fraction", True))
        for start, end, meaning in phrases.longest(reading, prompt, number)
    }
    assert shown["when", "tomorrow at half seven"] == "tomorrow at 7:30 PM"
    assert shown["duration", "an hour and a half"] == 90
    assert shown["fraction", "fifty percent"] == 0.5


def test_the_end_of_a_phrase_means_what_all_of_it_does():
    def told(reading, prompt, number=False):
        return {prompt[a:b]: m for a, b, m in phrases.longest(reading, prompt, number)}

    assert told("expression", "divide 144 by 12")["144 by 12"] == "144/12"
    assert told("when", "gym at 7 tomorrow morning")["tomorrow morning"] == "tomorrow at 7:00 AM"
    assert told("app", "open google maps")["maps"] == "com.google.Maps"
    assert told("duration", "an hour and 15 minutes", True)["15 minutes"] == 75


def test_an_ordinal_is_no_time():
    assert phrases.longest("when", "send it 15th", False) == ()
    assert [m for *_, m in phrases.longest("when", "take the 5th pill at 8", False)] == [
        "the 5th",
        "8:00 AM",
        "8:00 AM",
    ]


def test_a_span_is_whole_words():
    assert phrases.find("title", "Ana", "banana for ana") == [(11, 14)]
    assert phrases.find("plain", True, "true") == []


def test_a_place_takes_the_reading_that_explains_most():
    text = (
        'SHORTCUT "x"\nACTION setbrightness WFBrightness={}\nACTION alert WFAlertActionTitle="{}"\n'
    )
    pairs = [
        ("dim to 50% and say im late", parse(text.format(0.5, "I'm late"))),
        ("dim to seventy percent and say go home", parse(text.format(0.7, "Go home"))),
        ("dim to zero and say Stop", parse(text.format(0, "Stop"))),
    ]
    built = Literals.build(pairs, least=1)
    assert built.readings == {
        "alert key:WFAlertActionTitle": "sentence",
        "setbrightness key:WFBrightness": "fraction",
    }
    assert built.reading(Slot(0, "title", "title")) == "plain"
    assert built.values == (("title", '"x"'),)
    assert Literals.from_json(built.to_json()) == built
