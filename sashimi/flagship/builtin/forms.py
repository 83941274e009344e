"""How a value is said: every form that `sashimi.flagship.data.normal` reads back as the value.

A form may stand several times in a list: the likelier it is drawn. Forms that would not be read
as the value are left out, so that what is said can always be copied.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache

from sashimi.flagship.data import normal, phrases
from sashimi.flagship.data import spoken_times as times
from sashimi.flagship.data.spoken_dates import MONTHS, WEEKDAYS
from sashimi.flagship.data.spoken_numbers import ONES, TENS, words
from sashimi.program.tree import Value

UNITS = {
    "sec": words("seconds seconds sec secs second s"),
    "min": words("minutes minutes min mins min minute"),
    "hr": words("hours hours hrs hr hour h"),
    "days": words("days days day"),
    "mL": words("ml ml mL millilitres milliliters"),
    "mg": words("mg mg milligrams"),
    "g": words("g grams grams"),
    "kg": words("kg kilos kg kilograms"),
    "km": words("km km kilometres k"),
    "kcal": words("kcal calories calories cal"),
}
"""What a unit is called; the longer spelling of a duration has an end for one and for several."""


def clock(rng: random.Random) -> str:
    """A time of day as programs hold it: mostly with its half of the day."""
    minute = rng.choice((0, 0, 0, 30, 30, 15, 45, rng.randrange(5, 60, 5), rng.randrange(60)))
    roll = rng.random()
    if roll < 0.12:
        return f"{rng.randrange(13, 24)}:{minute:02d}"
    hour, half = rng.randrange(1, 13), rng.choice(("AM", "PM", "PM"))
    return f"{hour}:{minute:02d}" + ("" if roll < 0.3 else f" {half}")


def date(rng: random.Random) -> str:
    """A day of a month, at times with its year."""
    year = f", {rng.randrange(2027, 2061)}" if rng.random() < 0.3 else ""
    return f"{rng.choice(MONTHS)} {rng.randrange(1, 29)}{year}"


def when(rng: random.Random) -> str:
    """A time, a day or both, or a while from now."""
    roll = rng.random()
    if roll < 0.2:
        return clock(rng)
    if roll < 0.35:
        count, unit = rng.choice(
            ((rng.randrange(5, 60, 5), "minute"), (rng.randrange(2, 12), "hour"))
        )
        return f"in {count} {unit}s"
    day = rng.choice(("tomorrow", "tomorrow", "tomorrow", "", ""))
    day = day or rng.choice((*WEEKDAYS, *WEEKDAYS, "next " + rng.choice(WEEKDAYS), date(rng)))
    if roll < 0.45 and "," not in day:
        return f"{day} {rng.choice(('morning', 'afternoon', 'evening', 'night'))}"
    return day if roll < 0.55 else f"{day} at {clock(rng)}"


def share(rng: random.Random) -> int | float:
    """A share of one, in steps of a twentieth as a rule."""
    hundredth = rng.choice(
        (rng.randrange(0, 101, 10), rng.randrange(0, 101, 5), rng.randrange(101))
    )
    return hundredth // 100 if hundredth in (0, 100) else hundredth / 100


def spelt(number: int) -> str:
    """A number below ten thousand in words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        rest = f" {ONES[number % 10]}" if number % 10 else ""
        return TENS[number // 10 - 2] + rest
    base, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {spelt(number % base)}" if number % base else ""
    return f"{spelt(number // base)} {name}{rest}"


@lru_cache(maxsize=20_000)
def says(value: Value, read: str, number: bool = False) -> tuple[str, ...]:
    """The ways to say a value that its place reads in this way."""
    if number:
        found = _numbers(value) if read == normal.PLAIN else _shares(value)
    elif read == normal.ENTITY:
        found = _texts(normal.entity_name(value), "title")
    elif read in normal.PHRASES:
        found = _SAID[read](value)
    else:
        found = _texts(value, read)
    kept = [text for text in found if _read(read, text, number) == value]
    return tuple(kept) or (str(value),)


def _read(read: str, text: str, number: bool) -> Value | None:
    """What a form says, without a half of the day that it leaves open."""
    if read == "when":
        return times.when(text, early=None)
    return normal.read(read, text, number=number)


@lru_cache(maxsize=20_000)
def measured(value: int | float, unit: str) -> tuple[str, ...]:
    """The ways to say a number with its unit."""
    read = "volume" if unit == "mL" else "duration" if unit in ("sec", "min", "hr", "days") else ""
    written = format(value, ".10g")
    found = [_counted(written, name, value) for name in UNITS[unit]] * 2
    found += [f"{written}{name}" for name in UNITS[unit] if len(name) < 4]
    if isinstance(value, int) and value < 1000:
        found.append(_counted(spelt(value), UNITS[unit][0], value))
    found += _rounded(value, unit)
    if read:
        found = [text for text in found if _means(read, text, value)]
    return tuple(found)


def _means(read: str, text: str, value: int | float) -> bool:
    """Whether a phrase is the value; a unit that is not read follows the number."""
    found = phrases.longest(read, text, True)
    return bool(found) and found[0][0] == 0 and found[0][2] == value


def _counted(number: str, name: str, value: int | float) -> str:
    one = name[:-1] if value == 1 and name.endswith("s") and len(name) > 3 else name
    several = one in ("second", "minute", "hour", "day") and value != 1
    return f"{number} {one}{'s' if several else ''}"


def _rounded(value: int | float, unit: str) -> list[str]:
    """Hours and halves, litres, a dozen: what people say instead of the number."""
    if unit == "mL":
        if value in (250, 750) or value % 500:
            return []
        litres = value / 1000
        named = {0.5: ["half a litre", "half a liter"], 1: ["a litre", "1 l", "one litre"]}
        return named.get(litres, [f"{litres:g} litres", f"{litres:g} l", f"{litres:g} liters"])
    if unit == "hr" and value == 1:
        return ["an hour"] * 3
    if unit == "min" and value > 60 and value % 60:
        hours, rest = divmod(value, 60)
        hour = "an hour" if hours == 1 else f"{hours} hours"
        found = [f"{hour} and {rest} minutes", f"{hours}h {rest}min", f"{hours} hr {rest}"]
        half = ["an hour and a half", f"{hours + 0.5:g} hours", "one and a half hours"]
        return found + (half * 2 if rest == 30 else [])
    named = {("min", 30): ["half an hour"] * 3, ("min", 15): ["a quarter of an hour"]}
    named |= {("min", 1): ["a minute", "one minute"], ("sec", 30): ["half a minute"]}
    named |= {("sec", 90): ["a minute and a half"], ("min", 45): ["three quarters of an hour"]}
    return named.get((unit, value), [])


def _numbers(value: int | float) -> list[str]:
    text = format(value, ".10g") if isinstance(value, float) else str(value)
    if value < 0:
        return [text, f"minus {text[1:]}"]
    if isinstance(value, float):
        return [text, text]
    found = [text] * 4 + ([f"{value:,}"] if value >= 1000 else [])
    if value <= 20 or (value <= 100 and value % 5 == 0):
        return [*found, spelt(value), spelt(value), *(["a dozen"] if value == 12 else [])]
    return [*found, spelt(value)] if value < 10_000 and value % 50 == 0 else found


def _shares(value: int | float) -> list[str]:
    hundred = round(value * 100)
    found = [f"{hundred}%"] * 4 + [f"{hundred} percent", f"{hundred} %"]
    found += [str(hundred), f"{spelt(hundred)} percent", f"{spelt(hundred)} percent"]
    named = {0: ["zero"], 1: ["full", "maximum", "max"], 0.5: ["half", "half", "halfway"]}
    return found + named.get(value, ["a quarter"] if value == 0.25 else [])


def _texts(value: str, read: str) -> list[str]:
    """A text as it is, without its capitals, without its apostrophes."""
    core = value.removesuffix({"label": ": "}.get(read, ""))
    if read == normal.PLAIN:
        return [core]
    if read == "url":
        bare = re.sub(r"^https?://", "", core)
        return [core, bare, bare, bare.removeprefix("www.")]
    if read == "title":
        return [core, core.lower()]
    first = core[:1].lower() + core[1:]
    if core.startswith(("I ", "I'")):
        first = core
    forms = [core, first, first, core.lower(), core.lower().replace("'", "")]
    return [*forms, *(form.rstrip("?") for form in forms if read == "question")]


def _whens(value: str) -> list[str]:
    day, _, time = value.rpartition(" at ") if " at " in value else (value, "", "")
    if re.match(r"\d", value):
        return [form for form in _clocks(value) if not form.startswith("at ")]
    if value.startswith("in "):
        return [value, value, *(f"in {form}" for form in _durations(value[3:]))]
    days = _days(day)
    if not time:
        return days
    found = []
    for clock_form in _clocks(time):
        for day_form in days[:3]:
            found += [f"{day_form} at {clock_form}", f"{day_form} at {clock_form}"]
            found += [f"at {clock_form} {day_form}", f"{clock_form} {day_form}"]
            found.append(f"{day_form} {clock_form}")
    return found


def _durations(text: str) -> list[str]:
    count, name = text.split(" ")
    unit = {"minutes": "min", "hours": "hr"}[name]
    return list(measured(int(count), unit))


def _days(day: str) -> list[str]:
    match = re.fullmatch(r"(\w+) (\d+)(?:, (\d+))?", day)
    if match and match[1] in MONTHS:
        month, nth, year = match[1], int(match[2]), f" {match[3]}" if match[3] else ""
        ending = "th" if 10 < nth < 20 else {1: "st", 2: "nd", 3: "rd"}.get(nth % 10, "th")
        found = [f"{month} {nth}", f"{month} {nth}{ending}", f"the {nth}{ending} of {month}"]
        found += [f"{nth} {month}", f"{nth}{ending} {month[:3]}", f"{month[:3].lower()} {nth}"]
        found = [form + year for form in found] + ([day] if year else [])
        return found + [form.lower() for form in found]
    if day == "tomorrow":
        return ["tomorrow", "tomorrow", "tomorrow", "tmrw"]
    ahead = "" if day.startswith(("next", "tomorrow")) else "on "
    return [ahead + day, ahead + day.lower(), day.lower(), day]


def _clocks(value: str) -> list[str]:
    """A time of day in digits and words, with and without its half."""
    match = re.fullmatch(r"(\d+):(\d\d)(?: ([AP])M)?", value)
    hour, minute, half = int(match[1]), int(match[2]), match[3]
    if hour > 12 or hour == 0:
        return [value]
    said = [f"{hour}:{match[2]}", f"{hour}:{match[2]}"] if minute else [str(hour), str(hour)]
    spoken = [] if minute else [f"{spelt(hour)} o'clock", spelt(hour)]
    following = spelt(hour % 12 + 1)
    spoken += {
        30: [f"half past {spelt(hour)}", f"half {spelt(hour)}", f"{spelt(hour)} thirty"],
        15: [f"quarter past {spelt(hour)}", f"{spelt(hour)} fifteen"],
        45: [f"quarter to {following}", f"a quarter to {following}"],
        10: [f"ten past {spelt(hour)}"],
        20: [f"twenty past {spelt(hour)}"],
        50: [f"ten to {following}"],
        40: [f"twenty to {following}"],
    }.get(minute, [])
    if half is None:
        return said + spoken
    pm = half == "P"
    near = (
        "in the morning" if not pm else "in the evening" if 5 <= hour < 12 else "in the afternoon"
    )
    found = [f"{form} {half.lower()}m" for form in said] + [
        f"{form}{half.lower()}m" for form in said
    ]
    found += [f"{form} {half}M" for form in said[:1]] + [
        f"{form} {near}" for form in spoken + said[:1]
    ]
    if pm and 6 <= hour < 12:
        found += [f"{form} tonight" for form in spoken + said]
    if value == "12:00 PM":
        found += ["noon"] * 4 + ["midday"]
    return found + (["midnight"] * 4 if value == "12:00 AM" else [])


def _sums(value: str) -> list[str]:
    """A sum in figures and in words; a hundredth of a number as a percentage."""
    match = re.fullmatch(r"([\d.]+)([-+*/])([\d.]+)", value)
    if not match:
        return [value]
    one, sign, two = match.groups()
    said = {"+": ("plus",), "-": ("minus",), "*": ("times", "x"), "/": ("divided by", "over")}[sign]
    found = [value, f"{one} {sign} {two}", *(f"{one} {word} {two}" for word in said)]
    if sign == "*" and 0 < float(two) < 1:
        share, less = (format(round(100 * x, 6), "g") for x in (float(two), 1 - float(two)))
        off = [f"{less}% off {one}", f"{less} percent off {one}", f"{one} minus {less}%"]
        found = [f"{share}% of {one}", f"{share} percent of {one}", *off, value]
    less = [f"take {two} off {one}", f"{two} from {one}"] if sign == "-" else []
    return (
        found + less + ([f"half of {one}", f"half of {one}"] if (sign, two) == ("/", "2") else [])
    )


_SAID: dict[str, Callable[[str], list[str]]] = {
    "when": _whens,
    "alarm": lambda value: [form for form in _clocks(value) if not form.startswith("at ")],
    "expression": _sums,
    "app": normal.app_names,
}
