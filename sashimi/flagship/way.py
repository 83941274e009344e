"""The whole way on one screen: prompt to compiled Shortcut, one stage a module.

Letters: N prompts, E = 384, I intent width, Z bridge width, P word pieces.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from sashimi.encode import Encoded, check_prompt, encode, encode_uncached
from sashimi.flagship.answer import candidates
from sashimi.flagship.answer.choose import Choice
from sashimi.flagship.answer.library import Library
from sashimi.flagship.data.batches import Structures, padded
from sashimi.flagship.data.literals import Literals, Slot
from sashimi.flagship.data.text import Spelling, read, write
from sashimi.flagship.model.decode import Copied, decode
from sashimi.flagship.model.domain import DomainHead
from sashimi.flagship.model.fill import Source, copied, fill
from sashimi.flagship.model.intent import Labels, SemanticFrame, read_frame
from sashimi.flagship.model.network import Network
from sashimi.program import Finding, Program, compile, lint, parse, render, tiers, validate
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.text.repairs import Repair
from sashimi.ternary import fixed

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
    confidence: float  # likelihood, or among candidates the expected worth: see `choose`
    seconds: float  # this prompt's share of its batch


@dataclass(frozen=True)
class Asked:
    """Prompts as decoder and filler read them."""

    prompts: list[str]
    vectors: Tensor  # (N, E), the frozen encoder's, whatever the network reads
    intent: Tensor  # (N, 1 + P, I)
    memory: Tensor  # (N, M, Z)
    present: Tensor  # (N, M) bool
    offsets: list[Tensor]  # (P, 2) each: the characters of its word pieces
    sources: list[Source]  # none where text is written


@dataclass(frozen=True)
class Sashimi:
    """The trained whole. `sashimi.flagship.run_folder.load` reads it from a run's folder."""

    network: Network
    domain: DomainHead
    vocabulary: Vocabulary | Spelling
    literals: Literals
    labels: Labels
    catalogue: Catalogue
    library: Library | None = None  # what training answered, for a row that retrieves
    beams: int = 1  # candidates of the decoder's own
    choice: Choice | None = None  # what candidates weigh; None takes the greedy answer
    planning: candidates.Planning | None = None  # what puts further candidates together

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
        with fixed(self.network):
            made = iter(self._make([prompts[i] for i in kept], encoded, kept) if kept else [])
        seconds = (time.perf_counter() - begun) / len(prompts)
        return [
            _outcome(prompt, bool(ok), float(score), next(made) if ok else None, seconds)
            for prompt, ok, score in zip(prompts, admitted, scores, strict=True)
        ]

    @torch.no_grad()
    def asked(self, prompts: Sequence[str], encoded: Encoded, rows: Sequence[int]) -> Asked:
        """What the network makes of prompts before anything is written.

        ``rows`` are their places in ``encoded``.
        """
        vectors = encoded.pooled[list(rows)]
        batch = encoded.padded(rows)
        near = self.recalled(prompts, vectors)
        if near is not None:
            batch = replace(batch, near=padded(near))
        seen = self.network.understand(batch)
        batch, intent, memory, present = seen.prompts, seen.intent, seen.memory, seen.present
        offsets = [encoded.offsets[encoded.pieces(i)] for i in rows]
        filler = self.network.filler
        each = zip(prompts, batch.states, offsets, strict=True) if filler else ()
        sources = [
            Source.of(filler, prompt, states[: len(own)], own) for prompt, states, own in each
        ]
        return Asked(list(prompts), vectors, intent, memory, present, offsets, sources)

    def recalled(self, prompts: Sequence[str], vectors: Tensor) -> Structures | None:
        """What the library holds for prompts (N, E), where the network reads that."""
        if self.network.recall is None:
            return None
        count = self.network.recall.rank.num_embeddings
        return self.library.read(self.library.nearest(prompts, vectors.numpy(), count)[0])

    def _make(self, prompts: list[str], encoded: Encoded, rows: list[int]) -> list[tuple]:
        """Everything between the domain head and the plist, for the admitted prompts."""
        asked = self.asked(prompts, encoded, rows)
        if isinstance(self.vocabulary, Spelling):
            decoder, spelling = self.network.decoder, self.vocabulary
            texts, likelihood = write(decoder, asked.memory, asked.present, spelling)
            answers, sure = [read(text, self.catalogue) for text in texts], likelihood.exp()
        else:
            programs, likelihood, sure = self._typed(asked)
            answers = [self._compile(program) for program in programs]
        heads = self.network.intent.frame_logits(asked.intent)
        made = []
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            one = {k: v[row : row + 1] for k, v in heads.items()}
            frame = read_frame(one, self.labels, prompt, asked.offsets[row])
            made.append((frame, float(likelihood[row]), float(sure[row]), *answer))
        return made

    def _typed(self, asked: Asked) -> tuple[list[Program], Tensor, Tensor]:
        """The programs that masked decoder and filler make, log-likelihoods, and confidences."""
        decoder, words = self.network.decoder, self.vocabulary
        copy = self.copier(asked)
        if self.choice is None:
            given = asked.memory, asked.present
            written, hidden, likelihood = decode(decoder, *given, words, copy)
            sure = likelihood.exp()
        else:
            taken = candidates.take(self, asked, candidates.gather(self, asked))
            written, hidden = [b.tokens for b, _ in taken], [b.hidden for b, _ in taken]
            likelihood = torch.tensor([beam.likelihood for beam, _ in taken])
            sure = torch.tensor([expected for _, expected in taken])
        programs = []
        for source, tokens, seen in zip(asked.sources, written, hidden, strict=True):
            values = fill(self.network.filler, self.literals, source, tokens, seen, self.catalogue)
            programs.append(tiers.assemble(tokens, values))
        return programs, likelihood, sure

    def copier(self, asked: Asked) -> Copied:
        """What tells the decoder which word piece a slot of one of these prompts copies."""

        def copy(row: int, slot: Slot, hidden: Tensor) -> Tensor:
            return copied(self.network.filler, self.literals, asked.sources[row], slot, hidden)

        return copy

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
        nothing = float("nan")
        return Outcome(prompt, ok, score, None, None, "", [refused], None, nothing, 0.0, seconds)
    frame, likelihood, sure, program, text, findings, plist = made
    known = program, text, findings, plist, likelihood, sure
    return Outcome(prompt, ok, score, frame, *known, seconds)


def load(run_dir: str | Path) -> Sashimi:
    """The trained whole that a run left. Raises `BadInput` naming what is missing or damaged."""
    from sashimi.flagship import run_folder

    return run_folder.read(Path(run_dir))
