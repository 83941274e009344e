"""The outside peer: a BART of a public library, from nothing, on the same pairs of prompt and text.

It has what everybody has: the library's own layers, training from scratch, greedy `generate`. A T5
of that size was tried first: it learned more slowly, and a step took longer. The peer reads the
prompt's own tokens, or, as our network does, the states of the frozen encoder; it writes freely or
under a grammar engine, and what it writes is read as any foreign text.

Letters: B prompts, S positions of a prompt, L tokens of a text, P word pieces, W width of a piece.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from sashimi import params, train
from sashimi.encode import PIECE_WIDTH, Encoded, encode, encode_uncached
from sashimi.flagship.answer.check import mended
from sashimi.flagship.data import text
from sashimi.flagship.data.batches import epoch_of
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.data.text import END, Spelling
from sashimi.flagship.learn import schedule_of
from sashimi.flagship.model.limits import MAX_TOKENS, START
from sashimi.flagship.params import PeerParams
from sashimi.program import Finding, Program
from sashimi.program.catalogue import Catalogue
from sashimi.studies.peer.constrain import Engine, Masks

LONGEST = 256
"""Tokens of a prompt that are read."""
TOGETHER = 150
"""Prompts that are answered in one batch."""


class Peer(nn.Module):
    """A `BartForConditionalGeneration`, with a projection in front where it reads word pieces."""

    def __init__(self, settings: PeerParams, size: int) -> None:
        """``size`` is the number of ids of the spelling."""
        from transformers import BartConfig, BartForConditionalGeneration

        super().__init__()
        self.project = nn.Linear(PIECE_WIDTH, settings.width) if settings.reads_states else None
        ends = ("encoder", "decoder")
        self.bart = BartForConditionalGeneration(
            BartConfig(
                vocab_size=size,
                d_model=settings.width,
                max_position_embeddings=MAX_TOKENS,
                **{f"{end}_layers": settings.layers for end in ends},
                **{f"{end}_attention_heads": settings.heads for end in ends},
                **{f"{end}_ffn_dim": 4 * settings.width for end in ends},
                dropout=settings.dropout,
                init_std=settings.width**-0.5,  # its default is for widths of a thousand
                pad_token_id=START,
                bos_token_id=START,
                decoder_start_token_id=START,
                eos_token_id=END,
                forced_eos_token_id=None,
            )
        )
        self.register_state_dict_post_hook(_untied)

    def source(self, prompts: Prompts) -> dict[str, Tensor]:
        """What `bart` is called with beside the labels."""
        if self.project is None:
            return {"input_ids": prompts.read, "attention_mask": prompts.present}
        return {"inputs_embeds": self.project(prompts.read), "attention_mask": prompts.present}

    def size(self) -> dict[str, int]:
        """Numbers of parameters and the bytes that they take as float32."""
        total = sum(p.numel() for p in self.parameters())
        return {"total": total, "ternary": 0, "bytes": 4 * total}


def _untied(module: nn.Module, state: dict[str, Tensor], *_: object) -> None:
    """One embedding has four names; a file of tensors holds no ties, so it holds all four."""
    seen: set[int] = set()
    for name, tensor in state.items():
        state[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())


@dataclass(frozen=True)
class Prompts:
    """A batch of prompts: ids (B, S), or word pieces (B, P, W), and where they stand (B, S)."""

    read: Tensor
    present: Tensor


def ids_of(spelling: Spelling, prompt: str) -> list[int]:
    """The ids of a prompt, its end included, cut to what is read."""
    return [*spelling.ids(prompt)[: LONGEST - 1], END]


def by_ids(rows: Sequence[list[int]]) -> Prompts:
    """Prompts by their own tokens."""
    padded = pad_sequence([torch.tensor(row) for row in rows], True, START)
    present = pad_sequence([torch.ones(len(row), dtype=torch.long) for row in rows], True)
    return Prompts(padded, present)


def by_states(encoded: Encoded, chosen: Sequence[int]) -> Prompts:
    """Prompts by the frozen encoder's word pieces."""
    padded = encoded.padded(chosen)
    return Prompts(padded.states, padded.pieces.long())


