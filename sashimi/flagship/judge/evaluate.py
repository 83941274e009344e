"""The numbers of a trained whole: programs beside their floors, heads beside constants, gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sashimi import gates, scores
from sashimi.encode import encode
from sashimi.files import root
from sashimi.flagship import lessons
from sashimi.flagship.answer import choose
from sashimi.flagship.data import sides, text
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.corpus import Corpus, Example, digest
from sashimi.flagship.data.literals import COPYABLE, slots_of, spelled, to_text
from sashimi.flagship.judge import failures, floors, geometry, score
from sashimi.flagship.model import domain
from sashimi.flagship.model.fill import Source, fill
from sashimi.flagship.negatives import separability
from sashimi.flagship.way import BATCH, Outcome, Sashimi
from sashimi.metrics import overlap
from sashimi.pab import Profile
from sashimi.program import tiers
from sashimi.program.tree import Program
from sashimi.statistics import bootstrap, paired
from sashimi.ternary import trit_shares

OURS = "ternary decoder"
NEAREST = "1-nearest neighbour"
SPLITS = ("dev", "test", "test_unseen")
SHOWN = 4
"""Examples of each split that the results page shows, the first of it: not chosen."""
TIMED = 30
"""Prompts that are sent one at a time to measure latency."""


def evaluate(whole: Sashimi, corpus: Corpus, folder: Path | None = None) -> dict[str, Any]:
    """What a result says of a trained whole: scores, floors, heads, speed, gates and examples.

    The decoder is judged on every prompt, also on those that the domain head would refuse; what the
    head refuses is counted in ``domain``. The continuous twin of a row has the same name here: the
    row says what it is. Scores by example go to ``scores.json`` in ``folder``, where one is given.
    """
    programs = [e.program for e in corpus.train]
    copying = floors.scored(corpus, SPLITS)
    metrics: dict[str, Any] = {}
    differences: dict[str, Any] = {}
    examples: list[dict[str, Any]] = []
    single: dict[str, scores.Scores] = {}
    failed: dict[str, Any] = {}
    voted: dict[str, Any] = {}
    sure: dict[str, Any] = {}
    spelt: dict[str, Any] = {}
    for split in SPLITS:
        part: list[Example] = getattr(corpus, split)
        outcomes = whole.generate([e.prompt for e in part], refuse=False)
        produced = [o.program for o in outcomes]
        admitted = whole.domain.admits(encode([e.prompt for e in part]))
        failed[split] = failures.counts(part, produced, admitted)
        tables = {OURS: score.table([e.program for e in part], produced, whole.catalogue)}
        tables |= {name: (score.intervals(c), c) for name, c in copying[split].items()}
        metrics[split] = {
            model: {name: interval.as_json() for name, interval in table.items()}
            for model, (table, _) in tables.items()
        }
        differences[split] = over(tables, NEAREST)
        voted[split] = over(tables, floors.VOTE)
        single |= singly(split, digest(part), tables)
        examples += shown(split, part, outcomes)
        spelt[split] = text.told([outcome.findings for outcome in outcomes])
        exact = tables[OURS][1]["skeleton_exact"]
        sure[split] = choose.coverage_risk([o.confidence for o in outcomes], exact)
    if folder:
        scores.write(folder, single)
    numbers = {
        "metrics": metrics,
        "differences": differences,
        "domain": domain_scores(whole, corpus),
        "intent": frame_scores(whole, corpus),
        "filler": filler_scores(whole, [*corpus.test, *corpus.test_unseen]),
        "latency": latency(whole, [e.prompt for e in corpus.dev[:TIMED]]),
        "lowering_failures": lowering_failures(programs),
        "parameters": whole.network.size(),
        "examples": examples,
        "facts": {
            "failures": failed,
            "over the vote": voted,
            "confidence": sure,
            "choice": asdict(whole.choice) if whole.choice else {},
            "trits": trit_shares(whole.network),
            "text": spelt,
            "bridge": geometry.facts(whole, corpus.dev),
            "separability": separability.measure(whole, corpus, dataset),
        },
    }
    if folder:
        numbers["facts"]["objective"] = lessons.recorded(Profile.load(folder))
    return numbers | {"gates": judge(numbers, root() / "reports" / "gates.yaml")}


def singly(split: str, examples: str, tables: dict[str, tuple]) -> dict[str, scores.Scores]:
    """Ours by example under the split's name, every other model's under ``<split>/<model>``."""
    return {
        split if name == OURS else f"{split}/{name}": scores.Scores(
            examples, {kind: columns[kind] for kind in score.RIGHT}
        )
        for name, (_, columns) in tables.items()
    }


def over(tables: dict[str, tuple], floor: str) -> dict[str, Any]:
    """Ours less a floor's, paired by example, for every score of being right."""
    ours, theirs = tables[OURS][1], tables[floor][1]
    return {name: paired(ours[name], theirs[name]).as_json() for name in score.RIGHT}


