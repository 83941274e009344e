"""The matrix read back, as sections of the page: answers, verdicts, changes, courses, prediction.

Every number comes from a ``result.json``, a ``pab_profile.json`` or a ``scores.json`` beside it;
what a folder of results does not hold is left out, or said to be missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sashimi import gates, result
from sashimi.ablate import figure, overlays
from sashimi.ablate.questions import Answer
from sashimi.ablate.table import Number, Row, chances
from sashimi.files import root
from sashimi.pab import plots as courses
from sashimi.pab import predict
from sashimi.report.facts import FOLDED
from sashimi.report.read import Run, counted, href, spread
from sashimi.report.verdicts import judged
from sashimi.study import Link, Picture, Scores, Section, Table

ASKED = (
    "Written before the rows ran (reports/questions.yaml), but for those called exploratory: which "
    "two rows answer which question, and by which metric on which split. The difference is the "
    "first row less the second, paired. Its verdict needs the interval over seeds and that over "
    "examples to exclude 0; “by itself, not among n questions” says that it would not survive "
    "Holm's adjustment for the number of questions of its family."
)
JUDGED = (
    "The gates of reports/gates.yaml on the reference rows, one value a seed. The mean must clear "
    "the threshold by the margin that the noise asks for: three standard errors of the noise "
    "stated beforehand or of the spread between seeds, whichever is larger."
)
CHANGED = (
    "Means over seeds, ± half of Student's 95% interval. A difference to the reference row is "
    "paired: over seeds, and over examples where both runs kept their scores. A verdict other "
    "than “not distinguishable” needs each of these intervals to exclude 0; where many rows are "
    "compared, expect one in twenty to do so by chance."
)
Blocks = Iterator[str | Picture | Table]


SURE = 0.001
"""A p value below it is not told further: it hangs on what a test assumes."""
FEWEST = 10
"""Runs of a corpus below which a rank correlation over them is not drawn."""


def compared(
    rows: Sequence[Row], answers: Sequence[Answer], reports: str | Path
) -> dict[str, list[Section]]:
    """By study, the sections that compare its rows. Links are relative to ``reports``."""
    found = {}
    for study in dict.fromkeys(row.study for row in rows):
        mine = [row for row in rows if row.study == study and any(row.numbers.values())]
        asked = [answer for answer in answers if answer.question.study == study]
        sections = (
            Section("Questions and answers", list(_questions(asked, Path(reports))), ASKED),
            Section("Verdicts over seeds", list(_verdicts(mine)), JUDGED),
            Section("What each change is worth", list(_changes(mine, Path(reports))), CHANGED),
            Section("How they learned", list(_courses(asked, mine))),
            Section("Does a trajectory tell the end?", list(_prediction(mine))),
        )
        found[study] = [section for section in sections if section.blocks]
    return found


def _questions(answers: Sequence[Answer], reports: Path) -> Blocks:
    for corpus in dict.fromkeys(answer.corpus for answer in answers):
        mine = [answer for answer in answers if answer.corpus == corpus]
        answered = [answer for answer in mine if answer.number]
        if not answered:
            continue
        caption = "the difference that decides, with 95% intervals. Hollow: one seed."
        yield Picture(figure.answers(answered), _of(corpus, caption, ": "))
        heads = ["question", "rows", "decided by", "difference", "verdict"]
        yield Table(heads, [_asked(answer, reports) for answer in mine], corpus)
        scores = answered[0].scores
        keys = [(split, metric) for split in scores.held_out for metric in scores.decides]
        heads = [f"{scores.metric(m).heading}, {scores.splits[s]}" for s, m in keys]
        cells = [
            [a.question.name, *(_difference(a.numbers.get(key)) for key in keys)] for a in answered
        ]
        yield Table(["question", *heads], cells, _of(corpus, "every metric and split"), folded=True)


def _asked(answer: Answer, reports: Path) -> list[Any]:
    asked = answer.question
    rows: list[Any] = [asked.own, *_links(answer.own, reports), f"less {asked.against}"]
    verdict = [answer.verdict]
    if not math.isnan(answer.p_holm):
        p = answer.p_holm
        verdict.append(f"Holm's p = {p:.2g}" if p >= SURE else f"Holm's p < {SURE}")
    return [
        [asked.name, asked.words],
        rows + _links(answer.other, reports),
        asked.decided_by(answer.scores),
        _difference(answer.number),
        verdict,
    ]


def _verdicts(rows: Sequence[Row]) -> Blocks:
    """The gates of every reference row over its seeds, and of every other row in short."""
    heads = ["gate", "verdict", "mean", "threshold", "margin", "margin needed", "n", "reason"]
    others, rules = [], gates.load(root() / "reports" / "gates.yaml")
    for row in rows:
        verdicts = judged(row.runs, rules)
        name = ", ".join(filter(None, (row.name, row.corpus)))
        if row.changed() != "reference" and verdicts:
            told = counted((v.decision, v.gate) for v in verdicts)
            others.append([name, len(row.runs), told])
        elif verdicts:
            names = ("gate", "decision", "value", "threshold", "margin", "needed", "n", "reason")
            yield Table(heads, [[getattr(v, key) for key in names] for v in verdicts], name)
    if others:
        yield Table(["row", "seeds", "verdicts"], others, "Other rows")


def _changes(rows: Sequence[Row], reports: Path) -> Blocks:
    """What each row changes, and what that is worth beside the reference row."""
    scores = next((row.scores for row in rows if row.scores), None)
    if scores is None:
        return
    for corpus in dict.fromkeys(row.corpus for row in rows if row.changes):
        mine = [row for row in rows if row.corpus == corpus]
        for split in dict.fromkeys(split for row in mine for split in row.numbers):
            title = ", ".join(filter(None, (corpus, scores.splits[split])))
            try:
                drawn = figure.differences(mine, split)
            except ValueError:  # no common seed yet
                drawn = None
            if drawn:
                yield Picture(
                    drawn,
                    f"{title}: differences to the reference row, paired, with 95% intervals: "
                    "Student's t over seeds, bootstrap over examples; n counts seeds. "
                    "Hollow: one seed.",
                )
            heads = ["row", "what it changes", "runs"]
            heads += [scores.metric(metric).heading for metric in scores.decides]
            cells = [_change(row, scores, row.numbers.get(split, {}), reports) for row in mine]
            yield Table(heads, cells, title, folded=len(mine) > FOLDED)


def _change(row: Row, scores: Scores, numbers: Mapping[str, Number], reports: Path) -> list[Any]:
    runs = [*_links(row.runs, reports), *row.early.values()]
    values = [_value(numbers.get(metric)) for metric in scores.decides]
    return [row.name, [row.changed(), row.question], runs, *values]


def _value(found: Number | None) -> Any:
    if found is None or math.isnan(found.mean.value):
        return None
    if found.over_seeds is None:
        return spread(found.mean)
    difference = f"{found.over_seeds.value:+.3f}"
    return [spread(found.mean), difference, found.verdict, *chances(found)]


def _difference(found: Number | None) -> Any:
    if found is None or found.over_seeds is None or math.isnan(found.over_seeds.value):
        return None
    return [f"{found.over_seeds.value:+.3f}", spread(found.mean), *chances(found)]


def _courses(answers: Sequence[Answer], rows: Sequence[Row]) -> Blocks:
    """How pairs of rows learned, and what their groups lost."""
    for answer in answers:
        asked = answer.question
        told = f"{asked.asks} {_of(answer.corpus, asked.own)} beside {asked.against}."
        course = overlays.course(answer)
        if course:
            yield Picture(course, f"{told} The course of both rows.")
        for group, drawn in overlays.losses(answer):
            yield Picture(drawn, f"{told} What each of {group} lost after its best checkpoint.")
    lines = overlays.regimes(rows)
    if lines:
        yield Table(list(lines[0]), [list(line.values()) for line in lines])


def _prediction(rows: Sequence[Row]) -> Blocks:
    """Whether the first half of a run tells its end, by corpus; needs `FEWEST` runs."""
    for corpus in dict.fromkeys(row.corpus for row in rows):
        mine = [row for row in rows if row.corpus == corpus]
        if sum(len(row.runs) for row in mine) < FEWEST:
            continue
        found = overlays.predictive(mine)
        scores = mine[0].scores
        if scores and any(line.correlation.rho is not None for line in found):
            decides = f"{scores.metric(scores.decides[0]).heading} on {scores.held_out[0]}"
            caption = (
                f"rank correlation of what is known at half time with {decides} at the "
                "end, over all finished runs. Rows differ in recipe, so this is prediction between "
                "recipes; the seeds of a row are not independent of each other."
            )
            yield Picture(courses.correlations(found), _of(corpus, caption, ": "))
            lines = predict.table(found)
            cells = [list(line.values()) for line in lines]
            yield Table(list(lines[0]), cells, _of("numbers", corpus), folded=True)


def _of(first: str, second: str, mark: str = ", ") -> str:
    """Both, or the one that is said: a study may have no corpus."""
    return mark.join(filter(None, (first, second)))


def _links(runs: Sequence[Run], reports: Path) -> list[Link]:
    """A link to each run's ``result.json``."""
    return [
        Link(f"seed {run.record['seed']}", href(run.folder / result.NAME, reports)) for run in runs
    ]
