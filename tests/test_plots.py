"""Figures: what is written on them, and that a notebook shows them once."""

import io
import math
import re
from xml.etree import ElementTree

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from sashimi import plots
from sashimi.statistics import Interval


def texts(figure):
    return plots.svg(figure).decode()


def test_bars_state_n_and_show_what_is_missing():
    nothing = Interval(math.nan, math.nan, math.nan, 0)
    table = {
        "ours": {"parse": Interval(1.0, 0.9, 1.0, 30), "exact": nothing},
        "floor": {"parse": Interval(0.5, 0.4, 0.6, 30)},
    }
    figure = plots.bars(table, unit="share")
    axes = figure.axes[0]
    assert axes.get_ylabel() == "share, n = 0 to 30"
    assert [t.get_text() for t in axes.texts] == ["n/a", "n/a"]
    heights = [p.get_height() for p in axes.patches if p.get_width() > 0]
    assert heights == [1.0, 0.5]
    assert "n/a" in texts(figure) and "floor" in texts(figure)


def test_curves_leave_a_gap_where_a_value_is_missing():
    figure = plots.curves({"dev": ([0, 10, 20], [3.0, None, 1.0])}, "loss (nats)")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "training step" and axes.get_ylabel() == "loss (nats)"
    shown = axes.lines[0].get_ydata()
    assert shown[0] == 3.0 and math.isnan(shown[1])


def test_histogram_counts_each_group_over_common_bins():
    figure = plots.histogram({"in": [0.1, 0.9, 0.95], "out": [0.1]}, "score", bins=[0, 0.5, 1])
    counted = [p.get_height() for p in figure.axes[0].patches]
    assert counted == [1, 2, 1, 0]
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["in (n = 3)", "out (n = 1)"]


def test_the_same_figure_gives_the_same_svg():
    assert texts(plots.counts({"a": 1.0}, "n")) == texts(plots.counts({"a": 1.0}, "n"))


def test_a_notebook_shows_a_figure_once():
    code = "from sashimi import plots\nplots.counts({'a': 1.0}, 'n')"
    notebook = new_notebook(cells=[new_code_cell(code)])
    kernel = "sashimi.kernel.OwnKernel"
    NotebookClient(notebook, kernel_name="python3", kernel_manager_class=kernel).execute()
    shown = [o for o in notebook.cells[0].outputs if "image/png" in o.get("data", {})]
    assert len(shown) == 1


def test_repeated_styles_are_written_once_and_say_the_same():
    figure = plots.curves(
        {"a": ([0, 1, 2], [1.0, 0.5, 0.25]), "b": ([0, 1, 2], [0.5, 0.5, 0.5])}, "loss"
    )
    text = plots.svg(figure).decode()
    rules = dict(re.findall(r"\.(s\d+)\{([^}]*)\}", text))
    used = re.findall(r' class="([^"]*)"', text)
    assert set(used) == set(rules) and all(used.count(name) > 1 for name in rules)
    kept = re.findall(r' style="([^"]*)"', text)
    assert len(kept) == len(set(kept)) and not set(kept) & set(rules.values())
    assert any("#0072b2" in rule for rule in rules.values())


def test_paths_groups_and_names_are_short_and_say_the_same():
    figure = plots.curves({"a": ([0, 1, 2], [1.0, 0.5, 0.25])}, "loss")
    text = plots.svg(figure).decode()
    assert "<g>" not in text and text.count("<g ") == text.count("</g>")
    names = set(re.findall(r' id="([^"]*)"', text))
    pointed = set(re.findall(r'(?:href="#|url\(#)([^")]*)', text))
    assert pointed <= names and all(re.fullmatch(r"n\d+", name) for name in names)
    with plots.matplotlib.rc_context(plots.STYLE):
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    assert [corners(d) for d in paths(text)] == [corners(d) for d in paths(raw.getvalue())]


def test_neighbours_that_are_clipped_alike_say_so_once_and_are_clipped_still():
    found = {"a": Interval(0.5, 0.4, 0.6, 9), "b": Interval(0.2, 0.1, 0.3, 9)}
    figure = plots.bars({"one": found, "two": found}, "", "share")
    text = plots.svg(figure).decode()
    with plots.matplotlib.rc_context(plots.STYLE):
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    assert clipped(text) == clipped(raw.getvalue()) and True in clipped(text)
    assert text.count(" clip-path=") < raw.getvalue().count(" clip-path=")


def clipped(svg):
    """Of each path in order, whether it or what it stands in is clipped."""

    def inside(element, cut):
        cut = cut or "clip-path" in element.attrib
        own = [cut] if element.tag.endswith("}path") else []
        return own + [each for child in element for each in inside(child, cut)]

    return inside(ElementTree.fromstring(svg), False)


def paths(svg):
    return re.findall(r' d="([^"]*)"', svg)


def corners(path):
    """Every place of a path and what leads there, to 0.1 pt."""
    found, last = [], ""
    for word in path.split():
        if word.isalpha():
            last = word
        else:
            found.append((last, int(float(word) * 10)))
            last = "L" if last == "M" and len(found) % 2 == 0 else last
    return found
