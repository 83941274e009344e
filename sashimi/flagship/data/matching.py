"""Prompts of two kinds that style does not tell apart: what is measured, and how pairs are chosen.

Style is everything but content: length, punctuation, case, digits, function words, politeness and
the frames of the built-in corpus. A **style score** is the log-odds that a model which sees nothing
else gives a prompt of being in domain. Pairs are made within one style and one length bin, those
with the least difference of scores, none above a caliper (propensity matching: Rosenbaum & Rubin
1985, Austin 2011); then those pairs go that still give themselves away, until the detectors stay
below a target.

Letters: N prompts, F features, P pairs.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CALIPER = 0.5
"""In standard deviations of the style score; the trimming does the rest."""
TARGET = 0.56
"""Pairs are dropped until the style detectors are at or below this; the gate asks for 0.60."""
DROPPED = 0.06
"""Share of the pairs that a round drops."""
FOLDS = 5
LENGTH_BINS = 5
_FUNCTION_WORDS = """
a about after all also an and any are as at be because before but by can could do does don't each
else every except finally for from get has have help how i i'd i'll if in instead into is it it's
its just let let's make me more my need next no not of on one only or otherwise out over please pls
provided so something start take that the them then there these this those time times to under
unless up use want was way what what's when where whether which while who why will with would you
"""
FUNCTION_WORDS = tuple(_FUNCTION_WORDS.split())
FRAMES = (
    r"\b(can|could|would) (you|i|it)\b",
    r"\bplease|\bpls\b|\bthx\b|\basap\b",
    r"\bi(')?(d like| want| need)",
    r"\b(help me|let's|is there|any chance|easiest way|what about)\b",
    r"\b(shortcut|automation)s?\b",
    r"\b(phone|home screen|tap|icon|watch|one tap)\b",
    r"\b(build|make|write|set up|give)\b",
    r"\b(something|which|that) \w+s\b",
    r"^\W*(\w+)s\b",
    r"^\W*(how|what|why|who|when|where|which|is|are|do|does|can|could|would)\b",
    r"\b(hey|yo|need:|ok so|so basically)\b",
    r" (>|->|\+|&) ",
    r"\b(\w+)(ing|ed)\b",
    r"https?://|\w\.(com|org|net|io|dev|app)\b|@",
    r"\d+:\d\d|\b[ap]m\b",
    r"%",
)
_FRAMES = [re.compile(pattern, re.IGNORECASE) for pattern in FRAMES]
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
_MARKS = ",.;:?!'\"-/()>+&"


@dataclass(frozen=True)
class Pairs:
    """Indices of the chosen prompts of each side, pair by pair, and how hard they are to tell.

    An in-domain prompt may stand in several pairs, an out-of-domain one in one only.
    """

    inside: np.ndarray  # (P,) int
    outside: np.ndarray  # (P,) int
    auroc: float  # of the best style detector on what was kept, cross-validated


def features(prompts: Sequence[str]) -> np.ndarray:
    """What is seen of the style of prompts: (N, F) float64."""
    rows = []
    for prompt in prompts:
        words = [w.lower().replace("’", "'") for w in _WORD.findall(prompt)]
        long, total = max(1, len(prompt)), max(1, len(words))
        row = [
            len(prompt), np.log(long), len(words), np.log(total), sum(map(len, words)) / total,
            sum(c.isdigit() for c in prompt), sum(c.isupper() for c in prompt) / long,
            sum(w in FUNCTION_WORDS for w in words) / total, len(set(words)) / total,
            prompt[:1].isupper(), prompt[-1:] in string.punctuation, prompt[-1:] == ".",
            prompt[-1:] == "?", len(re.findall(r"[.?!] ", prompt)),
        ]  # fmt: skip
        row += [prompt.count(mark) for mark in _MARKS]
        row += [words.count(word) for word in FUNCTION_WORDS]
        rows.append(row + [len(pattern.findall(prompt)) for pattern in _FRAMES])
    return np.array(rows, dtype=float).reshape(len(prompts), -1)


def masked(prompt: str) -> str:
    """The prompt with each content word as a mark of its length, digits as 0: style as text."""

    def mark(match: re.Match) -> str:
        word = match[0].lower().replace("’", "'")
        shape = "cap" if match[0][0].isupper() else "low"
        return word if word in FUNCTION_WORDS else f"{shape}{min(len(word), 9)}"

    return _WORD.sub(mark, re.sub(r"\d", "0", prompt))


def _linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=500))


def _trees():
    return HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, learning_rate=0.1, min_samples_leaf=10, random_state=0
    )


def _phrases():
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 3), min_df=2, token_pattern=r"\w[\w']*|[^\w\s]"),
        LogisticRegression(C=1.0, max_iter=500),
    )


def out_of_fold(model, x: Sequence, labels: np.ndarray, groups: Sequence) -> np.ndarray:
    """Log-odds (N,) of each example from a model fitted without its group (`model` makes one)."""
    scores = np.zeros(len(labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for learned, judged in folds.split(labels, labels, groups):
        fitted = model().fit(_rows(x, learned), labels[learned])
        chance = np.clip(fitted.predict_proba(_rows(x, judged))[:, 1], 1e-6, 1 - 1e-6)
        scores[judged] = np.log(chance / (1 - chance))
    return scores


def _rows(x: Sequence, chosen: np.ndarray) -> Sequence:
    return x[chosen] if isinstance(x, np.ndarray) else [x[i] for i in chosen]


def style_scores(
    inside: Sequence[str], outside: Sequence[str], groups: Sequence[str]
) -> dict[str, np.ndarray]:
    """Out-of-fold log-odds of being in domain, inside first, of each style detector.

    ``groups`` (one for each of ``outside``) are the templates; no fold sees a template of another.
    """
    x = features([*inside, *outside])
    labels = np.r_[np.ones(len(inside), int), np.zeros(len(outside), int)]
    apart = [f"inside: {prompt}" for prompt in inside] + list(groups)
    text = [masked(prompt) for prompt in (*inside, *outside)]
    return {
        "style features, linear": out_of_fold(_linear, x, labels, apart),
        "style features, trees": out_of_fold(_trees, x, labels, apart),
        "function-word phrases": out_of_fold(_phrases, text, labels, apart),
    }


def style_aurocs(
    inside: Sequence[str], outside: Sequence[str], groups: Sequence[str]
) -> dict[str, float]:
    """AUROC of each style detector, cross-validated, grouped by template."""
    labels = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    found = style_scores(inside, outside, groups)
    return {name: float(roc_auc_score(labels, scores)) for name, scores in found.items()}


def match(
    inside: Sequence[tuple[str, str]],
    outside: Sequence[tuple[str, str]],
    groups: Sequence[str],
    each: int = 1,
    target: float = TARGET,
) -> Pairs:
    """Pairs of an in-domain and an out-of-domain prompt, up to ``each`` for one in-domain prompt.

    Prompts come as (prompt, style); a style of "" stands beside any. Where both sides have fewer
    than `FOLDS` prompts no detector can be fitted, and no pair is made.
    """
    if min(len(inside), len(set(groups))) < FOLDS:
        return Pairs(np.zeros(0, int), np.zeros(0, int), float("nan"))
    said, other = [p for p, _ in inside], [p for p, _ in outside]
    scores = sum(style_scores(said, other, groups).values()) / 3
    ours, theirs = scores[: len(said)], scores[len(said) :]
    caliper = CALIPER * float(scores.std())
    left, right = _nearest(inside, outside, ours, theirs, caliper, each)
    while True:
        chosen = [said[i] for i in left], [other[j] for j in right]
        own = [groups[j] for j in right]
        if len(left) < 10 * FOLDS or len(set(own)) < FOLDS:
            return Pairs(left, right, float("nan"))
        found = style_scores(*chosen, own)
        labels = np.r_[np.ones(len(left)), np.zeros(len(right))]
        aurocs = [roc_auc_score(labels, s) for s in found.values()]
        if max(aurocs) <= target:
            return Pairs(left, right, float(max(aurocs)))
        worst = list(found.values())[int(np.argmax(aurocs))]
        gap = worst[: len(left)] - worst[len(left) :]
        kept = np.sort(np.argsort(gap, kind="stable")[: len(gap) - max(1, int(DROPPED * len(gap)))])
        left, right = left[kept], right[kept]


def _nearest(
    inside: Sequence[tuple[str, str]],
    outside: Sequence[tuple[str, str]],
    ours: np.ndarray,
    theirs: np.ndarray,
    caliper: float,
    each: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of least total distance in the style score, within style and length bin."""
    lengths = np.array([len(p.split()) for p, _ in inside])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, LENGTH_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, lengths)
    other = np.searchsorted(edges, [len(p.split()) for p, _ in outside])
    known = any(style for _, style in inside)
    left, right = [], []
    for style in sorted({s for _, s in inside}):
        for place in range(len(edges) + 1):
            rows = np.flatnonzero((bins == place) & [s == style for _, s in inside])
            same = [s == style or not known for _, s in outside]
            columns = np.flatnonzero((other == place) & same)
            if not len(rows) or not len(columns):
                continue
            rows = np.repeat(rows, each)
            cost = np.abs(ours[rows, None] - theirs[None, columns])
            a, b = linear_sum_assignment(np.where(cost > caliper, 1e3 + cost, cost))
            near = cost[a, b] <= caliper
            left += rows[a[near]].tolist()
            right += columns[b[near]].tolist()
    order = np.argsort(left, kind="stable")
    return np.array(left, int)[order], np.array(right, int)[order]
