"""One run of the flagship: a corpus and parameters in, a trained whole and its numbers out."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sashimi import params, train
from sashimi.encode import encode
from sashimi.files import digest as digest_of
from sashimi.files import root
from sashimi.flagship import learn_domain, run_folder, warm_start
from sashimi.flagship.answer import candidates
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.planning import Planning
from sashimi.flagship.answer.whole import Sashimi
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import curated, spoken
from sashimi.flagship.data.batches import Batch, Dataset
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.data.stream import Recipe, Source, Stream
from sashimi.flagship.data.text import Spelling, text_of
from sashimi.flagship.lessons import WATCHED, TrainingBatches
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.loss import Weights, losses_of
from sashimi.flagship.model.network import Network
from sashimi.flagship.model.trained_encoders import words_of
from sashimi.flagship.negatives import margin
from sashimi.flagship.params import FlagshipParams, Trains
from sashimi.flagship.teach import Teachers
from sashimi.program import catalogue as catalogues
from sashimi.program import tiers
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.ternary import set_progress, trit_arrays

LEARNED = 128
"""Tokens of a training program that are targets, its first ones: a batch is as long as its longest
program, so that the one real program in fifty that is longer would set the price of many."""
REPEATED = 4
"""Times that a stream's sample needs a value before it is a literal: people say each program three
ways, and a value that one program holds is to be copied."""
PROBE = 256
"""Dev examples that the trajectory watches: the same ones at every checkpoint."""


@dataclass(frozen=True)
class Trained:
    """A trained whole and how long its training took."""

    sashimi: Sashimi
    seconds: float
    device: str


@dataclass(frozen=True)
class Words:
    """What training examples teach before anything is trained."""

    vocabulary: Vocabulary | Spelling
    literals: Literals
    labels: Labels
    catalogue: Catalogue

    @staticmethod
    def of(examples: Sequence[Example], output: str, streamed: bool = False) -> Words:
        """Of training examples, or of a stream's sample; ``output`` as `FlagshipParams` has it."""
        programs = [example.program for example in examples]
        catalogue = catalogues.load().extended(programs)
        vocabulary = Vocabulary.build([tiers.encode(p) for p in programs], catalogue)
        pairs = ((e.prompt, e.program) for e in examples)
        literals = Literals.build(pairs, least=REPEATED if streamed else 2)
        if output == "text":  # as many tokens as typed tokens and literals together
            size = len(vocabulary) + len(literals.values)
            vocabulary, literals = Spelling.build(map(text_of, programs), size), Literals((), {})
        labels = Labels.of([e.domain for e in examples], programs)
        return Words(vocabulary, literals, labels, catalogue)

    def network(self, settings: FlagshipParams, encoder_words: Sequence[int] = ()) -> Network:
        """A network of these sizes, untrained."""
        sizes = len(self.vocabulary), len(self.literals.values)
        return Network(settings, self.labels, *sizes, encoder_words)


def learn(corpus: Corpus, settings: FlagshipParams, directory: Path, say=print) -> Trained:
    """Trains on ``corpus.train``, or on the corpus's stream; leaves model and trajectory in
    ``directory``.
    """
    train.seed_everything(settings.seed)
    streamed = corpus.source == spoken.SOURCE
    words = Words.of(corpus.train, settings.output, streamed)
    say(
        f"{len(corpus.train)} training examples, {len(words.vocabulary)} tokens, "
        f"{len(words.literals.values)} literals, {len(words.labels.intents)} intents"
    )
    device = train.pick_device()
    teachers = Teachers.of(settings, directory, words.vocabulary, device)
    lender = run_folder.finished(directory, settings.start) if settings.start else None
    targets = words.vocabulary, words.literals, words.labels
    known = corpus.train[:WATCHED] if streamed else corpus.train
    data = Dataset(known, *targets, say, settings.encoder, longest=LEARNED)
    probe = Dataset(corpus.dev[:PROBE], *targets, encoder=settings.encoder)
    library = retrieve(corpus, settings, data, probe)
    network = words.network(settings, words_of(data.encoded, settings.encoder)).to(device)
    if lender:
        lent, size = warm_start.lend(lender, network, warm_start.rows_of(*targets))
        say(f"{lent} of {size} parameters begin as {lender} ended")
    negatives = margin.of_training(corpus, settings.negatives, data, words.vocabulary)
    weights, watched = Weights.of(settings), corpus.dev[:PROBE]
    with batches(corpus, data, words, settings) as batch_at:
        lessons = TrainingBatches(
            batch_at, data, negatives, teachers, weights, settings.seed, device
        )
        seconds = _fit(network, lessons, probe, watched, settings, corpus, directory, say)
    network = network.cpu().eval()
    head = learn_domain.train_domain_head(corpus, settings, network)
    parts = network, head, *targets, words.catalogue
    model = Sashimi(*parts, library=library, beams=settings.candidates)
    model = with_choice(model, corpus, settings)
    run_folder.write(model, settings, directory)
    return Trained(model, seconds, str(device))


