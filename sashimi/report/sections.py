"""A run as a section of the page: numbers, figures, facts, gates, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sashimi import plots, result
from sashimi.pab import journal
from sashimi.report import facts
from sashimi.report.read import Run, counted, href, interval, standing
from sashimi.study import Link, Picture, Scores, Section, Study, Table

INTERVALS = "means with 95% bootstrap intervals"
DATA = ("*.csv", "*.jsonl")
"""Files of a run that hold the data behind its numbers, a row each."""
Blocks = Iterator[str | Link | Picture | Table]


def full(run: Run, study: Study | None, reports: Path) -> Section:
    """Everything that a run recorded, in reading order."""
    scores = study.scores if study else None
    measured = _scored(run, scores, figures=True) if scores else _plain(run)
    source = Link("result.json", href(run.folder / result.NAME, reports))
    blocks = [
        origin(run), source, *_gates(run), *measured, *_figures(run.folder), *_facts(run),
        *_training(run), *provenance(run, reports),
    ]  # fmt: skip
    title = f"Everything measured: {run.record['row']}, seed {run.record['seed']}"
    return Section(title, blocks)


def origin(run: Run) -> str:
    """The corpus with its sizes, and the command that makes the run."""
    corpus = run.record.get("corpus")
    if not corpus:
        return run.record["command"]
    found = (corpus.get("sizes") or {}).items()
    sizes = ", ".join(f"{size:,} {name.replace('_', ' ')}" for name, size in found)
    skipped = f"; {corpus['skipped']} lines skipped" if corpus.get("skipped") else ""
    told = f": {sizes}{skipped}" if sizes else ""
    return f"corpus {corpus['source']}{told}. {run.record['command']}"


def _scored(run: Run, scores: Scores, figures: bool = False) -> Blocks:
    splits = [split for split in scores.splits if split in run.record["metrics"]]
    if run.record.get("differences"):
        yield _against(run, scores, splits)
    yield from (_table(run, scores, split) for split in splits)
    for split in scores.held_out if figures else ():
        shares = [metric for metric in scores.metrics if metric.unit == scores.metrics[0].unit]
        bars = {
            model: {m.heading: v for m in shares if (v := run.metric(split, model, m.key))}
            for model in (scores.ours, *scores.floors)
        }
        bars = {model: row for model, row in bars.items() if row}
        if bars:
            caption = f"{scores.splits[split]}: {INTERVALS}"
            yield Picture(plots.bars(bars, "", shares[0].unit), caption)


def _against(run: Run, scores: Scores, splits: Sequence[str]) -> Table:
    """Whether ours is better than the floor that differences are paired to."""
    rows = []
    for metric in scores.metrics:
        pairs = [run.difference(split, metric.key) for split in splits]
        if any(pairs):
            cells = [[standing(d, metric.better), interval(d)] for d in pairs]
            rows.append([f"Better than {scores.against}: {metric.heading}?", *cells])
    heads = ["question", *(scores.splits[split] for split in splits)]
    return Table(heads, rows, "Differences, paired by example, with 95% bootstrap intervals")


def _table(run: Run, scores: Scores, split: str) -> Table:
    columns = [*scores.form, *scores.metrics]
    rows = [
        [model, *(run.metric(split, model, metric.key) for metric in columns)]
        for model in (scores.ours, *scores.floors)
    ]
    groups = [("", 1), ("well-formed", len(scores.form)), ("right", len(scores.metrics))]
    heads = ["", *(metric.heading for metric in columns)]
    caption = f"{scores.splits[split]}: {INTERVALS}"
    return Table(heads, rows, caption, groups=groups if scores.form else ())


def _plain(run: Run) -> Blocks:
    """The metrics of a run whose study states none: a table a set, a row a model."""
    for name, models in run.record["metrics"].items():
        keys = list(dict.fromkeys(metric for row in models.values() for metric in row))
        rows = [[m, *(Run.interval(row.get(k)) for k in keys)] for m, row in models.items()]
        if keys:
            heads = ["", *(key.replace("_", " ") for key in keys)]
            yield Table(heads, rows, f"{name}: {INTERVALS}", folded=len(rows) > facts.FOLDED)


def _figures(folder: Path) -> Blocks:
    """The figures that the run kept (`plots.keep`), each with its caption."""
    for path in sorted((folder / "figures").glob("*")):
        caption = path.with_suffix(".txt")
        if path.suffix in (".svg", ".png") and caption.is_file():
            yield Picture(path, caption.read_text(encoding="utf-8").strip())


def _facts(run: Run) -> Blocks:
    found: Mapping[str, Any] = run.record.get("facts") or {}
    single = {k: v for k, v in found.items() if not isinstance(v, Mapping)}
    if single:
        yield facts.table("What else was measured", single)
    for name, part in found.items():
        if isinstance(part, Mapping) and part:
            yield facts.table(name.replace("_", " "), part)


def _training(run: Run) -> Blocks:
    path = run.folder / "journal.jsonl"
    entries = journal.read(path)[0] if path.is_file() else []
    series = {}
    for label, key in (("training", "train_loss"), ("dev", "val_loss")):
        told = [entry for entry in entries if entry.get(key) is not None]
        if told:
            series[label] = ([entry["step"] for entry in told], [entry[key] for entry in told])
    if series:
        caption = "Loss on training batches and on dev over steps"
        yield Picture(plots.curves(series, "loss"), caption)


def _gates(run: Run) -> Blocks:
    """The verdicts, each with its value, threshold and reason."""
    rows = [
        [g["gate"], g["decision"], g["value"], g["threshold"], f"{g['reason']} (n = {g['n']})"]
        for g in run.gates()
    ]
    if rows:
        told = counted((gate["decision"], gate["gate"]) for gate in run.gates())
        yield Table(["gate", "verdict", "value", "threshold", "reason"], rows, f"Gates: {told}")


def provenance(run: Run, reports: Path) -> Blocks:
    """Links to the executed notebooks and the rows of data, and how it was all made."""
    record = run.record
    links = [
        ["executed notebooks", _links(run.folder, reports, ("*.html",))],
        ["rows of data", _links(run.folder, reports, DATA)],
    ]
    yield Table(["", "files"], [row for row in links if row[1]])
    seconds = {k: f"{v:.0f} s" for k, v in (record["seconds"] or {}).items() if v is not None}
    names = ("seed", "device", "commit", "versions")
    made = {name: record[name] for name in names} | {"duration": seconds}
    made["corpus digest"] = (record.get("corpus") or {}).get("digest")
    rows = [list(row) for row in facts.flat(made) if row[1] != "None"]
    settings = [[f"parameter {name}", value] for name, value in facts.flat(record["params"])]
    yield Table(["what", "value"], rows + settings, "How it was made", folded=True)


def _links(folder: Path, reports: Path, patterns: Sequence[str]) -> list[Link]:
    paths = sorted(path for pattern in patterns for path in folder.resolve().glob(pattern))
    return [Link(path.stem, href(path, reports.resolve())) for path in paths]
