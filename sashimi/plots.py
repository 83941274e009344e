"""Figures in one style: colour-blind-safe colours, readable text, units and n in the labels.

Every function returns a matplotlib Figure and decides nothing: the numbers come in as they are
shown. Print the numbers beside the figure, since notebooks' tests compare text only.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from sashimi.files import atomic, writable, write_text
from sashimi.statistics import Interval

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#555555")
"""Okabe and Ito's colours, which people with any form of colour blindness tell apart."""
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 10,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#dddddd",
    "svg.fonttype": "none",
    "svg.hashsalt": "sashimi",
}


class Picture(Figure):
    """A Figure that a notebook shows as it is: no pyplot, no backend, never twice."""

    def _repr_png_(self) -> bytes:
        return png(self, STYLE["figure.dpi"])


def bars(
    table: Mapping[str, Mapping[str, Interval]], title: str = "", unit: str = "share of examples"
) -> Figure:
    """Groups of bars: one group a metric, one colour a model, whiskers for the 95% interval.

    ``table[model][metric]`` is an Interval in [0, 1]; a metric that a model lacks, or whose value
    is NaN, is shown as "n/a".
    """
    metrics = list(dict.fromkeys(metric for row in table.values() for metric in row))
    sizes = sorted({i.n for row in table.values() for i in row.values()})
    width = max(6.0, 1.0 + 1.35 * len(metrics))
    figure, axes = _axes(title, ylabel=f"{unit}{_n(sizes)}", width=width)
    step = 0.8 / max(1, len(table))
    for place, (model, row) in enumerate(table.items()):
        for column, metric in enumerate(metrics):
            x = column - 0.4 + step * (place + 0.5)
            _bar(axes, x, step, row.get(metric), COLOURS[place % len(COLOURS)])
        axes.bar([0], [0], width=0, color=COLOURS[place % len(COLOURS)], label=model)
    axes.set_xticks(range(len(metrics)), [m.replace("_", "\n") for m in metrics])
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.08)
    columns = 3 if len(table) > 4 else max(1, len(table))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    return figure


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ylabel: str,
    xlabel: str = "training step",
    title: str = "",
    log: bool = False,
) -> Figure:
    """Lines over steps: ``series[name] = (steps, values)``; a missing value leaves a gap."""
    figure, axes = _axes(title, xlabel, ylabel)
    for name, (steps, values) in series.items():
        shown = [math.nan if value is None else value for value in values]
        axes.plot(steps, shown, label=name, linewidth=1.6, marker="." if len(steps) < 60 else None)
    if log:
        axes.set_yscale("log")
    if len(series) > 1 or any(series):
        axes.legend(frameon=False)
    return figure


def histogram(
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    title: str = "",
    bins: int | Sequence[float] = 30,
) -> Figure:
    """Counts of values, one colour a group, over common bins."""
    figure, axes = _axes(title, xlabel, "count")
    values = [list(group) for group in groups.values()]
    labels = [f"{name} (n = {len(group)})" for name, group in groups.items()]
    axes.hist(values, bins=bins, label=labels, color=COLOURS[: len(values)])
    axes.legend(frameon=False)
    return figure