@contextlib.contextmanager
def batches(
    corpus: Corpus, data: Dataset, words: Words, settings: FlagshipParams
) -> Iterator[Callable[[int], Batch]]:
    """The batch of each step: of the corpus's endless stream, or of epochs of ``data``."""
    size, seed = settings.batch_size, settings.seed
    if corpus.source != spoken.SOURCE:
        yield lambda step: data.training_batch(step, size, seed)
        return
    source = spoken.mixture(seed, settings.limit)
    recurring = tuple(dict.fromkeys(e.prompt for e in source.people))
    targets = words.vocabulary, words.literals, words.labels
    recipe = Recipe(*targets, LEARNED, recurring, settings.encoder)
    chunks: Source = source
    if settings.curated:
        chunks = curated.Curated(source, curated.read(settings.curated))
    with Stream(chunks, recipe, source.stream.size, settings.passes) as stream:
        yield lambda step: stream.training_batch(step, size, seed)


def _fit(
    network: Network,
    lessons: TrainingBatches,
    probe: Dataset,
    watched: Sequence[Example],
    settings: FlagshipParams,
    corpus: Corpus,
    directory: Path,
    say: Callable[[str], None],
) -> float:
    """Trains the network; the seconds that it took."""
    return train.fit(
        network,
        lessons.loss,
        lessons.at,
        schedule_of(settings, settings.weight_decay_until),
        directory,
        seed=settings.seed,
        config_digest=training_digest(settings, corpus),
        before_step=lambda progress: stage(network, settings, progress),
        observe=lambda: {
            **observe(network, probe, watched, lessons.device),
            "components": lessons.gradient_stats(network),
        },
        say=say,
    )


def with_choice(model: Sashimi, corpus: Corpus, settings: FlagshipParams) -> Sashimi:
    """The model with planner and choice among candidates, for a row that has them."""
    if settings.planned:
        planning = Planning.of(model.library, model.vocabulary, model.catalogue)
        planning.planner.fit(settings.seed)
        model = replace(model, planning=planning)
    return candidates.tuned(model, corpus.dev) if model.library else model


def retrieve(
    corpus: Corpus, settings: FlagshipParams, data: Dataset, probe: Dataset
) -> Library | None:
    """The library of a row that retrieves; both datasets are given what it holds for them.

    A training prompt is never given its own program.
    """
    if corpus.source == spoken.SOURCE or (not settings.neighbours and settings.candidates == 1):
        return None
    prompts = [example.prompt for example in corpus.train]
    library = Library.of(corpus.train, encode(prompts).pooled.numpy(), data.rows)
    if settings.neighbours:
        data.near = library.read(library.others(settings.neighbours))
        asked = [example.prompt for example in corpus.dev[: len(probe)]]
        vectors = encode(asked).pooled.numpy()
        probe.near = library.read(library.nearest(asked, vectors, settings.neighbours)[0])
    return library


def training_digest(settings: FlagshipParams, corpus: Corpus) -> str:
    """What the training of the network depends on: the domain head's precision is not part."""
    told = params.digest(settings.model_copy(update={"domain_precision": 0.5})) + corpus.digest[:16]
    return told + (digest_of(curated.read(settings.curated)) if settings.curated else "")


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
        optimizer=getattr(settings, "optimizer", "adamw"),
    )


def stage(network: Network, settings: FlagshipParams, progress: float) -> None:
    """Sets how ternary each layer is at this point of the run; a continuous run stays at 0."""
    if settings.ternary:
        set_progress(network, progress, settings.ternary_start, settings.ternary_end)


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
