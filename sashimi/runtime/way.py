"""The whole way in numpy: prompt to compiled Shortcut, without torch.

Letters: N prompts, P word pieces, M = 1 + P memory positions, Z bridge width.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from sashimi.flagship.answer.check import compiled
from sashimi.flagship.answer.outcome import Candidate, Outcome
from sashimi.flagship.answer.units import lowered
from sashimi.flagship.answer.values import Filled
from sashimi.flagship.data.language import unreadable
from sashimi.flagship.data.literals import Literals, Slot
from sashimi.flagship.model.frame import Labels, read_frame
from sashimi.pieces import check_prompt
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime.decoder import Decoder
from sashimi.runtime.domain import Domain
from sashimi.runtime.encoder import Encoder
from sashimi.runtime.filler import Filler, Source
from sashimi.runtime.fusion import Fusion
from sashimi.runtime.reader import Encoded, Read, Reader, encode
from sashimi.runtime.search import Beam, Search

BATCH = 64


@dataclass(frozen=True, repr=False)
class Sashimi:
    """A trained model that answers."""

    encoder: Encoder
    domain: Domain
    reader: Reader
    decoder: Decoder
    filler: Filler
    vocabulary: Vocabulary
    literals: Literals
    labels: Labels
    catalogue: Catalogue
    sure: float | None = None  # confidence from which on an answer is certified
    fusion: Fusion | None = None  # what is told and named, for a network that has tags

    def __repr__(self) -> str:
        return f"Sashimi(packed, {len(self.vocabulary)} tokens, {len(self.catalogue)} actions)"

    @overload  # a str is a sequence of str too: the first that fits counts
    def generate(  # type: ignore[overload-overlap]
        self, prompt: str, refuse: bool = True, candidates: int = 1
    ) -> Outcome: ...

    @overload
    def generate(
        self, prompt: Sequence[str], refuse: bool = True, candidates: int = 1
    ) -> list[Outcome]: ...

    def generate(
        self, prompt: str | Sequence[str], refuse: bool = True, candidates: int = 1
    ) -> Outcome | list[Outcome]:
        """The outcome of a prompt, or of each of a list. Raises `BadInput` for what is no prompt.

        ``refuse=False`` decodes what the domain head would turn away, to judge the decoder alone.
        ``candidates`` is how many programs are shown for each, the answer first.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        for one in prompts:
            check_prompt(one)
        batches = [prompts[at : at + BATCH] for at in range(0, len(prompts), BATCH)]
        answers = [o for batch in batches for o in self._answer(batch, refuse, candidates)]
        return answers[0] if isinstance(prompt, str) else answers

    def _answer(self, prompts: list[str], refuse: bool, count: int) -> list[Outcome]:
        """All stages in order."""
        begun = time.perf_counter()
        encoded = encode(self.encoder, prompts)
        scores = [self.domain.score(one.pooled, one.states) for one in encoded]
        doubts = [unreadable(prompt) if refuse else "" for prompt in prompts]
        admitted = [not refuse or score >= self.domain.threshold for score in scores]
        rows = [i for i, admit in enumerate(admitted) if admit and not doubts[i]]
        answers = {}
        if rows:
            asked = [encoded[row] for row in rows]
            read = self.reader(asked)
            drafts = self.decode(asked, read, count)
            for row, one, seen, own in zip(rows, asked, read, drafts, strict=True):
                frame = read_frame(seen.heads, self.labels, one.prompt, one.offsets)
                answers[row] = frame, [self.check(*draft) for draft in own]
        seconds = (time.perf_counter() - begun) / len(prompts)
        threshold = self.domain.threshold
        return [
            Outcome.of(prompt, scores[row], threshold, seconds, *answers[row], self.sure)
            if row in answers
            else Outcome.refused(prompt, scores[row], threshold, seconds, doubts[row])
            for row, prompt in enumerate(prompts)
        ]

    def decode(
        self, asked: Sequence[Encoded], read: Sequence[Read], count: int = 1
    ) -> list[list[tuple[Source, Beam]]]:
        """Each prompt's greedy sequence under the masks, then the likeliest others, ``count`` in
        all, and what fills them.
        """
        sources = [
            self.filler.source(one.prompt, one.offsets, seen.pieces)
            for one, seen in zip(asked, read, strict=True)
        ]
        longest = max(len(seen.memory) for seen in read)
        memory = np.zeros((len(read), longest, read[0].memory.shape[1]), np.float32)
        present = np.zeros((len(read), longest), bool)
        for row, seen in enumerate(read):
            memory[row, : len(seen.memory)] = seen.memory
            present[row, : len(seen.memory)] = True

        def copied(row: int, slot: Slot, hidden: np.ndarray) -> np.ndarray | None:
            return self.filler.copied(sources[row], slot, hidden)

        gains = None
        if self.fusion is not None:
            vectors = ((one.pooled, one.states) for one in asked)
            gains = self.fusion([one.prompt for one in asked], vectors)
        search = Search(self.decoder, self.vocabulary, copied, gains)
        found = search.run(memory, present, 1)
        if count > 1:
            others = search.run(memory, present, count)
            found = [
                [first, *(beam for beam in own if beam.tokens != first.tokens)][:count]
                for (first,), own in zip(found, others, strict=True)
            ]
        return [[(source, b) for b in own] for source, own in zip(sources, found, strict=True)]

    def check(self, source: Source, beam: Beam) -> Candidate:
        """Fill, lower, lint, parse, validate and compile one sequence."""
        return self.compile(self.lower(source, beam), beam)

    def lower(self, source: Source, beam: Beam) -> str:
        """The text of a sequence, its slots filled from its prompt."""
        return lowered(
            beam.tokens, beam.slots, self.fill(source, beam), source.prompt, self.catalogue
        )

    def fill(self, source: Source, beam: Beam) -> list[Filled]:
        """What a sequence's slots hold, and where in the prompt that stands."""
        return self.filler.fill(source, beam.tokens, beam.slots, beam.hidden, self.catalogue)

    def compile(self, text: str, beam: Beam) -> Candidate:
        """A lowered text, read back as foreign text would be, with its plist."""
        confidence = math.exp(beam.likelihood)
        return Candidate.of(compiled(text, self.catalogue), beam.likelihood, confidence)
