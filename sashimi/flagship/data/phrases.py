"""Where a prompt holds a value, and what its words mean there, under a reading of `normal`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sashimi.flagship.data import normal
from sashimi.flagship.data import spoken_dates as dates
from sashimi.flagship.data import spoken_numbers as numbers
from sashimi.flagship.data import spoken_sums as sums
from sashimi.flagship.data import spoken_times as times
from sashimi.program.tree import Value

LONGEST = 12
"""Tokens in the longest number, time, date or sum looked for."""
_TOKEN = re.compile(r"(?<![\w.])-\d+(?:[.,]\d+)*|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|%")


def find(reading: str, value: Value, prompt: str) -> list[tuple[int, int]]:
    """Every span of a prompt that may mean a value under a reading, as characters.

    What a span leaves open may be as the value has it: capitals, the half of the day, the day if
    the prompt names but one, a duration's unit.
    """
    if isinstance(value, str):
        if not value.strip():
            return []
        if reading == normal.PLAIN:
            return [m.span() for m in re.finditer(re.escape(value), prompt)]
        if reading in normal.PHRASES:
            return _meaning(reading, value, prompt)
        return _folded(reading, value, prompt)
    if isinstance(value, int | float) and not isinstance(value, bool):
        wanted = repr(value)
        return [
            (a, b)
            for a, b, found in longest(reading, prompt, True)
            if repr(found) == wanted
            or (reading == "duration" and value in numbers.senses(prompt[a:b]))
        ]
    name = normal.entity_name(value) if reading == normal.ENTITY else ""
    return _folded("title", name, prompt) if name else []


def meant(reading: str, prompt: str, start: int, end: int, number: bool) -> Value | None:
    """What stands there under a reading; None where it means nothing."""
    if number or reading in normal.PHRASES:
        found = longest(reading, prompt, number)
        return next((m for a, b, m in found if (a, b) == (start, end)), None)
    return normal.read(reading, prompt[start:end])


def _meaning(reading: str, value: str, prompt: str) -> list[tuple[int, int]]:
    """The phrases of a prompt that mean a value, or that a time may mean."""
    timed = {"when": (_lone_day(prompt), False), "alarm": (None, True)}.get(reading)
    return [
        (a, b)
        for a, b, found in longest(reading, prompt, False)
        if found == value or (timed and times.agree(prompt[a:b], value, *timed))
    ]


def _folded(reading: str, value: str, prompt: str) -> list[tuple[int, int]]:
    """Spans whose letters are a value's, up to capitals, apostrophes and a scheme."""
    core = value.removesuffix({"label": ": ", "question": "?"}.get(reading, ""))
    wanted, _ = _fold(core)
    text, places = _fold(prompt)
    out = []
    for form in dict.fromkeys((wanted, re.sub("^https?://", "", wanted))):
        at = text.find(form)
        while form and at >= 0:
            start, end = places[at], places[at + len(form) - 1] + 1
            whole = not (_joined(prompt, start) or _joined(prompt, end))
            if whole and str(normal.TEXTS[reading](prompt[start:end])).lower() == value.lower():
                out.append((start, end))
            at = text.find(form, at + 1)
    return out


def _joined(text: str, at: int) -> bool:
    """Whether a word goes on across this place."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


@lru_cache(maxsize=4096)
def _fold(text: str) -> tuple[str, tuple[int, ...]]:
    """The text in small letters without apostrophes, and where each of its letters stood."""
    kept = [(c.lower()[:1], n) for n, c in enumerate(text) if c not in "'’"]
    return "".join(c for c, _ in kept), tuple(n for _, n in kept)


@lru_cache(maxsize=4096)
def longest(reading: str, prompt: str, number: bool) -> tuple[tuple[int, int, Value], ...]:
    """The longest phrase with a meaning from each word of a prompt: (start, end, meaning).

    A time of day is that of the day, where the prompt names one alone. The end of a longer phrase
    means what all of it does.
    """
    found = _tails(_longest(reading, prompt, number))
    day = _lone_day(prompt) if reading == "when" else None
    if day is None:
        return found
    return tuple((a, b, times.dated(m, day) if _CLOCK.fullmatch(m) else m) for a, b, m in found)


@lru_cache(maxsize=4096)
def _longest(reading: str, prompt: str, number: bool) -> tuple[tuple[int, int, Value], ...]:
    reader = (normal.NUMBERS if number else normal.TEXTS)[reading]
    tokens = [m.span() for m in _TOKEN.finditer(prompt)]
    words = [prompt[a:b].lower() for a, b in tokens]
    known = _known(reading, number)
    hopeful = [word in known or word[-1:].isdigit() for word in words]
    out = []
    for first, (start, _) in enumerate(tokens):
        if not hopeful[first]:
            continue
        last = first
        while last + 1 < len(tokens) and last + 1 - first < LONGEST and hopeful[last + 1]:
            last += 1
        for place in range(last, first - 1, -1):
            end = tokens[place][1]
            if not number and _ORDINAL.match(prompt, end):  # "15" of "15th" is no time
                continue
            if (meaning := reader(prompt[start:end])) is not None:
                out.append((start, end, meaning))
                break
    return tuple(out)


def _tails(found: Iterable[tuple[int, int, Value]]) -> tuple[tuple[int, int, Value], ...]:
    """The same phrases, each with the meaning of the longest that ends where it does."""
    whole: dict[int, Value] = {}
    return tuple((start, end, whole.setdefault(end, meaning)) for start, end, meaning in found)


def _lone_day(prompt: str) -> str | None:
    """The day that a prompt names without a time of its own, if it is one only."""
    found, reached = set(), 0
    for start, end, _ in _longest("when", prompt, False):
        if end > reached:  # else a part of the one before
            reached = end
            found.add(times.day_alone(prompt[start:end]))
    found.discard(None)
    return found.pop() if len(found) == 1 else None


_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d\d(?: [AP]M)?")
_UNIT_WORDS = [name for names in numbers.UNITS.values() for name in names]
_NUMBER_WORDS = frozenset([*numbers.ONES, *numbers.TENS, *_UNIT_WORDS]) | frozenset(
    numbers.words(
        "hundred thousand a an and half dozen couple of once twice thrice full max maximum minimum "
        "all the way up down halfway quarter quarters third percent per cent % l litre litres "
        "liter liters point lowest highest minus negative pct"
    )
    + [f"{part}{s}" for part in numbers.PARTS for s in ("", "s")]
)
_TIME_WORDS = frozenset([*numbers.ONES, *numbers.TENS, *_UNIT_WORDS, *dates.NAMES]) | frozenset(
    numbers.words(
        "in a an half and quarter quarters past after to till til am pm o o'clock oclock clock at "
        "the of this next morning afternoon evening night tonight noon midday midnight st nd rd th "
        "p m around on by oh now from month"
    )
)


@lru_cache(maxsize=32)
def _known(reading: str, number: bool) -> frozenset[str]:
    """The words that a phrase of a reading may be made of, beside figures."""
    if number:
        return _NUMBER_WORDS | (_TIME_WORDS if reading in ("hour", "past") else frozenset())
    if reading == "expression":
        return _NUMBER_WORDS | sums.WORDS
    if reading == "app":
        return frozenset(m[0] for name in normal.apps() for m in _TOKEN.finditer(name))
    return _TIME_WORDS
