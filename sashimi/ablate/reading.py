"""The matrix read back, as sections of the page: answers, courses, failures, prediction.

Every number comes from a ``result.json``, a ``pab_profile.json`` or a ``scores.json`` beside it;
what a folder of results does not hold is left out, or said to be missing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure

from sashimi import plots
from sashimi.ablate import figure, overlays
from sashimi.ablate.questions import Answer
from sashimi.ablate.table import METRICS, SPLITS, Number, Row, ends, spread
from sashimi.pab import plots as courses
from sashimi.pab import predict
from sashimi.report.html import mark, picture, words
from sashimi.report.read import RIGHT, STAGES, Run, counted
from sashimi.report.read import SPLITS as NAMES
from sashimi.report.verdicts import judged

ASKED = (
    "Written before the rows ran (<code>reports/questions.yaml</code>), but for those called "
    "exploratory: which two rows answer which question, and by which metric on which split. The "
    "difference is the first row less the second, paired. Its verdict needs the interval over "
    "seeds and that over examples to exclude 0; <i>by itself, not among n questions</i> says that "
    "it would not survive Holm's adjustment for the number of questions of its family."
)
JUDGED = (
    "The gates of <code>reports/gates.yaml</code> on the reference rows, one value a seed. The "
    "mean must clear the threshold by the margin that the noise asks for: three standard errors of "
    "the noise stated beforehand or of the spread between seeds, whichever is larger."
)
FAILED = "Where a prompt's program first differs from what was asked for, in the order of the way: "


def questions(found: Sequence[Answer], target: Callable[[Run], str]) -> str:
    """The answers of every corpus; ``target`` is where a link to a run's result leads."""
    parts = []
    for corpus in dict.fromkeys(answer.corpus for answer in found):
        mine = [answer for answer in found if answer.corpus == corpus]
        if not any(answer.number for answer in mine):
            continue
        caption = (
            f"What has been answered on {corpus}: the difference that decides, with 95% intervals. "
            "Hollow: one seed."
        )
        heads = ["question", "rows", "decided by", "difference", "verdict"]
        table = words(heads, [_asked(answer, target) for answer in mine])
        others = words(["question", *_heads()], [_numbers(a) for a in mine if a.number])
        drawn = figure.answers([answer for answer in mine if answer.number])
        parts += [f"<h3>{escape(corpus)}</h3>", picture(drawn, caption), table]
        parts.append(f"<details><summary>every metric and split</summary>{others}</details>")
    return _section("questions", "Questions and answers", ASKED, parts)


def verdicts(rows: Sequence[Row]) -> str:
    """The gates of every reference row over its seeds, and of every other row in short."""
    parts = []
    for row in (row for row in rows if row.changed() == "reference"):
        lines = [
            [
                escape(v.gate),
                mark(v.decision),
                "n/a" if v.value is None else f"{v.value:.4g}",
                f"{v.threshold:.4g}",
                "–" if v.margin is None else f"{v.margin:+.4g}",
                "–" if v.needed is None else f"{v.needed:.4g}",
                str(v.n),
                escape(v.reason),
            ]
            for v in judged(row.runs)
        ]
        heads = ["gate", "verdict", "mean", "threshold", "margin", "margin needed", "n", "reason"]
        if lines:
            parts += [f"<h3>{escape(f'{row.name}, {row.corpus}')}</h3>", words(heads, lines)]
    others = [
        [escape(f"{row.name}, {row.corpus}"), str(len(row.runs)), escape(counted(decided))]
        for row in rows
        if row.changed() != "reference"
        and (decided := [(v.decision, v.gate) for v in judged(row.runs)])
    ]
    if others:
        parts += ["<h3>Other rows</h3>", words(["row", "seeds", "verdicts"], others)]
    return _section("verdicts", "Verdicts over seeds", JUDGED, parts)


def trajectories(found: Sequence[Answer], rows: Sequence[Row]) -> str:
    """How pairs of rows learned, what domains lost, and the bottleneck."""
    parts = []
    for answer in found:
        told = f"{answer.question.asks} {answer.corpus}, {answer.question.own} beside"
        told += f" {answer.question.against}."
        for drawn, what in (
            (overlays.course(answer), "The course of both rows"),
            (overlays.domains(answer), "What each domain of dev lost after its best checkpoint"),
        ):
            parts += [picture(drawn, f"{told} {what}.")] if drawn else []
    for corpus in dict.fromkeys(row.corpus for row in rows):
        drawn = overlays.bottleneck([row for row in rows if row.corpus == corpus])
        caption = f"Bottleneck and crystallization, {corpus}: a point a run, the line joins means."
        parts += [picture(drawn, caption)] if drawn else []
    lines = overlays.regimes(rows)
    if lines:
        cells = [["–" if v is None else _shown(v) for v in line.values()] for line in lines]
        parts.append(words(list(lines[0]), cells))
    return _section("trajectories", "How they learned", "", parts)


def failures(rows: Sequence[Row]) -> str:
    """Where the way breaks: every row on test and unseen skeletons, the reference by category."""
    parts = []
    for corpus in dict.fromkeys(row.corpus for row in rows):
        mine = [row for row in rows if row.corpus == corpus]
        for split in SPLITS:
            table = {row.name: failed(row, split).get("all", {}) for row in mine}
            table = {name: counted for name, counted in table.items() if counted}
            if table:
                caption = f"{corpus}, {NAMES[split]}: prompts of all seeds by stage."
                parts.append(picture(figure.stages(table), caption))
            for row in (row for row in mine if row.name in table and row.changed() == "reference"):
                for category, groups in failed(row, split).items():
                    if category != "all":
                        caption = f"{corpus}, {NAMES[split]}, {row.name} by {category}."
                        parts.append(picture(figure.stages(groups), caption))
    note = FAILED + "; ".join(f"<i>{name}</i>, {told}" for name, told in STAGES.items()) + "."
    return _section("failures", "Where it fails", note, parts)


