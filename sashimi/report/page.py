"""The page of results: one HTML file with its styles and figures inside, and no script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sashimi import plots
from sashimi.pab import journal
from sashimi.params import REFERENCE
from sashimi.report.html import CSS, mark, picture, words
from sashimi.report.read import (
    FLOORS,
    OURS,
    RIGHT,
    SPLITS,
    WELL_FORMED,
    Run,
    answers,
)
from sashimi.report.sections import (
    INTERVALS,
    cell,
    facts,
    gates,
    identity,
    origin,
    provenance,
    study,
)

DRAWN = frozenset({"failures", "confidence"})
"""Facts that the matrix shows as figures."""
WAY = (
    "prompt", "encode", "domain", "intent", "bridge", "decode", "fill", "lower", "lint", "parse",
    "validate", "compile",
)  # fmt: skip


EVIDENCE = (
    "<h2>Evidence before training</h2><p>What the network is built on, measured by itself: the "
    "language, the negatives, the encoder, the domain head, the vocabulary. Each section is one "
    "notebook, with the gates that were written before it ran.</p>"
)


OTHERS = (
    "<h2>Every other run</h2><p>Rows of the matrix and further seeds, each with its numbers, its "
    "gates and how it was made.</p>"
)


def page(runs: Sequence[Run], reports: Path, matrix: str = "") -> str:
    """The whole page. Links are relative to ``reports``; whatever a run lacks is left out.

    ``matrix`` is a section that compares the runs, as HTML.
    """
    asking = [run for run in runs if run.record.get("question")]
    trained = [run for run in runs if run not in asking]
    headings = re.findall(r'<h2 id="(\w+)">(.*?)</h2>', matrix)
    links = [f'<li><a href="#{name}">{title}</a></li>' for name, title in headings]
    leading = [run for run in trained if leads(run, trained)]
    others = [run for run in trained if run not in leading]
    linked = [*leading, *asking]
    links += [f'<li><a href="#{identity(run)}">{escape(run.name)}</a></li>' for run in linked]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sashimi: results</title><style>{CSS}</style></head><body>"
        "<h1>From a sentence to a compiled Shortcut</h1>"
        "<p>Can a small network with ternary weights, which may write nothing but legal programs, "
        "turn a sentence into the Apple Shortcut that was asked for? Each run below answers with "
        "two kinds of numbers that must not be mixed up: whether its programs are "
        "<b>well-formed</b>, and whether they are <b>right</b>.</p>"
        f'<ul class="way">{"".join(f"<li>{stage}</li>" for stage in WAY)}</ul>'
        + (f"<nav><ul>{''.join(links)}</ul></nav>" if len(runs) > 1 else "")
        + matrix
        + "".join(_run(run, reports) for run in leading)
        + (OTHERS if others else "")
        + "".join(_brief(run, reports) for run in others)
        + (EVIDENCE if asking else "")
        + "".join(study(run, reports) for run in asking)
        + "</body></html>\n"
    )


def leads(run: Run, among: Sequence[Run]) -> bool:
    """Whether a run has a section in full: the first seed of a reference row, or of any row on a
    corpus that no reference row has run on.
    """
    beside = [other for other in among if _side(other) == _side(run)]
    references = [other for other in beside if _reference(other)]
    seeds = [o.record["seed"] for o in beside if o.record["row"] == run.record["row"]]
    return (_reference(run) or not references) and run.record["seed"] == min(seeds)


def _reference(run: Run) -> bool:
    full = Path(REFERENCE).stem
    return run.record["row"] == full or run.record["row"].startswith(f"{full}-")


def _side(run: Run) -> tuple[str, str]:
    return run.record["study"], run.record["corpus"]["source"]


def _brief(run: Run, reports: Path) -> str:
    """A run of a matrix, on demand: its numbers, without figures and examples."""
    splits = [split for split in SPLITS if split in run.record["metrics"]]
    parts = [origin(run), *(_table(run, split) for split in splits), gates(run)]
    parts += [*_facts(run), provenance(run, reports)]
    told = f'<details id="{identity(run)}"><summary>{escape(run.name)}</summary>'
    return f"{told}{''.join(parts)}</details>"


def _facts(run: Run) -> list[str]:
    """What a run recorded under names of its own, but for what the matrix draws."""
    found = run.record.get("facts") or {}
    return [
        facts(escape(name.replace("_", " ")).capitalize(), found[name] or None)
        for name in sorted(found)
        if name not in DRAWN and isinstance(found[name], Mapping)
    ]


def _run(run: Run, reports: Path) -> str:
    splits = [split for split in SPLITS if split in run.record["metrics"]]
    parts = [
        f'<h2 id="{identity(run)}">{escape(run.name)}</h2>',
        origin(run),
        _cards(run),
        "<h3>Asked and answered</h3>",
        _asked(run),
        "<h3>Numbers</h3>",
        *(_table(run, split) for split in splits),
        '<div class="pair">',
        *(_bars(run, split) for split in splits if split != "dev"),
        "</div>",
        facts("Speed and losslessness", _other(run)),
        facts("The domain head", run.record.get("domain")),
        facts("The semantic frame", run.record.get("intent")),
        facts("The value filler, in the structure that was asked for", run.record.get("filler")),
        *_facts(run),
        _training(run),
        gates(run),
        _examples(run.record.get("examples") or []),
        provenance(run, reports),
    ]
    return "<section>" + "".join(parts) + "</section>"


def _cards(run: Run) -> str:
    split = next((s for s in ("test", "dev") if s in run.record["metrics"]), None)
    if split is None:
        return ""
    cards = []
    for metric, label in (
        ("compile_strict", "compile strictly"),
        ("skeleton_exact", "have the right skeleton"),
        ("program_exact", "are exactly the program asked for"),
    ):
        found = run.metric(split, OURS, metric)
        if found is not None and found.value == found.value:
            floor = run.floor(split, metric) if metric in RIGHT else None
            best = f"; best floor {100 * floor[1].value:.0f}%" if floor else ""
            shown = f"{100 * found.value:.0f}%" if found.value in (0, 1) else _percent(found.value)
            cards.append(
                f'<div class="card"><b>{shown}</b>of {found.n} {SPLITS[split]} programs {label}'
                f'<span class="soft">{best}</span></div>'
            )
    return f'<div class="cards">{"".join(cards)}</div>'


def _percent(share: float) -> str:
    """One decimal, never rounded to 0 or 100."""
    return f"{min(max(100 * share, 0.1), 99.9):.1f}%"


def _asked(run: Run) -> str:
    found = answers(run)
    splits = list(found[0][1])
    rows = [
        [escape(question)]
        + [f"{mark(by_split[s][0])}<small>{escape(by_split[s][1])}</small>" for s in splits]
        for question, by_split in found
    ]
    note = "Differences are paired by example, with 95% bootstrap intervals."
    return words(["question", *(SPLITS[s] for s in splits)], rows) + f'<p class="soft">{note}</p>'


def _table(run: Run, split: str) -> str:
    metrics = [*WELL_FORMED, *RIGHT]
    edge = next(iter(RIGHT))
    heads = "".join(
        f'<th{_edge(m, edge)} scope="col">{({**WELL_FORMED, **RIGHT})[m]}</th>' for m in metrics
    )
    rows = []
    for model in (OURS, *FLOORS):
        cells = [cell(run.metric(split, model, m), _edge(m, edge)) for m in metrics]
        style = ' class="ours"' if model == OURS else ""
        rows.append(f"<tr{style}><td>{model}</td>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table><caption><b>{SPLITS[split]}</b>: {INTERVALS}'
        f"</caption><thead><tr><th></th><th colspan={len(WELL_FORMED)}>well-formed</th>"
        f'<th class="right" colspan={len(RIGHT)}>right</th></tr><tr><th></th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _edge(metric: str, first: str) -> str:
    return ' class="right"' if metric == first else ""


def _bars(run: Run, split: str) -> str:
    table = {
        model: {
            label: found
            for metric, label in RIGHT.items()
            if (found := run.metric(split, model, metric)) is not None
        }
        for model in (OURS, *FLOORS)
    }
    table = {model: row for model, row in table.items() if row}
    if not table:
        return ""
    caption = f"How often it is right, {SPLITS[split]}: {INTERVALS}"
    return picture(plots.bars(table, "", "mean score"), caption)


def _other(run: Run) -> dict[str, Any]:
    return {
        "seconds a prompt, one at a time": run.record.get("latency"),
        "programs that the typed IR does not give back": run.record.get("lowering_failures"),
    }


def _training(run: Run) -> str:
    path = run.folder / "journal.jsonl"
    if not path.is_file():
        return ""
    records = [entry for entry in journal.read(path)[0] if entry["kind"] == "record"]
    series = {
        label: _series(records, key)
        for key, label in (("train_loss", "training"), ("val_loss", "dev"))
    }
    series = {label: pair for label, pair in series.items() if pair[0]}
    if not series:
        return ""
    figure = plots.curves(series, "loss")
    return "<h3>Training</h3>" + picture(figure, "Loss on training batches and on dev over steps")


def _series(records: Sequence[Mapping], key: str) -> tuple[list, list]:
    points = [(record["step"], record[key]) for record in records if record.get(key) is not None]
    return [step for step, _ in points], [value for _, value in points]


def _examples(examples: Sequence[Mapping[str, Any]]) -> str:
    if not examples:
        return ""
    shown = []
    for example in examples:
        verdict = mark("exact" if example["exact"] else "differs")
        shown.append(
            f"<details><summary>{escape(example['prompt'])} {verdict} "
            f'<span class="soft">{escape(example["split"])}</span></summary><div class="pair">'
            f"<div>asked for<pre>{escape(example['expected'])}</pre></div>"
            f"<div>written<pre>{escape(example['produced'])}</pre></div></div></details>"
        )
    return "<h3>Programs it wrote</h3>" + "".join(shown)
