"""The README's table, generated from the results that are committed: a row's seeds as one line.

It reads ``result.json`` alone, so that it is the same in a fresh clone as beside the runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.params import REFERENCE
from sashimi.report.read import (
    FLOORS,
    OURS,
    RIGHT,
    SPLITS,
    WELL_FORMED,
    Run,
    counted,
    interval,
    number,
    runs,
)
from sashimi.report.verdicts import judged
from sashimi.statistics import Interval, student

BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"
METRICS = ("compile_strict", "skeleton_exact", "action_f1", "program_exact")
HELD_OUT = ("test", "test_unseen")
NOTE = (
    f"Ours, with a 95% interval: bootstrap over examples for one seed, ± half of Student's over "
    f"several; in brackets the best of the floors ({', '.join(FLOORS)}). *Compiles* says nothing "
    "about being right."
)
MATRIX = (
    "The matrix and the rows beside it; means over seeds. What each changes heads its file in "
    "`params/flagship/`, which differences are more than chance stands on the page, question by question (`sashimi report`, notebook 17)."
)


def table(found: Sequence[Run]) -> str:
    """Markdown: numbers by row and split, the matrix in short, verdicts, and the commands."""
    if not found:
        return "No run is committed yet."
    rows: dict[tuple[str, str], list[Run]] = {}
    for run in found:
        rows.setdefault((run.record["study"], run.record["row"]), []).append(run)
    trained = [own for own in rows.values() if not own[0].record.get("question")]
    full = [own for own in trained if _reference(own[0])] or trained
    parts = [_numbers(full)] if full else []
    parts += [_matrix(others)] if (others := [own for own in trained if own not in full]) else []
    said = [own for own in rows.values() if own in full or own not in trained]
    lines = ["| row | seeds | verdicts | command |", "|---|---:|---|---|"]
    lines += [f"| {_name(o)} | {len(o)} | {_verdicts(o)} | `{_command(o)}` |" for o in said]
    return "\n\n".join([*parts, "\n".join(lines)])


def _numbers(rows: Sequence[Sequence[Run]]) -> str:
    heads = ["row", "corpus", "split", "seeds", "n", *_heads()]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---:|---:|" + "---|" * len(METRICS)]
    for own in rows:
        for split in (s for s in HELD_OUT if s in own[0].record["metrics"]):
            measured = own[0].metric(split, OURS, METRICS[0])
            n = measured.n if measured else "–"
            corpus = result.corpus_name(own[0].record["corpus"]["source"])
            cells = [_against_floor(own, split, metric) for metric in METRICS]
            told = [_name(own), corpus, SPLITS[split], str(len(own)), str(n), *cells]
            lines.append(f"| {' | '.join(told)} |")
    return "\n".join([*lines, "", NOTE])


def _matrix(rows: Sequence[Sequence[Run]]) -> str:
    metrics = METRICS[1:]
    heads = [f"{RIGHT[metric]}, {split}" for split in ("test", "unseen") for metric in metrics]
    lines = [f"| row | seeds | {' | '.join(heads)} |", "|---|---:|" + "---|" * len(heads)]
    for own in rows:
        cells = [_spread(_mean(own, split, m)) for split in HELD_OUT for m in metrics]
        lines.append(f"| {_name(own)} | {len(own)} | {' | '.join(cells)} |")
    return "\n".join([MATRIX, "", *lines])


def with_table(readme: str, table: str) -> str:
    """The README's text with its generated table replaced. Raises BadInput without the markers."""
    if (
        readme.count(BEGIN) != 1
        or readme.count(END) != 1
        or readme.index(END) < readme.index(BEGIN)
    ):
        raise BadInput(f"README.md: it needs the lines {BEGIN} and {END}, once each")
    head, rest = readme.split(BEGIN)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def write(readme: Path, reports: str | Path) -> None:
    """Rewrite the table of a README from the results."""
    before = readme.read_text(encoding="utf-8")
    write_text(readme, with_table(before, table(runs(reports))))


def is_current(readme: Path, reports: str | Path) -> bool:
    """Whether the README's table is what the results give."""
    before = readme.read_text(encoding="utf-8")
    return before == with_table(before, table(runs(reports)))


def _heads() -> list[str]:
    return [{**WELL_FORMED, **RIGHT}[metric] for metric in METRICS]


def _reference(run: Run) -> bool:
    full = Path(REFERENCE).stem
    return run.record["row"] == full or run.record["row"].startswith(f"{full}-")


def _name(own: Sequence[Run]) -> str:
    return f"{own[0].record['study']}/{own[0].record['row']}"


def _command(own: Sequence[Run]) -> str:
    return own[0].record["command"].removesuffix(f" --seed {own[0].record['seed']}")


def _verdicts(own: Sequence[Run]) -> str:
    """Of all seeds together; of one seed as it recorded them."""
    if len(own) == 1:
        return counted((gate["decision"], gate["gate"]) for gate in own[0].gates())
    return counted((verdict.decision, verdict.gate) for verdict in judged(own))


def _mean(own: Sequence[Run], split: str, metric: str, model: str = OURS) -> Interval | None:
    found = [run.metric(split, model, metric) for run in own]
    return None if None in found else student([one.value for one in found])


def _against_floor(own: Sequence[Run], split: str, metric: str) -> str:
    alone = len(own) == 1
    found = own[0].metric(split, OURS, metric) if alone else _mean(own, split, metric)
    told = interval(found) if alone else _spread(found)
    floors = [_mean(own, split, metric, model) for model in FLOORS if metric in RIGHT]
    known = [floor.value for floor in floors if floor and not math.isnan(floor.value)]
    return f"{told} ({number(max(known))})" if known else told


def _spread(found: Interval | None) -> str:
    """``0.520 ± 0.013``, half the interval over seeds; the bare number for one."""
    if found is None:
        return "–"
    if math.isnan(found.low) or math.isnan(found.value):
        return number(found.value)
    return f"{number(found.value)} ± {number((found.high - found.low) / 2)}"
