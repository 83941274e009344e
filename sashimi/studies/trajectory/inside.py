"""What is inside the network that the package ships: its trits, and what it does with words.

Nothing is trained. Letters: N prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from sashimi import plots, ternary
from sashimi.flagship.data.example import Example
from sashimi.program import Program, tiers
from sashimi.program.tree import Action, walk
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


def patterns(count: int = 20, path=shipped.NETWORK) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The most frequent actions of training, the most frequent first: their names, the trits (A, D)
    that the quantiser makes of their vectors, each by its own scale, and the cosines (A,) of the
    two. The vectors themselves are not ternary."""
    packed = shipped.read(path)
    tokens = packed.facts["vocabulary"]["tokens"]  # by frequency
    rows = [n for n, token in enumerate(tokens) if token.startswith("ACTION ")][:count]
    vectors = packed.array("network/decoder.embed.weight")[rows]
    signs = np.stack([ternary.trits(torch.from_numpy(vector)).numpy() for vector in vectors])
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(signs, axis=1)
    cosines = (vectors * signs).sum(1) / lengths
    return [tokens[n].removeprefix("ACTION ") for n in rows], signs, cosines


def pattern_picture(names: Sequence[str], signs: np.ndarray) -> Figure:
    """Trits (A, D), a row an action: -1 blue, 0 white, +1 red."""
    figure, ((axes,),) = plots.canvas(9.0, 0.6 + 0.22 * len(names))
    axes.imshow(signs, cmap="bwr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="place of the vector", title=f"Trits of the {len(names)} most frequent actions")
    axes.grid(visible=False)
    return figure


def zeros_picture(layers: Sequence[str], path=shipped.NETWORK) -> Figure:
    """The spread over rows (outputs) of the share of zeros, a box a layer: median, quartiles, and
    whiskers to the least and the most."""
    figure, ((axes,),) = plots.canvas(7.2, 0.8 + 0.26 * len(layers))
    rows = [zeros_by_row(layer, path) for layer in layers]
    axes.boxplot(rows, orientation="horizontal", whis=(0, 100), widths=0.6)
    axes.set_yticks(range(1, len(layers) + 1), layers, fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel="share of zeros of a row", title="Zeros by layer and row")
    return figure


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


def first_actions(model: Sashimi, examples: Sequence[Example]) -> tuple[list[str], list[str]]:
    """The first action of each program that was asked for, and of what was answered; "none" where
    there is none."""
    outcomes = model.generate([e.prompt for e in examples], refuse=False)
    return [_first(e.program) for e in examples], [_first(o.program) for o in outcomes]


def _first(program: Program | None) -> str:
    actions = (s for s in walk(program.body) if isinstance(s, Action)) if program else ()
    return next((action.name for action in actions), "none")


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
