"""The grammar of intents, read from ``grammar/*.yaml`` and checked.

A **step** is a few lines of ShortcutDSL with slots, and the ways people say it. Steps are typed:
``source`` makes a value, ``transform`` turns one into another, ``sink`` uses it up, ``effect``
needs none; ``test`` is a condition on the world and ``check`` a condition on a value. In a phrase,
``[verb]`` is inflected by the style, ``(a|b|)`` is a choice, ``<slot>`` a value and ``<it>`` what
the step works on. In DSL text a slot stands in a string; a string that is nothing but ``"<slot>"``
takes the slot's own type, and ``"<slot:str>"`` its text; in a phrase ``<slot:for>`` is a number
with its unit ("an hour and a half", "250 ml", "half a litre"). Quotes around a slot are spoken
rarely.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from sashimi.flagship.builtin.slots import Slot, read_slots
from sashimi.program import parse
from sashimi.program.conditions import CONDITIONS
from sashimi.program.tree import Block

FOLDER = Path(__file__).parent / "grammar"
KINDS = ("source", "transform", "sink", "effect", "test", "check")
SLOT = re.compile(r"<([a-z_]+(?:#\d)?)(:str|:for)?>")
_KEYS = {"kind", "in", "out", "many", "do", "input", "title", "say", "np", "unless", "condition"}
_KEYS |= {"value", "var", "weight", "needs_many"}


class GrammarError(ValueError):
    """The grammar itself is wrong: the message names file, step and what to change."""


@dataclass(frozen=True)
class Step:
    """One step: ``takes`` the types it may follow, ``gives`` the type it makes (None for nothing).

    ``many`` says whether it makes several things (None: as many as it was given), ``needs_many``
    whether it wants several. ``input`` is the parameter that names its input when that is not the
    output of the action just before.
    """

    id: str
    domain: str
    kind: str
    title: str
    body: Block
    takes: frozenset[str]
    gives: str | None
    many: bool | None
    needs_many: bool
    input: str | None
    say: tuple[str, ...]
    np: tuple[str, ...]
    unless: tuple[str, ...]
    condition: str | None
    value: str | None
    var: str | None
    weight: float
    slots: tuple[str, ...]

    @property
    def common(self) -> bool:
        """Steps of no domain in particular: showing, asking, the clipboard's own verbs."""
        return self.domain == "common"


@dataclass(frozen=True)
class Grammar:
    """Steps by id, slots by name, the nouns of each type and the loose phrases of the speaker."""

    steps: dict[str, Step]
    slots: dict[str, Slot]
    nouns: dict[str, dict]
    phrases: dict[str, tuple[str, ...]]
    _kept: dict[tuple, list[Step]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, *kinds: str) -> list[Step]:
        """The steps of these kinds, in the order of the files."""
        return self.cached(kinds, lambda: [s for s in self.steps.values() if s.kind in kinds])

    def cached(self, key: tuple, make: Callable[[], list[Step]]) -> list[Step]:
        """A list of steps, made once and kept as long as the grammar."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    @property
    def domains(self) -> list[str]:
        """The domains, in the order of the files, without ``common``."""
        found = dict.fromkeys(step.domain for step in self.steps.values() if not step.common)
        return list(found)


def _read(path: Path) -> dict:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _types(names: str | list[str] | None, groups: dict[str, list[str]]) -> frozenset[str]:
    listed = [names] if isinstance(names, str) else list(names or [])
    return frozenset(kind for name in listed for kind in groups.get(name, [name]))


def _phrases(entry: dict, key: str) -> tuple[str, ...]:
    value = entry.get(key, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _step(key: str, entry: dict, domain: str, groups: dict, slots: dict, where: str) -> Step:
    if unknown := set(entry) - _KEYS:
        raise GrammarError(f"{where}: unknown key {sorted(unknown)[0]!r}; known: {sorted(_KEYS)}")
    if entry.get("kind") not in KINDS:
        raise GrammarError(f"{where}: kind must be one of {', '.join(KINDS)}")
    if entry.get("condition") not in (None, *CONDITIONS):
        raise GrammarError(f"{where}: unknown condition {entry['condition']!r}")
    text = str(entry.get("do", ""))
    value = str(entry["value"]) if "value" in entry else None
    found = tuple(dict.fromkeys(name for name, _ in SLOT.findall(f"{text} {value or ''}")))
    for name in found:
        if name.split("#")[0] not in slots:
            raise GrammarError(f"{where}: slot <{name}> is not in slots.yaml")
    spoken = {key: _phrases(entry, key) for key in ("say", "np", "unless")}
    for phrase in (phrase for group in spoken.values() for phrase in group):
        named = {name for name, _ in SLOT.findall(phrase)}
        absent, foreign = set(found) - named, named - {*found, "it"}
        if absent or foreign:
            raise GrammarError(f"{where}: {phrase!r} must name exactly the slots of the program")
        if ("<it>" in phrase) != (entry["kind"] in ("transform", "sink", "check")):
            raise GrammarError(f"{where}: {phrase!r} must say <it> if the step takes a value")
    return Step(
        id=key,
        domain=domain,
        kind=entry["kind"],
        title=str(entry.get("title", "")),
        body=parse(f'SHORTCUT "{key}"\n{text}').body if text else (),
        takes=_types(entry.get("in"), groups),
        gives=entry.get("out"),
        many=entry.get("many"),
        needs_many=bool(entry.get("needs_many", False)),
        input=entry.get("input"),
        condition=entry.get("condition"),
        value=value,
        var=entry.get("var"),
        weight=float(entry.get("weight", 1)),
        slots=found,
        **spoken,
    )


@lru_cache(maxsize=1)
def load() -> Grammar:
    """The grammar of this package. Raises GrammarError with file and step."""
    words = _read(FOLDER / "words.yaml")
    slots = read_slots(_read(FOLDER / "slots.yaml"))
    steps: dict[str, Step] = {}
    for path in sorted((FOLDER / "steps").glob("*.yaml")):
        for key, entry in _read(path).items():
            where = f"{path.name}, step {key}"
            if key in steps:
                raise GrammarError(f"{where}: this id exists already")
            steps[key] = _step(key, entry, path.stem, words["groups"], slots, where)
    phrases = {key: tuple(value) for key, value in words["phrases"].items()}
    return Grammar(steps, slots, words["nouns"], phrases)
