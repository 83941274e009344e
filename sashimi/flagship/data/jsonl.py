"""Corpora in ShortcutForge's JSONL: one object a line with ``shortcut_id`` and ``messages``.

The user's message is the prompt, the assistant's the program. A line that cannot be used is
reported with file, number and reason, and skipped.

Splits. Examples of one program (title and comments ignored) and examples with near-duplicate
prompts stay together in a group. ``test_unseen`` is a seeded draw, about 8% of the examples, of
groups closed under "has the same skeleton", so that none of its skeletons is elsewhere. Of what
remains, ``test`` (8%) and ``dev`` (6%) are a random draw by group: some of their skeletons occur in
train and some do not, as they fall. A group greater than a quarter of a split trains. Both test
splits may hold actions that train lacks, as new programs do.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from pathlib import Path

from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import CONTENT_SEED, SPLITS, Corpus, CorpusError, Example, digest
from sashimi.program import ParseError, parse, tiers
from sashimi.program.tree import Program, actions

SHARES = (("test_unseen", 0.08), ("test", 0.08), ("dev", 0.06))
NEEDED = ("train", "dev", "test")
"""Splits without which a run is of no use; an empty ``test_unseen`` is not measured."""
FEWEST_PROGRAMS = 10
LARGEST_GROUP = 0.25
"""The greatest part of an evaluation split that one group may make up."""

PLUMBING = re.compile(
    r"comment|ask|gettext|getvariable|appendvariable|nothing|exit|output|number|list|dictionary|"
    r"choosefromlist|getitemfromlist|showresult|alert|notification|delay|url|runworkflow"
)
"""Actions that say nothing about what a program is for."""

DOMAINS = (
    ("health", r"health|workout|Fitness|\.Health\."),
    ("api", r"downloadurl|getvalueforkey|setvalueforkey|detect\.dictionary|runssh|url\.getheaders"),
    ("share_sheet", r"share|airdrop|getitemtype|runextension"),
    ("calendar_reminders", r"event|reminder|calendar|Fantastical|ThingsMac|culturedcode|todo|TIN"),
    ("messaging", r"message|email|contact|phone|facetime|MobileSMS|mobilemail|tweet|Ivory"),
    ("morning_routine", r"alarm|timer|dnd|clock|news|sleep|mobiletimer|iBooks"),
    ("navigation_weather", r"location|direction|maps|weather|travel|distance|parked|ride|address"),
    ("media", r"photo|image|music|song|podcast|video|gif|playlist|camera|sound|audio|media|playback"
              r"|VoiceMemos|TVRemote|searchappstore|posters|wallpaper|properties\.appstore|seek"),
    ("files", r"file|document|folder|pdf|zip|iWork|Numbers|Keynote|Pages|itemname|print"),
    ("home_device", r"^com\.apple\.(Home|Accessib|NanoSettings|ShortcutsActions)|homeaccessory"
                    r"|\.set$|brightness|volume|appearance|flashlight|battery|device|lock|openapp|window"
                    r"|screen|vibrate|runscene|useractivity|wifi|bluetooth|Lunar|app$|reboot"),
    ("web_reading", r"openurl|web|article|rss|safari|readinglist|search|instapaper|pocket|reeder"
                    r"|Arc|geturlcomponent|expand|openpasswords"),
    ("maths_dates", r"math|date|round|statistic|measurement|calculate|random|count|timezone"),
    ("clipboard_text", r"clipboard|text|note|dictate|translate|spelling|base64|urlencode|markdown"
                       r"|richtext|hash|barcode|detect|llm|WritingTools|journal|emoji"),
)  # fmt: skip
"""Domain of a program: the first rule that its first action beyond PLUMBING matches, else other."""
_RULES = [(domain, re.compile(pattern)) for domain, pattern in DOMAINS]


def domain_of(program: Program) -> str:
    """The domain of a program's main action; ``clipboard_text`` rules stand last, then other."""
    names = [action.name for action in actions(program)]
    main = next((name for name in names if not PLUMBING.fullmatch(name)), "")
    return next((domain for domain, rule in _RULES if rule.search(main)), "other")


