"""The semantic frame: what is read from a prompt, its classes, and how logits become one. No torch.

Letters: P word pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.program import tiers
from sashimi.program.tree import ForEach, If, Menu, Program, Repeat, Set, actions, walk

CONSTRAINTS = ("condition", "choice", "loop", "variable")
COMPLEXITY = ("1–2", "3–4", "5–8", "9–16", "17 or more")
"""Buckets of the number of statements."""
OTHER = "(other)"


@dataclass(frozen=True)
class SemanticFrame:
    """What the extractor read from one prompt; each field is the most likely answer of its head."""

    domain: str
    intent: str
    entities: tuple[str, ...]
    constraints: tuple[str, ...]
    complexity: str


@dataclass(frozen=True)
class Labels:
    """The classes of the frame's two open heads, from the training programs alone."""

    domains: tuple[str, ...]
    intents: tuple[str, ...]
    frequency: dict[str, int]  # action name to the number of training programs that use it

    @staticmethod
    def of(domains: Sequence[str], programs: Sequence[Program], least: int = 3) -> Labels:
        """Labels of a training set; an intent needs ``least`` programs to be a class."""
        used = Counter(name for p in programs for name in {a.name for a in actions(p)})
        partial = Labels((), (), dict(used))
        counts = Counter(partial.primary(p) for p in programs)
        kept = sorted(name for name, n in counts.items() if n >= least and name != OTHER)
        return Labels((*sorted(set(domains)), OTHER), (*kept, OTHER), dict(used))

    def primary(self, program: Program) -> str:
        """The primary intent: the program's most specific action, the one fewest programs use."""
        names = [a.name for a in actions(tiers.without_comments(program))]
        known = [name for name in names if name in self.frequency]
        return min(known, key=lambda n: (self.frequency[n], n)) if known else OTHER

    def targets(self, domain: str, program: Program) -> dict[str, list[int]]:
        """The classes of one example: domain, intent, complexity as [index]; constraints as 0/1."""
        primary = self.primary(program)
        intent = primary if primary in self.intents else OTHER
        return {
            "domain": [self.domains.index(domain if domain in self.domains else OTHER)],
            "intent": [self.intents.index(intent)],
            "complexity": [complexity(program)],
            "constraints": constraints(program),
        }


def constraints(program: Program) -> list[int]:
    """Which of `CONSTRAINTS` a program has, as 0 or 1 each."""
    kinds = {type(s) for s in walk(program.body)}
    return [int(bool(kinds & k)) for k in ({If}, {Menu}, {Repeat, ForEach}, {Set})]


def complexity(program: Program) -> int:
    """The index into `COMPLEXITY` of a program's number of statements, comments aside."""
    statements = sum(1 for _ in walk(tiers.without_comments(program).body))
    return sum(statements > edge for edge in (2, 4, 8, 16))


def read_frame(
    logits: Mapping[str, np.ndarray],
    labels: Labels,
    prompt: str,
    offsets: Sequence[tuple[int, int]],
) -> SemanticFrame:
    """One prompt's frame from its heads' (classes,) logits; ``offsets`` (P, 2) in characters."""
    marked = (logits["entities"][: len(offsets)] > 0).tolist()
    spans: list[list[int]] = []
    for on, previous, (start, end) in zip(marked, [False, *marked[:-1]], offsets, strict=True):
        if on and previous:
            spans[-1][1] = end
        elif on:
            spans.append([start, end])
    present = np.flatnonzero(logits["constraints"] > 0)
    return SemanticFrame(
        domain=labels.domains[int(logits["domain"].argmax())],
        intent=labels.intents[int(logits["intent"].argmax())],
        entities=tuple(prompt[start:end] for start, end in spans),
        constraints=tuple(CONSTRAINTS[i] for i in present),
        complexity=COMPLEXITY[int(logits["complexity"].argmax())],
    )
