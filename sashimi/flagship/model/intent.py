"""The intent extractor: what a prompt asks for, as a semantic frame with trained heads.

Every head is scored on held-out data beside the constant answer. Position 0 of the memory is the
pooled prompt, the rest are its word pieces; the same body reads both.

Letters: B prompts, M = 1 + word pieces, E encoder width, I intent width, C domains, A intents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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


class IntentExtractor(nn.Module):
    """(B, M, E) to (B, M, I), and the heads of the frame."""

    def __init__(self, width: int, intent_width: int, labels: Labels, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(width, intent_width)
        self.body = nn.Sequential(
            nn.LayerNorm(intent_width),
            nn.Linear(intent_width, intent_width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(intent_width, intent_width),
        )
        self.norm = nn.LayerNorm(intent_width)
        self.heads = nn.ModuleDict(
            {
                "domain": nn.Linear(intent_width, len(labels.domains)),
                "intent": nn.Linear(intent_width, len(labels.intents)),
                "complexity": nn.Linear(intent_width, len(COMPLEXITY)),
                "constraints": nn.Linear(intent_width, len(CONSTRAINTS)),
                "entities": nn.Linear(intent_width, 1),
            }
        )

    def forward(self, memory: Tensor) -> Tensor:
        entered = self.enter(memory)
        return self.norm(entered + self.body(entered))

    def frame_logits(self, intent: Tensor) -> dict[str, Tensor]:
        """Head outputs: (B, classes) from the pooled position; entities (B, M - 1) from pieces."""
        pooled = {k: h(intent[:, 0]) for k, h in self.heads.items() if k != "entities"}
        return {**pooled, "entities": self.heads["entities"](intent[:, 1:]).squeeze(-1)}


def frame_loss(
    logits: dict[str, Tensor], targets: dict[str, Tensor], pieces: Tensor
) -> dict[str, Tensor]:
    """One mean loss () per head; ``pieces`` (B, M - 1) is True where a word piece stands."""
    losses = {
        head: F.cross_entropy(logits[head], targets[head][:, 0])
        for head in ("domain", "intent", "complexity")
    }
    losses["constraints"] = F.binary_cross_entropy_with_logits(
        logits["constraints"], targets["constraints"].float()
    )
    each = F.binary_cross_entropy_with_logits(
        logits["entities"], targets["entities"].float(), reduction="none"
    )
    losses["entities"] = (each * pieces).sum() / pieces.sum().clamp_min(1)
    return losses


def read_frame(
    logits: dict[str, Tensor], labels: Labels, prompt: str, offsets: Tensor
) -> SemanticFrame:
    """The frame of one prompt from its logits (row 0); ``offsets`` (pieces, 2) in characters."""
    marked = (logits["entities"][0, : len(offsets)] > 0).tolist()
    spans: list[list[int]] = []
    for on, previous, (start, end) in zip(
        marked, [False, *marked[:-1]], offsets.tolist(), strict=True
    ):
        if on and previous:
            spans[-1][1] = end
        elif on:
            spans.append([start, end])
    present = torch.nonzero(logits["constraints"][0] > 0).flatten().tolist()
    return SemanticFrame(
        domain=labels.domains[int(logits["domain"][0].argmax())],
        intent=labels.intents[int(logits["intent"][0].argmax())],
        entities=tuple(prompt[start:end] for start, end in spans),
        constraints=tuple(CONSTRAINTS[i] for i in present),
        complexity=COMPLEXITY[int(logits["complexity"][0].argmax())],
    )