def load(path: Path, *, limit: int | None = None) -> Corpus:
    """The corpus of a file or folder of ``*.jsonl``. Raises `CorpusError`; see the module."""
    found, skipped = read(path)
    groups = len({leaks.program_key(example.program) for example in found})
    if groups < FEWEST_PROGRAMS:
        raise CorpusError(
            f"{path}: {groups} distinct program{'s' if groups != 1 else ''} in {len(found)} usable "
            f"lines; splits by program need at least {FEWEST_PROGRAMS}: add programs"
        )
    splits = split(found, random.Random(f"splits {CONTENT_SEED}"))
    absent = [name for name in NEEDED if not splits[name]]
    if absent:
        raise CorpusError(
            f"{path}: {groups} distinct programs in {len(found)} usable lines leave nothing for "
            f"{' and '.join(absent)}: too many share a program or nearly a prompt; add others"
        )
    if limit is not None:
        evaluation = max(12, limit // 10)
        splits = {
            name: part[: limit if name == "train" else evaluation] for name, part in splits.items()
        }
    every = [example for name in SPLITS for example in splits[name]]
    return Corpus(str(path), digest(every), **splits, skipped=skipped)


def read(path: Path) -> tuple[list[Example], list[tuple[str, int, str]]]:
    """All usable lines in order, and (file, line, reason) for the others. Raises `CorpusError`."""
    if not path.exists():
        raise CorpusError(f"{path}: no such file or folder; give a .jsonl file or a folder of them")
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise CorpusError(f"{path}: no *.jsonl file in this folder; put the corpus there")
    found: list[Example] = []
    skipped: list[tuple[str, int, str]] = []
    taken: set[str] = set()
    for file in files:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    example = _example(line)
                except (ValueError, ParseError) as error:
                    skipped.append((str(file), number, str(error)))
                    continue
                if example.id in taken:
                    example = replace(example, id=f"{example.id}#{file.name}:{number}")
                taken.add(example.id)
                found.append(example)
    if not found:
        where = (
            f"{skipped[0][0]}, line {skipped[0][1]}: {skipped[0][2]}" if skipped else "it is empty"
        )
        raise CorpusError(f"{path}: no usable line ({where}); expected shortcut_id and messages")
    return found, skipped


def _example(line: bytes) -> Example:
    """The example of one line. Raises ValueError or ParseError with the reason."""
    try:
        entry = json.loads(line)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(entry, dict) or not isinstance(entry.get("messages"), list):
        raise ValueError("no list of messages")
    said = {m.get("role"): m.get("content") for m in entry["messages"] if isinstance(m, dict)}
    for key, value in (
        ("shortcut_id", entry.get("shortcut_id")),
        *((r, said.get(r)) for r in ("user", "assistant")),
    ):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{key} is missing or empty")
    program = parse(said["assistant"])
    if not tiers.without_comments(program).body:
        raise ValueError("the program has no statement but comments")
    return Example(entry["shortcut_id"], said["user"].strip(), program, domain_of(program))


def split(examples: list[Example], rng: random.Random) -> dict[str, list[Example]]:
    """The examples of each split, in their first order; see the module for the rules."""
    prompts = [example.prompt for example in examples]
    near = leaks.near_pairs(prompts, prompts)
    together = _linked(examples, lambda e: leaks.program_key(e.program), near)
    alike = _linked(examples, lambda e: leaks.skeleton_key(e.program), [*near, *_chain(together)])
    wanted = {name: share * len(examples) for name, share in SHARES}
    where: dict[int, str] = {}
    for groups, names in ((alike, ("test_unseen",)), (together, ("test", "dev"))):
        rng.shuffle(groups)
        filled = dict.fromkeys(names, 0)
        for group in groups:
            name = next((n for n in names if filled[n] < wanted[n]), None)
            if (
                name is None
                or group[0] in where
                or len(group) > max(1, LARGEST_GROUP * wanted[name])
            ):
                continue
            filled[name] += len(group)
            where |= dict.fromkeys(group, name)
    parts = defaultdict(list)
    for n, example in enumerate(examples):
        parts[where.get(n, "train")].append(example)
    return {name: parts[name] for name in SPLITS}


def _chain(groups: Iterable[list[int]]) -> list[tuple[int, int]]:
    return [(group[0], other) for group in groups for other in group[1:]]


def _linked(
    examples: list[Example], key: Callable[[Example], Hashable], pairs: Iterable[tuple[int, int]]
) -> list[list[int]]:
    """Connected components of examples that share a key or stand in a pair, first come first."""
    parent = list(range(len(examples)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    first: dict[Hashable, int] = {}
    links = [(first.setdefault(key(example), n), n) for n, example in enumerate(examples)]
    for a, b in (*links, *pairs):
        left, right = sorted((root(a), root(b)))
        parent[right] = left
    groups: dict[int, list[int]] = defaultdict(list)
    for n in range(len(examples)):
        groups[root(n)].append(n)
    return list(groups.values())
