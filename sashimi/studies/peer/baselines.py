"""Floors, outside peers and our rows in one table: what each is worth, and what it costs.

Everybody answers the same prompts and is scored by the same functions. Floors and peers have no
head that refuses: they answer whatever they are asked, so their false accepts are 1 by
construction. The frozen encoder is in no count of parameters or bytes: who reads it says so.

Letters: N training prompts, E encoder width.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sashimi import scores
from sashimi.encode import encode, encode_uncached
from sashimi.flagship.data import text
from sashimi.flagship.data.example import Corpus, digest
from sashimi.flagship.judge import floors, score
from sashimi.flagship.scoring import SCORES
from sashimi.pab.plots import canvas
from sashimi.plots import COLOURS
from sashimi.program import render
from sashimi.program.catalogue import Catalogue
from sashimi.report import read as report
from sashimi.statistics import Interval, bootstrap, paired, student
from sashimi.studies.peer import peer
from sashimi.studies.peer.constrain import Engine

FREE, MASKED = "BART, written freely", "BART, under a grammar"
SPLITS = {"test": "all", "test_unseen": "unseen skeletons"}
QUALITY = {m.key: m.heading for m in (*SCORES.metrics, SCORES.metric("compile_strict"))}
TIMED = 30
"""Prompts that are sent one at a time to measure latency."""
FROZEN, OWN = "frozen encoder", "own tokens"


@dataclass(frozen=True)
class Line:
    """One line of the table; None where there is no such number."""

    kind: str  # "floor", "peer" or "ours"
    name: str
    reads: str
    seeds: int
    scores: dict[str, dict[str, Interval]]  # by split and metric
    false_accepts: float | None
    p50: float | None  # seconds a prompt
    p95: float | None
    parameters: int | None
    stored: int | None  # bytes


@dataclass
class Measured:
    """Floors and peers on one corpus: intervals, scores by example, and facts about the text."""

    scores: dict[str, dict[str, dict[str, Interval]]] = field(default_factory=dict)
    singly: dict[str, scores.Scores] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


def measure(trained: peer.Trained, corpus: Corpus, catalogue: Catalogue) -> Measured:
    """Floors and the trained peer on every split: freely, and under the grammar engine."""
    known = [e.prompt for e in corpus.train]
    copying = floors.Floors(known, encode(known).pooled.numpy(), [e.program for e in corpus.train])
    engine = Engine(trained.spelling)
    found = Measured()
    for split in ("dev", *SPLITS):
        part = getattr(corpus, split)
        asked = [e.prompt for e in part]
        produced = copying.answers(asked, encode(asked).pooled.numpy())
        for name, masks in ((FREE, None), (MASKED, engine)):
            begun, failed = time.perf_counter(), engine.errors
            answers = peer.answer(trained, asked, catalogue, masks)
            seconds = (time.perf_counter() - begun) / max(1, len(asked))
            produced[name] = [one.program for one in answers]
            found.facts[f"{split}, {name}"] = {**written(answers), "seconds a prompt": seconds}
            if masks:
                found.facts[f"{split}, {name}"]["errors of the engine"] = float(
                    engine.errors - failed
                )
        expected = [e.program for e in part]
        tables = {name: score.table(expected, made, catalogue) for name, made in produced.items()}
        found.scores[split] = {name: intervals for name, (intervals, _) in tables.items()}
        columns = {name: both for name, (_, both) in tables.items()}
        for name, values in columns.items():
            right = {metric: values[metric] for metric in score.RIGHT}
            found.singly[f"{split}/{name}"] = scores.Scores(digest(part), right)
        found.facts[f"{split}, the grammar less none"] = {
            metric: paired(columns[MASKED][metric], columns[FREE][metric]) for metric in QUALITY
        }
    asked = [e.prompt for e in corpus.dev[:TIMED]]
    found.lines += floor_lines(copying, found.scores, asked)
    found.lines += peer_lines(trained, found.scores, asked, catalogue, engine)
    return found


def written(answers: Sequence[peer.Answer]) -> dict[str, Interval]:
    """Of what the peer wrote: how much ended, parsed as it stood, or was mended by the linter."""
    ended = bootstrap([one.ended for one in answers])
    return {"ended": ended, **text.repair_shares([one.findings for one in answers])}


def floor_lines(
    copying: floors.Floors, found: dict[str, dict[str, dict[str, Interval]]], asked: Sequence[str]
) -> list[Line]:
    """The floors; they are timed together, the encoder included: each takes no longer.

    What a floor keeps: the programs' texts, but for the constant the vectors (N, E) as float32, for
    the vote also the statistics of words, for the probe its coefficients, which are its parameters.
    """
    taken = []
    for prompt in asked:
        begun = time.perf_counter()
        copying.answers([prompt], encode_uncached([prompt]).pooled.numpy())
        taken.append(time.perf_counter() - begun)
    texts = sum(len(render(p).encode()) for p in copying.programs)
    vectors = 4 * copying.vectors.size
    words = copying.index.rows
    coefficients = getattr(copying.probe, "coef_", np.zeros((0, 0))).size
    stored = {
        "constant": texts // max(1, len(copying.programs)),
        "1-nearest neighbour": texts + vectors,
        floors.VOTE: texts + vectors + words.data.nbytes + words.indices.nbytes,
        "linear probe": texts + vectors + 4 * coefficients,
    }
    return [
        Line(
            "floor",
            name,
            FROZEN,
            1,
            {split: found[split][name] for split in SPLITS},
            1.0,
            *_percentiles(taken),
            coefficients if name == "linear probe" else 0,
            stored[name],
        )
        for name in floors.NAMES
    ]


def peer_lines(
    trained: peer.Trained,
    found: dict[str, dict[str, dict[str, Interval]]],
    asked: Sequence[str],
    catalogue: Catalogue,
    engine: Engine,
) -> list[Line]:
    """The peer, written freely and under the grammar."""
    size = trained.peer.size()
    return [
        Line(
            "peer",
            name,
            OWN if trained.peer.project is None else FROZEN,
            1,
            {split: found[split][name] for split in SPLITS},
            1.0,
            *_percentiles(peer.latency(trained, asked, catalogue, masks)),
            size["total"],
            size["bytes"],
        )
        for name, masks in ((FREE, None), (MASKED, engine))
    ]


def our_lines(reports: str | Path, corpus: str) -> list[Line]:
    """Every finished row of the flagship on the corpus of this digest, its seeds averaged.

    With several seeds the interval is Student's over seeds, with one the bootstrap over examples.
    """
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in report.runs(reports):
        record = run.record
        if record["study"] == "flagship" and record["corpus"]["digest"] == corpus:
            rows[record["row"]].append(record)
    return [_our_line(name, records) for name, records in sorted(rows.items())]


def _our_line(name: str, records: Sequence[dict[str, Any]]) -> Line:
    first = records[0]
    reads = {"scratch": OWN}.get(first["params"].get("encoder"), FROZEN)
    found = {
        split: {
            metric: _over_seeds([r["metrics"][split][SCORES.ours][metric] for r in records])
            for metric in QUALITY
        }
        for split in SPLITS
    }
    return Line(
        "ours",
        name,
        reads,
        len(records),
        found,
        _mean([r["facts"]["domain"]["test"]["false_accepts"] for r in records]),
        _mean([r["facts"]["latency"]["median"] for r in records]),
        _mean([r["facts"]["latency"]["p95"] for r in records]),
        first["facts"]["parameters"]["total"],
        first["facts"]["parameters"].get("bytes"),
    )


def _over_seeds(found: Sequence[dict[str, Any]]) -> Interval:
    if len(found) == 1:
        return Interval.of(found[0])
    return student([float("nan") if one["value"] is None else one["value"] for one in found])


def _mean(values: Sequence[float | None]) -> float | None:
    return None if None in values else float(np.mean(values))


def _percentiles(taken: Sequence[float]) -> tuple[float | None, float | None]:
    if not taken:
        return None, None
    return tuple(float(value) for value in np.percentile(taken, [50, 95]))


def plain(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as flat records of numbers, for a CSV file."""
    return [
        {
            "kind": line.kind,
            "name": line.name,
            "reads": line.reads,
            "seeds": line.seeds,
            **{
                f"{shown}: {called}": line.scores[split][metric].value
                for split, shown in SPLITS.items()
                for metric, called in QUALITY.items()
            },
            "false accepts": line.false_accepts,
            "p50 s": line.p50,
            "p95 s": line.p95,
            "parameters": line.parameters,
            "stored bytes": line.stored,
        }
        for line in lines
    ]


