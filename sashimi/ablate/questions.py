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

from sashimi import result
from sashimi.ablate.table import (
    FACTS,
    METRICS,
    SPLITS,
    TOO_FEW,
    Number,
    Row,
    compare,
    spread,
    told,
)
from sashimi.errors import BadInput
from sashimi.params import read_row
from sashimi.report.read import OURS, RIGHT, Run
from sashimi.report.read import SPLITS as NAMES
from sashimi.statistics import Interval, holm

NAME = "questions.yaml"
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what answers it: ``own`` less ``other``, which is a row or a floor."""

    name: str
    asks: str
    own: str
    other: str = ""
    floor: str = ""
    metric: str = "skeleton_exact"
    split: str = "test"
    trajectory: tuple[str, ...] = ()
    """Series whose course is shown for both rows; "domains" for what each domain lost."""
    family: str = "matrix"
    """Questions that stand or fall together."""
    study: str = "flagship"
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

    @property
    def decided_by(self) -> str:
        """The metric and the split in words."""
        if self.is_share:
            return f"{RIGHT.get(self.metric, self.metric)}, {NAMES.get(self.split, self.split)}"
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
        if self.number is None:
            return math.nan
        known = [p_value(self.number.over_seeds, seeds=True), p_value(self.number.over_examples)]
        return max((p for p in known if not math.isnan(p)), default=math.nan)

    @property
    def verdict(self) -> str:
        """above, below, not distinguishable, …; says whether it stands among all questions."""
        if self.missing:
            return f"not run: {', '.join(self.missing)}"
        if self.number is None:
            return "no seed in common" if self.other else TOO_FEW
        said = self.number.verdict
        if said not in ("above", "below"):
            return said
        said += ", of one seed" if self.number.over_seeds.n == 1 else ""
        if self.p_holm <= LEVEL:
            return said
        return f"{said} by itself, not among {self.family} questions"

    def as_json(self) -> dict[str, Any]:
        """Everything, for a script."""
        chosen = (self.question.own, self.question.against, self.question.split)
        numbers = {f"{split}/{metric}": n.as_json() for (split, metric), n in self.numbers.items()}
        return {
            "question": self.question.name,
            "asks": self.question.asks,
            **dict(zip(("own", "other", "split"), chosen, strict=True)),
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
        if not isinstance(given, dict) or not {"asks", "own"} <= given.keys() <= known:
            raise BadInput(f"{path}: question {name!r} needs asks and own, of {sorted(known)}")
        if bool(given.get("other")) == bool(given.get("floor")):
            raise BadInput(f"{path}: question {name!r} needs other (a row) or floor, one of them")
        found.append(Question(name, **given | {"trajectory": tuple(given.get("trajectory", ()))}))
    return found


def answers(rows: Sequence[Row], questions: Sequence[Question]) -> list[Answer]:
    """Every question on every corpus on which a row of its study has run, corpus by corpus."""
    runs = {(row.study, row.corpus, row.name): row.runs for row in rows}
    found = []
    for corpus in sorted({row.corpus for row in rows}):
        asked = [q for q in questions if any(key[:2] == (q.study, corpus) for key in runs)]
        mine = [_answer(question, corpus, runs) for question in asked]
        families = {
            family: holm({a.question.name: a.p for a in mine if a.p >= 0 and _of(a, family)})
            for family in {question.family for question in asked}
        }
        for answer in mine:
            adjusted = families[answer.question.family]
            p_holm = adjusted.get(answer.question.name, math.nan)
            found.append(replace(answer, p_holm=p_holm, family=len(adjusted)))
    return found


def p_value(difference: Interval | None, seeds: bool = False) -> float:
    """Two-sided p of a difference from its 95% interval; NaN where it has none.

    Student's t over seeds, where the interval is his; the normal distribution over examples.
    """
    from scipy.stats import norm, t

    if difference is None or math.isnan(difference.low):
        return math.nan
    spread = t(difference.n - 1) if seeds else norm
    error = (difference.high - difference.low) / (2 * spread.ppf(0.975))
    if error == 0:
        return 0.0 if difference.value else 1.0
    return float(2 * spread.sf(abs(difference.value) / error))


def markdown(found: Sequence[Answer]) -> str:
    """A table a corpus: question, pair, the number that decides, its difference, the verdict."""
    parts = []
    for corpus in dict.fromkeys(answer.corpus for answer in found):
        lines = [
            f"**{corpus}**\n",
            "| question | pair | decided by | value | difference | Holm's p | verdict |",
            "|---|---|---|---|---|---|---|",
        ]
        for a in (a for a in found if a.corpus == corpus):
            q, number = a.question, a.number
            p = "–" if math.isnan(a.p_holm) else f"{a.p_holm:.2g}"
            cells = [q.words, f"{q.own} − {q.against}", q.decided_by]
            cells += [spread(number.mean), told(number), p] if number else ["–", "–", "–"]
            lines.append(f"| {' | '.join(cells)} | {a.verdict} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _of(answer: Answer, family: str) -> bool:
    return answer.question.family == family


def _answer(
    question: Question, corpus: str, runs: Mapping[tuple[str, str, str], tuple[Run, ...]]
) -> Answer:
    names = dict.fromkeys(filter(None, (question.own, question.other)))
    missing = tuple(name for name in names if (question.study, corpus, name) not in runs)
    own = runs.get((question.study, corpus, question.own), ())
    other = runs.get((question.study, corpus, question.other), ())
    wanted = {(question.split, question.metric): 0} | {(s, m): 0 for s in SPLITS for m in METRICS}
    numbers = {
        (split, metric): compare(*(own, other or own, split, metric), OURS, question.floor or OURS)
        for split, metric in ({} if missing else wanted)
    }
    return Answer(question, corpus, own, other, missing, numbers)