class Pairs:
    """The training pairs and their batches, a function of the step alone."""

    def __init__(
        self, examples: Sequence[Example], spelling: Spelling, settings: PeerParams
    ) -> None:
        prompts = [e.prompt for e in examples]
        self.encoded = encode(prompts) if settings.reads_states else None
        self.rows = [ids_of(spelling, prompt) for prompt in prompts]
        self.targets = [spelling.target(e.program, settings.longest) for e in examples]
        both = zip(self.targets, self.rows, strict=True)
        self.lengths = tuple(len(t) + len(r) for t, r in both)

    def batch(self, chosen: Sequence[int]) -> tuple[Prompts, Tensor]:
        """Prompts and the labels (B, L), `IGNORED` where a text has ended."""
        labels = pad_sequence([torch.tensor(self.targets[i]) for i in chosen], True, IGNORED)
        if self.encoded is None:
            return by_ids([self.rows[i] for i in chosen]), labels
        return by_states(self.encoded, chosen), labels

    def training_batch(self, step: int, size: int, seed: int) -> tuple[Prompts, Tensor]:
        """The batch of a step counted from 1, in the order that our own rows use."""
        epoch, index = divmod(step - 1, max(1, len(self.rows) // size))
        return self.batch(epoch_of(self.lengths, size, seed, epoch)[index])


@dataclass(frozen=True)
class Trained:
    """A trained peer and the seconds that its training took."""

    peer: Peer
    spelling: Spelling
    longest: int
    seconds: float
    device: str


def learn(corpus: Corpus, settings: PeerParams, directory: Path, say=print) -> Trained:
    """Trains on ``corpus.train``; leaves journal, profile and checkpoint in ``directory``."""
    train.seed_everything(settings.seed)
    written = [text.text_of(e.program) for e in corpus.train]
    spelling = Spelling.build([*written, *(e.prompt for e in corpus.train)], settings.vocabulary)
    pairs = Pairs(corpus.train, spelling, settings)
    probe = Pairs(corpus.dev[:TOGETHER], spelling, settings)
    device = train.pick_device()
    peer = Peer(settings, len(spelling)).to(device)
    cut = sum(t[-1] != END for t in pairs.targets)
    say(f"{len(written)} pairs, {len(spelling)} tokens, {cut} texts cut; {peer.size()}")

    def loss(model: Peer, batch: tuple[Prompts, Tensor]) -> tuple[Tensor, dict[str, float]]:
        prompts, labels = Prompts(*(t.to(device) for t in vars(batch[0]).values())), batch[1]
        value = model.bart(**model.source(prompts), labels=labels.to(device)).loss
        return value, {"tokens": float(value.detach())}

    @torch.no_grad()
    def observe() -> dict[str, Any]:
        return {"val_loss": loss(peer, probe.batch(range(len(probe.rows))))[1]["tokens"]}

    seconds = train.fit(
        peer,
        loss,
        lambda step: pairs.training_batch(step, settings.batch_size, settings.seed),
        schedule_of(settings),
        directory,
        seed=settings.seed,
        config_digest=params.digest(settings) + corpus.digest[:16],
        observe=observe,
        say=say,
    )
    return Trained(peer.cpu().eval(), spelling, settings.longest, seconds, str(device))


@dataclass(frozen=True)
class Answer:
    """What the peer wrote for one prompt, and what became of it."""

    program: Program | None
    written: str
    ended: bool
    findings: list[Finding]


@torch.no_grad()
def answer(
    trained: Trained, prompts: Sequence[str], catalogue: Catalogue, engine: Engine | None = None
) -> list[Answer]:
    """Greedy answers, freely, or under ``engine``; then the linter, the parser and the rest."""
    answers: list[Answer] = []
    for at in range(0, len(prompts), TOGETHER):
        for ids in _generate(trained, prompts[at : at + TOGETHER], engine):
            written = trained.spelling.text(ids)
            checked = mended(written, catalogue)
            answers.append(Answer(checked.program, written, END in ids, checked.findings))
    return answers


def _generate(trained: Trained, prompts: Sequence[str], engine: Engine | None) -> list[list[int]]:
    """The ids that the library's own `generate` writes for each prompt."""
    peer, spelling = trained.peer, trained.spelling
    if peer.project is None:
        given = by_ids([ids_of(spelling, prompt) for prompt in prompts])
    else:
        given = by_states(encode_uncached(prompts), range(len(prompts)))
    ids = peer.bart.generate(
        **peer.source(given),
        max_new_tokens=trained.longest,
        do_sample=False,
        num_beams=1,
        logits_processor=[Masks(engine, len(prompts))] if engine else [],
    )
    return ids.tolist()


def latency(
    trained: Trained, prompts: Sequence[str], catalogue: Catalogue, engine: Engine | None = None
) -> list[float]:
    """Seconds of each prompt, sent one at a time."""
    taken = []
    for prompt in prompts:
        begun = time.perf_counter()
        answer(trained, [prompt], catalogue, engine)
        taken.append(time.perf_counter() - begun)
    return taken
