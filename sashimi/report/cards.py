"""What the first screen says of a study: one sentence, its number beside its floors, its gates."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sashimi import result
from sashimi.report import read, verdicts
from sashimi.report.read import Run
from sashimi.statistics import Interval
from sashimi.study import SHARE, Link, Scores, Study

GATES = 6
"""Gates that a card shows; the others are counted."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a strip. Places are in percent of its width, None where there is nothing."""

    label: str
    text: str
    fill: float | None
    low: float | None = None
    high: float | None = None
    mark: float | None = None
    """A threshold."""
    kind: str = "floor"
    """``ours``, ``floor``, or a verdict."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Bars on one scale, with what they show."""

    caption: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Card:
    """A study in short, from the seeds of its leading row."""

    row: str
    answer: str
    verdicts: Mapping[str, int]
    strips: Sequence[Strip]
    links: Sequence[Link]
    command: str


def card(study: Study | None, runs: Sequence[Run], reports: Path) -> Card:
    """Of a study's runs: its leading row, else its reference row, else its first row."""
    own = read.leading(runs, study.leads if study else read.FULL) or list(runs[:1])
    scores = study.scores if study else None
    first = own[0].record
    return Card(
        first["row"] + (f", {len(own)} seeds" if len(own) > 1 else f", seed {first['seed']}"),
        sentence(study, own),
        Counter(gate["decision"] for gate in verdicts.of(own)),
        list(scored(own, scores)) if scores else gated(own),
        [Link(_place(run), read.href(run.folder / result.NAME, reports)) for run in own],
        first["command"],
    )


def sentence(study: Study | None, own: Sequence[Run]) -> str:
    """What came of a study: in its own words, or its deciding number, or its verdicts."""
    if study is None:
        return "There is no such study any more: these are its results as they were recorded."
    told = study.answer(own) if study.answer else ""
    if told or not study.scores:
        return told or _stopped(own)
    scores = study.scores
    split, metric = scores.held_out[-1], scores.metric(scores.decides[0])
    ours = read.mean(own, split, metric.key, scores.ours)
    floor = read.best_floor(own, scores, split, metric.key)
    beside = f"; the best floor, {floor[0]}, {read.number(floor[1].value)}" if floor else ""
    return f"{metric.heading}, {scores.splits[split]}: {read.interval(ours)}{beside}."


def _stopped(own: Sequence[Run]) -> str:
    """What did not go, by name; how many stand beside it as chips."""
    gates = verdicts.of(own)
    if not gates:
        return "No gate judges it: its numbers are all that there is."
    told = []
    for decision, words in (("stop", "Not met"), ("not-evaluable", "Not evaluable")):
        names = dict.fromkeys(gate["gate"] for gate in gates if gate["decision"] == decision)
        if names:
            told.append(f"{words}: {'; '.join(names)}.")
    return " ".join(told) or "Every gate says go."


def scored(own: Sequence[Run], scores: Scores) -> Iterator[Strip]:
    """Ours and every floor by the metric that decides, a strip a held-out split."""
    metric = scores.metric(scores.decides[0])
    for split in scores.held_out:
        models = (scores.ours, *scores.floors)
        found = {m: v for m in models if (v := read.mean(own, split, metric.key, m))}
        known = [max(v.value, v.high) for v in found.values() if not math.isnan(v.value)]
        top = 1.0 if metric.unit == SHARE else max([x for x in known if x == x], default=1.0)
        bars = [_bar(m, v, top, "ours" if m == scores.ours else "floor") for m, v in found.items()]
        if bars:
            n = next(iter(found.values())).n
            counts = f"n = {n}" if len(own) == 1 else f"{len(own)} seeds"
            unit = "" if metric.unit in (SHARE, metric.heading) else f", {metric.unit}"
            yield Strip(f"{metric.heading}{unit}, {scores.splits[split]} ({counts})", bars)


def gated(own: Sequence[Run]) -> list[Strip]:
    """The row's gates, each value beside its threshold, what did not go first."""
    gates = sorted(verdicts.of(own), key=lambda gate: gate["decision"] == "go")
    left = len(gates) - GATES
    told = f" ({left} more below)" if left > 0 else ""
    bars = [_gate(gate) for gate in gates[:GATES]]
    return [Strip(f"Gates: value, and the threshold as a line{told}", bars)] if bars else []


def _bar(label: str, found: Interval, top: float, kind: str) -> Bar:
    place, low, high = (_percent(value, top) for value in (found.value, found.low, found.high))
    return Bar(label, read.interval(found), place, low, high, kind=kind)


def _gate(gate: Mapping[str, Any]) -> Bar:
    value, threshold = gate["value"], gate["threshold"]
    known = [abs(x) for x in (value, threshold) if x is not None]
    top = max(known, default=0.0) * 1.15 or 1.0
    text = f"{gate['decision']}: {_short(value)}, {_bound(gate)}"
    fill, mark = _percent(value, top), _percent(threshold, top)
    return Bar(gate["gate"], text, fill, mark=mark, kind=gate["decision"])


def _bound(gate: Mapping[str, Any]) -> str:
    """What a gate asks for. Its direction is that of its margin, which is positive where it is met;
    a value that meets it by less than the noise asks for is told how much that is."""
    value, threshold, margin = gate["value"], gate["threshold"], gate.get("margin")
    if margin is None or value is None or value == threshold:
        return f"threshold {_short(threshold)}"
    told = "at least" if (value > threshold) == (margin > 0) else "at most"
    short = margin > 0 and gate["decision"] == "stop"
    return f"{told} {_short(threshold)}" + (f" by {_short(gate['needed'])}" if short else "")


def _percent(value: float | None, top: float) -> float | None:
    if value is None or math.isnan(value) or not top:
        return None
    return round(100 * min(max(value / top, 0.0), 1.0), 1)


def _short(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _place(run: Run) -> str:
    return f"result.json, seed {run.record['seed']}"