def failed(row: Row, split: str) -> dict[str, Any]:
    """A row's counts of stages over its seeds: ``{"all": {stage: n}, "domain": {label: …}, …}``."""
    total: dict[str, Any] = {}
    for run in row.runs:
        found = _fact(run, "failures", split)
        for category, groups in found.items():
            if category == "all":
                total["all"] = Counter(total.get("all", {})) + Counter(groups)
                continue
            into = total.setdefault(category, {})
            for label, counted in groups.items():
                into[label] = into.get(label, Counter()) + Counter(counted)
    return total


def confidence(rows: Sequence[Row]) -> str:
    """Coverage and risk of the reference rows, and of rows that choose or weigh otherwise."""
    parts = []
    for corpus in dict.fromkeys(row.corpus for row in rows):
        for split in SPLITS:
            mine = [row for row in rows if row.corpus == corpus and _sure(row)]
            drawn = confident(mine, split)
            caption = (
                f"{corpus}, {NAMES[split]}: of the answers that a row is surest of, so many are "
                "wrong in their skeleton; means over seeds."
            )
            parts += [picture(drawn, caption)] if drawn else []
    return _section("confidence", "Is it right when it is sure?", "", parts)


def _sure(row: Row) -> bool:
    return row.changed() == "reference" or row.changes.keys() in ({"candidates"}, {"ternary"})


def confident(rows: Sequence[Row], split: str) -> Figure | None:
    """Risk over coverage, a line a row, each the mean of its seeds; None where no row has one."""
    lines = {}
    for row in rows:
        curves = [_fact(run, "confidence", split) for run in row.runs]
        curves = [curve for curve in curves if curve]
        if curves:
            risks = [curve["risk"] for curve in curves]
            mean = [sum(at) / len(at) for at in zip(*risks, strict=True)]
            lines[f"{row.name}, {len(curves)} seeds"] = (curves[0]["coverage"], mean)
    if not lines:
        return None
    return plots.curves(lines, "share of them that is wrong", "share of prompts that is answered")


def prediction(rows: Sequence[Row]) -> str:
    """Whether the first half of a run tells its end, by corpus; needs several runs."""
    parts = []
    for corpus in dict.fromkeys(row.corpus for row in rows):
        mine = [row for row in rows if row.corpus == corpus]
        found = overlays.predictive(mine)
        if not any(line.correlation.rho is not None for line in found):
            continue
        caption = (
            f"{corpus}: rank correlation of what is known at half time with skeleton exact on test "
            "at the end, over all finished runs. Rows differ in recipe, so this is prediction "
            "between recipes; the seeds of a row are not independent of each other."
        )
        parts.append(picture(courses.correlations(found), caption))
        lines = predict.table(found)
        cells = [["–" if v is None else _shown(v) for v in line.values()] for line in lines]
        parts.append(f"<details><summary>numbers, {escape(corpus)}</summary>")
        parts += [words(list(lines[0]), cells), "</details>"]
    return _section("prediction", "Does a trajectory tell the end?", "", parts)


def _asked(answer: Answer, target: Callable[[Run], str]) -> list[str]:
    asked = answer.question
    sides = ((asked.own, answer.own), (f"less {asked.against}", answer.other))
    pair = "".join(f"<div>{escape(name)} {_links(runs, target)}</div>" for name, runs in sides)
    told = mark(answer.verdict)
    if not math.isnan(answer.p_holm):
        told += f"<small>Holm's p = {answer.p_holm:.2g}</small>"
    what = f"{escape(asked.name)}<small>{escape(asked.words)}</small>"
    return [what, pair, escape(asked.decided_by), _cell(answer.number), told]


def _numbers(answer: Answer) -> list[str]:
    keys = [(split, metric) for split in SPLITS for metric in METRICS]
    return [escape(answer.question.name), *(_cell(answer.numbers.get(key)) for key in keys)]


def _links(runs: Sequence[Run], target: Callable[[Run], str]) -> str:
    """``(seed 0, 1, 2)``, each number a link."""
    made = ", ".join(f'<a href="{target(run)}">{run.record["seed"]}</a>' for run in runs)
    return f"<small>seed {made}</small>" if made else ""


def _heads() -> list[str]:
    return [f"{escape(RIGHT[m])}, {escape(NAMES[s])}" for s in SPLITS for m in METRICS]


def _cell(found: Number | None) -> str:
    if found is None or found.over_seeds is None or math.isnan(found.over_seeds.value):
        return "–"
    lines = [escape(spread(found.mean)), *map(escape, ends(found))]
    return f"{found.over_seeds.value:+.3f}" + "".join(f"<small>{line}</small>" for line in lines)


def _fact(run: Run, *path: str) -> Mapping[str, Any]:
    found: Any = run.record.get("facts") or {}
    for key in path:
        found = found.get(key) or {}
    return found


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def _section(identity: str, title: str, note: str, parts: Sequence[str]) -> str:
    if not parts:
        return ""
    told = f'<p class="soft">{note}</p>' if note else ""
    return f'<section><h2 id="{identity}">{title}</h2>{told}{"".join(parts)}</section>'
