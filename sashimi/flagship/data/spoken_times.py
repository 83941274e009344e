"""Times and dates as people say them, in the one form that programs hold.

"quarter to eight tonight" is "7:45 PM", "tomorrow at 8pm" is "tomorrow at 8:00 PM", "the 3rd of
may" is "May 3", "in 20 mins" is "in 20 minutes"; "18:45" stays. A time that is said without its
half of the day gets the one in which people are awake and at it: 8 to 11 the morning, 12 to 7 the
afternoon; an alarm, 4 to 11 the morning. Where a zero stands first, all 24 hours are counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sashimi.flagship.data.spoken_dates import named_day, without
from sashimi.flagship.data.spoken_numbers import ONES, TENS, measured, number

_UNIT_WORDS = {"sec": "second", "min": "minute", "hr": "hour", "days": "day", "weeks": "week"}
_PART = re.compile(r"\b(?:(?:in the|this|at) )?(morning|afternoon|evening|night|tonight)\b")
_HALF = r"(?: ?([ap])\.?m\b\.?)?"
_HOUR = r"(\d{1,2}|" + "|".join(ONES[1:13]) + r")\b"
_SPELT = f"(?:(?:{'|'.join(TENS)})[ -])?(?:{'|'.join(ONES + TENS)})"
_MINUTE = rf"half|quarter|a quarter|\d{{1,2}}|{_SPELT}"
_PAST = re.compile(rf"\b({_MINUTE})(?: minutes)? (past|after|to|till|til) {_HOUR}{_HALF}")
_HALF_HOUR = re.compile(rf"\bhalf {_HOUR}{_HALF}")
_CLOSE = re.compile(r"(?<![\d:.])(\d{1,2}?) ?(\d\d) ?([ap])\.?m\b\.?")
_NOT_NTH = r"(?!st\b|nd\b|rd\b|th\b)"
_O_CLOCK = r"o'? ?clock"
_CLOCK = re.compile(
    rf"(?<![\d:.])(\d{{1,2}})(?:[:.](\d\d))?(?: ?{_O_CLOCK})?{_HALF}(?![\d:]){_NOT_NTH}"
)
_WORD_CLOCK = re.compile(rf"\b{_HOUR}(?: (?:({_O_CLOCK})|(?:oh )?({_SPELT}))\b)?{_HALF}")
_FOUR = re.compile(r"(?<![\d:.])(0\d|1\d|2[0-3])([0-5]\d)(?: (?:hours|hrs))?()(?![\d:])")
_LATER = re.compile(r"in (.+)|(.+) from now")
_LEADING_ZERO = re.compile(r"(?<![\d:.])0\d")
_FILLERS = frozenset({"at", "on", "by", "around", "the", "for", "from", "about", "in"})
_PM = frozenset({"afternoon", "evening", "night", "tonight"})


_AWAKE, _ALARM = range(8, 12), range(4, 12)
"""Hours that are those of the morning where nothing says so, and where an alarm is meant."""
_NEARING = (5, 10)
"""Of the numbers that are hours too, those said as minutes before one: "9 to 11" is two hours."""


@dataclass(frozen=True)
class _Said:
    """What a text names; ``half`` only where it is said."""

    day: str | None
    part: str | None
    time: tuple[int, int] | None = None
    half: str | None = None

    @property
    def sure(self) -> bool:
        """Whether the half of the day is certain."""
        return self.half is not None or self.time is None or not 1 <= self.time[0] <= 12

    @property
    def minute(self) -> int:
        """The minute of the day, in its first half where none is said."""
        hour, minute = self.time or (0, 0)
        return (
            hour * 60 + minute if self.half is None else hour % 12 * 60 + minute + _NOON[self.half]
        )


_NOON = {"a": 0, "p": 720}


def when(text: str, early: range | None = _AWAKE) -> str | None:
    """The canonical form of a time, a day or both; None when the text is nothing of the kind.

    ``early`` are the hours that belong to the morning where no half of the day is said; None leaves
    it open.
    """
    rest = _plain(text)
    later = _LATER.fullmatch(rest)
    if later and (found := measured(later[1] or later[2])):
        count, unit = found[0], _UNIT_WORDS[found[1]]
        return f"in {count} {unit}{'' if count == 1 else 's'}"
    said = _read(rest)
    if said is None:
        return None
    if not said.time:
        return _named(said.day, said.part)
    (hour, minute), half = said.time, said.half
    if early and not said.sure:
        half = "a" if hour in early else "p"
    time = f"{hour}:{minute:02d}" + (f" {half.upper()}M" if half else "")
    return dated(time, said.day)


def alarm(text: str) -> str | None:
    """The time of day of an alarm, which knows no day; None when a text names none."""
    found = when(text, _ALARM)
    time = found.rpartition(" at ")[2] if found else ""
    return time if re.fullmatch(r"\d{1,2}:\d\d(?: [AP]M)?", time) else None


def hour(text: str) -> int | None:
    """The hour of the day, 0 to 23, that a text names with its half; None for any other text."""
    said = _read(_plain(text))
    if said is None or said.time is None or said.time[1] or said.day or said.half is None:
        return None
    return said.minute // 60


def dated(time: str, day: str | None) -> str:
    """A time of day on a day; today's is not said."""
    return time if day in (None, "today") else f"{day} at {time}"


