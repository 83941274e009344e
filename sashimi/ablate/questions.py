"""Questions and the pairs of rows that answer them, from a file written before the rows ran.

A question is decided by one metric on one split, between two rows or between a row and a floor. Its
p value is the larger of the two kinds of chance, over seeds and over examples, so both must speak;
Holm's adjustment is over the questions of a family that a corpus answers. What has not run stays in
the list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sashimi import result
from sashimi.ablate.table import FACTS, TOO_FEW, Number, Row, compare, told
from sashimi.errors import BadInput
from sashimi.params import read_row
from sashimi.report.read import Run, spread
from sashimi.statistics import holm
from sashimi.study import Scores

NAME = "questions.yaml"
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what answers it: ``own`` less ``other``, which is a row or a floor."""

    name: str
    asks: str
    study: str
    own: str
    other: str = ""
    floor: str = ""
    metric: str = ""
    """"" for the first that decides in the study."""
    split: str = ""
    """"" for the first that is held out in the study."""
    trajectory: tuple[str, ...] = ()
    """Series whose course is shown for both rows; "domains" for what each domain lost."""
    family: str = "matrix"
    """Questions that stand or fall together."""
    exploratory: bool = False
    """Whether it was asked after something of the answer had been seen."""

    @property
    def words(self) -> str:
        """What is asked, and whether that came late."""
        return f"{self.asks} Exploratory." if self.exploratory else self.asks

    @property
    def against(self) -> str:
        """The other row, or the floor."""
        return self.other or self.floor

    @property
    def is_share(self) -> bool:
        """Whether it is decided by a score from 0 to 1, and not by a fact in units of its own."""
        return not self.metric.startswith(FACTS)

    def of(self, scores: Scores) -> Question:
        """The same with metric and split named. Raises BadInput for one that the study lacks."""
        metric, split = self.metric or scores.decides[0], self.split or scores.held_out[0]
        known = {m.key for m in (*scores.form, *scores.metrics)}
        if not metric.startswith(FACTS) and metric not in known:
            raise BadInput(f"question {self.name!r}: {self.study} has no metric '{metric}'")
        if split not in scores.splits or (self.floor and self.floor not in scores.floors):
            raise BadInput(f"question {self.name!r}: {self.study} has no such split or floor")
        return replace(self, metric=metric, split=split)

    def decided_by(self, scores: Scores) -> str:
        """The metric and the split in words."""
        if self.is_share:
            return f"{scores.metric(self.metric).heading}, {scores.splits[self.split]}"
        return ", ".join(self.metric.removeprefix(FACTS).split("."))


@dataclass(frozen=True)
class Answer:
    """A question on one corpus, with every metric on every split; ``missing`` names unrun rows."""

    question: Question
    corpus: str
    own: tuple[Run, ...]
    other: tuple[Run, ...]
    missing: tuple[str, ...]
    numbers: Mapping[tuple[str, str], Number]
    """By split and metric; empty where a row is missing."""
    scores: Scores
    p_holm: float = math.nan
    family: int = 0
    """Questions that the adjustment is over."""

    @property
    def number(self) -> Number | None:
        """What decides; None where it cannot be had."""
        found = self.numbers.get((self.question.split, self.question.metric))
        known = [i for i in ((found and (found.over_seeds, found.over_examples)) or ()) if i]
        return found if any(not math.isnan(i.value) for i in known) else None

    @cached_property
    def p(self) -> float:
        """The larger p value of the two kinds of chance; NaN where neither is known."""
        return math.nan if self.number is None else self.number.p

    @property
    def verdict(self) -> str:
        """better, worse, not distinguishable, …; says whether it stands among all questions."""
        if self.missing:
            return f"not run: {', '.join(self.missing)}"
        if self.number is None:
            return "no seed in common" if self.other else TOO_FEW
        said = self.number.verdict
        if said in ("not distinguishable", TOO_FEW):
            return said
        said += ", of one seed" if self.number.over_seeds and self.number.over_seeds.n == 1 else ""
        if self.p_holm <= LEVEL:
            return said
        return f"{said} by itself, not among {self.family} questions"

    def as_json(self) -> dict[str, Any]:
        """Everything, for a script."""
        numbers = {f"{split}/{metric}": n.as_json() for (split, metric), n in self.numbers.items()}
        return {
            "question": self.question.name,
            "asks": self.question.asks,
            "own": self.question.own,
            "other": self.question.against,
            "split": self.question.split,
            "metric": self.question.metric,
            "corpus": self.corpus,
            "verdict": self.verdict,
            "p": None if math.isnan(self.p) else self.p,
            "p_holm": None if math.isnan(self.p_holm) else self.p_holm,
            "numbers": numbers,
            "results": [str(run.folder / result.NAME) for run in (*self.own, *self.other)],
        }