def counts(table: Mapping[str, float], xlabel: str, title: str = "") -> Figure:
    """Horizontal bars with the number written beside each, in the order given, from the top."""
    figure, axes = _axes(title, xlabel, height=max(2.0, 0.8 + 0.28 * len(table)))
    names = list(table)
    axes.barh(range(len(names)), list(table.values()), color=COLOURS[0])
    for place, value in enumerate(table.values()):
        axes.text(value, place, f" {value:g}", va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    return figure


def svg(figure: Figure) -> bytes:
    """A figure as SVG with text as text and places to 0.1 pt; the same figure, the same bytes."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    plain = re.sub(rb"<metadata>.*?</metadata>\s*", b"", buffer.getvalue(), flags=re.DOTALL)
    plain = re.sub(rb"'DejaVu Sans'[^;\"]*sans-serif", b"sans-serif", plain)  # at every word
    plain = re.sub(rb'<g id="[^"]*"', b"<g", plain)  # nothing refers to a group
    plain = re.sub(rb' transform="rotate\(-0 [^"]*"', b"", plain)
    plain = re.sub(rb"<[^<>]*>", lambda tag: re.sub(rb"(\.\d\d)\d+", rb"\1", tag[0]), plain)
    plain = re.sub(rb' (?:d|x|y)="[^"]*"', lambda at: re.sub(rb"(\.\d)\d", rb"\1", at[0]), plain)
    plain = re.sub(rb' d="([^"]*)"', _path, plain)
    plain = re.sub(rb' ([xy])="(-?\d+)\.0"', rb' \1="\2"', plain)
    return _gathered(_classed(_ungrouped(_named(re.sub(rb">\s+<", b"><", plain)))))


def _path(at: re.Match[bytes]) -> bytes:
    """A path in fewer characters: places after a move or a line are lines without saying so."""
    words, last = [], b""
    for word in at[1].split():
        if word != b"L" or last not in (b"M", b"L"):
            words.append(word.removesuffix(b".0"))
        last = word if word.isalpha() else last
    return b' d="%s"' % b" ".join(words)


def _named(drawing: bytes) -> bytes:
    """An SVG whose things are named by short numbers."""
    for number, name in enumerate(re.findall(rb' id="([^"]*)"', drawing)):
        drawing = re.sub(rb'(?<=["#])%s(?=["\)])' % re.escape(name), b"n%d" % number, drawing)
    return drawing


def _ungrouped(drawing: bytes) -> bytes:
    """An SVG without groups that hold nothing, or say nothing of what is in them."""
    kept: list[bool] = []
    drawing = re.sub(rb"<g\b[^>]*/>", b"", drawing)

    def part(at: re.Match[bytes]) -> bytes:
        if at[0] != b"</g>":
            kept.append(at[0] != b"<g>")
            return at[0] if kept[-1] else b""
        return at[0] if kept.pop() else b""

    return re.sub(rb"<g\b[^>]*>|</g>", part, drawing)


def _classed(drawing: bytes) -> bytes:
    """An SVG whose repeated styles are written once, as classes."""
    counts = Counter(re.findall(rb' style="([^"]*)"', drawing))
    names = {s: b"s%d" % n for n, s in enumerate(s for s, count in counts.items() if count > 1)}
    drawing = re.sub(
        rb' style="([^"]*)"',
        lambda at: b' class="%s"' % names[at[1]] if at[1] in names else at[0],
        drawing,
    )
    rules = b"".join(b".%s{%s}" % (name, style) for style, name in names.items())
    return drawing.replace(b"</style>", rules + b"</style>", 1)


def _gathered(drawing: bytes) -> bytes:
    """An SVG in which neighbours that are clipped alike say so once, as a group."""

    def clip(path: bytes) -> bytes:
        return b"".join(re.findall(rb' clip-path="[^"]*"', path))

    def grouped(run: re.Match[bytes]) -> bytes:
        out = []
        for said, alike in groupby(re.findall(rb"<[^<>]+>", run[0]), clip):
            paths = list(alike)
            if said and len(paths) > 1:
                paths = [b"<g%s>" % said, *(path.replace(said, b"") for path in paths), b"</g>"]
            out += paths
        return b"".join(out)

    marks = rb'(<g clip-path="([^"]*)">(?:<use [^<>]*/>)+)</g><g clip-path="\2">(?=<use )'
    while (joined := re.sub(marks, rb"\1", drawing)) != drawing:
        drawing = joined
    drawing = re.sub(rb"(?:<path [^<>]*/>){2,}", grouped, drawing)
    return re.sub(rb"<g((?: clip-path=\"[^\"]*\")?)>((?:<use [^<>]*/>){2,})</g>", _alike, drawing)


def _alike(group: re.Match[bytes]) -> bytes:
    """A group of marks, whose class is the group's where all have one and the same."""
    found = re.findall(rb' class="[^"]*"', group[2])
    if len(set(found)) != 1 or len(found) != group[2].count(b"<use "):
        return group[0]
    return b"<g%s%s>%s</g>" % (group[1], found[0], group[2].replace(found[0], b""))


def keep(figure: Figure, run_dir: str | Path, name: str, caption: str, kind: str = "svg") -> Path:
    """Write ``<run_dir>/figures/<name>.<kind>`` and its caption beside it, for the page of results.

    ``kind`` is svg, or png for figures with thousands of points. A name that begins with a number
    takes its place among the others: they are shown in the order of their names.
    """
    folder = writable(Path(run_dir) / "figures")
    path = folder / f"{name}.{kind}"
    with atomic(path) as temporary:
        temporary.write_bytes(svg(figure) if kind == "svg" else png(figure))
    write_text(folder / f"{name}.txt", caption + "\n")
    return path


def png(figure: Figure, dpi: int = 160) -> bytes:
    """A figure as PNG."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def data(content: bytes, kind: str) -> str:
    """A file's content as an address; ``kind`` is its media type, such as image/png."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def canvas(width: float, height: float, rows: int = 1, columns: int = 1, **axes: Any):
    """A Figure in the house style and its axes (rows, columns); ``axes`` are of `subplots`."""
    with matplotlib.rc_context(STYLE):
        figure = Picture(figsize=(width, height), layout="constrained", dpi=STYLE["figure.dpi"])
        return figure, figure.subplots(rows, columns, squeeze=False, **axes)


def _axes(
    title: str, xlabel: str = "", ylabel: str = "", width: float = 7.2, height: float = 3.8
) -> tuple[Figure, Axes]:
    figure, ((axes,),) = canvas(width, height)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure, axes


def _bar(axes: Axes, x: float, width: float, interval: Interval | None, colour: str) -> None:
    if interval is None or math.isnan(interval.value):
        axes.text(x, 0.01, "n/a", ha="center", rotation=90, fontsize=8, color="#555555")
        return
    axes.bar([x], [interval.value], width=0.92 * width, color=colour)
    spread = [[interval.value - interval.low], [interval.high - interval.value]]
    axes.errorbar([x], [interval.value], yerr=spread, color="black", capsize=2, linewidth=1)


def _n(sizes: Sequence[int]) -> str:
    if not sizes:
        return ""
    return f", n = {sizes[0]}" if len(sizes) == 1 else f", n = {sizes[0]} to {sizes[-1]}"
