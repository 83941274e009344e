"""Numbers as people say them: digits, words, durations, percentages, litres.

Every reader takes a whole phrase and gives its number, or None when the phrase is nothing of the
kind. ``duration`` answers in the phrase's natural unit: whole hours stay hours, hours with a rest
are minutes, anything with seconds beside another unit is seconds.
"""

from __future__ import annotations

import re

NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")


def words(text: str) -> list[str]:
    """The words of a text: a short way to write a table of them."""
    return text.split()


ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
_SMALL = {word: n for n, word in enumerate(ONES)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
_GROUPS = {"hundred": 100, "thousand": 1000}
_ALONE = {"a dozen": 12, "dozen": 12, "half a dozen": 6, "once": 1, "twice": 2, "thrice": 3}
_ALONE |= dict.fromkeys(("a couple", "a couple of", "couple", "couple of"), 2)
PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
"""What parts of one are called, and how many of them make it."""
UNITS = {
    "sec": ("s", "sec", "secs", "second", "seconds"),
    "min": ("m", "min", "mins", "minute", "minutes"),
    "hr": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("week", "weeks", "wk", "wks"),
}
_UNIT_OF = {word: unit for unit, names in UNITS.items() for word in names}
_BELOW = {"hour": ("min", 60), "minute": ("sec", 60), "day": ("hr", 24)}
_SECONDS = {"sec": 1, "min": 60, "hr": 3600}
_LONG = _SECONDS | {"days": 86_400, "weeks": 604_800}
_WHOLE: dict[str, float] = {
    "full": 1,
    "max": 1,
    "maximum": 1,
    "all the way up": 1,
    "all the way": 1,
}
_WHOLE |= {"halfway": 0.5, "half way": 0.5, "all the way down": 0, "minimum": 0, "zero": 0}
_WHOLE |= {"lowest": 0, "highest": 1}
_LITRES = re.compile(r"(.+?) ?(?:l|litres?|liters?)( and a half)?")


def parse_number(text: str) -> int | float | None:
    """The number that a text spells with digits, as the program would hold it; None if none."""
    if not NUMBER.fullmatch(text):
        return None
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def share(text: str) -> tuple[int, int] | None:
    """A share of one as numerator and denominator: "3/4", "two thirds", "a quarter", "half"."""
    if match := re.fullmatch(r"(\d{1,2}) ?/ ?(\d{1,2})", text):
        above, below = int(match[1]), int(match[2])
    else:
        count, _, part = text.rpartition(" ")
        above = {"": 1, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4}.get(count, 0)
        below = PARTS.get(part.removesuffix("s"), 0)
    return (above, below) if 0 < above < below else None


def number(text: str) -> int | float | None:
    """Digits or words: "1,250", "two hundred and fifty", "seven fifty", "ninety point four"."""
    found = parse_number(text)
    if found is not None:
        return found
    text = text.lower().replace("-", " ")
    if text in _ALONE:
        return _ALONE[text]
    sign, _, unsigned = text.partition(" ")
    if sign in ("minus", "negative"):
        found = number(unsigned)
        return None if found is None or found <= 0 else -found
    whole, half, rest = text.partition(" and a half")
    if half and not rest:
        found = number(whole)
        return None if found is None else found + 0.5
    whole, point, rest = text.partition(" point ")
    if point:
        found, tenths = (
            _words(whole.split()),
            [ONES.index(w) for w in rest.split() if w in ONES[:10]],
        )
        spelt = found is not None and len(tenths) == len(rest.split())
        return float(f"{found}.{''.join(map(str, tenths))}") if spelt else None
    return _in_a_row(text.split()) or _words(text.split())


def _in_a_row(said: list[str]) -> int | None:
    """Hundreds without the word, "seven fifty", and figures one by one, "three six five"."""
    if len(said) > 2 and set(said) <= set(ONES[:10]):
        return int("".join(str(ONES.index(word)) for word in said))
    if len(said) in (2, 3) and said[0] in ONES[1:10]:
        rest = _words(said[1:])
        return 100 * ONES.index(said[0]) + rest if rest and 10 <= rest < 100 else None
    return None


def _words(said: list[str]) -> int | None:
    """A number of words such as "two hundred and five"."""
    total = group = 0
    last = 0  # what the word before may still be followed by: 0 anything, else less than this
    for place, word in enumerate(said):
        if word in _SMALL:
            if last and not _SMALL[word] < last:
                return None
            group += _SMALL[word]
            last = 10 if word in TENS else 1
        elif word in _GROUPS and (group or place == 0 or said[:place] == ["a"]):
            group = (group or 1) * _GROUPS[word]
            last = _GROUPS[word]
            if word == "thousand":
                total, group = total + group, 0
        elif word == "and" and last >= 100 and place + 1 < len(said):
            continue
        elif not (word == "a" and place == 0 and len(said) > 1):
            return None
    return total + group if said and last else None


def _counted(text: str) -> int | float | None:
    """The number before a unit, where "a" is one."""
    return 1 if text in ("a", "an") else number(text)


def duration(text: str) -> int | float | None:
    """The magnitude of a duration in its natural unit; a bare number is one too."""
    found = measured(text)
    return number(text) if found is None else found[0]


def converted(text: str, unit: str) -> int | float | None:
    """A duration's magnitude in a unit: "90 minutes" is 1.5 in "hr"; None where it has no unit, or
    one of the two has no fixed length.
    """
    found = measured(text)
    if found is None or found[1] not in _LONG or unit not in _LONG:
        return None
    total = found[0] * _LONG[found[1]] / _LONG[unit]
    return int(total) if total == int(total) else round(total, 6)


def senses(text: str) -> set[float]:
    """What a duration may count as, in whatever unit of fixed length its place has."""
    found = (converted(text, unit) for unit in _LONG)
    return {count for count in found if count is not None}


def measured(text: str) -> tuple[int | float, str] | None:
    """A duration's magnitude and natural unit: "an hour and a half" is 90 and "min"."""
    text = re.sub(r"(\d)\s*-?\s*([a-z])", r"\1 \2", text.lower())
    text = re.sub(r"([a-z])(\d)", r"\1 \2", text).replace("-", " ").replace("&", "and")
    if match := re.fullmatch(r"(.+?)(?: of an?| an?)? (hour|minute|day)", text):
        part, (unit, many) = share(match[1]), _BELOW[match[2]]
        if part and many * part[0] % part[1] == 0:
            return many * part[0] // part[1], unit
    if match := re.fullmatch(r"(?:(?:an?|one) )?(hour|minute|day) and a half", text):
        unit, many = _BELOW[match[1]]
        return many * 3 // 2, unit
    parts = _parts(re.sub(r",(?= )", "", text))
    if not parts:
        return None
    units = [unit for _, unit in parts]
    lengths = [_LONG[unit] for unit in units]
    if lengths != sorted(set(lengths), reverse=True):  # "10 min, 5 min" are two durations
        return None
    if len(parts) == 1 and not (isinstance(parts[0][0], float) and units[0] in ("hr", "min")):
        return parts[0]
    if not set(units) <= set(_SECONDS):
        return None
    unit = "sec" if units[-1] == "sec" or units == ["min"] else "min"
    total = sum(n * _SECONDS[u] for n, u in parts) / _SECONDS[unit]
    return (int(total), unit) if total == int(total) else None


def _parts(text: str) -> list[tuple[int | float, str]]:
    """(number, unit) of each part; [] unless the whole text is made of such parts."""
    parts: list[tuple[int | float, str]] = []
    pending: list[str] = []
    for word in text.split():
        if word in _UNIT_OF and pending:
            found = _counted(" ".join(pending))
            if found is None:
                return []
            parts.append((found, _UNIT_OF[word]))
            pending = []
        elif not (word == "and" and parts and not pending):
            pending.append(word)
    if pending and len(parts) == 1 and parts[0][1] == "hr":  # "1h30", "an hour thirty"
        if pending == ["a", "half"]:
            return [*parts, (30, "min")]
        found = number(" ".join(pending))
        return [] if found is None else [*parts, (found, "min")]
    return [] if pending else parts


def fraction(text: str) -> int | float | None:
    """A share of one: "50%", "fifty percent", "halfway", and "50" where one is asked for."""
    text = text.lower()
    if text in _WHOLE:
        return _WHOLE[text]
    if part := share(text):
        return part[0] / part[1]
    match = re.fullmatch(r"(.+?) ?(%|percent|per cent|pct)", text)
    found = number(match[1] if match else text)
    if found is None or found < 0:
        return None
    if match or found > 1:
        found = round(found / 100, 6)
    return int(found) if found == int(found) else found


def volume(text: str) -> int | float | None:
    """Millilitres: a bare number is that, litres are a thousand."""
    text = text.lower()
    match = _LITRES.fullmatch(text)
    if not match:
        return number(text)
    found = 0.5 if match[1] in ("half a", "half", "a half") else _counted(match[1])
    if found is None:
        return None
    made = 1000 * (found + (0.5 if match[2] else 0))
    return int(made) if made == int(made) else made
