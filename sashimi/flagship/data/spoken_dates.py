"""Days as people say them, in the one form that programs hold.

"the 3rd of may", "3 may", "5/3" and "monday may third" are "May 3", "tmrw" is "tomorrow", "weds" is
"Wednesday"; "the 15th" stays, also of a weekday.
"""

from __future__ import annotations

import re

from sashimi.flagship.data.spoken_numbers import words

MONTHS = words(
    "January February March April May June July August September October November December"
)
WEEKDAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_MONTH_OF = {m.lower(): m for m in MONTHS} | {m[:3].lower(): m for m in MONTHS}
_MONTH_OF["sept"] = "September"
_DAY_OF = {d.lower(): d for d in WEEKDAYS} | {d[:3].lower(): d for d in WEEKDAYS}
_DAY_OF |= {"tues": "Tuesday", "thurs": "Thursday", "thur": "Thursday", "tmrw": "tomorrow"}
_DAY_OF |= {"weds": "Wednesday", "tmr": "tomorrow", "tomorow": "tomorrow", "today": "today"}
_DAY_OF |= dict.fromkeys(("tomorrow", "tommorow", "tommorrow", "tomorro", "tmw"), "tomorrow")
_AHEAD = ("day after tomorrow", "next week", "next month", "this weekend", "next weekend")
_DAY_OF |= {day: day for day in _AHEAD}
_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_DAYS = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
NAMES = frozenset([*_MONTH_OF, *words(" ".join(_DAY_OF)), *_ORDINALS, "thirtieth"])
"""What months and days are called, in small letters."""
_ORDER = {word: n for n, word in enumerate(_ORDINALS, 1)} | {"thirtieth": 30}
_ORDER |= {
    f"{ten} {_ORDINALS[n - 1]}": tens + n
    for ten, tens in (("twenty", 20), ("thirty", 30))
    for n in range(1, 10)
}
_SPELT_NTH = "|".join(sorted(_ORDER, key=len, reverse=True)).replace(" ", "[ -]")
_NTH = rf"(?P<nth>\d{{1,2}})(?:st|nd|rd|th)?|(?P<word>{_SPELT_NTH})"
_DATES = (
    re.compile(rf"\b(?:the )?(?:{_NTH})(?: of)? (?P<month>{_NAMES})\b(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"\b(?P<month>{_NAMES}) (?:the )?(?:{_NTH})\b(?!:)(?:,? (?P<year>20\d\d))?"),
)
_FIGURES = (
    re.compile(r"(?<![\d/])(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/(?P<year>20\d\d))?(?![\d/])"),
    re.compile(r"\b(?P<year>20\d\d)-(?P<one>\d\d)-(?P<two>\d\d)\b"),
)
"""Dates in figures: the month first, unless it can be no month."""
_NTH_ALONE = re.compile(r"\bthe (\d{1,2})(?:st|nd|rd|th)\b(?: of the month)?")
_NAMED_DAY = re.compile(r"\b(?:on )?(?:" + "|".join(d.lower() for d in WEEKDAYS) + r")\b")
_WEEKDAY = re.compile(rf"\b((?:next|this|on) )?({_DAYS})\b")


def without(text: str, match: re.Match) -> str:
    """What a text says beside a match."""
    return f"{text[: match.start()]} {text[match.end() :]}"


def named_day(text: str) -> tuple[str | None, str]:
    """The day that a text names, and the text without it."""
    for pattern in _DATES:
        if match := pattern.search(text):
            nth = int(match["nth"] or _ORDER[match["word"].replace("-", " ")])
            if 1 <= nth <= 31:
                year = f", {match['year']}" if match["year"] else ""
                rest = _NAMED_DAY.sub(" ", without(text, match), count=1)
                return f"{_MONTH_OF[match['month']]} {nth}{year}", rest
    for pattern in _FIGURES:
        if (match := pattern.search(text)) and (date := _in_figures(match)):
            return date, without(text, match)
    if (match := _NTH_ALONE.search(text)) and 1 <= int(match[1]) <= 31:
        rest = _NAMED_DAY.sub(" ", without(text, match), count=1)
        return f"the {match[1]}{_ending(int(match[1]))}", rest
    if match := _WEEKDAY.search(text):
        ahead = "next " if match[1] == "next " else ""
        return ahead + _DAY_OF[match[2]], without(text, match)
    return None, text


def _in_figures(match: re.Match) -> str | None:
    """A date of figures with its month's name; None where no order makes it one."""
    one, two = int(match["one"]), int(match["two"])
    month, day = (one, two) if one <= 12 else (two, one)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {day}" + (f", {match['year']}" if match["year"] else "")


def _ending(nth: int) -> str:
    """What makes a number an ordinal: "st", "nd", "rd" or "th"."""
    return {1: "st", 2: "nd", 3: "rd"}.get(nth % 10 if nth // 10 != 1 else 0, "th")
