"""Styles: the same words as people type or dictate them, polite or terse, with typos or without.

The words are a command, a description or a question; told as a wish, with a sentence of context or
a trigger that no program can hold; as a telegram, or as dictation leaves them: no capitals, no
commas.
"""

from __future__ import annotations

import random
import re

from sashimi.flagship.builtin.speak import FIRST_PRIVATE, Spoken, choose

WEIGHTS = {
    "command": 28,
    "casual": 16,
    "spoken": 14,
    "question": 10,
    "context": 9,
    "typos": 8,
    "polite": 7,
    "wish": 6,
    "description": 2,
}
"""How often each style is used."""
STYLES = tuple(WEIGHTS)
LOW = frozenset({"casual", "spoken"})
"""Styles that write values in small letters too, where they are still read as the value."""
FRAMES = {
    "command": "tell",
    "question": "ask",
    "context": "context",
    "polite": "polite",
    "wish": "wish",
    "description": "describe",
    "spoken": "dictate",
}
"""The phrases that a style puts around the words."""
_FITS_CLAUSE = re.compile(r"^<|(that|which|:) <third>|[,.:!?] <base>")
_FITS_ANYTHING = re.compile(r"^<base>|[,.:!?] <base>")
_VERB = re.compile(r"\[([^\]]+)\]")
_IRREGULAR = {"do": "does", "have": "has", "don't": "doesn't", "go": "goes", "be": "is"}
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioopsdfghjkllxcvbnmn", strict=True))
_ARTICLE = re.compile(rf"\b([Aa]) ([{chr(FIRST_PRIVATE)}-{chr(FIRST_PRIVATE + 0x18FF)}])")
_PRIVATE = re.compile(f"[{chr(FIRST_PRIVATE)}-{chr(FIRST_PRIVATE + 0x18FF)}]")


def draw_style(rng: random.Random) -> str:
    """One style, as often as it is used."""
    return rng.choices(STYLES, tuple(WEIGHTS.values()))[0]


def third(verb: str) -> str:
    """Third person singular of a verb, perhaps with a particle: "turn on" becomes "turns on"."""
    word, space, rest = verb.partition(" ")
    if word in _IRREGULAR:
        made = _IRREGULAR[word]
    elif word.isupper():
        made = word + "s"
    elif re.search(r"(s|x|z|ch|sh)$", word):
        made = word + "es"
    elif re.search(r"[^aeiou]y$", word):
        made = word[:-1] + "ies"
    else:
        made = word + "s"
    return made + space + rest


def base_first(text: str) -> bool:
    """Whether the words begin with a verb, so that "can you …" may stand before them."""
    return text.startswith("[")


def styled(spoken: Spoken, style: str, phrases: dict, rng: random.Random) -> str:
    """The prompt: the words in this style, with the values put back untouched."""
    base = _VERB.sub(lambda m: m[1], spoken.text)
    if style == "casual":
        text = _casual(base, phrases, rng)
    else:
        described = _VERB.sub(lambda m: third(m[1]), spoken.text)
        kind = FRAMES.get(style) or rng.choice(("tell", "tell", "wish", "polite"))
        frame = choose(rng.choice(_fitting(phrases[kind], spoken)), rng)
        text = frame.replace("<base>", base).replace("<third>", described)
        if style in ("command", "description", "typos"):
            text = _aside(text, style, phrases, rng)
    if style == "spoken":
        text = _dictated(text, rng)
    elif style != "casual":
        text = text[:1].upper() + text[1:]
        text = re.sub(r"(?<=[.?!] )([a-z])", lambda m: m[1].upper(), text)
    if style == "typos":
        text = slips(text, rng)
    text = re.sub(r"([.?!,;:])\.$", r"\1", text)
    text = re.sub(r",\s*([,.;:?!])", r"\1", text)
    text = _ARTICLE.sub(lambda m: m[1] + _an(spoken.values[ord(m[2]) - FIRST_PRIVATE]) + m[2], text)
    return _PRIVATE.sub(lambda m: spoken.values[ord(m[0]) - FIRST_PRIVATE], text)


def _an(value: str) -> str:
    """What joins the article "a" to a number: "a 20", "an 8", "an eleven"."""
    return "n " if re.match(r"eight|eleven|8|1[18](?!\d)", value) else " "


def _fitting(frames: tuple[str, ...], spoken: Spoken) -> list[str]:
    """The frames that these words are English in: "can you if …" is none."""
    if spoken.bare:
        return [frame for frame in frames if _FITS_ANYTHING.search(frame)] or ["<base>"]
    if base_first(spoken.text):
        return list(frames)
    return [frame for frame in frames if _FITS_CLAUSE.search(frame)] or ["<base>"]


def _dictated(text: str, rng: random.Random) -> str:
    """Small letters, no punctuation, now and then a word of hesitation."""
    text = re.sub(r"[,;:.?!]+(?=\s|$)|[\"]| -(?= )", "", text.lower())
    words = text.split()
    if rng.random() < 0.12:
        words.insert(rng.randrange(len(words)), rng.choice(("um", "uh", "like", "you know", "er")))
    return " ".join(words)


def _aside(text: str, style: str, phrases: dict, rng: random.Random) -> str:
    """At times a clause that changes nothing, before or after."""
    roll = rng.random()
    if roll < 0.1:
        return f"{rng.choice(phrases['lead'])} {text}"
    if roll < 0.2 and style != "description":
        body, end = (text[:-1], text[-1]) if text[-1] in ".?" else (text, "")
        return f"{body}{rng.choice((', ', ' - '))}{rng.choice(phrases['aside'])}{end}"
    return text


def _casual(text: str, phrases: dict, rng: random.Random) -> str:
    """Lower case, hardly an article, short links."""
    text = text.lower()
    arrow = rng.choice(phrases["casual_link"])
    text = re.sub(r"(, then |, after that | and then |, next |, and finally )", arrow, text)
    text = re.sub(r"\. (then|after that,?|next,|finally,|) ?", arrow, text)
    if rng.random() < 0.6:
        text = re.sub(r"\b(the|a|an|my) ", "", text)
    if rng.random() < 0.4:
        text = text.replace("notification", "notif").replace(" seconds", "s").replace("with", "w/")
    return rng.choice(phrases["casual_lead"]) + text + rng.choice(phrases["casual_tail"])


def slips(text: str, rng: random.Random) -> str:
    """One to three slips of the finger in words of four letters or more."""
    words = [m.span() for m in re.finditer(r"[A-Za-z]{4,}", text)]
    for start, end in sorted(rng.sample(words, min(len(words), rng.choice((1, 2, 2, 3)))))[::-1]:
        word, at = text[start:end], rng.randrange(1, end - start - 1)
        slip = rng.randrange(4)
        if slip == 0:
            word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif slip == 1:
            word = word[:at] + word[at + 1 :]
        elif slip == 2:
            word = word[:at] + word[at] + word[at:]
        else:
            word = word[:at] + _NEIGHBOURS.get(word[at].lower(), "e") + word[at + 1 :]
        text = text[:start] + word + text[end:]
    return text
