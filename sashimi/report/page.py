"""The page of results, from sections to one HTML file: Jinja2 escapes whatever is text."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from sashimi import plots
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.report import sections
from sashimi.report.read import FULL, Run, ends, number
from sashimi.statistics import Interval
from sashimi.study import Link, Picture, Section, Study

NAME = "index.html"
VERDICTS = ("go", "stop", "not-evaluable", "better", "worse", "not distinguishable", "exact", "no")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A study on the page."""

    title: str
    question: str
    sections: Sequence[Section]


def write(
    runs: Sequence[Run],
    reports: str | Path,
    studies: Mapping[str, Study],
    compared: Mapping[str, Sequence[Section]],
) -> Path:
    """Write ``index.html`` into ``reports`` and return its path; BadInput if nothing has run.

    ``compared[study]`` are the sections that compare a study's rows; links are relative to
    ``reports``, and whatever a run lacks is left out.
    """
    if not runs:
        raise BadInput(f"no result.json below {reports}: train something with 'sashimi run'")
    path = Path(reports) / NAME
    names = sorted({run.record["study"] for run in runs}, key=_place(studies))
    chapters = [
        _chapter(
            name, [r for r in runs if r.record["study"] == name], path.parent, studies, compared
        )
        for name in names
    ]
    write_text(path, render(chapters))
    return path


def render(chapters: Iterable[Chapter]) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("sashimi", "report"), autoescape=True, undefined=StrictUndefined
    )
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
        "short": lambda value: f"{value:.4g}" if isinstance(value, float) else str(value),
        "slug": lambda text: re.sub(r"\W+", "-", text).strip("-").lower(),
        "data": _data,
    }
    return environment.get_template("page.html.j2").render(chapters=list(chapters))


def leads(run: Run, among: Sequence[Run], leading: str) -> bool:
    """Whether a run has a section in full: the first seed of the study's leading row, of the
    reference row, or of any row on a corpus that no reference row has run on.
    """
    beside = [other for other in among if other.corpus == run.corpus]
    references = [other for other in beside if other.row == FULL]
    seeds = [other.record["seed"] for other in beside if other.row == run.row]
    chosen = run.row in (leading, FULL) or not references
    return chosen and run.record["seed"] == min(seeds)


def _chapter(
    name: str,
    runs: Sequence[Run],
    reports: Path,
    studies: Mapping[str, Study],
    compared: Mapping[str, Sequence[Section]],
) -> Chapter:
    study = studies.get(name)
    drawn = list(study.sections(runs)) if study and study.sections else []
    leading = study.leads if study else FULL
    made = [
        (sections.full if leads(run, runs, leading) else sections.brief)(run, study, reports)
        for run in sorted(runs, key=lambda run: run.row != leading)
    ]
    made.sort(key=lambda section: section.folded)
    title, question = (study.title, study.question) if study else (name, "")
    return Chapter(title, question, [*compared.get(name, ()), *drawn, *made])


def _place(studies: Mapping[str, Study]):
    """Studies in the order of their folders, those that are known before those that are not."""
    order = list(studies)
    return lambda name: (name not in studies, order.index(name) if name in studies else 0, name)


def _data(picture: Picture) -> str:
    """A figure as the text of a link that holds it."""
    if isinstance(picture.figure, Path):
        kind = {".svg": "svg+xml", ".png": "png"}[picture.figure.suffix]
        content = picture.figure.read_bytes()
    else:
        kind, content = "svg+xml", plots.svg(picture.figure)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
