"""The domain heads judged on sets that ask different things of them: what notebook 11 runs.

All heads are fitted on the same prompts, without the categories of `HELD_OUT`, and once more
without a style. Thresholds come from matched dev prompts alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sashimi import gates
from sashimi.flagship.data import matching, out_of_domain, sides
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.out_of_domain import Prompt, near
from sashimi.flagship.data.sides import Sides
from sashimi.flagship.params import DomainParams
from sashimi.statistics import Interval
from sashimi.studies.domain import heads
from sashimi.studies.domain.heads import FITS, Batch

HELD_OUT = ("cooking", "near_smart_home")
"""Categories that no head of this study is fitted on, nor its threshold: one far, one near."""
HELD_OUT_STYLE = "casual"
PERMITTED = 0.01
"""The share of false accepts on dev that the second operating point holds."""
TIMED = 200
Scores = dict[str, float]
Table = dict[str, dict[str, dict[str, Interval]]]


@dataclass(frozen=True)
class Found:
    """What the study found; ``scores[head][fit]`` holds the score of every dev and test prompt."""

    dev: Sides
    test: Sides
    trained: tuple[int, int]  # prompts of either side
    scores: dict[str, dict[str, Scores]]
    thresholds: dict[str, float]  # at the precision asked for
    table: Table  # set, head, metric
    calibration: dict[str, dict[str, float]]
    microseconds: dict[str, float]
    style: dict[str, float]
    words: dict[str, float]

    def on(self, name: str, head: str) -> tuple[np.ndarray, np.ndarray]:
        """A head's scores on a set: in-domain, out-of-domain."""
        fit, inside, outside = parts(self.test)[name]
        return _both(self.scores[head][fit], inside, outside)


def parts(test: Sides) -> dict[str, tuple[str, list[str], list[Prompt]]]:
    """The test sets by name: which fit judges them, their in-domain and their other prompts."""
    known = test.only(lambda p: p.category not in HELD_OUT)
    informal = known.only(lambda p: p.style == HELD_OUT_STYLE)
    styled = any(e.style for e in test.every)
    chosen = {
        "matched": ("main", known),
        "near-domain": ("main", known.only(lambda p: near(p.category))),
        "held-out category": ("main", test.only(lambda p: p.category in HELD_OUT)),
        "held-out style": ("style", informal if styled else informal.only(lambda p: False)),
    }
    found = {k: (fit, _texts(s.inside), s.outside) for k, (fit, s) in chosen.items()}
    return found | {"plain questions, all in-domain": ("main", _texts(test.every), plain())}


def plain() -> list[Prompt]:
    """Test prompts that are no request but a question or a remark, as people type them."""
    found = [p for p in out_of_domain.load().test if p.category not in HELD_OUT]
    return [p for p in found if "[" not in p.template and p.template in _says(p.category)]


def _says(category: str) -> list[str]:
    return out_of_domain.content()[category].get("says", [])


def _texts(examples: Iterable[Example]) -> list[str]:
    return [example.prompt for example in examples]


def study(corpus: Corpus, settings: DomainParams, say: Callable[[str], None] = print) -> Found:
    """Fit every head and judge it on every set."""
    dev, test = sides.matched(corpus, "dev"), sides.matched(corpus, "test")
    rng = random.Random(settings.seed)
    inside = rng.sample(corpus.train, min(settings.train_each, len(corpus.train)))
    outside = sides.candidates("train", settings.train_each)
    say(f"training on {len(inside)} prompts in domain and {len(outside)} outside; encoding")
    train = Batch.of(_texts(inside)), Batch.of([p.prompt for p in outside])
    shown = list(dict.fromkeys(p.prompt for p in (*dev.outside, *test.outside, *plain())))
    judged = Batch.of(list(dict.fromkeys([*_texts(dev.every), *_texts(test.every), *shown])))
    away = np.array([p.category in HELD_OUT for p in outside])
    style = [np.array([e.style == HELD_OUT_STYLE for e in part]) for part in (inside, outside)]
    fits = {"main": (np.zeros(len(inside), bool), away)}
    if any(e.style for e in test.every):
        fits["style"] = (style[0], away | style[1])
    scores: dict[str, dict[str, Scores]] = {name: {} for name in FITS}
    cost: dict[str, float] = {}
    for fit, left_out in fits.items():
        given = [b.only(np.flatnonzero(~o)) for b, o in zip(train, left_out, strict=True)]
        for name, make in FITS.items():
            if name == "word pieces":
                make = partial(make, epochs=settings.epochs)
            score = make(*given, seed=settings.seed)
            values = score(judged)
            scores[name][fit] = dict(zip(judged.prompts, values.tolist(), strict=True))
            if fit == "main":
                cost[name] = heads.microseconds(score, judged.only(range(_few(judged))))
        say(f"fitted {len(FITS)} heads ({fit})")
    thresholds, table = _judge(dev, test, scores, settings)
    style = matching.style_aurocs(*_pairs(test))
    return Found(
        dev,
        test,
        (len(inside), len(outside)),
        scores,
        thresholds,
        table,
        _calibration(dev, test, scores),
        cost,
        style,
        words_aurocs(test),
    )


def _few(batch: Batch) -> int:
    return min(TIMED, len(batch.prompts))


