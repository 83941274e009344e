"""Sections of the page that every study has: question, tables, figures, facts, gates, origin."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sashimi.report.html import flat, grid, mark, words
from sashimi.report.read import Run, interval, verdicts

FOLDED = 14
"""Rows from which a table is shown on demand."""
INTERVALS = "means with 95% bootstrap intervals"
ROWS = ("*.csv", "*.jsonl")
"""Files of a run that hold the data behind its numbers, a row each."""


def study(run: Run, reports: Path) -> str:
    """The section of a study that asks one question: everything it recorded, in reading order."""
    parts = [
        f'<h2 id="{identity(run)}">{escape(run.name)}</h2>',
        f"<p>{escape(run.record.get('question') or '')}</p>",
        origin(run),
        gates(run),
        figures(run.folder),
        *(folded(name, models) for name, models in run.record["metrics"].items()),
        facts("What else was measured", run.record.get("facts")),
        provenance(run, reports),
    ]
    return "<section>" + "".join(parts) + "</section>"


def identity(run: Run) -> str:
    """What a link on the page names."""
    return quote(run.name.replace("/", "-").replace(" ", "_"))


def origin(run: Run) -> str:
    """The corpus with its sizes, and the command that makes the run."""
    corpus = run.record["corpus"]
    sizes = ", ".join(f"{size} {name}" for name, size in corpus.get("sizes", {}).items())
    skipped = f"; {corpus['skipped']} lines skipped" if corpus.get("skipped") else ""
    told = f": {sizes}{skipped}" if sizes else ""
    return (
        f'<p class="soft">corpus {escape(corpus["source"])}{told}<br>'
        f"<code>{escape(run.record['command'])}</code></p>"
    )


def table(name: str, models: Mapping[str, Mapping[str, Any]]) -> str:
    """One set's numbers: a row a model, a column a metric, each with its interval."""
    metrics = list(dict.fromkeys(metric for row in models.values() for metric in row))
    if not metrics:
        return ""
    heads = "".join(f'<th scope="col">{escape(m.replace("_", " "))}</th>' for m in metrics)
    body = "".join(
        f"<tr><td>{escape(model)}</td>{''.join(cell(Run.interval(row.get(m))) for m in metrics)}"
        "</tr>"
        for model, row in models.items()
    )
    return (
        f'<div class="scroll"><table><caption><b>{escape(name)}</b>: {INTERVALS}</caption>'
        f"<thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(name: str, models: Mapping[str, Mapping[str, Any]]) -> str:
    """`table`, shown on demand if it is long."""
    if len(models) <= FOLDED:
        return table(name, models)
    shown = f"<summary>{escape(name)}, {len(models)} rows</summary>{table(name, models)}"
    return f"<details>{shown}</details>"


def cell(found: Any, style: str = "") -> str:
    """A number over its interval."""
    value, _, ends = interval(found).partition(" ")
    return f"<td{style}>{value}<small>{ends}</small></td>"


def figures(folder: Path) -> str:
    """The figures that the run kept (`plots.keep`), each with its caption."""
    shown = []
    for path in sorted((folder / "figures").glob("*")):
        kind = {".svg": "svg+xml", ".png": "png"}.get(path.suffix)
        caption = path.with_suffix(".txt")
        if kind and caption.is_file():
            text = escape(caption.read_text(encoding="utf-8").strip())
            data = base64.b64encode(path.read_bytes()).decode()
            wide = ' class="wide"' if path.suffix == ".png" else ""  # many points want room
            shown.append(
                f'<figure{wide}><img alt="{text}" src="data:image/{kind};base64,{data}">'
                f"<figcaption>{text}</figcaption></figure>"
            )
    return f'<div class="pair figures">{"".join(shown)}</div>' if shown else ""


def facts(title: str, found: Mapping[str, Any] | None) -> str:
    """A table of whatever a run recorded about one of its parts; folded when it is long."""
    if not found:
        return ""
    heads, rows = grid(found)
    shown = words(heads, [[escape(text) for text in row] for row in rows])
    if len(rows) > FOLDED:
        shown = f"<details><summary>{len(rows)} numbers</summary>{shown}</details>"
    return f"<h3>{title}</h3>{shown}"


def gates(run: Run) -> str:
    """The verdicts, each with its value, threshold and reason."""
    rows = [
        [
            escape(gate["gate"]),
            mark(gate["decision"]),
            "n/a" if gate["value"] is None else f"{gate['value']:.4g}",
            f"{gate['threshold']:.4g}",
            escape(f"{gate['reason']} (n = {gate['n']})"),
        ]
        for gate in run.gates()
    ]
    if not rows:
        return ""
    heads = ["gate", "verdict", "value", "threshold", "reason"]
    return f"<h3>Gates</h3><p>{escape(verdicts(run))}</p>{words(heads, rows)}"


def provenance(run: Run, reports: Path) -> str:
    """Links to the executed notebooks and the rows of data, and how it was all made."""
    record = run.record
    links = _links(run.folder, reports, ("*.html",)), _links(run.folder, reports, ROWS)
    seconds = {k: f"{v:.0f} s" for k, v in (record["seconds"] or {}).items() if v is not None}
    made = {
        "seed": record["seed"],
        "device": record["device"],
        "duration": seconds,
        "parameters": record.get("parameters"),
        "commit": record["commit"],
        "versions": record["versions"],
        "corpus digest": record["corpus"]["digest"],
    }
    rows = [[escape(name), escape(shown)] for name, shown in flat(made) if shown != "None"]
    settings = [[escape(k), escape(v)] for k, v in flat(record["params"])]
    return (
        (f"<p>Executed notebooks: {', '.join(links[0])}</p>" if links[0] else "")
        + (f"<p>Rows of data: {', '.join(links[1])}</p>" if links[1] else "")
        + f"<details><summary>How it was made</summary>{words(['what', 'value'], rows)}"
        + f"{words(['parameter', 'value'], settings)}</details>"
    )


def _links(folder: Path, reports: Path, patterns: Sequence[str]) -> list[str]:
    base = reports.resolve()
    paths = sorted(path for pattern in patterns for path in folder.resolve().glob(pattern))
    return [
        f'<a href="{quote(path.relative_to(base).as_posix())}">{escape(path.stem)}</a>'
        for path in paths
    ]
