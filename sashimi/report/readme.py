"""What the repository says of its published results: README's lines, one figure, one long page.

It reads ``reports/published/`` alone, so that it is the same in a fresh clone as beside new runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from sashimi import plots
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.report import verdicts
from sashimi.report.read import (
    Run,
    best_floor,
    counted,
    interval,
    leading,
    mean,
    number,
    runs,
    spread,
)
from sashimi.study import Scores, Study

BEGIN, END = "<!-- studies:begin -->", "<!-- studies:end -->"
FIGURE, LONG = "result.svg", "README.md"
HEAD = (
    "# Published results\n\nWritten by `sashimi publish` from the `result.json` files in this "
    "folder. Ours, with a 95% interval: bootstrap over examples for one seed, ± half of Student's "
    "over several; in brackets the best of the floors. Columns of being well-formed say nothing "
    "about being right. What each row changes heads its file in `params/`; which differences are "
    "more than chance stands on the page, question by question (`sashimi report`)."
)


def lines(found: Sequence[Run], studies: Mapping[str, Study]) -> str:
    """Markdown, a line a study: its question, what came of it, its notebook."""
    rows = [
        {
            "study": study.title,
            "question": study.question,
            "what came of it": verdict(study, [r for r in found if r.record["study"] == name]),
            "notebook": f"[{study.train}](notebooks/{study.train}.ipynb)",
        }
        for name, study in studies.items()
    ]
    return pd.DataFrame(rows).to_markdown(index=False)


def verdict(study: Study, found: Sequence[Run]) -> str:
    """What a study's leading row says: the number that decides beside its best floor, else the
    study's own sentence, else its gates."""
    own = leading(found, study.leads)
    if not own:
        return "not published yet"
    if study.scores:
        return _headline(own, study.scores)
    return (study.answer(own) if study.answer else "") or _gates(own)


def page(found: Sequence[Run], studies: Mapping[str, Study]) -> str:
    """Markdown: of every study its rows with their numbers, verdicts and commands."""
    parts = [HEAD]
    for name, study in studies.items():
        rows: dict[str, list[Run]] = {}
        for run in (run for run in found if run.record["study"] == name):
            rows.setdefault(run.record["row"], []).append(run)
        if rows:
            parts += [f"## {study.title}", study.question, _table(rows, study.scores)]
    return "\n\n".join(parts) + "\n"


def write(home: Path, published: Path, studies: Mapping[str, Study]) -> None:
    """Rewrite README's lines, the long page and the figures from the published results."""
    for path, text in _texts(home, published, studies).items():
        write_text(path, text)


def is_current(home: Path, published: Path, studies: Mapping[str, Study]) -> bool:
    """Whether README's lines, the long page and the figures are what the results give."""
    made = _texts(home, published, studies).items()
    return all(path.is_file() and path.read_text(encoding="utf-8") == text for path, text in made)


def _texts(home: Path, published: Path, studies: Mapping[str, Study]) -> dict[Path, str]:
    """By file, what is generated from the published results."""
    found, readme = runs(published), home / "README.md"
    told = with_lines(readme.read_text(encoding="utf-8"), lines(found, studies))
    drawn = {published / name: text for name, text in figures(found, studies).items()}
    return {readme: told, published / LONG: page(found, studies)} | drawn


def figures(found: Sequence[Run], studies: Mapping[str, Study]) -> dict[str, str]:
    """By file name, the SVG that the README shows: the result, and what studies draw for it."""
    drawn = figure(found, studies)
    made = {FIGURE: drawn} if drawn else {}
    for study in studies.values():
        made |= study.figures() if study.figures else {}
    return made


def with_lines(readme: str, text: str) -> str:
    """The README with its generated lines replaced. Raises BadInput without the markers."""
    begin, end = readme.find(BEGIN), readme.find(END)
    if readme.count(BEGIN) != 1 or readme.count(END) != 1 or end < begin:
        raise BadInput(f"README.md: it needs the lines {BEGIN} and {END}, once each")
    return f"{readme[:begin]}{BEGIN}\n{text}\n{readme[end:]}"


def figure(found: Sequence[Run], studies: Mapping[str, Study]) -> str | None:
    """SVG of the first study with scores: its leading row and its floors on what is held out."""
    for name, study in studies.items():
        own = [r for r in found if r.record["study"] == name and r.row == study.leads]
        if own and study.scores:
            table = {
                model: {
                    f"{study.scores.metric(metric).heading},\n{study.scores.splits[split]}": value
                    for metric in study.scores.decides
                    for split in study.scores.held_out
                    if (value := mean(own, split, metric, model))
                }
                for model in (study.scores.ours, *study.scores.floors)
            }
            return plots.svg(plots.bars(table, "", "mean score")).decode()
    return None


def _headline(own: Sequence[Run], scores: Scores) -> str:
    metric = scores.metric(scores.decides[0])
    return "; ".join(
        f"{metric.heading} {_against_floor(own, scores, split, metric.key)} on "
        f"{scores.splits[split]}"
        for split in scores.held_out
    )


def _gates(own: Sequence[Run]) -> str:
    """Of all seeds together; of one seed as it recorded them."""
    return counted((gate["decision"], gate["gate"]) for gate in verdicts.of(own))


def _table(rows: Mapping[str, Sequence[Run]], scores: Scores | None) -> str:
    made = []
    for name, own in rows.items():
        command = own[0].record["command"].removesuffix(f" --seed {own[0].record['seed']}")
        line = {"row": name, "seeds": str(len(own))}
        if scores:
            for split, key in itertools.product(scores.held_out, scores.decides):
                heading = f"{scores.metric(key).heading}, {scores.splits[split]}"
                line[heading] = _against_floor(own, scores, split, key)
        made.append(line | {"verdicts": _gates(own), "command": f"`{command}`"})
    return pd.DataFrame(made).to_markdown(index=False, disable_numparse=True)


def _against_floor(own: Sequence[Run], scores: Scores, split: str, metric: str) -> str:
    alone = own[0].metric(split, scores.ours, metric) if len(own) == 1 else None
    told = interval(alone) if alone else spread(mean(own, split, metric, scores.ours))
    floor = best_floor(own, scores, split, metric)
    return f"{told} ({number(floor[1].value)})" if floor else told
