"""Whether a program holds what its prompt said: times, durations, shares, numbers and words.

A listed value takes one of these forms: ``50%`` (also as 0.5), ``20 min`` (in any unit of time),
``7am``, ``6:30``, ``noon`` (without am or pm either half of the day will do), a number, or text
(whole words, no case). ``a|b`` means that either will do.
"""

from __future__ import annotations

import math
import re
from urllib.parse import unquote_plus

from sashimi.program import tree
from sashimi.program.tree import Program

_PER_UNIT = {
    1: "s sec secs second seconds",
    60: "min mins minute minutes",
    3600: "h hr hrs hour hours",
    86400: "d day days",
    604800: "week weeks",
    2629800: "month months",
    31557600: "year years",
}
SECONDS = {name: size for size, names in _PER_UNIT.items() for name in names.split()}
"""Seconds of each unit of time."""
_ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
_SPELT = {word: str(n) for n, word in enumerate(_ONES)} | {w: str(n) for w, n in _TENS.items()}
_UNIT = "|".join(sorted(SECONDS, key=len, reverse=True))
_SPAN = re.compile(rf"(?<![\w.:])(\d+(?:\.\d+)?)\s*-?\s*({_UNIT})(?![a-z])")
_OCLOCK = re.compile(r"(?<![\d.:])(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s*([ap]\.?m\b\.?)?(?![\d:])")
_RELATIVE = re.compile(
    r"\b(half|quarter|\d{1,2}) (past|after|to|til|before) (\d{1,2})\s*([ap]\.?m)?"
)
_FIGURE = re.compile(r"(?<![A-Za-z\d.:])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\d:]|\.\d)")
_SHARES = {"WFVolume", "WFBrightness"}
"""Keys that run from 0 to 1: 50 is no half there."""
_CODES = {"Operator", "Unit", "WFActionParameterFilterPrefix"}
"""Keys of a filter whose numbers are codes."""
_HIDDEN = {"UUID", "CustomOutputName"}
_CURLY = str.maketrans({"’": "'", "“": '"', "”": '"'})
_OBJECT = "\ufffc"


def folded(text: str) -> str:
    """Lower case, straight quotes, single spaces."""
    return " ".join(text.lower().translate(_CURLY).split())


def _in_figures(text: str) -> str:
    return re.sub(r"[a-z]+", lambda word: _SPELT.get(word[0], word[0]), folded(text))


def _minute(hour: int, minute: int, half: str) -> tuple[int, bool] | None:
    """(minute of the day, whether its half is certain), or None where there is no such time."""
    if hour > 24 or minute > 59:
        return None
    if half and 1 <= hour <= 12:
        return (hour % 12 + (12 if half == "p" else 0)) * 60 + minute, True
    return hour % 24 * 60 + minute, hour > 12 or hour == 0


def times(text: str) -> set[tuple[int, bool]]:
    """Every time of day that a text names: (minute of the day, whether am or pm is certain)."""
    text = _in_figures(text)
    late = re.search(r"\b(evening|tonight|afternoon|at night)\b", text)
    usual = "p" if late else "a" if re.search(r"\bmorning\b", text) else ""
    found = {(720, True)} if re.search(r"\b(noon|midday)\b", text) else set()
    if re.search(r"\bmidnight\b", text):
        found.add((0, True))
    for part, way, hour, half in _RELATIVE.findall(text):
        # "0 past" falls through to no minutes, as the figure itself would
        minutes = {"half": 30, "quarter": 15}.get(part) or int(part)
        on = int(hour)
        if way not in ("past", "after"):
            on, minutes = on - 1 or 12, 60 - minutes
        found.add(_minute(on, minutes, half[:1] or usual))
    for match in _OCLOCK.finditer(text):
        hour, minutes, half = match.groups()
        led = re.search(r"\b(at|by|until|for)\s*$", text[: match.start()])
        followed = re.match(r"\s*o'?clock", text[match.end() :])
        if minutes or half or led or followed or match[0].strip() == text:
            found.add(_minute(int(hour), int(minutes or 0), (half or "")[:1] or usual))
    return found - {None}


def spans(text: str) -> set[float]:
    """Every duration that a text names, in seconds."""
    text = re.sub(r"\ban? (hour|minute|day|week|month|year)", r"1 \1", _in_figures(text))
    text = re.sub(r"\bhalf (?:an |1 )?hour", "30 minutes", text)
    return {float(size) * SECONDS[unit] for size, unit in _SPAN.findall(text)}


