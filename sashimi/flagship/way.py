"""The whole way on one screen: prompt to compiled Shortcut, one stage a module.

Letters: N prompts, E = 384, I intent width, Z bridge width, P word pieces.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sashimi.flagship.decode import decode
from sashimi.flagship.domain import DomainHead
from sashimi.flagship.encode import Encoded, check_prompt, encode, encode_uncached
from sashimi.flagship.fill import Source, copied, fill
from sashimi.flagship.intent import Labels, SemanticFrame, read_frame
from sashimi.flagship.literals import Literals
from sashimi.flagship.network import Network
from sashimi.flagship.text import Spelling, read, write
from sashimi.program import Finding, Program, compile, lint, parse, render, tiers, validate
from sashimi.program.catalogue import Catalogue
from sashimi.program.repairs import Repair
from sashimi.program.vocabulary import Vocabulary

BATCH = 64


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
    seconds: float  # this prompt's share of its batch


@dataclass(frozen=True)
class Sashimi:
    """The trained whole. `sashimi.flagship.run_folder.load` reads it from a run's folder."""

    network: Network
    domain: DomainHead
    vocabulary: Vocabulary | Spelling
    literals: Literals
    labels: Labels
    catalogue: Catalogue

    def generate(self, prompt: str | Sequence[str], refuse: bool = True) -> Outcome | list[Outcome]:
        """The outcome of a prompt, or of each of a list. Raises `BadInput` for what is no prompt.

        ``refuse=False`` decodes what the domain head would turn away, to judge the decoder alone.
        """
        if isinstance(prompt, str):
            check_prompt(prompt)
            return self._batch([prompt], encode_uncached([prompt], self.network.reads), refuse)[0]
        for one in prompt:
            check_prompt(one)
        outcomes: list[Outcome] = []
        for at in range(0, len(prompt), BATCH):
            batch = list(prompt[at : at + BATCH])
            outcomes.extend(self._batch(batch, encode(batch, encoder=self.network.reads), refuse))
        return outcomes

    @torch.no_grad()
    def _batch(self, prompts: list[str], encoded: Encoded, refuse: bool) -> list[Outcome]:
        begun = time.perf_counter()
        scores = self.domain(encoded)  # (N,)
        admitted = self.domain.admits(encoded) if refuse else torch.ones(len(prompts)).bool()
        kept = admitted.nonzero()[:, 0].tolist()
        made = iter(self._make([prompts[i] for i in kept], encoded, kept) if kept else [])
        seconds = (time.perf_counter() - begun) / len(prompts)
        return [
            _outcome(prompt, bool(ok), float(score), next(made) if ok else None, seconds)
            for prompt, ok, score in zip(prompts, admitted, scores, strict=True)
        ]

    def _make(self, prompts: list[str], encoded: Encoded, rows: list[int]) -> list[tuple]:
        """Everything between the domain head and the plist, for the admitted prompts."""
        batch = self.network.refined(encoded.padded(rows))
        intent = self.network.understand(batch.pooled, batch.states)  # (N, 1 + P, I)
        memory, present = self.network.memory(intent, batch.pieces)  # (N, M, Z), (N, M)
        offsets = [encoded.offsets[encoded.pieces(i)] for i in rows]
        if isinstance(self.vocabulary, Spelling):
            texts, likelihood = write(self.network.decoder, memory, present, self.vocabulary)
            answers = [read(text, self.catalogue) for text in texts]
        else:
            sources = [
                Source.of(self.network.filler, prompt, states[: len(own)], own)
                for prompt, states, own in zip(prompts, batch.states, offsets, strict=True)
            ]
            programs, likelihood = self._typed(memory, present, sources)
            answers = [self._compile(program) for program in programs]
        heads = self.network.intent.frame_logits(intent)
        made = []
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            one = {k: v[row : row + 1] for k, v in heads.items()}
            frame = read_frame(one, self.labels, prompt, offsets[row])
            made.append((frame, float(likelihood[row]), *answer))
        return made

    def _typed(
        self, memory: Tensor, present: Tensor, sources: list[Source]
    ) -> tuple[list[Program], Tensor]:
        """The programs that the masked decoder and the filler make, and their log-likelihoods."""
        filler, literals = self.network.filler, self.literals
        written, hidden, likelihood = decode(
            self.network.decoder,
            memory,
            present,
            self.vocabulary,
            lambda row, slot, h: copied(filler, literals, sources[row], slot, h),
        )
        programs = []
        for source, tokens, seen in zip(sources, written, hidden, strict=True):
            values = fill(filler, literals, source, tokens, seen, self.catalogue)
            programs.append(tiers.assemble(tokens, values))
        return programs, likelihood

    def _compile(self, program: Program) -> tuple[Program, str, list[Finding], dict]:
        """Lower to text, read it back as foreign text would be, validate, compile.

        The linter is a witness only: it may change nothing in what the masks made.
        """
        text = render(program)
        findings = [_witnessed(repair) for repair in lint(text).repairs]
        again = parse(text)
        findings += validate(again, strict=True, catalogue=self.catalogue)
        return again, text, findings, compile(again)


def _witnessed(repair: Repair) -> Finding:
    why = f"the linter would write {repair.after!r} for {repair.before!r}"
    return Finding("lint", repair.line, repair.kind, why, "warning")


def _outcome(prompt: str, ok: bool, score: float, made: tuple | None, seconds: float) -> Outcome:
    if made is None:
        refused = Finding("domain", 0, "prompt", f"out of domain: score {score:.3f}")
        return Outcome(prompt, ok, score, None, None, "", [refused], None, float("nan"), seconds)
    frame, likelihood, program, text, findings, plist = made
    return Outcome(prompt, ok, score, frame, program, text, findings, plist, likelihood, seconds)


def load(run_dir: str | Path) -> Sashimi:
    """The trained whole that a run left. Raises `BadInput` naming what is missing or damaged."""
    from sashimi.flagship import run_folder

    return run_folder.read(Path(run_dir))
