"""What notebook 03 shows of the language on a corpus: tables, a figure, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from sashimi import gates, plots
from sashimi.flagship.data.example import BUILTIN, Corpus
from sashimi.program import catalogue as catalogues
from sashimi.program import render
from sashimi.program.catalogue import Catalogue
from sashimi.program.names import is_vendor
from sashimi.program.tree import Program
from sashimi.statistics import Interval, wilson
from sashimi.studies.language.mutate import NAMING_AND_STRUCTURE
from sashimi.studies.language.mutation_study import Count, Taxonomy, gate_values


def programs(corpus: Corpus) -> list[Program]:
    """The corpus's programs in its order, each once, whatever its title and its prompts."""
    return list(
        {render(Program("", e.program.body)): e.program for e in corpus.examples()}.values()
    )


def known_to(corpus: Corpus, found: Sequence[Program]) -> Catalogue:
    """The package's catalogue; for a foreign corpus with what its programs use, as observed."""
    own = catalogues.load()
    return own if corpus.source == BUILTIN else own.extended(found)


def judge(counts: Mapping[str, Count], alarms: int, path: str | Path) -> list[dict]:
    """The verdicts of the language's gates in a file."""
    values = gate_values(counts, alarms)
    return [
        gate.judge([values[gate.metric]]).as_dict()
        for gate in gates.load(path).values()
        if gate.metric in values
    ]


def rates(counts: Mapping[str, Count]) -> dict[str, dict[str, Interval]]:
    """Per kind the shares detected, repaired, false and unsaid, with Wilson's 95% intervals."""
    return {
        kind: {
            name: wilson(getattr(count, name), count.made)
            for name in ("detected", "repaired", "false", "unsaid")
        }
        for kind, count in counts.items()
    }


def pooled(counts: Mapping[str, Count]) -> dict[str, Interval]:
    """Over all kinds the share detected; over those of names and structure the share repaired."""
    made = sum(count.made for count in counts.values())
    meant = [counts[kind] for kind in NAMING_AND_STRUCTURE if kind in counts]
    return {
        "detected": wilson(sum(count.detected for count in counts.values()), made),
        "repaired": wilson(sum(c.repaired for c in meant), sum(c.made for c in meant)),
        "unsaid": wilson(sum(count.unsaid for count in counts.values()), made),
    }


def calibration(taxonomy: Taxonomy) -> dict[str, Interval]:
    """By stated confidence, the share of texts that became the original."""
    return {name: wilson(sum(right), len(right)) for name, right in sorted(taxonomy.sure.items())}


def percent(interval: Interval) -> str:
    """``99.2% [98.1, 99.7]``; a dash where there was nothing to measure."""
    if interval.n == 0:
        return "–"
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:.1f}% [{low:.1f}, {high:.1f}]"


def grid(table: Mapping[str, Mapping[str, float]], title: str, label: str) -> Figure:
    """A table of numbers as squares, darker for more; rows down, columns across, 0 left blank."""
    rows, columns = list(table), list(next(iter(table.values())))
    width, height = 2.6 + 0.75 * len(columns), 1.4 + 0.3 * len(rows)
    with plots.matplotlib.rc_context(plots.STYLE):
        figure = plots.Picture(figsize=(width, height), layout="constrained", dpi=110)
        axes = figure.add_subplot()
        values = [[table[row][column] for column in columns] for row in rows]
        most = max(max(line) for line in values) or 1
        axes.imshow(values, cmap="Blues", vmin=0, vmax=1.25 * most, aspect="auto")
        for down, line in enumerate(values):
            for across, value in enumerate(line):
                if value:
                    dark = "white" if value > 0.6 * most else "black"
                    axes.text(across, down, f"{value:g}", ha="center", va="center", color=dark)
        axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
        axes.set_yticks(range(len(rows)), rows)
        axes.grid(visible=False)
        axes.set_xlabel(label)
        axes.set_title(title, loc="left", fontsize=11)
    return figure


def shares(table: Mapping[str, Mapping[str, Interval]], title: str, label: str) -> Figure:
    """Intervals as points with whiskers, a row a kind and a colour a rate; axis from 0 to 1."""
    names = list(next(iter(table.values())))
    with plots.matplotlib.rc_context(plots.STYLE):
        size = (7.6, 1.3 + 0.32 * len(table))
        figure = plots.Picture(figsize=size, layout="constrained", dpi=110)
        axes = figure.add_subplot()
        for number, name in enumerate(names):
            found = [row[name] for row in table.values()]
            down = [place + 0.16 * (2 * number - len(names) + 1) for place in range(len(table))]
            spread = [[i.value - i.low for i in found], [i.high - i.value for i in found]]
            values = [i.value for i in found]
            axes.errorbar(values, down, xerr=spread, fmt="o", markersize=4, label=name, capsize=2)
        axes.set_yticks(range(len(table)), list(table))
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(label)
        axes.set_title(title, loc="left", fontsize=11)
        axes.legend(frameon=False, loc="lower center")
    return figure


def brief(name: str) -> str:
    """An action's name as an axis has room for it: an app's without the app's identifier."""
    return "…" + name.rsplit(".", 1)[1] if is_vendor(name) else name


def ranks(counts: Mapping[str, int], title: str) -> Figure:
    """How often each action occurs, over its rank, both axes logarithmic."""
    ordered = sorted(counts.values(), reverse=True)
    series = {"": (range(1, len(ordered) + 1), ordered)}
    figure = plots.curves(series, "occurrences", "rank of the action", title, log=True)
    axes = figure.axes[0]
    axes.set_xscale("log")
    if axes.get_legend():
        axes.get_legend().remove()
    return figure