def _both(
    scores: Scores, inside: Iterable[str], outside: Iterable[Prompt]
) -> tuple[np.ndarray, np.ndarray]:
    good = np.array([scores[prompt] for prompt in inside])
    return good, np.array([scores[prompt.prompt] for prompt in outside])


def _dev(dev: Sides, fit: str) -> Sides:
    """The dev pairs that a fit may choose its threshold on."""
    known = dev.only(lambda p: p.category not in HELD_OUT)
    return known if fit == "main" else known.only(lambda p: p.style != HELD_OUT_STYLE)


def _judge(
    dev: Sides, test: Sides, scores: dict[str, dict[str, Scores]], settings: DomainParams
) -> tuple[dict[str, float], Table]:
    """The threshold of each head (of its main fit), and what it does on each set."""
    chosen: dict[str, float] = {}
    table: Table = {}
    for name, (fit, inside, outside) in parts(test).items():
        if not inside or not outside:
            continue
        table[name] = {}
        for head, fitted in scores.items():
            known = _dev(dev, fit)
            on_dev = _both(fitted[fit], _texts(known.inside), known.outside)
            at = heads.threshold(*on_dev, settings.precision)
            chosen[head] = at if fit == "main" else chosen[head]
            good, bad = _both(fitted[fit], inside, outside)
            templates = [p.template for p in outside]
            held = heads.accepting(on_dev[1], PERMITTED)
            row = heads.judged(good, bad, templates, at, held, settings.seed)
            table[name][head] = row
    return chosen, table


def _calibration(
    dev: Sides, test: Sides, scores: dict[str, dict[str, Scores]]
) -> dict[str, dict[str, float]]:
    """Temperature from dev, and the calibration error on matched test prompts before and after."""
    found = {}
    _, inside, outside = parts(test)["matched"]
    known = _dev(dev, "main")
    for head, fitted in scores.items():
        if head in heads.ONE_CLASS:
            continue  # distances are no log-odds
        t = heads.temperature(*_both(fitted["main"], _texts(known.inside), known.outside))
        good, bad = _both(fitted["main"], inside, outside)
        before = heads.calibration_error(good, bad)
        after = heads.calibration_error(good / t, bad / t)
        found[head] = {"temperature": t, "error before": before, "error after": after}
    return found


def _pairs(found: Sides) -> tuple[list[str], list[str], list[str]]:
    """Pair by pair: in-domain prompts, the other prompts, and their templates."""
    inside = [found.inside[i].prompt for i in found.beside]
    return inside, [p.prompt for p in found.outside], [p.template for p in found.outside]


def words_aurocs(test: Sides) -> dict[str, float]:
    """AUROC of TF-IDF on test pairs, cross-validated by template: on all, and on near ones."""

    def reader():
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        return make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))

    found = {}
    for name, part in (("all", test), ("near", test.only(lambda p: near(p.category)))):
        inside, outside, templates = _pairs(part)
        if len(set(inside)) < matching.FOLDS or len(set(templates)) < matching.FOLDS:
            found[name] = float("nan")
            continue
        labels = np.r_[np.ones(len(inside), int), np.zeros(len(outside), int)]
        groups = [f"inside: {prompt}" for prompt in inside] + templates
        scores = matching.out_of_fold(reader, [*inside, *outside], labels, groups)
        found[name] = float(roc_auc_score(labels, scores))
    return found


RULE = {"matched": "matched", "near": "near-domain", "category": "held-out category"}
"""The sets of the plan's decision rule, by the names that their gates give them."""


def passes(found: Found, head: str, settings: DomainParams) -> bool:
    """Whether a head clears the decision rule on every set, with its whole interval."""
    rows = [found.table.get(name, {}).get(head) for name in RULE.values()]
    return all(
        row and row["precision"].low >= settings.precision and row["recall"].low >= settings.recall
        for row in rows
    )


def choose(found: Found, settings: DomainParams) -> str:
    """The simplest head that passes; if none does, the one that recalls most on dev."""
    known = _dev(found.dev, "main")
    contenders = [head for head in FITS if head != heads.FLOOR]
    for head in contenders:
        if passes(found, head, settings):
            return head
    recall = {
        head: float(
            np.mean(
                _both(found.scores[head]["main"], _texts(known.inside), [])[0]
                >= found.thresholds[head]
            )
        )
        for head in contenders
    }
    return max(contenders, key=recall.__getitem__)


def judge(found: Found, settings: DomainParams, path: Path) -> list[dict[str, Any]]:
    """Every pre-registered gate of the domain heads."""
    head = choose(found, settings)
    both = (
        len(found.dev.inside) + len(found.test.inside),
        len(found.dev.outside) + len(found.test.outside),
    )
    values: dict[str, float | None] = {
        "domain_prompts_a_side": min(a + b for a, b in zip(found.trained, both, strict=True)),
        "domain_style_auroc": max(found.style.values()),
        "domain_words_auroc_near": found.words["near"],
    }
    for key, name in RULE.items():
        row = found.table.get(name, {}).get(head)
        values[f"domain_precision_{key}"] = row["precision"].low if row else None
        values[f"domain_recall_{key}"] = row["recall"].low if row else None
    return [
        gate.judge([values[gate.metric]], {"head": head}).as_dict()
        for gate in gates.load(path).values()
        if gate.metric in values
    ]
