"""What a set of negatives is worth, from its files alone: shares, detectors, and the gates' values.

Nothing is taken from the making: triples are read back, their programs lowered and compiled again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sashimi import gates
from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import SPLITS, Corpus
from sashimi.flagship.model.limits import MAX_TOKENS
from sashimi.flagship.negatives import detect
from sashimi.flagship.negatives.make import PERTURBATIONS, right_for
from sashimi.flagship.negatives.meaning import meaning
from sashimi.flagship.negatives.triple import SOURCES, Triple, load, only
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.statistics import Interval, wilson

Files = Mapping[str, Sequence[Triple]]
"""Split to the triples of its file."""


def read(folder: str | Path) -> dict[str, list[Triple]]:
    """The triples that a run left in ``<folder>/triples``, by split. Raises BadInput."""
    return {split: load(Path(folder) / "triples" / f"{split}.jsonl") for split in SPLITS}


def differing(files: Files, corpus: Corpus) -> Interval:
    """The share of triples whose programs differ in meaning, from each other and from every
    program that the corpus gives to the same prompt."""
    own = {e.id: meaning(e.program) for e in corpus.examples()}
    right = right_for(corpus, own)
    triples = [triple for found in files.values() for triple in found]
    good = 0
    for triple in triples:
        found = meaning(tiers.lower(triple.negative))
        same = meaning(tiers.lower(triple.positive)) == own[triple.id]
        good += same and found is not None and found not in right[leaks.normalised(triple.prompt)]
    return wilson(good, len(triples))


def astray(files: Files, corpus: Corpus) -> int:
    """How many triples stand in the file of a split that their prompt or example is not of."""
    own = {e.id: split for split in SPLITS for e in getattr(corpus, split)}
    asked: dict[str, set[str]] = defaultdict(set)
    for example in corpus.examples():
        asked[leaks.normalised(example.prompt)].add(own[example.id])
    return sum(
        own.get(triple.id) != split
        or triple.split != split
        or bool(asked[leaks.normalised(triple.prompt)] - {split})
        for split, triples in files.items()
        for triple in triples
    )


def kinds(triples: Sequence[Triple]) -> dict[str, int]:
    """How many triples each kind has: the first perturbation of a synthetic one, ``beam`` for a
    model's own. A kind that has none is 0; no run, no beam."""
    found = Counter(kind(triple) for triple in triples)
    listed = {name: found[name] for name in PERTURBATIONS}
    return listed | ({"beam": found["beam"]} if found["beam"] else {})


def kind(triple: Triple) -> str:
    """What `kinds` counts a triple as."""
    return triple.kind.split(" + ")[0] if triple.source == "synthetic" else "beam"


def vocabulary(corpus: Corpus) -> Vocabulary:
    """The vocabulary that a model of this corpus has."""
    programs = [example.program for example in corpus.train]
    known = catalogues.load().extended(programs)
    return Vocabulary.build([tiers.encode(program) for program in programs], known)


def shares(triples: Sequence[Triple], words: Vocabulary) -> dict[str, dict[str, Interval]]:
    """By source: how many validate, are within reach of the masks, differ in Tiers 1 and 2."""
    limit = MAX_TOKENS - 1
    table = {}
    for source, own in _by_source(triples).items():
        table[source] = {
            "legal": wilson(sum(t.legal for t in own), len(own)),
            "within_the_masks": detect.share_reachable([t.negative for t in own], words, limit),
            "differs_in_structure": wilson(sum(t.in_structure for t in own), len(own)),
        }
    positives = list({t.id: t.positive for t in triples}.values())
    table["positives, for comparison"] = {
        "within_the_masks": detect.share_reachable(positives, words, limit)
    }
    return table


def detectors(files: Files, legal: bool) -> dict[str, dict[str, Interval]]:
    """By source: the AUROC of each detector, trained on train and asked about the other splits."""
    wanted = {"legal": True} if legal else {}
    train = _by_source(only(files["train"], **wanted))
    held_out = _by_source(only([t for s in SPLITS[1:] for t in files[s]], **wanted))
    return {
        source: {
            name: detect.auroc(train[source], held_out[source], features)
            for name, features in detect.DETECTORS.items()
        }
        for source in SOURCES
        if source in train and source in held_out
    }


def telling(files: Files) -> dict[str, Interval]:
    """By kind, the AUROC of the detector of pairs of actions on legal triples of held-out prompts,
    the most telling kind first: which perturbations look unlike any program."""
    train = only(files["train"], legal=True)
    held_out = only([t for s in SPLITS[1:] for t in files[s]], legal=True)
    found: dict[str, Interval] = {}
    for source, own in _by_source(held_out).items():
        found |= detect.by_kind(only(train, source=source), own, detect.pairs, kind)
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def judge(files: Files, corpus: Corpus, length: Interval, path: Path) -> list[dict[str, Any]]:
    """The gates on hard negatives; ``length`` is that detector's AUROC on perturbed programs."""
    everything = [triple for triples in files.values() for triple in triples]
    present = kinds(everything)
    values = {
        "negatives": len(everything),
        "negatives_that_differ": differing(files, corpus).value,
        "negative_kinds_present": sum(n > 0 for n in present.values()) / len(present),
        "negatives_astray": astray(files, corpus),
        "negative_length_auroc": length.value,
    }
    return gates.judge(values, gates.load(path))


def _by_source(triples: Sequence[Triple]) -> dict[str, list[Triple]]:
    found = {source: only(triples, source=source) for source in SOURCES}
    return {source: own for source, own in found.items() if own}
