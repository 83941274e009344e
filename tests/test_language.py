"""What notebook 03 shows: coverage counted by hand, verdicts of its gates, figures that hold it."""

from __future__ import annotations

import math

from sashimi import params
from sashimi.files import root
from sashimi.flagship.data import corpus
from sashimi.flagship.params import LanguageParams
from sashimi.notebooks import parameters, read
from sashimi.program import catalogue, parse
from sashimi.program.text.repairs import Repair
from sashimi.statistics import wilson
from sashimi.studies.language import coverage, language
from sashimi.studies.language.mutate import MUTATIONS
from sashimi.studies.language.mutation_study import Count, Taxonomy, band

PROGRAM = parse(
    'SHORTCUT "A"\nACTION ask WFAskActionPrompt="x" CustomOutputName="y"\nSET $a = @ask\n'
    "ACTION com.acme.DoIt what=1\nIF $a has_any_value\nACTION ask nokey=1\nENDIF\n"
)


def test_coverage_counts_by_what_is_known() -> None:
    usage = coverage.usage([PROGRAM])
    assert usage == {"ask": 2, "SET": 1, "com.acme.DoIt": 1, "IF": 1}
    own = coverage.known([PROGRAM, PROGRAM], catalogue.load())
    assert own == {
        "actions": {"sourced": 1, "observed only": 0, "unknown": 1},
        "uses of actions": {"sourced": 4, "observed only": 0, "unknown": 2},
        "keys": {"sourced": 1, "observed only": 0, "unknown": 2},
        "uses of keys": {"sourced": 2, "observed only": 0, "unknown": 4},
    }
    seen = coverage.known([PROGRAM], catalogue.load().extended([PROGRAM]))
    assert seen["actions"] == {"sourced": 1, "observed only": 1, "unknown": 0}
    assert seen["keys"] == {"sourced": 1, "observed only": 2, "unknown": 0}


def test_rooms_of_the_catalogue() -> None:
    assert [coverage.room(name) for name in ("ask", "com.apple.x.Y", "com.acme.DoIt")] == [
        "is.workflow.actions",
        "com.apple",
        "other apps",
    ]
    holdings = coverage.holdings(catalogue.load())
    assert holdings["is.workflow.actions"]["actions"] >= 380
    for row in holdings.values():
        assert row["actions"] == sum(row[f"confidence {c}"] for c in ("high", "medium", "low"))


def test_programs_of_a_corpus_are_counted_once() -> None:
    data = corpus.load("builtin", limit=60)
    found = language.programs(data)
    assert 0 < len(found) <= len(data.examples())
    assert len({program.body for program in found}) == len(found)
    assert language.known_to(data, found) is catalogue.load()


def test_the_gates_judge_the_worst_kind() -> None:
    counts = {kind: Count(made=100, detected=100, repaired=100) for kind in MUTATIONS}
    counts["missing end"].repaired = 89
    verdicts = language.judge(counts, 0, root() / "reports" / "gates.yaml")
    assert {v["gate"]: v["decision"] for v in verdicts} == {
        "broken programs are found": "go",
        "structure and names are mended": "stop",
        "valid programs are left alone": "go",
    }
    counts["truncated tail"].repaired = 0
    counts["missing end"].repaired = 90
    alarmed = language.judge(counts, 1, root() / "reports" / "gates.yaml")
    assert [v["decision"] for v in alarmed] == ["go", "go", "stop"]


def test_rates_and_their_pools() -> None:
    counts = {kind: Count(made=10, detected=10, repaired=9) for kind in MUTATIONS}
    counts["truncated tail"] = Count(made=10, detected=8, false=5, unsaid=1)
    assert language.rates(counts)["truncated tail"]["false"] == wilson(5, 10)
    made = 10 * len(MUTATIONS)
    assert language.pooled(counts) == {
        "detected": wilson(made - 2, made),
        "repaired": wilson(9 * 16, 160),
        "unsaid": wilson(1, made),
    }


def test_the_taxonomy_counts_texts_and_says_how_sure() -> None:
    taxonomy = Taxonomy()
    two = [
        Repair("alias", 1, "a", "b"),
        Repair("alias", 2, "a", "b"),
        Repair("action", 2, "c", "d", 0.75),
    ]
    taxonomy("misspelt key", "", two, Count(made=1, repaired=1))
    taxonomy("misspelt key", "", [], Count(made=1))
    taxonomy("missing end", "", [Repair("structure", 3, "", "ENDIF", 0.5)], Count(made=1))
    table = taxonomy.table()
    assert table["misspelt key"]["alias"] == 1 and table["misspelt key"]["action"] == 1
    assert sum(table["swapped ELSE and ENDIF"].values()) == 0
    assert language.calibration(taxonomy) == {
        "0.5, a guess": wilson(0, 1),
        "0.7 to 0.8, the nearest name": wilson(1, 1),
    }
    assert band(1.0).startswith("1")


def test_figures_and_numbers_as_text() -> None:
    figure = language.grid({"a": {"x": 1, "y": 0}, "b": {"x": 2, "y": 3}}, "title", "label")
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2", "3"]
    axes = language.ranks({"a": 5, "b": 1}, "title").axes[0]
    assert list(axes.lines[0].get_ydata()) == [5, 1] and axes.get_xscale() == "log"
    rates = {
        "a": {"x": wilson(1, 2), "y": wilson(2, 2)},
        "b": {"x": wilson(0, 2), "y": wilson(1, 1)},
    }
    drawn = language.shares(rates, "title", "label").axes[0]
    assert [list(line.get_xdata()) for line in drawn.lines if line.get_marker() == "o"] == [
        [0.5, 0.0],
        [1.0, 1.0],
    ]
    assert [language.brief(n) for n in ("ask", "com.acme.app.DoIt")] == ["ask", "…DoIt"]
    assert language.percent(wilson(1, 2)) == "50.0% [9.5, 90.5]"
    assert language.percent(wilson(0, 0)) == "–" and math.isnan(wilson(0, 0).value)


def test_the_notebooks_defaults_are_the_smoke_row() -> None:
    row = params.load(root() / "params" / "language" / "90_smoke.yaml", LanguageParams)
    notebook = root() / "notebooks" / "03_language.ipynb"
    assert parameters(read(notebook), notebook) == row.model_dump() | {"run_dir": ""}
