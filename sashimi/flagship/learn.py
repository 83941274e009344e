"""One run of the flagship: a corpus and parameters in, a trained whole and its numbers out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sashimi import params, train
from sashimi.encode import encode
from sashimi.files import root
from sashimi.flagship import run_folder, warm_start
from sashimi.flagship.answer import candidates
from sashimi.flagship.answer.library import Library
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import sides
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.corpus import Corpus, Example
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.data.text import Spelling, text_of
from sashimi.flagship.lessons import TrainingBatches
from sashimi.flagship.model import domain
from sashimi.flagship.model.intent import Labels
from sashimi.flagship.model.loss import Weights, losses_of
from sashimi.flagship.model.network import Network
from sashimi.flagship.model.trained_encoders import words_of
from sashimi.flagship.negatives import margin
from sashimi.flagship.params import FlagshipParams, Trains
from sashimi.flagship.teach import Teachers
from sashimi.flagship.way import Sashimi
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.ternary import set_progress, trit_arrays

LEARNED = 128
"""Tokens of a training program that are targets, its first ones: a batch is as long as its longest
program, so that the one real program in fifty that is longer would set the price of many."""
PROBE = 256
"""Dev examples that the trajectory watches: the same ones at every checkpoint."""


@dataclass(frozen=True)
class Trained:
    """A trained whole and how long its training took."""

    sashimi: Sashimi
    seconds: float
    device: str


def learn(corpus: Corpus, settings: FlagshipParams, directory: Path, say=print) -> Trained:
    """Trains on ``corpus.train`` and leaves model and trajectory in ``directory``."""
    train.seed_everything(settings.seed)
    programs = [example.program for example in corpus.train]
    catalogue = catalogues.load().extended(programs)
    vocabulary = Vocabulary.build([tiers.encode(p) for p in programs], catalogue)
    literals = Literals.build((e.prompt, e.program) for e in corpus.train)
    if settings.output == "text":  # as many tokens as typed tokens and literals together
        vocabulary = Spelling.build(map(text_of, programs), len(vocabulary) + len(literals.values))
        literals = Literals((), {})
    labels = Labels.of([e.domain for e in corpus.train], programs)
    say(
        f"{len(programs)} training examples, {len(vocabulary)} tokens, "
        f"{len(literals.values)} literals, {len(labels.intents)} intents"
    )
    device = train.pick_device()
    teachers = Teachers.of(settings, directory, vocabulary, device)
    lender = run_folder.finished(directory, settings.start) if settings.start else None
    data = Dataset(
        corpus.train, vocabulary, literals, labels, say, settings.encoder, longest=LEARNED
    )
    probe = Dataset(corpus.dev[:PROBE], vocabulary, literals, labels, encoder=settings.encoder)
    library = retrieve(corpus, settings, data, probe)
    head = train_domain_head(corpus, settings)
    words = words_of(data.encoded, settings.encoder)
    network = Network(settings, labels, len(vocabulary), len(literals.values), words).to(device)
    if lender:
        lent, size = warm_start.lend(
            lender, network, warm_start.rows_of(vocabulary, literals, labels)
        )
        say(f"{lent} of {size} parameters begin as {lender} ended")
    negatives = margin.of_training(corpus, settings.negatives, data, vocabulary)
    lessons = TrainingBatches(
        lambda step: data.training_batch(step, settings.batch_size, settings.seed),
        data,
        negatives,
        teachers,
        Weights.of(settings),
        settings.seed,
        device,
    )
    seconds = train.fit(
        network,
        lessons.loss,
        lessons.at,
        schedule_of(settings, settings.weight_decay_until),
        directory,
        seed=settings.seed,
        config_digest=training_digest(settings, corpus),
        before_step=lambda progress: stage(network, settings, progress),
        observe=lambda: {
            **observe(network, probe, corpus.dev[:PROBE], device),
            "components": lessons.gradient_stats(network),
        },
        say=say,
    )
    parts = network.cpu().eval(), head, vocabulary, literals, labels, catalogue
    whole = Sashimi(*parts, library, settings.candidates)
    if settings.planned:
        planning = candidates.Planning.of(library, vocabulary, catalogue)
        planning.planner.fit(settings.seed)
        whole = replace(whole, planning=planning)
    if settings.candidates > 1:
        whole = candidates.tuned(whole, corpus.dev)
    run_folder.write(whole, settings, directory)
    return Trained(whole, seconds, str(device))


def retrieve(
    corpus: Corpus, settings: FlagshipParams, data: Dataset, probe: Dataset
) -> Library | None:
    """The library of a row that retrieves; both datasets are given what it holds for them.

    A training prompt is never given its own program.
    """
    if not settings.neighbours and settings.candidates == 1:
        return None
    library = Library.of(corpus.train, encode(prompts_of(corpus.train)).pooled.numpy(), data.rows)
    if settings.neighbours:
        data.near = library.read(library.others(settings.neighbours))
        asked = prompts_of(corpus.dev[: len(probe)])
        vectors = encode(asked).pooled.numpy()
        probe.near = library.read(library.nearest(asked, vectors, settings.neighbours)[0])
    return library


def prompts_of(examples: Sequence[Example]) -> list[str]:
    """Their prompts."""
    return [example.prompt for example in examples]


def training_digest(settings: FlagshipParams, corpus: Corpus) -> str:
    """What the training of the network depends on: the domain head's precision is not part."""
    return params.digest(settings.model_copy(update={"domain_precision": 0.5})) + corpus.digest[:16]