def shown(split: str, part: Sequence[Example], outcomes: Sequence[Outcome]) -> list[dict]:
    """The first examples of a split with what was asked, expected and produced."""
    return [
        {
            "split": split,
            "prompt": example.prompt,
            "expected": score.body_text(example.program),
            "produced": score.body_text(outcome.program) if outcome.program else outcome.text,
            "exact": outcome.program is not None
            and bool(score.right(example.program, outcome.program)["program_exact"]),
        }
        for example, outcome in list(zip(part, outcomes, strict=True))[:SHOWN]
    ]


def domain_scores(whole: Sashimi, corpus: Corpus) -> dict[str, Any]:
    """The domain head on dev (where its threshold was set) and on test prompts of both kinds.

    Out-of-domain prompts are matched in style; recall counts every in-domain prompt of a split.
    """
    result: dict[str, Any] = {"threshold": round(float(whole.domain.threshold), 6)}
    for split in ("dev", "test"):
        both = sides.matched(corpus, split)
        good = encode([e.prompt for e in both.every])
        bad = encode([c.prompt for c in both.outside])
        measured = asdict(domain.score(whole.domain, good, bad))
        result[split] = {k: _plain(v) for k, v in measured.items()}
        accepted = [float(admitted) for admitted in whole.domain.admits(bad)]
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


def dataset(whole: Sashimi, part: Sequence[Example]) -> Dataset:
    """Examples as a trained whole reads them."""
    prompts = [example.prompt for example in part]
    return Dataset(
        part,
        whole.vocabulary,
        whole.literals,
        whole.labels,
        encoder=whole.network.reads,
        near=whole.recalled(prompts, encode(prompts).pooled),
    )


@torch.no_grad()
def frame_scores(whole: Sashimi, corpus: Corpus) -> dict[str, Any]:
    """Each head of the semantic frame on test, beside the constant answer learned from train.

    Accuracy for domain, intent and complexity; F1 over (example, label) for constraints and over
    word pieces for entities, where the constant marks what most training examples mark, or all.
    """
    known = [whole.labels.targets(e.domain, e.program) for e in corpus.train]
    held_out = [*corpus.test, *corpus.test_unseen]
    test = dataset(whole, held_out)
    result: dict[str, Any] = {}
    seen = whole.network.understand(test.batch(range(len(test))))
    batch, logits = seen.prompts, whole.network.intent.frame_logits(seen.intent)
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
def filler_scores(whole: Sashimi, part: Sequence[Example]) -> dict[str, Any]:
    """Share of values that are right in the slots of the *asked-for* structure, by kind of slot.

    The decoder reads the right tokens, so that only the filler is judged. "copied" are the values
    that the prompt spells, "literals" those that it does not, "all" both. Text has no filler: {}.
    """
    if whole.network.filler is None:
        return {}
    data = dataset(whole, part)
    right: dict[str, list[float]] = {"all": [], "copied": [], "literals": []}
    filler = whole.network.filler
    for at in range(0, len(part), BATCH):
        indices = range(at, min(at + BATCH, len(part)))
        seen = whole.network(data.batch(indices))
        batch, hidden = seen.prompts, seen.hidden
        for row, index in enumerate(indices):
            offsets = data.encoded.offsets[data.encoded.pieces(index)]
            states = batch.states[row, : len(offsets)]
            source = Source.of(filler, part[index].prompt, states, offsets)
            ir = tiers.encode(part[index].program)
            tokens = ir.merged()
            if len(tokens) >= batch.inputs.shape[1]:
                continue  # longer than the decoder's positions
            made = fill(filler, whole.literals, source, tokens, hidden[row], whole.catalogue)
            for slot, want, have in zip(slots_of(tokens), ir.values, made, strict=True):
                reading = whole.literals.reading(slot)
                copied = slot.kind in COPYABLE and spelled(want, part[index].prompt, reading)
                good = float(to_text(want) == to_text(have))
                right["copied" if copied else "literals"].append(good)
                right["all"].append(good)
    return {kind: bootstrap(values).as_json() for kind, values in right.items()}


