"""The domain head of a run: what it learns to admit and to refuse, and where its threshold is."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sashimi.flagship import people
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import sides, spoken
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.model import domain
from sashimi.flagship.model.adapted import Adapted
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams

HEAD_EACH, HEAD_TIMES = 10_000, 3
"""Prompts that people's domain head learns to admit, at most, and how often it is shown each that
people wrote to be refused."""
ADMITTED = 0.97


def train_domain_head(
    corpus: Corpus, settings: FlagshipParams, network: Network
) -> domain.DomainHead:
    """A head of the corpus against out-of-domain prompts, its threshold set on dev.

    It reads prompts by the encoder that the network has, so that a prompt is encoded once. People's
    threshold admits `ADMITTED` of dev's prompts: an honest request that is refused is worse than a
    strange one that is answered.
    """
    read = network.admission

    def trained(inside: Sequence[str], outside: Sequence[str]) -> domain.DomainHead:
        if isinstance(network.encoder, Adapted):
            return domain.train_head(read(inside), read(outside), settings.seed)
        return domain.cached_head(inside, outside, settings.seed)

    if corpus.source in (corpora.PEOPLE, spoken.SOURCE):
        head = trained(*peoples_sides(corpus, settings.seed))
        head.threshold.copy_(head(read([e.prompt for e in corpus.dev])).quantile(1 - ADMITTED))
        return head
    outside = [c.prompt for c in sides.candidates("train", len(corpus.train))]
    head = trained([e.prompt for e in corpus.train], outside)
    dev = sides.matched(corpus, "dev")
    good = read([e.prompt for e in dev.inside])
    if len(good):
        without = read([c.prompt for c in dev.outside])
        domain.set_threshold(head, good, without, settings.domain_precision)
    return head


def peoples_sides(corpus: Corpus, seed: int) -> tuple[list[str], list[str]]:
    """What people's head learns to admit, and to refuse: their own out-of-domain prompts beside
    made ones.
    """
    rng = random.Random(seed)
    inside = [e.prompt for e in rng.sample(corpus.train, min(HEAD_EACH, len(corpus.train)))]
    outside = [refusal.prompt for refusal in people.out_of_domain("train")]
    made = sides.candidates("train", max(0, len(inside) - HEAD_TIMES * len(outside)))
    return inside, HEAD_TIMES * outside + [c.prompt for c in made]