def schedule_of(settings: Trains, decay_until: float = 1.0) -> train.Schedule:
    """The part of the parameters that the training loop reads."""
    return train.Schedule(
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        decay_until=decay_until,
        gradient_clip=settings.gradient_clip,
        checkpoint_every=settings.checkpoint_every,
        observe_every=max(1, settings.steps // settings.observations),
    )


def stage(network: Network, settings: FlagshipParams, progress: float) -> None:
    """Sets how ternary each layer is at this point of the run; a continuous run stays at 0."""
    if settings.ternary:
        set_progress(network, progress, settings.ternary_start, settings.ternary_end)


def train_domain_head(corpus: Corpus, settings: FlagshipParams) -> domain.DomainHead:
    """A head of the corpus against out-of-domain prompts, its threshold set on matched dev."""
    inside = [e.prompt for e in corpus.train]
    outside = [c.prompt for c in sides.candidates("train", len(corpus.train))]
    head = domain.cached_head(inside, outside, settings.seed)
    dev = sides.matched(corpus, "dev")
    without = encode([c.prompt for c in dev.outside])
    good = encode([e.prompt for e in dev.inside])
    if len(good):
        domain.set_threshold(head, good, without, settings.domain_precision)
    return head


@torch.no_grad()
def observe(
    network: Network, probe: Dataset, examples: Sequence[Example], device: torch.device
) -> dict:
    """What the trajectory records beside the training loss, on the fixed probe examples.

    The validation loss is that of tokens and values, without dropout. Tiers count examples whose
    tokens of that tier are all predicted from a right history, domains those where all tokens are;
    text has no tiers, and is counted whole.
    """
    batch = probe.batch(range(len(probe))).to(device)
    losses, right = losses_of(network, batch)
    counted = batch.targets != IGNORED
    parts = {"tier1": counted & batch.tier1, "tier2": counted & ~batch.tier1}
    if probe.text:
        parts = {"text": counted}
    domains: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for example, good in zip(examples, (right | ~counted).all(1).tolist(), strict=True):
        domains[example.domain][0] += good
        domains[example.domain][1] += 1
    intent = network.understand(batch).intent
    return {
        "val_loss": float(losses["tokens"] + losses["values"]),
        "tiers": {
            name: (int((right | ~tier).all(1).sum()), len(right)) for name, tier in parts.items()
        },
        "domains": {name: tuple(pair) for name, pair in sorted(domains.items())},
        "trits": trit_arrays(network),
        "embeddings": intent[:, 0].cpu().numpy(),
    }


def smoke(directory: Path) -> Sashimi:
    """A whole trained in seconds on a few examples: every stage works, and answers badly."""
    settings = params.load(root() / "params" / "flagship" / "90_smoke.yaml", FlagshipParams)
    corpus = corpora.load(settings.corpus, limit=settings.limit)
    return learn(corpus, settings, directory, say=lambda line: None).sashimi
