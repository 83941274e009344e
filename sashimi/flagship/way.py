"""The whole way on one screen: prompt to compiled Shortcut, one stage a module.

Letters: N prompts, E = 384, I intent width, Z bridge width, P word pieces.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sashimi.flagship.decode import decode
from sashimi.flagship.domain import DomainHead
from sashimi.flagship.encode import Encoded, check_prompt, encode, encode_uncached
from sashimi.flagship.fill import Source, copied, fill
from sashimi.flagship.intent import Labels, SemanticFrame, read_frame
from sashimi.flagship.literals import Literals
from sashimi.flagship.network import Network
from sashimi.program import Finding, Program, compile, lint, parse, render, tiers, validate
from sashimi.program.catalogue import Catalogue
from sashimi.program.repairs import Repair
from sashimi.program.vocabulary import Vocabulary

BATCH = 64


@dataclass(frozen=True)
class Outcome:
    """What became of one prompt. A refused prompt has no frame, program or plist, and no text."""

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
    vocabulary: Vocabulary
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
        heads = self.network.intent.frame_logits(intent)
        memory, present = self.network.memory(intent, batch.pieces)  # (N, M, Z), (N, M)
        if isinstance(self.vocabulary, Spelling):
            texts, likelihood = write(self.network.decoder, memory, present, self.vocabulary)
            readings = [read_text(text, self.catalogue) for text in texts]
            frames = self._frames(prompts, heads, [encoded.offsets[encoded.pieces(i)] for i in rows])
        filler, literals = self.network.filler, self.literals
        offsets = [encoded.offsets[encoded.pieces(i)] for i in rows]
        sources = [
            Source.of(filler, prompt, states[: len(own)], own)
            for prompt, states, own in zip(prompts, batch.states, offsets, strict=True)
        ]
        written, hidden, likelihood = decode(
            self.network.decoder,
            memory,
            present,
            self.vocabulary,
            lambda row, slot, h: copied(filler, literals, sources[row], slot, h),
        )
        made = []
        for row, (source, tokens) in enumerate(zip(sources, written, strict=True)):
            values = fill(filler, literals, source, tokens, hidden[row], self.catalogue)
            one = {k: v[row : row + 1] for k, v in heads.items()}
            frame = read_frame(one, self.labels, source.prompt, offsets[row])
            program = tiers.assemble(tokens, values)
            made.append((frame, float(likelihood[row]), *self._compile(program)))
        return made

    def _compile(self, program: Program) -> tuple[Program, str, list[Finding], dict]:
        """Lower to text, read it back as foreign text would be, validate, compile.

        The linter is a witness only: it may change nothing in what the masks made.
        """
        text = render(program)
        findings = [_witnessed(repair) for repair in lint(text).repairs]
        read = parse(text)
        findings += validate(read, strict=True, catalogue=self.catalogue)
        return read, text, findings, compile(read)


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
    from sashimi.flagship.run_folder import read

    return read(Path(run_dir))