def load(path: str | Path) -> list[Question]:
    """The questions of a YAML file: a mapping from names to fields of `Question`.

    Raises BadInput naming the file and the question for a key that is unknown or missing.
    """
    known = {f.name for f in fields(Question)} - {"name"}
    found = []
    for name, given in read_row(path).items():
        if not isinstance(given, dict) or not {"asks", "study", "own"} <= given.keys() <= known:
            raise BadInput(
                f"{path}: question {name!r} needs asks, study and own, of {sorted(known)}"
            )
        if bool(given.get("other")) == bool(given.get("floor")):
            raise BadInput(f"{path}: question {name!r} needs other (a row) or floor, one of them")
        found.append(Question(name, **given | {"trajectory": tuple(given.get("trajectory", ()))}))
    return found


def answers(rows: Sequence[Row], questions: Sequence[Question]) -> list[Answer]:
    """Every question on every corpus on which a row of its study has run, corpus by corpus."""
    runs = {(row.study, row.corpus, row.name): row.runs for row in rows}
    scores = {row.study: row.scores for row in rows if row.scores}
    questions = [q.of(scores[q.study]) for q in questions if q.study in scores]
    found = []
    for corpus in sorted({row.corpus for row in rows}):
        asked = [q for q in questions if any(key[:2] == (q.study, corpus) for key in runs)]
        mine = [_answer(q, corpus, runs, scores[q.study]) for q in asked]
        families = {
            family: holm(
                {a.question.name: a.p for a in mine if a.p >= 0 and a.question.family == family}
            )
            for family in {question.family for question in asked}
        }
        for answer in mine:
            adjusted = families[answer.question.family]
            p_holm = adjusted.get(answer.question.name, math.nan)
            found.append(replace(answer, p_holm=p_holm, family=len(adjusted)))
    return found


def markdown(found: Sequence[Answer]) -> str:
    """A table a corpus: question, pair, the number that decides, its difference, the verdict."""
    parts = []
    for corpus in dict.fromkeys(answer.corpus for answer in found):
        lines = []
        for a in (a for a in found if a.corpus == corpus):
            number, pair = a.number, f"{a.question.own} − {a.question.against}"
            lines.append(
                {
                    "question": a.question.words,
                    "pair": pair,
                    "decided by": a.question.decided_by(a.scores),
                    "value": spread(number.mean) if number else "–",
                    "difference": told(number) if number else "–",
                    "Holm's p": "–" if math.isnan(a.p_holm) else f"{a.p_holm:.2g}",
                    "verdict": a.verdict,
                }
            )
        table = pd.DataFrame(lines).to_markdown(index=False, disable_numparse=True)
        parts.append(f"**{corpus}**\n\n{table}" if corpus else table)
    return "\n\n".join(parts)


def _answer(
    question: Question,
    corpus: str,
    runs: Mapping[tuple[str, str, str], tuple[Run, ...]],
    scores: Scores,
) -> Answer:
    names = dict.fromkeys(filter(None, (question.own, question.other)))
    missing = tuple(name for name in names if (question.study, corpus, name) not in runs)
    own = runs.get((question.study, corpus, question.own), ())
    other = runs.get((question.study, corpus, question.other), ())
    decided = [(split, metric) for split in scores.held_out for metric in scores.decides]
    numbers = {
        (split, metric): compare(own, other or own, split, metric, scores, question.floor)
        for split, metric in dict.fromkeys([(question.split, question.metric), *decided])
        if not missing
    }
    return Answer(question, corpus, own, other, missing, numbers, scores)
