"""The matrix as a section of the page of results: every number links to where it comes from."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from sashimi import result
from sashimi.ablate import questions, reading
from sashimi.ablate.figure import differences
from sashimi.ablate.table import METRICS, Number, Row, ends, read, spread
from sashimi.files import root
from sashimi.report.html import mark, picture, words
from sashimi.report.read import RIGHT, SPLITS, Run
from sashimi.report.sections import FOLDED

NOTE = (
    "Means over seeds, ± half of Student's 95% interval. A difference to the reference row is "
    "paired: over seeds, and over examples where both runs kept their scores. A verdict other "
    "than <i>not distinguishable</i> needs each of these intervals to exclude 0; where many rows "
    "are compared, expect one in twenty to do so by chance."
)


def section(reports: str | Path) -> str:
    """All that is read from the matrix, or nothing where no row stands beside its reference.

    Links are relative to ``reports``.
    """
    rows = [row for row in read(reports) if any(row.numbers.values())]
    asked = questions.load(root() / "reports" / questions.NAME)
    found = questions.answers(rows, asked)
    reports = Path(reports)
    parts = [
        reading.questions(found, lambda run: _target(run, reports)),
        reading.verdicts(rows),
        _changes(rows, reports),
        reading.trajectories(found, rows),
        reading.failures(rows),
        reading.confidence(rows),
        reading.prediction(rows),
    ]
    return "".join(parts)


def _changes(rows: Sequence[Row], reports: Path) -> str:
    """What each row changes, and what that is worth beside the reference row."""
    sides = dict.fromkeys((row.study, row.corpus) for row in rows if row.changes)
    if not sides:
        return ""
    parts = ['<h2 id="ablations">What each change is worth</h2>', f'<p class="soft">{NOTE}</p>']
    for study, corpus in sides:
        mine = [row for row in rows if (row.study, row.corpus) == (study, corpus)]
        for split in dict.fromkeys(split for row in mine for split in row.numbers):
            parts.append(f"<h3>{escape(f'{study}, {corpus}, {SPLITS.get(split, split)}')}</h3>")
            table = _table(mine, split, reports)
            if len(mine) > FOLDED:
                table = f"<details><summary>{len(mine)} rows</summary>{table}</details>"
            parts += [_figure(mine, split), table]
    return f"<section>{''.join(parts)}</section>"


def _figure(rows: Sequence[Row], split: str) -> str:
    try:
        drawn = differences(rows, split)
    except ValueError:  # no common seed yet
        return ""
    caption = (
        f"Differences to the reference row on {SPLITS.get(split, split)}, paired, with 95% "
        "intervals: Student's t over seeds, bootstrap over examples; n counts seeds. "
        "Hollow: one seed."
    )
    return picture(drawn, caption)


def _table(rows: Sequence[Row], split: str, reports: Path) -> str:
    heads = ["row", "what it changes", "runs", *(escape(RIGHT.get(m, m)) for m in METRICS)]
    body = []
    for row in rows:
        numbers = row.numbers.get(split, {})
        changed = escape(row.changed()) + f"<small>{escape(row.question)}</small>"
        cells = [_cell(numbers.get(metric)) for metric in METRICS]
        body.append([escape(row.name), changed, _links(row, reports), *cells])
    return words(heads, body)


def _cell(found: Number | None) -> str:
    if found is None or math.isnan(found.mean.value):
        return "–"
    if found.over_seeds is None:
        return escape(spread(found.mean))
    lines = [f"{found.over_seeds.value:+.3f} {mark(found.verdict)}"]
    lines += [escape(line) for line in ends(found)]
    return escape(spread(found.mean)) + "".join(f"<small>{line}</small>" for line in lines)


def _links(row: Row, reports: Path) -> str:
    """A link to each run's ``result.json``; a run that ended early says so."""
    parts = []
    for run in row.runs:
        seed = run.record["seed"]
        early = f"<small>{escape(row.early[seed])}</small>" if seed in row.early else ""
        parts.append(f'<div><a href="{_target(run, reports)}">seed {seed}</a>{early}</div>')
    return "".join(parts)


def _target(run: Run, reports: Path) -> str:
    return quote(os.path.relpath(run.folder / result.NAME, reports))