def day_alone(text: str) -> str | None:
    """The day that a text names and says nothing else of; None if it does not.

    "The 5th" alone need not be a day.
    """
    said = _read(_plain(text))
    if said is None or said.time or said.part or (said.day or "").startswith("the "):
        return None
    return said.day


def agree(text: str, value: str, day: str | None = None, dayless: bool = False) -> bool:
    """Whether a text that names a time may mean a canonical value.

    The half of the day may be unsaid, and the day where it is ``day``; ``dayless`` asks for none.
    """
    said, meant = _read(_plain(text)), _read(_plain(value))
    if not (said and meant and said.time and meant.time):
        return False
    if (meant.day or "today") != ("today" if dayless else said.day or day or "today"):
        return False
    return (said.minute - meant.minute) % (1440 if said.sure else 720) == 0


def _plain(text: str) -> str:
    """A text in small letters, without commas, with single spaces."""
    return " ".join(text.lower().replace(",", " ").split())


def _read(rest: str) -> _Said | None:
    """What a text of single spaces and small letters names; None when something is left over."""
    day, rest = named_day(rest)
    part = None
    if match := _PART.search(rest):
        part, rest = match[1], without(rest, match)
    zero = _LEADING_ZERO.search(rest)
    time, half, rest = _time(rest)
    if set(rest.split()) - _FILLERS or not (day or part or time):
        return None
    if time and not 1 <= time[0] <= 12:
        half = None
    elif time and half is None and (part or zero):
        midnight = time[0] == 12 and part in ("night", "tonight")
        half = "p" if part in _PM and not midnight else "a"
    return _Said(day, part, time, half)


def _named(day: str | None, part: str | None) -> str | None:
    if part in (None, "tonight"):
        return part if day in (None, "today") else day if part is None else None
    return f"{day} {part}" if day else f"this {part}"


def _hour(word: str) -> int | None:
    found = number(word)
    return found if isinstance(found, int) and 0 <= found <= 24 else None


_Clock = tuple[int, int, str | None]


def _time(text: str) -> tuple[tuple[int, int] | None, str | None, str]:
    """The hour and minute that a text names, the half of the day, and the text without them."""
    for word, hour, half in (("noon", 12, "p"), ("midday", 12, "p"), ("midnight", 12, "a")):
        if match := re.search(rf"\b(?:(?:12|twelve) )?{word}\b", text):
            return (hour, 0), half, without(text, match)
    for pattern, reader in _READERS:
        for match in pattern.finditer(text):
            if found := reader(match):
                return found[:2], found[2], without(text, match)
    return None, None, text


def _past(match: re.Match) -> _Clock | None:
    hour = _hour(match[3])
    minute = {"half": 30, "quarter": 15, "a quarter": 15}.get(match[1]) or number(match[1])
    if hour is None or not isinstance(minute, int) or not 0 < minute < 60:
        return None
    if match[2] in ("past", "after"):
        return hour, minute, match[4]
    figures = match[1].isdigit() and hour - minute in (1, 2)
    if minute <= 12 and (figures or minute not in _NEARING):
        return None
    return hour - 1 or 12, 60 - minute, match[4]


def _half(match: re.Match) -> _Clock | None:
    hour = _hour(match[1])
    return None if hour is None else (hour, 30, match[2])


def _digits(match: re.Match) -> _Clock | None:
    hour, minute = int(match[1]), int(match[2] or 0)
    return (hour, minute, match[3]) if hour <= 24 and minute < 60 else None


def _four(match: re.Match) -> _Clock | None:
    """Four figures, as "0630"; from 2020 to 2059 they are a year."""
    hour, minute = int(match[1]), int(match[2])
    return None if hour == 20 and minute >= 20 else (hour, minute, None)


def _spelt(match: re.Match) -> _Clock | None:
    hour, minute = _hour(match[1]), number(match[3]) if match[3] else 0
    least = 1 if " oh " in match[0] else 10
    if hour is None or not isinstance(minute, int) or (match[3] and not least <= minute < 60):
        return None
    return hour, minute, match[4]


_READERS: tuple[tuple[re.Pattern, Callable[[re.Match], _Clock | None]], ...] = (
    (_PAST, _past),
    (_HALF_HOUR, _half),
    (_CLOSE, _digits),
    (_FOUR, _four),
    (_CLOCK, _digits),
    (_WORD_CLOCK, _spelt),
)
