"""Every example of a corpus judged once, by what the examples of other groups taught.

Letters: N examples, E encoder width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold

from sashimi.encode import encode
from sashimi.errors import BadInput
from sashimi.flagship.data.example import Corpus, Example
from sashimi.flagship.data.leaks import program_key
from sashimi.flagship.judge import score
from sashimi.flagship.judge.floors import VOTE, Floors
from sashimi.statistics import Interval, bootstrap, paired
from sashimi.studies.real_programs.params import RealParams
from sashimi.studies.real_programs.rerank import Known, Neighbours, Question, Reranker
from sashimi.studies.real_programs.study import OURS

BEST = "best of the candidates"
"""Not a model: what a choice among the candidates could reach that knows the answer."""


Scores = dict[str, list[dict[str, float]]]
"""By model, the scores of each example."""
Splits = dict[str, dict[str, dict[str, list[float]]]]
"""By split, model and score, one value an example."""


def groups(examples: Sequence[Example]) -> np.ndarray:
    """(N,) int: examples that share a program or a prompt, also in a chain, are one group."""
    columns: dict[str, int] = {}
    pairs = [
        (row, columns.setdefault(key, len(columns)))
        for row, example in enumerate(examples)
        for key in (
            f"prompt {example.prompt.casefold()}",
            f"program {program_key(example.program)}",
        )
    ]
    rows, keys = (np.array(side) for side in zip(*pairs, strict=True))
    shape = (len(examples), len(columns))
    holds = coo_matrix((np.ones(len(rows)), (rows, keys)), shape)
    return connected_components(holds @ holds.T, directed=False)[1]


def folds(groups: np.ndarray, number: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows, learned from and asked; no group is in both. Raises `BadInput` for fewer
    groups than folds.
    """
    if (found := len(set(groups.tolist()))) < number:
        raise BadInput(
            f"{len(groups)} examples are {found} groups that share a prompt or a program, too few "
            f"for {number} folds: take a corpus with more programs, or fewer folds"
        )
    return GroupKFold(number, shuffle=True, random_state=seed).split(groups, groups=groups)


@dataclass(frozen=True)
class Pool:
    """Examples of a corpus in the order of their ids, what is known of each, and its group."""

    examples: Sequence[Example]
    known: Sequence[Known]
    groups: np.ndarray

    @staticmethod
    def of(corpus: Corpus) -> Pool:
        """All examples of a corpus, whatever their split."""
        parts = (corpus.train, corpus.dev, corpus.test, corpus.test_unseen)
        examples = sorted((e for part in parts for e in part), key=lambda e: e.id)
        vectors = encode([e.prompt for e in examples]).pooled.numpy()
        known = [Known.of(e, v) for e, v in zip(examples, vectors, strict=True)]
        return Pool(examples, known, groups(examples))

    def take(self, rows: Sequence[int]) -> list[Known]:
        """What is known of some rows."""
        return [self.known[row] for row in rows]

    def rows(self, examples: Sequence[Example]) -> np.ndarray:
        """Where these stand."""
        places = {example.id: row for row, example in enumerate(self.examples)}
        return np.array([places[example.id] for example in examples], int)


def taught(pool: Pool, learned: np.ndarray, settings: RealParams) -> list[Question]:
    """Questions to learn from: each row asked of those of the other inner folds."""
    questions = []
    for others, asked in folds(pool.groups[learned], settings.inner, settings.seed + 1):
        neighbours = Neighbours(pool.take(learned[others]))
        questions += neighbours.questions(pool.take(learned[asked]), settings.near)
    return questions


