"""How each action reads as a sentence, in words of our own, and which sign stands before it.

In a sentence ``{Key}`` is the value of a parameter and ``{Key|word}`` has a word for where it is
not given. An action that is not listed in ``words.json`` reads as its name, its parameters below.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from sashimi.program import catalogue
from sashimi.program.names import short


@cache
def table() -> dict:
    """``sentences`` by action; ``signs``: a colour and a path on 16 by 16 by kind of action;
    ``kinds``: kind and pattern of the actions that have it, the first that fits."""
    text = files("sashimi.program.show").joinpath("words.json").read_text(encoding="utf-8")
    return json.loads(text)


def sign(name: str) -> str:
    """The kind of sign that stands before an action."""
    return next((kind for kind, words in table()["kinds"] if re.fullmatch(words, name)), "app")


def title(name: str) -> str:
    """An action's name as words: ``com.example.Stash.AddFileIntent`` is ``Add File``."""
    word = short(name.removeprefix("."))
    word = word.rsplit(".", 1)[-1] if word.count(".") > 1 else word.replace(".", " ")
    word = re.sub(r"(Intent|Action)$", "", word) or word
    words = re.sub(r"(?<=[a-z\d])(?=[A-Z])|_|-", " ", word).split()
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def key_label(key: str) -> str:
    """A parameter's key as words: ``WFHTTPMethod`` is ``HTTP method``."""
    word = re.sub(r"^WF(?=[A-Z])", "", key)
    words = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_.-]", " ", word).split()
    plain = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words)
    return plain[:1].upper() + plain[1:] or key


def output_label(name: str) -> str:
    """What the editor calls an action's output."""
    spec = catalogue.find(name)
    return (spec and spec.output_name) or title(name)


def app(name: str) -> str:
    """The app of an action that is not Shortcuts' own, from its identifier; else ``""``."""
    parts = short(name.removeprefix(".")).split(".")
    return title(parts[-2]) if len(parts) > 2 else ""


def class_label(name: str) -> str:
    """A content class as the editor calls it: ``WFStringContentItem`` is ``Text``."""
    word = re.sub(r"^WF|ContentItem$", "", name)
    return {"String": "Text", "Generic File": "File"}.get(word, key_label(word).title())
