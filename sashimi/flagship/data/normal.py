"""Readings: how a span of the prompt is written as the program's value.

``sentence`` and ``title`` restore capitals and apostrophes that people leave out, ``label`` is a
sentence and a colon, ``question`` one and its mark, ``url`` adds the scheme, ``when`` is a time or
date, ``alarm`` a time that knows no day, ``expression`` a sum, ``app`` an app's identifier,
``entity`` the record of a thing at home, ``fraction`` a share of one, ``duration`` a magnitude in
its natural unit, ``volume`` millilitres, ``hour`` also an hour of the day, ``past`` the hour before
it, since what comes after ten is more than nine; ``plain`` is the span itself. Which of them a place of the
grammar takes is counted from training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from sashimi.flagship.data import spoken_numbers as numbers
from sashimi.flagship.data import spoken_sums as sums
from sashimi.flagship.data import spoken_times as times
from sashimi.program.tree import Dict, Value

PLAIN, ENTITY = "plain", "entity"
LONGEST = 12
"""Tokens in the longest number, time, date or sum looked for."""
_WORD = re.compile(r"\S+")
_TOKEN = re.compile(r"(?<![\w.])-\d+(?:[.,]\d+)*|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|%")
_SMALL = frozenset(numbers.words("a an and as at but by for from in of on or the to with"))
_RESTORED = {
    word.replace("'", "").lower(): word
    for word in numbers.words(
        "I'm I've don't can't won't isn't aren't wasn't weren't didn't doesn't haven't hasn't "
        "hadn't couldn't wouldn't shouldn't that's what's he's she's they're you're there's "
        "where's who's they've you've you'll they'll it'll we've let's how's"
    )
} | {"i": "I", "i'm": "I'm", "i've": "I've", "i'll": "I'll", "i'd": "I'd"}
_FOLLOWED = {
    "ill": ("I'll", "be call see text bring pick get come do wait let send meet"),
    "its": ("it's", "a the my your ready done time late not over going in on at"),
    "id": ("I'd", "like love rather"),
    "were": ("we're", "on here going late ready almost running"),
}
"""Words that are another word too: what they stand for, and before which words."""


def sentence(text: str) -> str:
    """Text as written: "im running late, dont wait" becomes "I'm running late, don't wait"."""
    words = [m.span() for m in _WORD.finditer(text)]
    out, at = [], 0
    for n, (start, end) in enumerate(words):
        following = _bare(text[slice(*words[n + 1])]) if n + 1 < len(words) else ""
        out += [text[at:start], _restored(text[start:end], following)]
        at = end
    made = "".join(out) + text[at:]
    first = _WORD.search(made)
    if first and first[0] == first[0].lower():
        made = made[: first.start()] + first[0][:1].upper() + made[first.start() + 1 :]
    return made


def _bare(word: str) -> str:
    return word.strip(".,!?;:").lower()


def _restored(word: str, following: str) -> str:
    core = word.strip('.,!?;:"()')
    told = _RESTORED.get(core.lower())
    if core.lower() in _FOLLOWED and following in _FOLLOWED[core.lower()][1].split():
        told = _FOLLOWED[core.lower()][0]
    if told is None or not (core == core.lower() or core.capitalize() == core):
        return word
    if core[:1].isupper():
        told = told[:1].upper() + told[1:]
    return word.replace(core, told, 1)


def title(text: str) -> str:
    """A name: words in small letters get a capital, but for "of", "the" and the like inside."""
    seen = 0

    def word(match: re.Match) -> str:
        nonlocal seen
        seen += 1
        found = match[0]
        if found != found.lower() or (seen > 1 and found in _SMALL):
            return found
        return found[:1].upper() + found[1:]

    return _WORD.sub(word, text)


def heading(prompt: str) -> str:
    """A program's name: the first five words of what was said, without the last one's mark."""
    words = " ".join(prompt.split()[:5]).rstrip(",.?!;:")
    return words[:1].upper() + words[1:]


def label(text: str) -> str:
    """What stands before a value in a sentence: "total so far" becomes "Total so far: "."""
    return sentence(text.rstrip(": ")) + ": "


def question(text: str) -> str:
    """A sentence with its mark: "how much was it" becomes "How much was it?"."""
    return sentence(text.rstrip("? ")) + "?"


def url(text: str) -> str | None:
    """An address with its scheme; None if the text is no address."""
    if not re.fullmatch(r"[^\s]+\.[^\s]+", text):
        return None
    return text if re.match(r"[a-zA-Z][\w+.-]*://", text) else f"https://{text}"


def plain(text: str) -> str:
    """The span itself."""
    return text


@lru_cache(maxsize=1)
def _apps() -> dict[str, str]:
    """Identifiers by what people call an app, in small letters."""
    known = json.loads(Path(__file__).with_name("apps.json").read_text(encoding="utf-8"))
    return {name.lower(): identifier for identifier, names in known.items() for name in names}


def app(text: str) -> str | None:
    """The identifier of a well-known app; None for what is none."""
    return _apps().get(text.lower())


def app_names(identifier: str) -> list[str]:
    """What people call an app, in small letters and as titles."""
    names = [name for name, known in _apps().items() if known == identifier]
    return [*names, *map(title, names)]


def entity(text: str) -> Dict:
    """The record by which an action of the Home app knows one thing."""
    return Dict((("title", Dict((("key", title(text)),))),))


def entity_name(value: Value) -> str:
    """The inverse of `entity`, as far as capitals; "" for another value."""
    inner = value.items[0][1] if isinstance(value, Dict) and len(value.items) == 1 else None
    named = inner.items[0][1] if isinstance(inner, Dict) and len(inner.items) == 1 else ""
    return named if isinstance(named, str) and entity(named) == value else ""


TEXTS: dict[str, Callable[[str], str | None]] = {  # of two that explain as much, the first
    PLAIN: plain,
    "title": title,
    "sentence": sentence,
    "label": label,
    "question": question,
    "url": url,
    "when": times.when,
    "alarm": times.alarm,
    "expression": sums.expression,
    "app": app,
}
PHRASES = frozenset({"when", "alarm", "expression", "app"})
"""Readings of texts whose phrase is found by what it means, as a number is."""


def hour(text: str) -> int | float | None:
    """A number, or the hour that a time of day names."""
    found = numbers.number(text)
    return times.hour(text) if found is None else found


def past(text: str) -> int | float | None:
    """A number, or the hour before the one that a time of day names."""
    found, named = numbers.number(text), times.hour(text)
    return named - 1 if found is None and named is not None else found


NUMBERS: dict[str, Callable[[str], int | float | None]] = {
    PLAIN: numbers.number,
    "volume": numbers.volume,
    "duration": numbers.duration,
    "fraction": numbers.fraction,
    "hour": hour,
    "past": past,
}


def read(reading: str, text: str, *, number: bool = False) -> Value | None:
    """What a span means under a reading; None when it means nothing."""
    if reading == ENTITY:
        return entity(text)
    return (NUMBERS if number else TEXTS)[reading](text)


def find(reading: str, value: Value, prompt: str) -> list[tuple[int, int]]:
    """Every span of a prompt that may mean a value under a reading, as characters.

    What a span leaves open may be as the value has it: capitals, the half of the day, the day if
    the prompt names but one, a duration's unit.
    """
    if isinstance(value, str):
        if not value.strip():
            return []
        if reading == PLAIN:
            return [m.span() for m in re.finditer(re.escape(value), prompt)]
        if reading in PHRASES:
            return _meaning(reading, value, prompt)
        return _folded(reading, value, prompt)
    if isinstance(value, int | float) and not isinstance(value, bool):
        wanted = repr(value)
        return [
            (a, b)
            for a, b, found in phrases(reading, prompt, True)
            if repr(found) == wanted
            or (reading == "duration" and value in numbers.senses(prompt[a:b]))
        ]
    name = entity_name(value) if reading == ENTITY else ""
    return _folded("title", name, prompt) if name else []


def meant(reading: str, prompt: str, start: int, end: int, number: bool) -> Value | None:
    """What stands there under a reading; None where it means nothing."""
    if number or reading in PHRASES:
        found = phrases(reading, prompt, number)
        return next((m for a, b, m in found if (a, b) == (start, end)), None)
    return read(reading, prompt[start:end])


def _meaning(reading: str, value: str, prompt: str) -> list[tuple[int, int]]:
    """The phrases of a prompt that mean a value, or that a time may mean."""
    timed = {"when": (_lone_day(prompt), False), "alarm": (None, True)}.get(reading)
    return [
        (a, b)
        for a, b, found in phrases(reading, prompt, False)
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
            if whole and str(TEXTS[reading](prompt[start:end])).lower() == value.lower():
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
def phrases(reading: str, prompt: str, number: bool) -> tuple[tuple[int, int, Value], ...]:
    """The longest phrase with a meaning from each word of a prompt: (start, end, meaning).

    A time of day is that of the day, where the prompt names one alone.
    """
    found = _longest(reading, prompt, number)
    day = _lone_day(prompt) if reading == "when" else None
    if day is None:
        return found
    return tuple((a, b, times.dated(m, day) if _CLOCK.fullmatch(m) else m) for a, b, m in found)


@lru_cache(maxsize=4096)
def _longest(reading: str, prompt: str, number: bool) -> tuple[tuple[int, int, Value], ...]:
    reader = (NUMBERS if number else TEXTS)[reading]
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
            if (meaning := reader(prompt[start:end])) is not None:
                out.append((start, end, meaning))
                break
    return tuple(out)


def _lone_day(prompt: str) -> str | None:
    """The day that a prompt names without a time of its own, if it is one only."""
    found, reached = set(), 0
    for start, end, _ in _longest("when", prompt, False):
        if end > reached:  # else a part of the one before
            reached = end
            found.add(times.day_alone(prompt[start:end]))
    found.discard(None)
    return found.pop() if len(found) == 1 else None


_CLOCK = re.compile(r"\d{1,2}:\d\d(?: [AP]M)?")
_UNIT_WORDS = [name for names in numbers.UNITS.values() for name in names]
_NUMBER_WORDS = frozenset([*numbers.ONES, *numbers.TENS, *_UNIT_WORDS]) | frozenset(
    numbers.words(
        "hundred thousand a an and half dozen couple of once twice thrice full max maximum minimum "
        "all the way up down halfway quarter quarters third percent per cent % l litre litres "
        "liter liters point lowest highest"
    )
)
_TIME_WORDS = frozenset([*numbers.ONES, *numbers.TENS, *_UNIT_WORDS, *times.NAMES]) | frozenset(
    numbers.words(
        "in a an half and quarter quarters past after to till til am pm o'clock oclock at on by "
        "the of this next morning afternoon evening night tonight noon midday midnight st nd rd th "
        "p m around"
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
        return frozenset(m[0] for name in _apps() for m in _TOKEN.finditer(name))
    return _TIME_WORDS
