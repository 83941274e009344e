"""Times and dates as people say them, in the one form that programs hold.

"quarter to eight tonight" is "7:45 PM", "tomorrow at 8pm" is "tomorrow at 8:00 PM", "the 3rd of
may" is "May 3", "in 20 mins" is "in 20 minutes"; "18:45" stays, and a time that is said without
its half of the day has none.
"""

from __future__ import annotations

import re

from sashimi.flagship.data.spoken_numbers import ONES, TENS, measured, number, words

MONTHS = words(
    "January February March April May June July August September October November December"
)
WEEKDAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_MONTH_OF = {m.lower(): m for m in MONTHS} | {m[:3].lower(): m for m in MONTHS}
_MONTH_OF["sept"] = "September"
_DAY_OF = {d.lower(): d for d in WEEKDAYS} | {d[:3].lower(): d for d in WEEKDAYS}
_DAY_OF |= {"tues": "Tuesday", "thurs": "Thursday", "thur": "Thursday", "tmrw": "tomorrow"}
_DAY_OF |= {"tmr": "tomorrow", "tomorrow": "tomorrow", "tomorow": "tomorrow", "today": "today"}
_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_DAYS = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
NAMES = frozenset([*_MONTH_OF, *_DAY_OF, *_ORDINALS])
"""What months and days are called, in small letters."""
_UNIT_WORDS = {"sec": "second", "min": "minute", "hr": "hour", "days": "day", "weeks": "week"}
_ORDER = {word: n for n, word in enumerate(_ORDINALS, 1)}
_NTH = r"(?P<nth>\d{1,2})(?:st|nd|rd|th)?|(?P<word>" + "|".join(_ORDINALS) + ")"
_DATES = (
    re.compile(rf"\b(?:the )?(?:{_NTH})(?: of)? (?P<month>{_NAMES})\b(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"\b(?P<month>{_NAMES}) (?:the )?(?:{_NTH})\b(?!:)(?:,? (?P<year>20\d\d))?"),
)
_WEEKDAY = re.compile(rf"\b((?:next|this|on) )?({_DAYS})\b")
_PART = re.compile(r"\b(?:(?:in the|this|at) )?(morning|afternoon|evening|night|tonight)\b")
_HALF = r"(?: ?([ap])\.?m\b\.?)?"
_HOUR = r"(\d{1,2}|" + "|".join(ONES[1:13]) + r")\b"
_MINUTE = r"half|quarter|a quarter|\d{1,2}|"
_MINUTE += f"(?:(?:{'|'.join(TENS)})[ -])?(?:{'|'.join(ONES + TENS)})"
_PAST = re.compile(rf"\b({_MINUTE})(?: minutes)? (past|after|to|till|til) {_HOUR}{_HALF}")
_HALF_HOUR = re.compile(rf"\bhalf {_HOUR}{_HALF}")
_CLOCK = re.compile(rf"(?<![\d:.])(\d{{1,2}})(?:[:.](\d\d))?(?: ?o'?clock)?{_HALF}(?![\d:])")
_WORD_CLOCK = re.compile(rf"\b{_HOUR}(?: (o'?clock|thirty|fifteen|forty[ -]five))?{_HALF}")
_FILLERS = frozenset({"at", "on", "by", "around", "the", "for", "from", "about", "in"})
_PM = frozenset({"afternoon", "evening", "night", "tonight"})


def when(text: str) -> str | None:
    """The canonical form of a time, a day or both; None when the text is nothing of the kind."""
    rest = " ".join(text.lower().replace(",", " ").split())
    if rest.startswith("in ") and (found := measured(rest[3:])):
        count, unit = found[0], _UNIT_WORDS[found[1]]
        return f"in {count} {unit}{'' if count == 1 else 's'}"
    day, rest = _day(rest)
    part = None
    if match := _PART.search(rest):
        part, rest = match[1], _without(rest, match)
    time, rest = _time(rest, part)
    if set(rest.split()) - _FILLERS or not (day or part or time):
        return None
    if not time:
        return _named(day, part)
    return time if day in (None, "today") else f"{day} at {time}"


def clock(text: str) -> str | None:
    """The canonical form of a time of day alone."""
    found = when(text)
    return found if found and re.fullmatch(r"\d{1,2}:\d\d(?: [AP]M)?", found) else None


def _named(day: str | None, part: str | None) -> str | None:
    if part in (None, "tonight"):
        return part if day in (None, "today") else day if part is None else None
    return f"{day} {part}" if day else f"this {part}"


def _without(text: str, match: re.Match) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _day(text: str) -> tuple[str | None, str]:
    """The day that a text names, and the text without it."""
    for pattern in _DATES:
        if match := pattern.search(text):
            nth = int(match["nth"] or _ORDER[match["word"]])
            if 1 <= nth <= 31:
                year = f", {match['year']}" if match["year"] else ""
                return f"{_MONTH_OF[match['month']]} {nth}{year}", _without(text, match)
    if match := _WEEKDAY.search(text):
        named = _DAY_OF[match[2]]
        ahead = "next " if match[1] == "next " else ""
        return ahead + named, _without(text, match)
    return None, text


def _hour(word: str) -> int | None:
    found = number(word)
    return found if isinstance(found, int) and 0 <= found <= 24 else None


def _time(text: str, part: str | None) -> tuple[str | None, str]:
    """The time that a text names, in canonical form, and the text without it."""
    for word, said in (("noon", "12:00 PM"), ("midday", "12:00 PM"), ("midnight", "12:00 AM")):
        if match := re.search(rf"\b{word}\b", text):
            return said, _without(text, match)
    for pattern, reader in ((_PAST, _past), (_HALF_HOUR, _half), (_CLOCK, _digits)):
        for match in pattern.finditer(text):
            if found := reader(match):
                return _written(*found, part), _without(text, match)
    for match in _WORD_CLOCK.finditer(text):
        hour = _hour(match[1])
        if hour is not None:
            minute = {"thirty": 30, "fifteen": 15}.get(match[2] or "", 0)
            minute = 45 if (match[2] or "").startswith("forty") else minute
            return _written(hour, minute, match[3], part), _without(text, match)
    return None, text


def _past(match: re.Match) -> tuple[int, int, str | None] | None:
    hour = _hour(match[3])
    minute = {"half": 30, "quarter": 15, "a quarter": 15}.get(match[1]) or number(match[1])
    if hour is None or not isinstance(minute, int) or not 0 < minute < 60:
        return None
    if match[2] in ("past", "after"):
        return hour, minute, match[4]
    return hour - 1 or 12, 60 - minute, match[4]


def _half(match: re.Match) -> tuple[int, int, str | None] | None:
    hour = _hour(match[1])
    return None if hour is None else (hour, 30, match[2])


def _digits(match: re.Match) -> tuple[int, int, str | None] | None:
    hour, minute = int(match[1]), int(match[2] or 0)
    return (hour, minute, match[3]) if hour <= 24 and minute < 60 else None


def _written(hour: int, minute: int, half: str | None, part: str | None) -> str:
    if half is None and 1 <= hour <= 12 and part:
        half = "p" if part in _PM else "a"
    if half and not 1 <= hour <= 12:
        half = None
    return f"{hour}:{minute:02d}" + (f" {half.upper()}M" if half else "")
