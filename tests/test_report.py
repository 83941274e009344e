"""Results read back, the page, the README's lines: on hand-made results of hand-made studies."""

import json
import math
import re
import shutil
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from sashimi import plots, registry, result
from sashimi.cli import app
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.scoring import OURS, SCORES
from sashimi.flagship.study import STUDY
from sashimi.report import cards, page, publish, readme
from sashimi.report import read as report
from sashimi.report.facts import flat, grid
from sashimi.report.read import Run
from sashimi.report.readme import BEGIN, END
from sashimi.statistics import Interval
from sashimi.study import Link, Section, Table

STUDIES = {"flagship": STUDY}


def interval(value, n=50, half=0.05):
    return {"value": value, "low": value - half, "high": value + half, "n": n}


def record(row="00_full", ours=0.8, floor=0.5):
    numbers = {"compile_strict": interval(1.0, half=0), "skeleton_exact": interval(ours)}
    metrics = {
        "test": {
            OURS: numbers | {"action_f1": dict.fromkeys(("value", "low", "high")) | {"n": 50}},
            "constant": {"skeleton_exact": interval(0.1)},
            "1-nearest neighbour": {"skeleton_exact": interval(floor)},
        }
    }
    gate = {"threshold": 0.85, "n": 1}
    return dict.fromkeys((*result.FIELDS, "corpus")) | {
        "schema": 1,
        "study": "flagship",
        "row": row,
        "seed": 0,
        "command": f"sashimi run params/flagship/{row}.yaml --seed 0",
        "params": {"rate": 0.5},
        "corpus": {"source": "builtin", "digest": "abc", "sizes": {"train": 9}, "skipped": 0},
        "versions": {"python": "3.11"},
        "seconds": {"train": 61.2, "total": 70.0},
        "metrics": metrics,
        "differences": {"test": {"skeleton_exact": interval(0.3)}},
        "gates": [
            {"gate": "compiles", "decision": "go", "value": 1.0, "reason": "clear", **gate},
            {"gate": "exact", "decision": "stop", "value": 0.1, "reason": "short by 0.75", **gate},
            {"gate": "seeds", "decision": "not-evaluable", "value": None, "reason": "thin", **gate},
        ],
        "facts": {
            "parameters": {"total": 10, "ternary": 8},
            "domain": {"precision": interval(0.9)},
            "latency": {"median": 0.05, "p95": 0.25, "n": 30},
            "examples": [
                {
                    "split": "test",
                    "prompt": "say <b>hi</b>",
                    "expected": "A",
                    "produced": "A & B",
                    "exact": False,
                }
            ],
        },
    }


@pytest.fixture
def reports(tmp_path):
    for row in ("00_full", "10_other"):
        folder = tmp_path / "flagship" / row / "seed0"
        folder.mkdir(parents=True)
        result.write(folder, record(row))
    (tmp_path / "flagship/00_full/seed0/run.html").write_text("executed")
    lines = [{"kind": "start"}, {"kind": "record", "step": 1, "train_loss": 2.0, "val_loss": None}]
    (tmp_path / "flagship/00_full/seed0/journal.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines)
    )
    return tmp_path


def test_numbers_are_never_rounded_to_certainty():
    shown = [report.number(v) for v in (1.0, 0.9999, 0.5, 0.00001, 0.0, math.nan, -0.25)]
    assert shown == ["1.000", "0.999", "0.500", "0.001", "0.000", "n/a", "-0.250"]
    assert report.interval(Interval(0.5, 0.25, 0.75, 4)) == "0.500 [0.250, 0.750]"
    assert report.interval(None) == "–"


def test_standing_needs_an_interval_clear_of_zero():
    for value, plain, high, low in (
        (0.2, "above", "better", "worse"),
        (-0.2, "below", "worse", "better"),
        (0.05, *["not distinguishable"] * 3),
    ):
        found = Interval(value, value - 0.1, value + 0.1, 9)
        told = [report.standing(found, better) for better in (None, "high", "low")]
        assert told == [plain, high, low]
    assert report.standing(None) == "not measured"
    assert report.standing(Interval(math.nan, math.nan, math.nan, 0)) == "not measured"


def test_the_best_floor_is_found_and_missing_stays_missing():
    run = Run(Path("x"), record())
    assert report.best_floor([run], SCORES, "test", "skeleton_exact")[0] == "1-nearest neighbour"
    assert report.best_floor([run], SCORES, "test", "program_exact") is None
    assert run.metric("dev", OURS, "parse") is None
    assert math.isnan(run.metric("test", OURS, "action_f1").value)