def latency(whole: Sashimi, prompts: Sequence[str]) -> dict[str, Any]:
    """Median and 95th percentile of seconds a prompt, sent one at a time, encoder included."""
    import time

    taken = []
    for prompt in prompts:
        begun = time.perf_counter()
        whole.generate(prompt, refuse=False)
        taken.append(time.perf_counter() - begun)
    median, high = np.percentile(taken, [50, 95]) if taken else (float("nan"),) * 2
    return {"median": _plain(float(median)), "p95": _plain(float(high)), "n": len(taken)}


def lowering_failures(programs: Sequence[Program]) -> dict[str, int]:
    """How many programs their typed IR does not give back, and of how many."""
    failed = sum(repr(tiers.lower(tiers.encode(p))) != repr(p) for p in programs)
    return {"failed": failed, "n": len(programs)}


def judge(numbers: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Every pre-registered gate of the flagship on these numbers."""
    test, unseen = (numbers["metrics"][split][OURS] for split in ("test", "test_unseen"))
    ahead, voted = numbers["differences"], numbers["facts"]["over the vote"]
    lowering = numbers["lowering_failures"]
    values = {
        "lowering_failures": lowering["failed"] / lowering["n"] if lowering["n"] else None,
        "compile_strict": test["compile_strict"]["value"],
        "compile_permissive": test["compile_permissive"]["value"],
        "runtime_unverified": test["runtime_unverified"]["value"],
        "out_of_domain_false_accepts": numbers["domain"]["test"]["false_accepts"],
        "domain_recall": numbers["domain"]["test"]["recall"],
        "p95_seconds": numbers["latency"]["p95"],
        "hard_negative_separability": separability.gated(numbers["facts"]["separability"]),
        "program_exact": test["program_exact"]["value"],
        "skeleton_exact_unseen": unseen["skeleton_exact"]["value"],
        "skeleton_exact_over_nearest": ahead["test"]["skeleton_exact"]["low"],
        "action_f1_over_nearest": ahead["test"]["action_f1"]["low"],
        "action_f1_unseen_over_nearest": ahead["test_unseen"]["action_f1"]["low"],
        "skeleton_exact_over_vote": voted["test"]["skeleton_exact"]["low"],
        "action_f1_over_vote": voted["test"]["action_f1"]["low"],
        "action_f1_unseen": unseen["action_f1"]["value"],
        "parameters": numbers["parameters"]["total"],
    }
    return [
        gate.judge([values.get(gate.metric)]).as_dict()
        for gate in gates.load(path).values()
        if gate.metric in values
    ]


def _plain(value: float | int) -> float | int | None:
    """A number as JSON has it: NaN becomes None."""
    if isinstance(value, int):
        return value
    return None if np.isnan(value) else round(value, 6)