def number(value: object) -> float | None:
    """A finite number, also where it stands as text; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


class Stated:
    """All literals of a program: parameters, set values, conditions, counts and titles."""

    def __init__(self, program: Program) -> None:
        self.numbers: list[tuple[str, float]] = []
        self.texts: list[str] = []
        self.quantities: list[tuple[float | None, str]] = []
        self.minutes: set[int] = set()
        for statement in tree.walk(program.body):
            for key, value in _fields(statement):
                self._take(key, value)

    def _take(self, key: str, value: object) -> None:
        if isinstance(value, str):
            self._text(key, value)
        elif (found := number(value)) is not None:
            self.numbers.append((key, found))
        elif isinstance(value, tree.Interp):
            self._text(key, "".join(p if isinstance(p, str) else _OBJECT for p in value.parts))
        elif isinstance(value, tree.Quantity):
            self._quantity(key, value)
        elif isinstance(value, tree.List):
            for inner in value.items:
                self._take(key, inner)
        elif isinstance(value, tree.Dict | tree.Headers):
            self._dictionary(key, value)

    def _quantity(self, key: str, value: tree.Quantity) -> None:
        size = number(value.magnitude)
        if size is not None:
            self.numbers.append((key, size))
        if isinstance(value.unit, str):
            self.texts.append(folded(value.unit))
            self.quantities.append((size, folded(value.unit)))

    def _dictionary(self, key: str, value: tree.Dict | tree.Headers) -> None:
        told = dict((k, v) for k, v in value.items if isinstance(k, str))
        if isinstance(told.get("hour"), int):
            self.minutes.add(told["hour"] * 60 + int(number(told.get("minute", 0)) or 0))
        for name, inner in value.items:
            self._take(key, name)
            if name not in _CODES:
                self._take(key, inner)

    def _text(self, key: str, text: str) -> None:
        whole = number(text)
        shown = folded(text.replace(_OBJECT, " "))
        figures = [float(figure.replace(",", "")) for figure in _FIGURE.findall(shown)]
        self.numbers += [(key, n) for n in ([] if whole is None else [whole]) + figures]
        self.texts.append(shown)
        if "%" in shown or "+" in shown:
            self.texts.append(folded(unquote_plus(shown)))

    def holds(self, listed: str) -> bool:
        """Whether one of the alternatives of a listed value is in the program."""
        return any(self._one(folded(value)) for value in listed.split("|"))

    def _one(self, value: str) -> bool:
        if share := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value):
            return self._share(share[1])
        if span := re.fullmatch(rf"(\d+(?:\.\d+)?) ({_UNIT})", value):
            return self._span(float(span[1]) * SECONDS[span[2]])
        if re.fullmatch(r"\d{1,2}(:\d{2})?\s*[ap]m|\d{1,2}:\d{2}|noon|midnight", value):
            return self._time(value)
        if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return self._number(float(value))
        words = re.compile(rf"(?<![a-z0-9]){re.escape(value)}(?![a-z0-9])")
        return any(words.search(text) for text in self.texts)

    def _number(self, wanted: float, but: frozenset[str] | set[str] = frozenset()) -> bool:
        return any(math.isclose(n, wanted, abs_tol=1e-9) for k, n in self.numbers if k not in but)

    def _share(self, figure: str) -> bool:
        size = float(figure)
        if self._number(size / 100) or self._number(size, _SHARES):
            return True
        said = re.compile(rf"(?<![\d.]){re.escape(figure)}\s*(%|percent)")
        return any(said.search(text) for text in self.texts)

    def _span(self, seconds: float) -> bool:
        def equal(other: float) -> bool:
            return math.isclose(other, seconds, rel_tol=1e-6)

        for size, unit in self.quantities:
            each = SECONDS.get(unit)
            if each and (equal(size * each) if size is not None else self._number(seconds / each)):
                return True
        waits = (n for key, n in self.numbers if key == "WFDelayTime")
        told = (span for text in self.texts for span in spans(text))
        return any(map(equal, waits)) or any(map(equal, told))

    def _time(self, value: str) -> bool:
        told = {t for text in self.texts for t in times(text)} | {(m, True) for m in self.minutes}
        for wanted, certain in times(value):
            day = 1440 if certain else 720
            if any(wanted % day == minute % day for minute, _ in told):
                return True
        return False


def _fields(statement: tree.Statement) -> list[tuple[str, object]]:
    """The (key, value) pairs of one statement; keys of our own for what is no parameter."""
    match statement:
        case tree.Action(params=params):
            return [(key, value) for key, value in params if key not in _HIDDEN]
        case tree.Set(value=value):
            return [("SET", value)]
        case tree.If(value=value):
            return [("IF", value)]
        case tree.Repeat(count=count):
            return [("REPEAT", count)]
        case tree.Menu(prompt=prompt, cases=cases):
            return [("MENU", prompt), *(("CASE", case.title) for case in cases)]
    return []