class Outline(HTMLParser):
    """Checks that tags are closed in order, but those of HTML's optional ends that the page leaves
    out; collects links, sources and text."""

    VOID = frozenset({"meta", "br", "img", "input", "td", "th", "tr"})

    def __init__(self):
        super().__init__()
        self.open, self.links, self.sources, self.alts, self.levels = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs["href"]] if "href" in attrs else []
        self.sources += [attrs["src"]] if "src" in attrs else []
        if tag in ("h1", "h2", "h3") and int(tag[1]) > max(self.levels, default=0):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.alts.append(attrs.get("alt"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_results_that_are_missing_or_damaged_are_named(reports, tmp_path_factory):
    with pytest.raises(BadInput, match=r"no result\.json below"):
        page.write([], tmp_path_factory.mktemp("empty"), STUDIES, {})
    path = reports / "flagship/00_full/seed0/result.json"
    for text, says in (("{", "damaged"), ("{}", "lacks schema"), ("[]", "lacks")):
        path.write_text(text)
        with pytest.raises(BadInput, match=says):
            report.runs(reports)
        (left,), (problem,) = report.readable(reports)
        assert left.row == "10_other" and says in problem
    shown = page.write([left], reports, STUDIES, {}, [problem]).read_text()
    assert "cannot be read" in shown and "lacks" in shown
    with pytest.raises(BadInput, match="lacks"):
        page.write([], reports, STUDIES, {}, [problem])


def test_a_study_that_there_is_no_more_says_so(reports):
    shown = page.write(report.runs(reports), reports, {}, {}).read_text()
    assert "There is no such study any more" in shown and "flagship/00_full.yaml" in shown


def test_a_result_needs_exactly_its_fields(tmp_path):
    with pytest.raises(ValueError, match=r"missing \['seed'\], unknown \['sed'\]"):
        result.write(tmp_path, {k: 0 for k in result.FIELDS if k != "seed"} | {"sed": 0})
    result.write(tmp_path, record() | {"device": math.nan, "seed": Interval(1.0, 0.5, 1.5, 2)})
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["device"] is None and found["seed"] == interval(1.0, 2, 0.5)
    assert list(found) == sorted(found)


def test_facts_become_columns_where_parts_hold_the_same_names():
    share = interval(0.5, 4, 0.25)
    shown = "0.500 [0.250, 0.750], n = 4"
    assert grid({"threshold": 0.25, "dev": {"a_b": share}, "test": {"a_b": 1}}) == (
        ["what", "dev", "test"],
        [["threshold", "0.25", ""], ["a b", shown, "1"]],
    )
    heads = {name: {"ours": 0.5, "constant": 0.25} for name in "abcd"}
    assert grid(heads)[0] == ["what", "ours", "constant"]
    assert grid(heads)[1][0] == ["a", "0.5", "0.25"]
    assert grid({"a": {"x": 1}, "b": {"y": share}})[1] == [["a: x", "1"], ["b: y", shown]]


def test_a_fact_of_one_seed_is_shown_without_ends():
    found = {"by heart": {"value": 0.5, "low": None, "high": None, "n": 1}}
    assert grid({"of one seed": found, "other": 1})
    assert flat(found) == [("by heart", "0.500, n = 1")]


def test_a_list_is_shown_rounded_and_a_long_one_counted():
    assert flat({"empty": []}) == [("empty", "none")]
    assert flat({"short": [0.123456, 2, "x"]}) == [("short", "0.1235, 2, x")]
    assert flat({"long": [0.5] * 21, "pairs": [[1, 2]]}) == [
        ("long", "21 entries"),
        ("pairs", "1 entries"),
    ]


def built(reports):
    return page.write(report.runs(reports), reports, STUDIES, {}).read_text()


def test_the_page_stands_alone_and_is_well_formed(reports):
    text = built(reports)
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert 'href="flagship/10_other/seed0/result.json"' in text, "every run, also those in short"
    assert all(source.startswith("data:image/svg+xml,") for source in outline.sources)
    assert outline.sources and all(outline.alts)
    assert "flagship/00_full/seed0/run.html" in outline.links
    assert all(not link.startswith("http") for link in outline.links) and "<script src" not in text
    assert len(text) < 2_000_000 and outline.levels == sorted(set(outline.levels)) == [1, 2, 3]
    assert "say &lt;b&gt;hi&lt;/b&gt;" in text and "A &amp; B" in text
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert "short by 0.75" in plain and "0.900 [0.850, 0.950], n = 50" in plain
    assert "Better than 1-nearest neighbour: skeleton exact? better 0.300 [0.250, 0.350]" in plain
    assert built(reports) == text, "the same results give the same page"


def test_a_study_without_scores_shows_what_it_recorded(tmp_path):
    folder = tmp_path / "elsewhere" / "00_full" / "seed0"
    folder.mkdir(parents=True)
    sets = {"near-domain": {"linear probe": {"recall": interval(0.625)}, "kNN": {}}}
    facts = {"cost": {"linear": 0.25}, "a <fact>": "x & y"}
    result.write(folder, record() | {"study": "elsewhere", "metrics": sets, "facts": facts})
    figure = plots.curves({"a": ([0, 1], [1.0, 0.5])}, "loss")
    plots.keep(figure, folder, "1_loss", "Loss & steps")
    plots.keep(figure, folder, "2_loss", "The same, as dots", kind="png")
    (folder / "scores.csv").write_text("prompt,score\n")
    text = built(tmp_path)
    assert "0.625<small>[0.575, 0.675]" in text and "a &lt;fact&gt;" in text
    assert text.index("Loss &amp; steps") < text.index("The same, as dots")
    assert "data:image/svg+xml" in text and "data:image/png" in text
    assert 'href="elsewhere/00_full/seed0/scores.csv"' in text and "not-evaluable" in text


def test_a_card_holds_the_leading_rows_number_beside_its_floors(reports):
    short = cards.card(STUDY, report.runs(reports), reports)
    assert short.answer == "skeleton exact, test, unseen skeletons: –.", (
        "not measured is not hidden"
    )
    (strip,) = short.strips
    assert strip.caption == "skeleton exact, test (n = 50)"
    ours, constant, nearest = strip.bars
    assert (ours.label, ours.fill, ours.low, ours.high) == (OURS, 80.0, 75.0, 85.0)
    assert (constant.fill, nearest.text) == (10.0, "0.500 [0.450, 0.550]")
    assert short.verdicts == {"go": 1, "stop": 1, "not-evaluable": 1}
    assert short.links[0].href == "flagship/00_full/seed0/result.json"


def test_gates_are_drawn_beside_their_thresholds():
    (strip,) = cards.gated([Run(Path("x"), record())])
    exact, thin, compiles = strip.bars
    assert [bar.label for bar in strip.bars] == ["exact", "seeds", "compiles"], "what went is last"
    assert exact.text == "stop: 0.1, threshold 0.85" and thin.fill is None
    assert compiles.fill == round(100 / 1.15, 1) and compiles.mark == round(85 / 1.15, 1)


def test_a_gate_says_in_which_direction_its_threshold_lies():
    def told(value, threshold, margin, decision="go", needed=0.0):
        return cards._bound(
            {"value": value, "threshold": threshold, "margin": margin}
            | {"decision": decision, "needed": needed}
        )

    assert told(0.5, 0.6, 0.1) == "at most 0.6" and told(0.7, 0.6, -0.1, "stop") == "at most 0.6"
    assert told(0.7, 0.6, 0.1) == "at least 0.6" and told(0.5, 0.6, -0.1, "stop") == "at least 0.6"
    assert told(0.7, 0.6, 0.1, "stop", 0.2) == "at least 0.6 by 0.2", "less than the noise asks for"
    assert told(1.0, 1.0, 0.0) == told(None, 1.0, None) == "threshold 1"


def test_a_card_without_scores_tells_what_stopped_from_what_could_not_be_judged():
    run = Run(Path("x"), record())
    assert cards._stopped([run]) == "Not met: exact. Not evaluable: seeds."
    good = Run(Path("x"), record() | {"gates": record()["gates"][:1]})
    assert cards._stopped([good]) == "Every gate says go."


def test_a_card_of_several_seeds_judges_them_together_as_the_readme_does():
    gate = {"gate": "arc, test time, solved", "decision": "go", "threshold": 12.0, "margin": 1.0}
    runs = [
        Run(Path("x"), record() | {"gates": [gate | {"value": value}]})
        for value in (15.0, 12.0, 13.0)
    ]
    card = cards.card(None, runs, Path())
    assert dict(card.verdicts) == {"stop": 1}, "each goes alone, and not by more than the noise"
    (strip,) = cards.gated(runs)
    assert strip.bars[0].text.startswith("stop: 13.3, at least 12 by ")
    assert readme._gates(runs) == "1 stop (arc, test time, solved)"


def test_a_unit_that_is_the_headings_word_is_said_once():
    metric = STUDY.scores.metrics[0].model_copy(update={"unit": "cosine", "heading": "cosine"})
    scores = STUDY.scores.model_copy(update={"metrics": (metric,), "decides": (metric.key,)})
    (strip,) = cards.scored([Run(Path("x"), record())], scores)
    assert strip.caption == "cosine, test (n = 50)"


def test_heads_stand_over_their_columns_and_large_numbers_can_be_read():
    heads, row = ["gate", "value", "what"], ["small", 1_782_304.0, "clear"]
    links = [Link("seed 0", "a"), Link("seed 1", "b"), "less"]
    blocks = [Table(heads, [row, ["lossless", -0.0, links]])]
    card = cards.Card("", "", {"stop": 3, "go": 1}, [], [], "")
    chapter = page.Chapter("A", "Is it?", card, [Section("All", blocks)])
    text = page.render([chapter], [], [], Path())
    assert '<th scope="col" class=n>value<th scope="col">what' in text
    assert "<td class=n>1,782,304" in text and "<td class=n>0" in text
    assert '<a href="a">seed 0</a>, <a href="b">seed 1</a><br>less' in text
    assert text.index("1 go</span>") < text.index("3 stop</span>"), "verdicts in one order"


def test_figures_stand_in_an_attribute_whatever_they_say():
    drawn = '<svg a="1"><text b=\'#2\'>50% "of" <tspan>A &amp; B</tspan></text></svg>'
    text = str(page._inside(drawn))
    assert '"' not in text and "#" not in text and "%26amp; B" in text and "50%25" in text


def test_the_leading_row_and_the_reference_are_shown_in_full():
    def run(row, seed, corpus="builtin"):
        made = record(row) | {"seed": seed}
        return Run(Path("x"), made | {"params": made["params"] | {"corpus": corpus}})

    every = [run("00_full", 0), run("00_full", 1), run("10_other", 0)]
    assert [page.leads(r, every, "10_other") for r in every] == [True, False, True]
    assert [page.leads(r, every, "00_full") for r in every] == [True, False, False]
    assert [page.leads(r, every[2:], "00_full") for r in every[2:]] == [True]
    both = [run("00_full", 0), run("00_full", 0, "mine"), run("10_other", 0, "theirs")]
    assert [page.leads(r, both, "20_third") for r in both] == [True, False, True]


def test_a_line_of_the_readme_says_what_the_leading_row_is_worth(reports):
    leading = reports / "flagship" / STUDY.leads / "seed0"
    leading.mkdir(parents=True)
    result.write(leading, record(STUDY.leads, ours=0.9, floor=0.6))
    lines = readme.lines(report.runs(reports), STUDIES)
    assert "skeleton exact 0.900 [0.850, 0.950] (0.600) on test" in lines
    assert "[16_end_to_end](notebooks/16_end_to_end.ipynb)" in lines
    assert readme.verdict(STUDY, []) == "not published yet"
    long = readme.page(report.runs(reports), STUDIES)
    assert "1 go, 1 not-evaluable (seeds), 1 stop (exact)" in long
    assert "`sashimi run params/flagship/00_full.yaml`" in long


def test_the_seeds_of_a_row_are_one_line_with_their_spread(reports):
    folder = reports / "flagship" / "00_full" / "seed1"
    folder.mkdir()
    result.write(folder, record("00_full", ours=0.9, floor=0.7) | {"seed": 1})
    half = 12.706205 * 0.1 / math.sqrt(2) / math.sqrt(2)  # Student's t, 97.5%, 1 degree of freedom
    assert f"0.850 ± {half:.3f} (0.600)" in readme.page(report.runs(reports), STUDIES)


def test_a_run_of_ones_own_stands_in_place_of_the_published_one(reports):
    for place, value in (("published", 0.1), ("retired", 0.2)):
        for row in ("00_full", "20_only"):
            folder = reports / place / "flagship" / row / "seed0"
            folder.mkdir(parents=True)
            result.write(folder, record(row, ours=value))
    found = {
        run.row: run.metric("test", OURS, "skeleton_exact").value for run in report.runs(reports)
    }
    assert found == {"00_full": 0.8, "10_other": 0.8, "20_only": 0.1}


def test_publishing_copies_runs_and_rewrites_what_is_generated(reports, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "reports").mkdir(parents=True)
    (home / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.setattr(publish, "root", lambda: home)
    run = reports / "flagship" / "00_full" / "seed0"
    (made,) = publish.publish([run], STUDIES)
    assert made == home / "reports/published/flagship/00_full/seed0"
    assert [path.name for path in made.iterdir()] == ["result.json"]
    site = home / "reports/site"
    assert (site / "flagship/00_full/seed0/run.html").read_text() == "executed"
    assert 'href="flagship/00_full/seed0/run.html"' in (site / "index.html").read_text()
    drawn = home / "reports/published/example.svg"
    assert "trash" in drawn.read_text() and drawn.with_name("result.svg").is_file() is False
    text = (home / "README.md").read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "skeleton exact 0.800" in text
    assert readme.is_current(home, publish.folder(), STUDIES)
    drawn.write_text(drawn.read_text().replace("trash", "cat"))
    assert not readme.is_current(home, publish.folder(), STUDIES), "a figure that is not so"
    drawn.unlink()
    assert not readme.is_current(home, publish.folder(), STUDIES)
    (home / "README.md").write_text(text.replace("0.800", "0.999"))
    assert not readme.is_current(home, publish.folder(), STUDIES)
    with pytest.raises(BadInput, match="there is no study 'flagship'"):
        publish.publish([run], {})
    with pytest.raises(BadInput, match="studies:begin"):
        readme.with_lines("no markers", "table")


def test_a_run_whose_command_names_a_path_of_one_machine_is_not_published(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "root", lambda: tmp_path / "home")
    run = tmp_path / "flagship/00_full-mine/seed0"
    run.mkdir(parents=True)
    told = record() | {"command": "sashimi run --corpus /home/me/mine --seed 0"}
    (run / "result.json").write_text(json.dumps(told))
    with pytest.raises(BadInput, match=r"names /home/me/mine, .*relative to the checkout"):
        publish.publish([run], STUDIES)
    assert not (tmp_path / "home").exists(), "nothing is written"


def test_no_published_command_names_a_path_of_one_machine():
    for run in report.runs(publish.folder()):
        assert not [w for w in run.record["command"].split() if w.startswith("/")], run.name


def test_what_the_repository_says_is_what_its_published_results_give():
    told = "run 'sashimi publish'"
    assert readme.is_current(root(), publish.folder(), registry.load()), told


def test_the_page_of_what_is_published_is_small_enough_to_send(tmp_path):
    shutil.copytree(publish.folder(), tmp_path / "published")
    done = CliRunner().invoke(app, ["report", "--reports", str(tmp_path)])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 2_000_000
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    for source in outline.sources:
        kind, drawing = source.split(",", 1)
        assert kind == "data:image/svg+xml" and ElementTree.fromstring(unquote(drawing)) is not None


def test_what_the_readme_says_of_people_is_what_the_packed_network_did():
    text = (root() / "README.md").read_text(encoding="utf-8")
    told = json.loads((root() / "sashimi/shipped/people.json").read_text(encoding="utf-8"))
    useful, kinds, others = told["overall"]["useful_strict"], told["kind"], told["out_of_domain"]
    share, low, high = (round(100 * useful[key]) for key in ("value", "low", "high"))
    words = {Fraction(1, 2): "half", Fraction(2, 3): "two thirds", Fraction(3, 4): "three quarters"}
    about = min(words, key=lambda part: abs(part - useful["value"]))
    assert f"{words[about]} of {useful['n']} frozen requests" in text
    assert f"{share}% [{low}, {high}]" in text
    steps = 100 * kinds["one step"]["useful_strict"]["value"]
    assert f"of one-step requests {steps:.0f}%" in text
    refused = 100 * (1 - told["overall"]["admitted"]["value"])
    far, near = (100 * others[name]["value"] for name in ("far", "near"))
    assert f"It refuses {refused:.0f}% of them, {far:.0f}% of requests" in text
    assert f"and {near:.0f}% of those that nearly do" in text


def test_a_study_without_scores_answers_in_its_own_words_or_by_its_gates(reports):
    found = [run for run in report.runs(reports) if run.row == "00_full"]
    plain = STUDY.model_copy(update={"scores": None, "answer": None})

    def told(answer):
        return plain.model_copy(update={"answer": answer})

    gates = readme.verdict(plain, found)
    assert "go" in gates
    assert readme.verdict(told(lambda runs: f"{len(runs)} run"), found) == "1 run"
    assert readme.verdict(told(lambda runs: ""), found) == gates
    assert readme.verdict(plain, []) == "not published yet"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("next_corpus", "1688 training windows"),
        ("next_filter", "as many random ones: 0.003 ["),
        ("next_order", "by shuffling chunks 0.049 ["),
        ("peer", "shortcutforge: BART, under a grammar 0.179 ["),
        ("trajectory_inside", "12 of 12 minimal pairs"),
    ],
)
def test_a_study_says_what_its_published_run_holds_and_nothing_of_an_empty_one(name, said):
    study = registry.load()[name]
    found = [run for run in report.runs(publish.folder()) if run.record["study"] == name]
    found = report.leading(found, study.leads)
    assert said in study.answer(found)
    empty = Run(found[0].folder, found[0].record | {"facts": {}, "metrics": {}})
    assert study.answer([empty]) == ""
