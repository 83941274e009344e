"""Readings: how a span of the prompt is written as the program's value.

``sentence`` and ``title`` restore capitals and apostrophes that people leave out, ``label`` is a
sentence and a colon, ``question`` one and its mark, ``url`` adds the scheme, ``when`` is a time or
date, ``alarm`` a time that knows no day, ``expression`` a sum, ``app`` an app's identifier,
``entity`` the record of a thing at home, ``fraction`` a share of one, ``duration`` a magnitude in
its natural unit, ``volume`` millilitres, ``hour`` also an hour of the day, ``past`` the hour before
it, since what comes after ten is more than nine; ``plain`` is the span itself. Which of them a
place of the grammar takes is counted from training.
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
_WORD = re.compile(r"\S+")
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
def apps() -> dict[str, str]:
    """Identifiers by what people call an app, in small letters."""
    known = json.loads(Path(__file__).with_name("apps.json").read_text(encoding="utf-8"))
    return {name.lower(): identifier for identifier, names in known.items() for name in names}


def app(text: str) -> str | None:
    """The identifier of a well-known app; None for what is none."""
    return apps().get(text.lower())


def app_names(identifier: str) -> list[str]:
    """What people call an app, in small letters and as titles."""
    names = [name for name, known in apps().items() if known == identifier]
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
