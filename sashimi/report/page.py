"""The page of results, from sections to one HTML file: Jinja2 escapes whatever is text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sashimi import plots, result
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.report import sections
from sashimi.report.cards import Card, card
from sashimi.report.read import FULL, Run, ends, href, interval, number
from sashimi.statistics import Interval
from sashimi.study import Link, Picture, Scores, Section, Study, Table

NAME = "index.html"
VERDICTS = ("go", "stop", "not-evaluable", "better", "worse", "not distinguishable", "exact", "no")
EMBEDDED = 60_000
"""Bytes of a run's figure file up to which it stands in the page; a larger one is linked."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A study on the page."""

    title: str
    question: str
    card: Card
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Line:
    """A run among all of them: what it measured first, and where the rest stands."""

    study: str
    row: str
    seed: int
    numbers: Sequence[str]
    verdicts: Mapping[str, int]
    link: Link
    command: str


def write(
    runs: Sequence[Run],
    reports: str | Path,
    studies: Mapping[str, Study],
    compared: Mapping[str, Sequence[Section]],
    problems: Sequence[str] = (),
) -> Path:
    """Write ``index.html`` into ``reports`` and return its path; BadInput if nothing has run.

    ``compared[study]`` are the sections that compare a study's rows, ``problems`` the results that
    cannot be read. Links are relative to ``reports``; whatever a run lacks is left out.
    """
    if not runs:
        told = problems[0] if problems else f"no result.json below {reports}"
        raise BadInput(f"{told}: train something with 'sashimi run'")
    path = Path(reports) / NAME
    names = sorted({run.record["study"] for run in runs}, key=_place(studies))
    chapters = [
        _chapter(
            name, [r for r in runs if r.record["study"] == name], path.parent, studies, compared
        )
        for name in names
    ]
    lines = [_line(run, studies.get(run.record["study"]), path.parent) for run in runs]
    write_text(path, render(chapters, lines, problems, path.parent))
    return path


def render(
    chapters: Sequence[Chapter], lines: Sequence[Line], problems: Sequence[str], reports: Path
) -> str:
    """The page as HTML, for the folder ``reports``."""
    environment = Environment(
        loader=PackageLoader("sashimi", "report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.tests |= {
        "link": lambda value: isinstance(value, Link),
        "interval": lambda value: isinstance(value, Interval),
        "picture": lambda value: isinstance(value, Picture),
        "lines": lambda value: isinstance(value, (list, tuple)),
        "verdict": lambda value: isinstance(value, str) and value.split(",")[0] in VERDICTS,
    }
    environment.filters |= {
        "number": number,
        "ends": ends,
        "short": _short,
        "numeric": _numeric,
        "slug": lambda text: re.sub(r"\W+", "-", text).strip("-").lower(),
        "source": lambda picture: _source(picture, reports),
    }
    template = environment.get_template("page.html.j2")
    said = template.render(chapters=chapters, lines=lines, problems=problems)
    return re.sub(r"</(?:td|th|tr)>\s*", "", said)  # which HTML lets be left out: 0.1 MB


def _short(value: Any) -> str:
    """A number in a cell: large ones whole and with their thousands apart, never "-0"."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)


def _numeric(table: Table) -> list[bool]:
    """Of each column, whether it holds numbers: its head stands over them, at the right."""
    kinds = (int, float, Interval)
    return [
        place > 0 and any(isinstance(row[place], kinds) for row in table.rows)
        for place in range(len(table.heads))
    ]


def leads(run: Run, among: Sequence[Run], leading: str) -> bool:
    """Whether a run has a section in full: the first seed of the study's leading row, of the
    reference row on its first corpus, or of any row on a corpus that neither has run on.
    """
    beside = [other for other in among if other.corpus == run.corpus]
    seeds = [other.record["seed"] for other in beside if other.row == run.row]
    first = next((other.corpus for other in among if other.row == FULL), None)
    chosen = run.row == leading or (run.row == FULL and run.corpus == first)
    chosen |= not {leading, FULL} & {other.row for other in beside}
    return chosen and run.record["seed"] == min(seeds)


def _chapter(
    name: str,
    runs: Sequence[Run],
    reports: Path,
    studies: Mapping[str, Study],
    compared: Mapping[str, Sequence[Section]],
) -> Chapter:
    """The leading row first, then what compares the rows, then the other rows in full."""
    study = studies.get(name)
    drawn = list(study.sections(runs)) if study and study.sections else []
    leading = study.leads if study else FULL
    chosen = sorted(
        (run for run in runs if leads(run, runs, leading)), key=lambda run: run.row != leading
    )
    full = [sections.full(run, study, reports) for run in chosen]
    title, question = (study.title, study.question) if study else (name, "")
    every = [*full[:1], *drawn, *compared.get(name, ()), *full[1:]]
    return Chapter(title, question, card(study, runs, reports), every)


def _told(run: Run, scores: Scores) -> list[str]:
    """Our number of the metric that decides, on each held-out split that was measured."""
    metric = scores.metric(scores.decides[0])
    found = [(split, run.metric(split, scores.ours, metric.key)) for split in scores.held_out]
    return [f"{metric.heading} {interval(v)} {scores.splits[split]}" for split, v in found if v]


def _line(run: Run, study: Study | None, reports: Path) -> Line:
    scores, record = study.scores if study else None, run.record
    told = _told(run, scores) if scores else []
    verdicts = Counter(gate["decision"] for gate in run.gates())
    link = Link("result.json", href(run.folder / result.NAME, reports))
    title = study.title if study else record["study"]
    return Line(title, record["row"], record["seed"], told, verdicts, link, record["command"])


def _place(studies: Mapping[str, Study]):
    """Studies in the order of their folders, those that are known before those that are not."""
    order = list(studies)
    return lambda name: (name not in studies, order.index(name) if name in studies else 0, name)


def _source(picture: Picture, reports: Path) -> Any:
    """Where an image comes from: itself as text, or a file that is too large to stand in a page."""
    if isinstance(picture.figure, str):
        return _inside(picture.figure)
    if not isinstance(picture.figure, Path):
        return _inside(plots.svg(picture.figure).decode())
    if picture.figure.stat().st_size > EMBEDDED:
        return href(picture.figure.resolve(), reports.resolve())
    if picture.figure.suffix == ".svg":
        return _inside(picture.figure.read_text(encoding="utf-8"))
    return plots.data(picture.figure.read_bytes(), "image/png")


def _inside(svg: str) -> Markup:
    """An SVG as an address between double quotes: only what would end it there is encoded."""
    plain = svg[svg.index("<svg") :].replace("xlink:href=", "href=")  # as in SVG 2
    plain = plain.replace('xmlns:xlink="http://www.w3.org/1999/xlink" ', "")
    body = " ".join(plain.replace("'", "&#39;").replace('"', "'").split())
    for sign, code in (("%", "%25"), ("#", "%23"), ("&", "%26")):
        body = body.replace(sign, code)
    return Markup(f"data:image/svg+xml,{body}")
