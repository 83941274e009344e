"""The whole way: prompt to compiled Shortcut, one stage a module.

Letters: N prompts, I intent width, Z bridge width, P word pieces, M memory positions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sashimi.encode import Encoded, check_prompt, encode, encode_uncached
from sashimi.flagship import run_folder
from sashimi.flagship.answer import candidates
from sashimi.flagship.answer.check import Checked, compiled, mended
from sashimi.flagship.answer.writer import Writer
from sashimi.flagship.model.intent import SemanticFrame
from sashimi.flagship.pipeline import Pipeline
from sashimi.program import Finding, Program
from sashimi.ternary import fixed

BATCH = 64


@torch.no_grad()
def answer(
    model: Pipeline, prompts: list[str], encoded: Encoded, refuse: bool = True
) -> list[Outcome]:
    """All stages in order, from what `encode` made of the prompts to their Shortcuts."""
    begun = time.perf_counter()
    scores = model.domain(encoded).tolist()  # domain (N,): admit?
    admitted = model.domain.admits(encoded).tolist() if refuse else [True] * len(prompts)
    rows = [row for row, admit in enumerate(admitted) if admit]
    answers = {}
    if rows:
        with fixed(model.network):
            # intent (N, 1 + P, I), and the bridge's memory (N, M, Z) of it
            asked = model.understand([prompts[row] for row in rows], encoded, rows)
            frames, writer = model.frames(asked), Writer(model, asked)
            drafts = candidates.drafts(writer)  # decode: Tiers 1 and 2, under the masks
            texts = [writer.text(i, draft.beam) for i, draft in enumerate(drafts)]  # fill, lower
        read = mended if writer.freely else compiled
        checked = [read(text, model.catalogue) for text in texts]  # lint, parse, validate, compile
        answers = dict(zip(rows, zip(frames, drafts, checked, strict=True), strict=True))
    seconds = (time.perf_counter() - begun) / len(prompts)
    return [
        Outcome.of(prompt, scores[row], seconds, *answers[row])
        if row in answers
        else Outcome.refused(prompt, scores[row], seconds)
        for row, prompt in enumerate(prompts)
    ]


@dataclass(frozen=True)
class Outcome:
    """What became of one prompt. A refused prompt has no frame, program or plist, and no text.

    Text that was written freely may be no program, or one with errors: then it has no plist.
    """

    prompt: str
    accepted: bool
    score: float  # the domain head's probability of being in domain
    frame: SemanticFrame | None
    program: Program | None
    text: str
    findings: list[Finding]
    plist: dict | None
    log_likelihood: float  # of the tokens of Tiers 1 and 2, under the masks
    confidence: float  # likelihood, or among candidates the expected worth: see `choose`
    seconds: float  # this prompt's share of its batch

    @staticmethod
    def of(
        prompt: str,
        score: float,
        seconds: float,
        frame: SemanticFrame,
        draft: candidates.Draft,
        checked: Checked,
    ) -> Outcome:
        """Of a prompt that was admitted."""
        return Outcome(
            prompt=prompt,
            accepted=True,
            score=score,
            frame=frame,
            program=checked.program,
            text=checked.text,
            findings=checked.findings,
            plist=checked.plist,
            log_likelihood=draft.beam.likelihood,
            confidence=draft.confidence,
            seconds=seconds,
        )

    @staticmethod
    def refused(prompt: str, score: float, seconds: float) -> Outcome:
        """Of a prompt that the domain head turns away."""
        why = Finding("domain", 0, "prompt", f"out of domain: score {score:.3f}")
        nothing = float("nan")
        return Outcome(prompt, False, score, None, None, "", [why], None, nothing, 0.0, seconds)


class Sashimi(Pipeline):
    """A trained model that answers."""

    def generate(self, prompt: str | Sequence[str], refuse: bool = True) -> Outcome | list[Outcome]:
        """The outcome of a prompt, or of each of a list. Raises `BadInput` for what is no prompt.

        ``refuse=False`` decodes what the domain head would turn away, to judge the decoder alone.
        """
        reads = self.network.reads
        if isinstance(prompt, str):
            check_prompt(prompt)
            return answer(self, [prompt], encode_uncached([prompt], reads), refuse)[0]
        for one in prompt:
            check_prompt(one)
        batches = [list(prompt[at : at + BATCH]) for at in range(0, len(prompt), BATCH)]
        return [o for b in batches for o in answer(self, b, encode(b, encoder=reads), refuse)]


def load(run_dir: str | Path) -> Sashimi:
    """The trained model that a run left. Raises `BadInput` naming what is missing or damaged."""
    return Sashimi(**vars(run_folder.read(Path(run_dir))))
