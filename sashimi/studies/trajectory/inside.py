"""What is inside the network that the package ships: its trits, and what it does with words.

Nothing is trained. Letters: N prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from sashimi.flagship.data.example import Example
from sashimi.program import tiers
from sashimi.runtime import shipped
from sashimi.runtime.way import Sashimi
from sashimi.statistics import wilson

PAIRS = (
    ("on or off", "turn the wifi on", "turn the wifi off"),
    ("on or off", "switch bluetooth on please", "switch bluetooth off please"),
    ("on or off", "turn on low power mode", "turn off low power mode"),
    ("on or off", "turn the flashlight on", "turn the flashlight off"),
    ("before or after", "wait ten seconds, then play music", "play music, then wait ten seconds"),
    ("before or after", "take a photo, then vibrate", "vibrate, then take a photo"),
    ("before or after", "show the weather after getting my location",
     "get my location after showing the weather"),
    ("before or after", "copy the text before showing it", "show the text before copying it"),
    ("each or first", "show each item of the list", "show the first item of the list"),
    ("each or first", "resize each photo", "resize the first photo"),
    ("each or first", "for each file show its name", "show the name of the first file"),
    ("each or first", "read every reminder aloud", "read the first reminder aloud"),
)  # fmt: skip
"""Pairs of sentences, written here, whose programs must differ; one thing is exchanged."""

REFUSED, SKELETON, VALUES, RIGHT = "domain", "skeleton", "values", "right"


def trits(path=shipped.NETWORK) -> list[dict]:
    """Of every ternary matrix: its name, shape, shares of -1, 0 and +1, and the share of rows
    (outputs) that are zero throughout."""
    packed = shipped.read(path)
    rows = []
    for name, entry in packed.entries.items():
        if entry["kind"] != "trits":
            continue
        signs = np.sign(packed.array(name))
        shares = {f"{s:+d}" if s else "0": float((signs == s).mean()) for s in (-1, 0, 1)}
        dead = float((signs == 0).all(axis=1).mean())
        short = name.removeprefix("network/").removesuffix(".weight")
        rows.append({"layer": short, "shape": tuple(signs.shape), **shares, "empty rows": dead})
    return rows


def zeros_by_row(name: str, path=shipped.NETWORK) -> np.ndarray:
    """The share of zeros of each output of one ternary matrix: (O,)."""
    packed = shipped.read(path)
    return (packed.array(f"network/{name}.weight") == 0).mean(axis=1)


@dataclass(frozen=True)
class Removed:
    """A word taken out of a prompt: whether the program changed, and what its confidence lost."""

    prompt: str
    word: str
    plain: bool
    """Whether it is a stop word of English."""
    changed: bool
    actions: bool
    """Whether the skeleton changed, not values alone."""
    lost: float


def pairs(model: Sashimi) -> list[dict]:
    """Every minimal pair: whether the two programs differ, and whether their skeletons do."""
    outcomes = model.generate([p for _, one, two in PAIRS for p in (one, two)], refuse=False)
    rows = []
    for (kind, one, two), a, b in zip(PAIRS, outcomes[::2], outcomes[1::2], strict=True):
        differ, shaped = a.text != b.text, skeleton(a) != skeleton(b)
        rows.append({"kind": kind, "one": one, "two": two, "differ": differ, "skeletons": shaped})
    return rows


def removed(model: Sashimi, prompts: Sequence[str]) -> list[Removed]:
    """Every word of every prompt taken out in turn."""
    cut = [
        (prompt, words[i], " ".join(words[:i] + words[i + 1 :]))
        for prompt in prompts
        for words in (prompt.split(),)
        for i in range(len(words))
        if len(words) > 1
    ]
    asked = [*prompts, *(rest for _, _, rest in cut)]
    outcomes = dict(zip(asked, model.generate(asked, refuse=False), strict=True))
    return [
        Removed(
            prompt,
            word,
            word.strip(".,!?'\"").lower() in ENGLISH_STOP_WORDS,
            outcomes[rest].text != outcomes[prompt].text,
            skeleton(outcomes[rest]) != skeleton(outcomes[prompt]),
            outcomes[prompt].confidence - outcomes[rest].confidence,
        )
        for prompt, word, rest in cut
    ]


def located(model: Sashimi, examples: Sequence[Example]) -> list[str]:
    """Where each answer fails first, by swapping parts for the truth's: `REFUSED` if the domain
    head turns a prompt away whose program would be right, `SKELETON` if another skeleton is
    written (the right values would not help), `VALUES` if the right ones alone would; else `RIGHT`.
    """
    admitted = model.generate([e.prompt for e in examples])
    whole = model.generate([e.prompt for e in examples], refuse=False)
    return [_located(e, a.accepted, o) for e, a, o in zip(examples, admitted, whole, strict=True)]


def _located(example: Example, accepted: bool, outcome) -> str:
    gold = tiers.encode(tiers.without_comments(example.program))
    if skeleton(outcome) != gold.structure:
        return SKELETON
    ours = tiers.encode(tiers.without_comments(outcome.program))
    if ours != gold:
        return VALUES
    return RIGHT if accepted else REFUSED


def skeleton(outcome) -> tuple[str, ...]:
    """The skeleton of an outcome, () for none."""
    if outcome.program is None:
        return ()
    return tiers.encode(tiers.without_comments(outcome.program)).structure


def shares(places: Sequence[str]) -> dict:
    """Each place's share with Wilson's interval."""
    return {
        place: wilson(sum(p == place for p in places), len(places))
        for place in (RIGHT, VALUES, SKELETON, REFUSED)
    }
