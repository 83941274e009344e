"""The heads of a trained model beside constants: domain, the frame, and the value filler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from sashimi.encode import encode
from sashimi.flagship.answer.whole import BATCH
from sashimi.flagship.data import sides
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.literals import COPYABLE, slots_of, spelled, to_text
from sashimi.flagship.model import domain
from sashimi.flagship.model.fill import Source, fill
from sashimi.flagship.pipeline import Pipeline
from sashimi.metrics import overlap, plain
from sashimi.program import tiers
from sashimi.statistics import bootstrap


def domain_scores(model: Pipeline, corpus: Corpus) -> dict[str, Any]:
    """The domain head on dev (where its threshold was set) and on test prompts of both kinds.

    Out-of-domain prompts are matched in style; recall counts every in-domain prompt of a split.
    """
    result: dict[str, Any] = {"threshold": round(float(model.domain.threshold), 6)}
    for split in ("dev", "test"):
        both = sides.matched(corpus, split)
        good = model.network.admission([e.prompt for e in both.every])
        bad = model.network.admission([c.prompt for c in both.outside])
        measured = asdict(domain.score(model.domain, good, bad))
        result[split] = {k: plain(v) for k, v in measured.items()}
        accepted = [float(admitted) for admitted in model.domain.admits(bad)]
        result[split]["false_accepts_by_category"] = {
            kind: bootstrap(
                [
                    float(a)
                    for a, c in zip(accepted, both.outside, strict=True)
                    if c.category == kind
                ]
            ).as_json()
            for kind in sorted({c.category for c in both.outside})
        }
    return result


def dataset(model: Pipeline, part: Sequence[Example]) -> Dataset:
    """Examples as a trained whole reads them."""
    prompts = [example.prompt for example in part]
    return Dataset(
        part,
        model.vocabulary,
        model.literals,
        model.labels,
        encoder=model.network.reads,
        near=model.recalled(prompts, encode(prompts).pooled),
    )


@torch.no_grad()
def frame_scores(model: Pipeline, corpus: Corpus) -> dict[str, Any]:
    """Each head of the semantic frame on test, beside the constant answer learned from train.

    Accuracy for domain, intent and complexity; F1 over (example, label) for constraints and over
    word pieces for entities, where the constant marks what most training examples mark, or all.
    """
    known = [model.labels.targets(e.domain, e.program) for e in corpus.train]
    held_out = [*corpus.test, *corpus.test_unseen]
    if not held_out:
        return {}
    test = dataset(model, held_out)
    result: dict[str, Any] = {}
    seen = model.network.understand(test.batch(range(len(test))))
    batch, logits = seen.prompts, model.network.intent.frame_logits(seen.intent)
    for head in ("domain", "intent", "complexity"):
        seen = Counter(frame[head][0] for frame in known)
        truth = batch.frame[head][:, 0]
        common = seen.most_common(1)[0][0]
        result[head] = {
            "ours": bootstrap((logits[head].argmax(1) == truth).float().tolist()).as_json(),
            "constant": bootstrap((truth == common).float().tolist()).as_json(),
        }
    usual = torch.tensor([frame["constraints"] for frame in known]).float().mean(0) > 0.5
    for head, constant in (("constraints", usual), ("entities", torch.tensor(True))):
        truth = batch.frame[head].bool()
        counted = batch.pieces if head == "entities" else torch.ones_like(truth)
        result[head] = {
            "ours": _f1(truth & counted, (logits[head] > 0) & counted),
            "constant": _f1(truth & counted, constant.expand_as(truth) & counted),
        }
    return result


def _f1(truth: torch.Tensor, said: torch.Tensor) -> dict[str, Any]:
    """Mean over examples of the F1 of marked places."""
    rows = [
        overlap(t.nonzero()[:, 0].tolist(), s.nonzero()[:, 0].tolist()).f1
        for t, s in zip(truth, said, strict=True)
    ]
    return bootstrap(rows).as_json()


@torch.no_grad()
def filler_scores(model: Pipeline, part: Sequence[Example]) -> dict[str, Any]:
    """Share of values that are right in the slots of the *asked-for* structure, by kind of slot.

    The decoder reads the right tokens, so that only the filler is judged. "copied" are the values
    that the prompt spells, "literals" those that it does not, "all" both. Text has no filler: {}.
    """
    if model.network.filler is None:
        return {}
    data = dataset(model, part)
    right: dict[str, list[float]] = {"all": [], "copied": [], "literals": []}
    filler = model.network.filler
    for at in range(0, len(part), BATCH):
        indices = range(at, min(at + BATCH, len(part)))
        seen = model.network(data.batch(indices))
        batch, hidden = seen.prompts, seen.hidden
        for row, index in enumerate(indices):
            offsets = data.encoded.offsets[data.encoded.pieces(index)]
            states = batch.states[row, : len(offsets)]
            source = Source.of(filler, part[index].prompt, states, offsets)
            ir = tiers.encode(part[index].program)
            tokens = ir.merged()
            if len(tokens) >= batch.inputs.shape[1]:
                continue  # longer than the decoder's positions
            made = fill(filler, model.literals, source, tokens, hidden[row], model.catalogue)
            for slot, want, have in zip(slots_of(tokens), ir.values, made, strict=True):
                reading = model.literals.reading(slot)
                copied = slot.kind in COPYABLE and spelled(want, part[index].prompt, reading)
                good = float(to_text(want) == to_text(have.value))
                right["copied" if copied else "literals"].append(good)
                right["all"].append(good)
    return {kind: bootstrap(values).as_json() for kind, values in right.items()}
