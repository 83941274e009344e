"""The whole way in torch: prompt to compiled Shortcut, one stage a module.

Letters: N prompts, I intent width, Z bridge width, P word pieces, M memory positions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import torch

from sashimi.encode import Encoded, encode, encode_uncached
from sashimi.flagship import run_folder
from sashimi.flagship.answer import candidates
from sashimi.flagship.answer.check import compiled, mended
from sashimi.flagship.answer.outcome import Candidate, Outcome
from sashimi.flagship.answer.writer import Writer
from sashimi.flagship.data.language import unreadable
from sashimi.flagship.pipeline import Pipeline
from sashimi.pieces import check_prompt
from sashimi.ternary import fixed

BATCH = 64


@torch.no_grad()
def answer(
    model: Pipeline, prompts: list[str], encoded: Encoded, refuse: bool = True, count: int = 1
) -> list[Outcome]:
    """All stages in order, from what `encode` made of the prompts to their Shortcuts."""
    begun = time.perf_counter()
    read = model.network.reading(encoded)
    odds = model.domain(read)  # domain (N,): admit?
    scores, threshold = odds.tolist(), float(model.domain.threshold)
    doubts = [unreadable(prompt) if refuse else "" for prompt in prompts]
    admitted = [not refuse or score >= threshold for score in scores]
    rows = [i for i, admit in enumerate(admitted) if admit and not doubts[i]]
    answers = {}
    if rows:
        with fixed(model.network):
            # intent (N, 1 + P, I), and the bridge's memory (N, M, Z) of it
            said = [prompts[row] for row in rows]
            asked = model.understand(said, encoded, rows)
            asked = replace(asked, gains=model.gains(said, read, rows))
            frames, writer = model.frames(asked), Writer(model, asked)
            drafts = candidates.drafts(writer, count)  # decode: Tiers 1 and 2, under the masks
            texts = [[writer.text(i, d.beam) for d in own] for i, own in enumerate(drafts)]
        check = mended if writer.freely else compiled  # lint, parse, validate, compile
        made = [
            [
                Candidate.of(check(text, model.catalogue), draft.beam.likelihood, draft.confidence)
                for draft, text in zip(own, written, strict=True)
            ]
            for own, written in zip(drafts, texts, strict=True)
        ]
        answers = dict(zip(rows, zip(frames, made, strict=True), strict=True))
    seconds = (time.perf_counter() - begun) / len(prompts)
    return [
        Outcome.of(prompt, scores[row], threshold, seconds, *answers[row], model.sure)
        if row in answers
        else Outcome.refused(prompt, scores[row], threshold, seconds, doubts[row])
        for row, prompt in enumerate(prompts)
    ]


class Sashimi(Pipeline):
    """A trained model that answers."""

    @overload
    def generate(self, prompt: str, refuse: bool = True, candidates: int = 1) -> Outcome: ...

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
        reads = self.network.reads
        if isinstance(prompt, str):
            check_prompt(prompt)
            encoded = encode_uncached([prompt], reads)
            return answer(self, [prompt], encoded, refuse, candidates)[0]
        for one in prompt:
            check_prompt(one)
        batches = [list(prompt[at : at + BATCH]) for at in range(0, len(prompt), BATCH)]
        answers = (answer(self, b, encode(b, encoder=reads), refuse, candidates) for b in batches)
        return [outcome for own in answers for outcome in own]


def read(run_dir: str | Path) -> Sashimi:
    """The trained model that a run left. Raises `BadInput` naming what is missing or damaged."""
    return Sashimi(**vars(run_folder.read(Path(run_dir))))