def table(lines: Sequence[Line]) -> pd.DataFrame:
    """The one table, for people: a line each, scores with their intervals."""
    return pd.DataFrame(
        [
            {
                ("", "who"): f"{line.kind}: {line.name}",
                ("", "reads"): line.reads,
                ("", "seeds"): line.seeds,
                **{
                    (shown, called): report.interval(line.scores[split][metric])
                    for split, shown in SPLITS.items()
                    for metric, called in QUALITY.items()
                },
                ("out of domain", "false accepts"): _number(line.false_accepts, 1, 3),
                ("ms a prompt", "p50"): _number(line.p50, 1000, 0),
                ("ms a prompt", "p95"): _number(line.p95, 1000, 0),
                ("size", "parameters"): _number(line.parameters, 1, 0),
                ("size", "stored kB"): _number(line.stored, 1e-3, 0),
            }
            for line in lines
        ]
    )


def figure(lines: Sequence[Line]) -> Figure:
    """Skeleton exact and action F1 of every line with their 95% intervals, one panel a split."""
    drawn, (panels,) = canvas(9.6, 1.3 + 0.36 * len(lines), 1, len(SPLITS), sharey=True)
    for axis, (split, shown) in zip(panels, SPLITS.items(), strict=True):
        for place, (metric, marker) in enumerate((("skeleton_exact", "o"), ("action_f1", "s"))):
            found = [line.scores[split][metric] for line in lines]
            values, lows, highs = np.array([(one.value, one.low, one.high) for one in found]).T
            heights = np.arange(len(lines)) + 0.24 * place - 0.12
            reach = values - lows, highs - values
            look = {"fmt": marker, "markersize": 4, "linewidth": 1, "color": COLOURS[place]}
            axis.errorbar(values, heights, xerr=reach, label=QUALITY[metric], **look)
        axis.set_xlabel(f"share, {shown}")
        axis.set_xlim(-0.02, 1.02)
    panels[0].set_yticks(range(len(lines)), [f"{line.kind}: {line.name}" for line in lines])
    panels[0].set_ylim(len(lines) - 0.5, -0.5)
    drawn.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
    return drawn


def _number(value: float | None, times: float, digits: int) -> str:
    return "–" if value is None else f"{value * times:,.{digits}f}"
