"""The numbers of a trained whole: programs beside their floors, heads beside constants, gates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sashimi import gates, scores
from sashimi.files import root
from sashimi.flagship import lessons
from sashimi.flagship.answer import choose
from sashimi.flagship.answer.outcome import Outcome
from sashimi.flagship.answer.whole import Sashimi
from sashimi.flagship.data import spoken, text
from sashimi.flagship.data.example import PEOPLE, Corpus, Example, digest
from sashimi.flagship.judge import failures, floors, geometry, heads, score, useful_report
from sashimi.flagship.negatives import separability
from sashimi.flagship.scoring import OURS, SCORES
from sashimi.metrics import plain
from sashimi.pab import Profile
from sashimi.program import tiers
from sashimi.program.tree import Program
from sashimi.statistics import paired
from sashimi.ternary import trit_shares

SHOWN = 4
"""Examples of each split that the results page shows, the first of it: not chosen."""
TIMED = 30
"""Prompts that are sent one at a time to measure latency."""


@dataclass(frozen=True)
class SplitScores:
    """What one split says of a trained model."""

    metrics: dict[str, Any]  # by model
    differences: dict[str, Any]  # less the nearest neighbour, paired by example
    over_the_vote: dict[str, Any]
    single: dict[str, scores.Scores]  # by example
    examples: list[dict[str, Any]]
    failures: Any
    confidence: Any
    text: Any


def evaluate(model: Sashimi, corpus: Corpus, folder: Path | None = None) -> dict[str, Any]:
    """What a result says of a trained model: scores, floors, heads, speed, gates and examples.

    The decoder is judged on every prompt, also on those that the domain head would refuse; what the
    head refuses is counted in ``domain``. The continuous twin of a row has the same name here: the
    row says what it is. Scores by example go to ``scores.json`` in ``folder``, where one is given.
    """
    copying = floors.scored(corpus, list(SCORES.splits))
    splits = {s: split_scores(model, s, getattr(corpus, s), copying[s]) for s in SCORES.splits}
    if folder:
        scores.write(folder, {k: v for one in splits.values() for k, v in one.single.items()})
    numbers = {
        "metrics": {split: one.metrics for split, one in splits.items()},
        "differences": {split: one.differences for split, one in splits.items()},
        "facts": {
            "domain": heads.domain_scores(model, corpus),
            "intent": heads.frame_scores(model, corpus),
            "filler": heads.filler_scores(model, [*corpus.test, *corpus.test_unseen]),
            "latency": latency(model, [e.prompt for e in corpus.dev[:TIMED]]),
            "lowering_failures": lowering_failures([e.program for e in corpus.train]),
            "parameters": model.network.size(),
            "examples": [example for one in splits.values() for example in one.examples],
            "failures": {split: one.failures for split, one in splits.items()},
            "over the vote": {split: one.over_the_vote for split, one in splits.items()},
            "confidence": {split: one.confidence for split, one in splits.items()},
            "choice": asdict(model.choice) if model.choice else {},
            "trits": trit_shares(model.network),
            "text": {split: one.text for split, one in splits.items()},
            "bridge": geometry.facts(model, corpus.dev),
            "separability": separability.measure(model, corpus, heads.dataset),
        },
    }
    if corpus.source in (PEOPLE, spoken.SOURCE):
        numbers["facts"]["people"] = useful_report.judged(model.generate)
    if folder:
        numbers["facts"]["objective"] = lessons.recorded(Profile.load(folder))
    return numbers | {"gates": judge(numbers, root() / "reports" / "gates.yaml")}


def split_scores(
    model: Sashimi, split: str, part: Sequence[Example], copying: dict[str, Any]
) -> SplitScores:
    """The outcomes of a split's prompts beside those of the floors, by example in ``copying``."""
    prompts = [example.prompt for example in part]
    outcomes = model.generate(prompts, refuse=False)
    produced = [outcome.program for outcome in outcomes]
    tables = {OURS: score.table([e.program for e in part], produced, model.catalogue)}
    tables |= {name: (score.intervals(columns), columns) for name, columns in copying.items()}
    exact = tables[OURS][1]["skeleton_exact"]
    admitted = model.domain.admits(model.network.admission(prompts))
    return SplitScores(
        metrics={
            name: {metric: interval.as_json() for metric, interval in table.items()}
            for name, (table, _) in tables.items()
        },
        differences=over(tables, SCORES.against),
        over_the_vote=over(tables, floors.VOTE),
        single=singly(split, digest(part), tables),
        examples=shown(split, part, outcomes),
        failures=failures.counts(part, produced, admitted),
        confidence=choose.coverage_risk([o.confidence for o in outcomes], exact),
        text=text.repair_shares([outcome.findings for outcome in outcomes]),
    )


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


def latency(whole: Sashimi, prompts: Sequence[str]) -> dict[str, Any]:
    """Median and 95th percentile of seconds a prompt, sent one at a time, encoder included."""
    taken = []
    for prompt in prompts:
        begun = time.perf_counter()
        whole.generate(prompt, refuse=False)
        taken.append(time.perf_counter() - begun)
    median, high = np.percentile(taken, [50, 95]) if taken else (float("nan"),) * 2
    return {"median": plain(float(median)), "p95": plain(float(high)), "n": len(taken)}


def lowering_failures(programs: Sequence[Program]) -> dict[str, int]:
    """How many programs their typed IR does not give back, and of how many."""
    failed = sum(repr(tiers.lower(tiers.encode(p))) != repr(p) for p in programs)
    return {"failed": failed, "n": len(programs)}


def judge(numbers: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Every pre-registered gate of the flagship on these numbers."""
    test, unseen = (numbers["metrics"][split][OURS] for split in ("test", "test_unseen"))
    ahead, voted = numbers["differences"], numbers["facts"]["over the vote"]
    facts = numbers["facts"]
    lowering = facts["lowering_failures"]
    values = {
        "lowering_failures": lowering["failed"] / lowering["n"] if lowering["n"] else None,
        "compile_strict": test["compile_strict"]["value"],
        "compile_permissive": test["compile_permissive"]["value"],
        "runtime_unverified": test["runtime_unverified"]["value"],
        "out_of_domain_false_accepts": facts["domain"]["test"]["false_accepts"],
        "domain_recall": facts["domain"]["test"]["recall"],
        "p95_seconds": facts["latency"]["p95"],
        "hard_negative_separability": separability.gated(facts["separability"]),
        "program_exact": test["program_exact"]["value"],
        "skeleton_exact_unseen": unseen["skeleton_exact"]["value"],
        "skeleton_exact_over_nearest": ahead["test"]["skeleton_exact"]["low"],
        "action_f1_over_nearest": ahead["test"]["action_f1"]["low"],
        "action_f1_unseen_over_nearest": ahead["test_unseen"]["action_f1"]["low"],
        "skeleton_exact_over_vote": voted["test"]["skeleton_exact"]["low"],
        "action_f1_over_vote": voted["test"]["action_f1"]["low"],
        "action_f1_unseen": unseen["action_f1"]["value"],
        "parameters": facts["parameters"]["total"],
    }
    return gates.judge(values, gates.load(path))
