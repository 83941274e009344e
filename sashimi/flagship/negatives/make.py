"""The negatives of a corpus: candidates of every source, and which of them are kept.

A candidate is kept if its meaning differs from its prompt's program, from every program that the
same prompt has elsewhere, and from the prompt's other negatives. Training programs alone say which
actions look alike and what follows what; each negative stays in the split of its prompt.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sashimi.flagship.data import leaks
from sashimi.flagship.data.example import SPLITS, Corpus, Example
from sashimi.flagship.negatives.differences import describe
from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import flat, rebuilt
from sashimi.flagship.negatives.meaning import meaning
from sashimi.flagship.negatives.perturb import STRUCTURAL, Perturbation
from sashimi.flagship.negatives.source import other_source
from sashimi.flagship.negatives.triple import Triple
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers, validate
from sashimi.program.catalogue import Catalogue
from sashimi.program.findings import errors
from sashimi.program.tree import Program

PERTURBATIONS: dict[str, Perturbation] = {**STRUCTURAL, "other source": other_source}
"""Every synthetic kind, by name."""
TWICE = 0.15
"""Share of synthetic negatives with a second perturbation."""
DRAWS = 4
"""How often a kind may try for a plausible program before the next kind has its turn."""
ANYWHERE = 0.1
"""Share of examples that are perturbed wherever it is possible: ends of blocks seldom have a
plausible place to go, and would hardly occur otherwise."""
UNDO = frozenset({"negated condition", "swapped branches"})
"""Together these two change nothing."""
Candidate = tuple[Example, Program, str, str]
"""Example, program, source and kind."""


@dataclass
class Made:
    """Negatives by split, and what became of the candidates: (source, why) to a number."""

    triples: dict[str, list[Triple]] = field(default_factory=lambda: defaultdict(list))
    fate: Counter[tuple[str, str]] = field(default_factory=Counter)

    def everything(self) -> list[Triple]:
        """All splits in one list, train first."""
        return [triple for split in SPLITS for triple in self.triples[split]]


def right_for(corpus: Corpus, own: Mapping[str, str | None]) -> dict[str, set[str | None]]:
    """By normalised prompt, the meanings that its programs have; ``own`` are those by example."""
    right: dict[str, set[str | None]] = defaultdict(set)
    for example in corpus.examples():
        right[leaks.normalised(example.prompt)].add(own[example.id])
    return right


class Judge:
    """Keeps candidates that are negatives indeed."""

    def __init__(self, corpus: Corpus, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.split = {e.id: split for split in SPLITS for e in getattr(corpus, split)}
        self.own = {example.id: meaning(example.program) for example in corpus.examples()}
        self.right = right_for(corpus, self.own)
        self.taken: dict[str, set[str]] = defaultdict(set)
        self.made = Made()

    def keep(self, candidate: Candidate) -> bool:
        """Adds a candidate to what is made, if it is a negative; counts why if it is not."""
        example, program, source, kind = candidate
        found = meaning(program)
        why = self._refusal(example, found)
        self.made.fate[source, why or "kept"] += 1
        if why:
            return False
        self.taken[example.id].add(found)
        program = replace(program, name=example.program.name)
        tags, severity, count = describe(example.program, program)
        split = self.split[example.id]
        legal = not errors(validate(program, strict=True, catalogue=self.catalogue))
        irs = (tiers.encode(example.program), tiers.encode(program))
        asked = (example.id, split, example.prompt, *irs)
        triple = Triple(*asked, source, kind, tags, severity, count, legal)
        self.made.triples[split].append(triple)
        return True

    def _refusal(self, example: Example, found: str | None) -> str | None:
        if found is None:
            return "no plist holds it"
        if found == self.own[example.id]:
            return "means the same"
        if found in self.right[leaks.normalised(example.prompt)]:
            return "right for the same prompt"
        return "made already" if found in self.taken[example.id] else None


def make(
    corpus: Corpus,
    synthetic_each: int,
    seed: int,
    beams: Iterable[tuple[Example, Program, int]] = (),
    say: Callable[[str], None] | None = None,
    splits: Sequence[str] = SPLITS,
) -> Made:
    """The negatives of some splits: the same for the same arguments, whatever the other splits.

    ``synthetic_each`` negatives of perturbation an example; ``beams`` are (example, program, place)
    of a trained model (`beams.candidates`).
    """
    programs = [example.program for example in corpus.train]
    catalogue = catalogues.load().extended(programs)
    judge, known = Judge(corpus, catalogue), Known.of(programs, catalogue)
    for split in splits:
        examples = getattr(corpus, split)
        rng = random.Random(f"negatives {seed} {split}")
        _synthetic(judge, examples, known, synthetic_each, rng)
        if say:
            say(f"{split}: {len(judge.made.triples[split])} negatives of {len(examples)} examples")
    for example, program, place in beams:
        judge.keep((example, program, "adversarial", f"beam {place}"))
    order = {example.id: place for place, example in enumerate(corpus.examples())}
    for triples in judge.made.triples.values():
        triples.sort(key=lambda t: order[t.id])  # stable: sources stay in their order
    return judge.made


def _synthetic(
    judge: Judge, examples: Sequence[Example], known: Known, each: int, rng: random.Random
) -> None:
    """``each`` perturbed programs an example, the kinds made least so far first, and the plausible
    ones before all others but in the share `ANYWHERE` of examples."""
    counts: Counter[str] = Counter()
    for example in examples:
        left = each
        for draws in (1,) if rng.random() < ANYWHERE else (DRAWS, 1):
            for kind in _rarest(PERTURBATIONS, counts, rng):
                if not left:
                    break
                for _ in range(draws):
                    program, name = _perturbed(example.program, kind, known, rng)
                    if not program or (draws > 1 and not known.plausible(program)):
                        continue
                    if judge.keep((example, program, "synthetic", name)):
                        counts[kind] += 1
                        left -= 1
                        break


def _rarest(kinds: Iterable[str], counts: Counter[str], rng: random.Random) -> list[str]:
    return sorted(kinds, key=lambda kind: (counts[kind], rng.random()))


def _perturbed(
    program: Program, kind: str, known: Known, rng: random.Random
) -> tuple[Program | None, str]:
    """A program perturbed in this way, sometimes in a second one too, and what that is called."""
    lines = PERTURBATIONS[kind](flat(program.body), rng, known)
    if not lines:
        return None, kind
    if rng.random() < TWICE:
        second = rng.choice([k for k in PERTURBATIONS if k != kind and {k, kind} != UNDO])
        twice = PERTURBATIONS[second](lines, rng, known)
        if twice:
            return Program(program.name, rebuilt(twice)), f"{kind} + {second}"
    return Program(program.name, rebuilt(lines)), kind
