"""Sums as people say them, as the expression that the calculation action takes.

"42 times 1.79" is "42*1.79", "take 17.5 off 90" is "90-17.5", "40 percent off 120" is "120*0.6", "a
third of 96" is "96/3", "split $96 3 ways" is "96/3"; an expression stays what it is, without its
spaces. What money is counted in is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sashimi.flagship.data.spoken_numbers import PARTS, number, share, words

_OPERATORS = {
    "+": ("+", "plus", "and"),
    "-": ("-", "–", "minus", "less", "take away", "subtract"),
    "*": ("*", "×", "x", "times", "multiplied by", "by"),
    "/": ("/", "÷", "divided by", "over", "split by", "shared by", "between", "among"),
}
_OPERATORS["/"] += tuple(
    f"{how} {whom}" for how in ("split", "shared", "divided") for whom in ("between", "among")
)
_SIGN_OF = {name: sign for sign, names in _OPERATORS.items() for name in names}
_BETWEEN = "|".join(re.escape(name) for name in sorted(_SIGN_OF, key=len, reverse=True))
_TIMES = {"double": 2, "twice": 2, "triple": 3}
_MONEY = re.compile(r"[$£€]\s*(?=\d)|\b(?:dollars?|bucks|pounds?|quid|euros?)\b")
_SHARE = r"(?P<share>.+?) ?(?:%|percent|per cent)"
WORDS = frozenset(
    words(
        "plus minus less times x multiplied by divided over of off from and add take away subtract "
        "tip on with for split between among shared share divide multiply bill ways it squared "
        "dollar dollars bucks pound pounds quid euro euros two three quarters thirds double triple"
    )
    + list(PARTS)
)
"""Words that a sum may hold beside its numbers."""


def expression(text: str) -> str | None:
    """The sum that a whole text names; None when it is none."""
    text = " ".join(_MONEY.sub(" ", text.lower()).replace(", ", " ").split())
    text = re.sub(r"(?<=\d)x(?=\d)", "*", text)
    for pattern, written in _FORMS:
        match = re.fullmatch(pattern, text)
        if match and (found := written(match)):
            return found
    figures = re.fullmatch(r"[\d .(]*\d[ )]*[+*/-][\d .()+*/-]*\d[ )]*", text)
    return _chain(text) or (text.replace(" ", "") if figures else None)


def _written(figure: float | None) -> str:
    """A number as it stands in an expression; "" for none."""
    return "" if figure is None else format(round(figure, 9), ".10g")


def _of(share: Callable[[float], float]) -> Callable[[re.Match], str]:
    """A whole times what is made of a percentage."""

    def made(match: re.Match) -> str:
        whole, percent = number(match["whole"]), number(match["share"])
        if whole is None or percent is None:
            return ""
        return f"{_written(whole)}*{_written(share(percent / 100))}"

    return made


def _pair(sign: str) -> Callable[[re.Match], str]:
    """Two numbers and what stands between them."""

    def made(match: re.Match) -> str:
        one, two = _written(number(match["one"])), _written(number(match["two"]))
        return f"{one}{sign}{two}" if one and two else ""

    return made


def _divided(match: re.Match) -> str:
    whole, part = _written(number(match["whole"])), share(match["part"])
    if not whole or part is None:
        return ""
    return f"{whole}/{part[1]}" if part[0] == 1 else f"{whole}*{part[0]}/{part[1]}"


def _multiplied(match: re.Match) -> str:
    one = _written(number(match["one"]))
    return one and f"{one}*{_TIMES[match['times']]}"


def _squared(match: re.Match) -> str:
    one = _written(number(match["one"]))
    return one and f"{one}*{one}"


_FORMS: tuple[tuple[str, Callable[[re.Match], str]], ...] = (
    (rf"{_SHARE} (?:of|tip (?:on|for|of)(?: an?)?) (?P<whole>.+?)(?: bill)?", _of(lambda p: p)),
    (rf"{_SHARE} off(?: of)? (?P<whole>.+)", _of(lambda p: 1 - p)),
    (rf"(?P<whole>.+?) with {_SHARE} off", _of(lambda p: 1 - p)),
    (rf"(?P<whole>.+?) (?:minus|less|-) {_SHARE}", _of(lambda p: 1 - p)),
    (rf"(?P<whole>.+?) (?:plus|and|\+) {_SHARE}", _of(lambda p: 1 + p)),
    (rf"tip {_SHARE} (?:on|for|of)(?: an?)? (?P<whole>.+?)(?: bill)?", _of(lambda p: p)),
    (r"(?P<part>.+?) of (?P<whole>.+)", _divided),
    (rf"(?P<times>{'|'.join(_TIMES)}) (?P<one>.+)", _multiplied),
    (r"(?P<one>.+) squared", _squared),
    (
        r"(?:split|divide|share)(?: an?)? (?P<one>.+?)(?: bill)?(?: it)? "
        r"(?:by|into|between|among) (?P<two>.+?)(?: ways)?",
        _pair("/"),
    ),
    (
        r"(?:(?:split|divide) )?(?:an? )?(?P<one>.+?)(?: bill)?(?: split| divided)? "
        r"(?P<two>\S+) ways",
        _pair("/"),
    ),
    (r"(?:multiply )?(?P<one>.+?) multiply it by (?P<two>.+)", _pair("*")),
    (r"multiply (?P<one>.+?) (?:by|with|and) (?P<two>.+)", _pair("*")),
    (r"(?:take |subtract )?(?P<two>.+) (?:off|from|away from) (?P<one>.+)", _pair("-")),
    (r"add (?P<one>.+?) (?:and|to) (?P<two>.+)", _pair("+")),
)


def _chain(text: str) -> str | None:
    """Numbers with an operator between each two."""
    pieces = re.split(rf"\s*(?<![\w.])({_BETWEEN})(?![\w])\s*|\s*([-+*/×÷])\s*", text)
    made = []
    for place, piece in enumerate(p for p in pieces if p is not None):
        found = _SIGN_OF.get(piece, "") if place % 2 else _written(number(piece))
        if not found:
            return None
        made.append(found)
    return "".join(made) if len(made) > 2 and len(made) % 2 else None