def judged(
    pool: Pool, learned: np.ndarray, asked: np.ndarray, settings: RealParams
) -> tuple[Scores, list[bool]]:
    """Scores of the rows ``asked`` by model, where the rows ``learned`` are known, and whether the
    skeleton of each is unseen in those.
    """
    reranker = Reranker(settings.trees, settings.seed).fit(taught(pool, learned, settings))
    known, wanted = pool.take(learned), pool.take(asked)
    questions = Neighbours(known).questions(wanted, settings.near)
    programs = [pool.examples[row].program for row in learned]
    expected = [pool.examples[row].program for row in asked]
    vectors = [np.stack([k.vector for k in side]) for side in (known, wanted)]
    floors = Floors([k.prompt for k in known], vectors[0], programs)
    answers = floors.answers([k.prompt for k in wanted], vectors[1])
    answers[OURS] = [programs[reranker.pick(q)] for q in questions]
    scores = {
        model: [score.right(want, have) for want, have in zip(expected, own, strict=True)]
        for model, own in answers.items()
    }
    scores[BEST] = [
        _best([score.right(want, programs[place]) for place in question.nearest])
        for want, question in zip(expected, questions, strict=True)
    ]
    seen = {k.skeleton for k in known}
    return scores, [k.skeleton not in seen for k in wanted]


def _best(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The highest of each score."""
    return {name: max(row[name] for row in rows) for name in rows[0]}


def crossed(pool: Pool, settings: RealParams, say: Callable[[str], None] = print) -> Splits:
    """All examples, each judged once; ``crossed_unseen`` are those with unseen skeletons."""
    rows: dict[int, dict[str, dict[str, float]]] = {}
    unseen = set()
    for number, (learned, asked) in enumerate(folds(pool.groups, settings.folds, settings.seed)):
        scores, new = judged(pool, learned, asked, settings)
        for place, row in enumerate(asked):
            rows[row] = {model: own[place] for model, own in scores.items()}
        unseen |= set(asked[new])
        say(f"fold {number + 1} of {settings.folds}: {len(asked)} asked of {len(learned)}")
    every = sorted(rows)
    parts = {"crossed": every, "crossed_unseen": [row for row in every if row in unseen]}
    return {name: _columns([rows[row] for row in part]) for name, part in parts.items()}


def frozen(pool: Pool, corpus: Corpus, settings: RealParams) -> Splits:
    """The corpus's own test splits, where its training examples are known."""
    learned = pool.rows(corpus.train)
    parts = {"test": corpus.test, "test_unseen": corpus.test_unseen}
    asked = np.concatenate([pool.rows(part) for part in parts.values()])
    scores, _ = judged(pool, learned, asked, settings)
    rows = [dict(zip(scores, own, strict=True)) for own in zip(*scores.values(), strict=True)]
    cut = len(corpus.test)
    return {"test": _columns(rows[:cut]), "test_unseen": _columns(rows[cut:])}


def _columns(rows: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, list]]:
    """By model, then score: one value an example."""
    models = rows[0] if rows else {}
    return {m: {name: [row[m][name] for row in rows] for name in rows[0][m]} for m in models}


def metrics(splits: Splits) -> dict[str, dict[str, dict[str, Interval]]]:
    """Mean and interval over examples of every score."""
    return {
        split: {m: {k: bootstrap(v) for k, v in own.items()} for m, own in models.items()}
        for split, models in splits.items()
    }


def differences(splits: Splits) -> dict[str, dict[str, Interval]]:
    """Ours less the vote of ten neighbours, paired by example."""
    return {
        split: {name: paired(ours, models[VOTE][name]) for name, ours in models[OURS].items()}
        for split, models in splits.items()
        if models
    }


def values(metrics: Mapping, differences: Mapping) -> dict[str, float]:
    """What the gates of ``reports/gates.yaml`` ask for."""
    every, unseen = (metrics[split][OURS] for split in ("crossed", "crossed_unseen"))
    return {
        "real_skeleton_exact": every["skeleton_exact"].value,
        "real_above_vote": differences["crossed"]["skeleton_exact"].low,
        "real_action_f1": every["action_f1"].value,
        "real_unseen_action_f1": unseen["action_f1"].value,
    }


def table(metrics: Mapping) -> pd.DataFrame:
    """Every model's scores by split, with intervals."""
    return pd.DataFrame(
        {
            (split, model): {name: f"{value:.3f}" for name, value in scores.items()}
            for split, models in metrics.items()
            for model, scores in models.items()
        }
    ).T
