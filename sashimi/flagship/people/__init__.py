"""Requests in people's own words, each written by hand, with the programs that answer them.

``train_*.yaml`` teach, ``test.yaml`` and ``ood_test.yaml`` judge: they were written before any
network saw them by an author who had not read the built-in grammar, and are never edited again.
README.md beside this file states the format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from sashimi.flagship.data.example import CorpusError
from sashimi.flagship.data.normal import heading
from sashimi.program import ParseError, parse, render
from sashimi.program.tree import Program

FOLDER = Path(__file__).parent
NEUTRAL = ("comment", "gettext", "number", "date", "getvariable", "setvariable", "nothing")
"""Actions that may stand in any answer, or not."""
STYLES = (
    "terse", "spoken", "question", "polite", "typos", "context", "rambling", "dictation", "wish",
    "problem", "correction",
)  # fmt: skip
KINDS = ("one step", "two steps", "chain", "ask", "menu", "if", "each", "repeat")
_KEYS = {"id", "domain", "kind", "say", "program", "or", "neutral", "values"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Item:
    """One program and its phrasings: (style, prompt), the main one first.

    ``golds`` are the programs that are right, the one to learn first; ``neutral`` are actions that
    may be there or not; ``values`` is what the prompt says and a program has to hold (the forms
    are those of `sashimi.flagship.judge.stated`).
    """

    id: str
    domain: str
    kind: str
    say: tuple[tuple[str, str], ...]
    golds: tuple[Program, ...]
    neutral: frozenset[str]
    values: tuple[str, ...]

    @property
    def prompt(self) -> str:
        """The main phrasing."""
        return self.say[0][1]

    @property
    def style(self) -> str:
        """The style of the main phrasing."""
        return self.say[0][0]


@dataclass(frozen=True)
class Refusal:
    """A prompt that no Shortcut answers: ``category`` is near or far, ``sub`` its subject."""

    id: str
    prompt: str
    category: str
    sub: str


@lru_cache(maxsize=1)
def test() -> tuple[Item, ...]:
    """The frozen test: one prompt a program. Raises `CorpusError`."""
    return read(FOLDER / "test.yaml")


@lru_cache(maxsize=1)
def train() -> tuple[Item, ...]:
    """All items of ``train_*.yaml``, in the order of the files. Raises `CorpusError`."""
    found = [item for file in sorted(FOLDER.glob("train_*.yaml")) for item in read(file)]
    _once((item.id for item in found), FOLDER / "train_*.yaml")
    return tuple(found)


@lru_cache(maxsize=2)
def out_of_domain(split: str) -> tuple[Refusal, ...]:
    """The prompts to refuse of ``"train"`` or ``"test"``. Raises `CorpusError`."""
    file = FOLDER / f"ood_{split}.yaml"
    found = []
    for category, subjects in _yaml(file).items():
        for sub, prompts in subjects.items():
            for prompt in prompts:
                if not isinstance(prompt, str):
                    raise CorpusError(f"{file}: {category}/{sub}: {prompt!r} is no text; quote it")
                found.append(Refusal(f"ood-{split}-{len(found):03d}", prompt, category, sub))
    return tuple(found)


def digest(items: Iterable[Item | Refusal]) -> str:
    """sha256 over all that the items state, in the order given."""
    sha = hashlib.sha256()
    for item in items:
        if isinstance(item, Item):
            golds = [render(program) for program in item.golds]
            told = [item.id, item.domain, item.kind, item.say, golds]
            told += [sorted(item.neutral), item.values]
        else:
            told = [item.id, item.prompt, item.category, item.sub]
        sha.update(json.dumps(told, ensure_ascii=False).encode() + b"\n")
    return sha.hexdigest()


def read(file: Path) -> tuple[Item, ...]:
    """The items of one file. Raises `CorpusError` naming file, id and key."""
    entries = _yaml(file)
    if not isinstance(entries, list):
        raise CorpusError(f"{file}: expected a list of items, each with an id")
    items = tuple(_item(file, entry) for entry in entries)
    _once((item.id for item in items), file)
    return items


def _yaml(file: Path):
    try:
        with file.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_LOADER)
    except OSError as error:
        raise CorpusError(f"{file}: {error.strerror}; it is part of the package") from None
    except yaml.YAMLError as error:
        raise CorpusError(f"{file}: not YAML: {error}") from None


def _once(ids: Iterable[str], where: Path) -> None:
    seen: set[str] = set()
    for found in ids:
        if found in seen:
            raise CorpusError(f"{where}: id {found} stands twice; give one of them another")
        seen.add(found)


def _item(file: Path, entry: dict) -> Item:
    where = f"{file}: {entry.get('id', entry) if isinstance(entry, dict) else entry}"
    if not isinstance(entry, dict) or not {"id", "domain", "kind", "say", "program"} <= set(entry):
        raise CorpusError(f"{where}: an item needs id, domain, kind, say and program")
    if extra := set(entry) - _KEYS:
        raise CorpusError(f"{where}: {', '.join(sorted(extra))}: no such key; see README.md")
    if entry["kind"] not in KINDS:
        raise CorpusError(f"{where}: kind {entry['kind']!r} is none of {', '.join(KINDS)}")
    if not all(isinstance(said, dict) for said in entry["say"]):
        raise CorpusError(f"{where}: say: each phrasing is written as `- style: words`")
    say = tuple(pair for said in entry["say"] for pair in said.items())
    for style, prompt in say:
        if style not in STYLES:
            raise CorpusError(f"{where}: style {style!r} is none of {', '.join(STYLES)}")
        if not isinstance(prompt, str):
            raise CorpusError(f"{where}: say: {prompt!r} is no text; put it in quotes")
    values = tuple(entry.get("values", ()))
    for value in values:
        if not isinstance(value, str):
            raise CorpusError(f"{where}: values: {value!r} is no text; put it in quotes")
    name = heading(say[0][1])
    golds = []
    for text in (entry["program"], *entry.get("or", ())):
        quoted = json.dumps(name, ensure_ascii=False)
        try:
            golds.append(parse(f"SHORTCUT {quoted}\n{text.strip()}\nENDSHORTCUT\n"))
        except ParseError as error:
            raise CorpusError(f"{where}: program {len(golds) + 1}: {error}") from None
    neutral = frozenset([*NEUTRAL, *entry.get("neutral", ())])
    return Item(entry["id"], entry["domain"], entry["kind"], say, tuple(golds), neutral, values)
