"""The page and the README's table, against numbers made here and the committed results."""

import json
import math
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sashimi import plots, result
from sashimi.errors import BadInput
from sashimi.report import page, readme
from sashimi.report import read as report
from sashimi.report.html import flat, grid
from sashimi.report.read import OURS, Run
from sashimi.report.readme import BEGIN, END
from sashimi.statistics import Interval

ROOT = Path(__file__).resolve().parents[1]


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
    return dict.fromkeys((*result.FIELDS, *result.MORE)) | {
        "schema": 1,
        "study": "flagship",
        "row": row,
        "seed": 0,
        "command": f"sashimi run params/flagship/{row}.yaml --seed 0",
        "params": {"rate": 0.5},
        "corpus": {"source": "builtin", "digest": "abc", "sizes": {"train": 9}, "skipped": 0},
        "versions": {"python": "3.11"},
        "seconds": {"train": 61.2, "total": 70.0},
        "parameters": {"total": 10, "ternary": 8},
        "domain": {"precision": interval(0.9)},
        "metrics": metrics,
        "differences": {"test": {"skeleton_exact": interval(0.3)}},
        "latency": {"median": 0.05, "p95": 0.25, "n": 30},
        "lowering_failures": {"failed": 0, "n": 9},
        "gates": [
            {"gate": "compiles", "decision": "go", "value": 1.0, "reason": "clear", **gate},
            {"gate": "exact", "decision": "stop", "value": 0.1, "reason": "short by 0.75", **gate},
            {"gate": "seeds", "decision": "not-evaluable", "value": None, "reason": "thin", **gate},
        ],
        "examples": [
            {
                "split": "test",
                "prompt": "say <b>hi</b>",
                "expected": "A",
                "produced": "A & B",
                "exact": False,
            }
        ],
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
    for value, says in ((0.2, "above"), (-0.2, "below"), (0.05, "not distinguishable")):
        assert report.standing(Interval(value, value - 0.1, value + 0.1, 9)) == says
    assert report.standing(None) == "not measured"
    assert report.standing(Interval(math.nan, math.nan, math.nan, 0)) == "not measured"


def test_questions_are_answered_from_the_numbers():
    found = dict(report.answers(Run(Path("x"), record())))
    assert found["Does everything it writes compile strictly?"] == {"test": ("yes", "50 of 50")}
    ahead = found["Better than copying the nearest neighbour's program: skeleton exact?"]
    assert ahead == {"test": ("above", "0.300 [0.250, 0.350]")}
    other = found["Better than copying the nearest neighbour's program: action F1?"]
    assert other == {"test": ("not measured", "–")}


def test_the_best_floor_is_found_and_missing_stays_missing():
    run = Run(Path("x"), record())
    assert run.floor("test", "skeleton_exact")[0] == "1-nearest neighbour"
    assert run.floor("test", "program_exact") is None
    assert run.metric("dev", OURS, "parse") is None
    assert math.isnan(run.metric("test", OURS, "action_f1").value)


def test_the_readmes_table_holds_numbers_floors_verdicts_and_commands(reports):
    table = readme.table(report.runs(reports))
    assert (
        "| flagship/00_full | builtin | test | 1 | 50 | 1.000 [1.000, 1.000] | "
        "0.800 [0.750, 0.850] (0.500) | n/a | – |"
    ) in table
    assert "| flagship/10_other | 1 | 0.800 | n/a | – | – | – | – |" in table, "one line a row"
    verdict = "1 go, 1 not-evaluable (seeds), 1 stop (exact)"
    command = "`sashimi run params/flagship/00_full.yaml`"
    assert f"| flagship/00_full | 1 | {verdict} | {command} |" in table
    assert readme.table([]) == "No run is committed yet."


def test_the_seeds_of_a_row_are_one_line_with_their_spread_and_one_verdict(reports):
    again = record("00_full", ours=0.9, floor=0.7) | {"seed": 1}
    again["gates"] = [{**gate, "gate": "compiles strictly"} for gate in again["gates"][:1]]
    first = record("00_full")
    first["gates"] = again["gates"]
    for seed, given in enumerate((first, again)):
        folder = reports / "flagship" / "00_full" / f"seed{seed}"
        folder.mkdir(exist_ok=True)
        result.write(folder, given)
    table = readme.table(report.runs(reports))
    half = 12.706205 * 0.1 / math.sqrt(2) / math.sqrt(2)  # Student's t, 97.5%, 1 degree of freedom
    assert f"| 0.850 ± {half:.3f} (0.600) | n/a | – |" in table
    assert "| flagship/00_full | 2 | 1 go | `sashimi run" in table, "of both values together"


def test_the_readme_is_rewritten_between_its_markers_only(reports):
    file = reports / "README.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert not readme.is_current(file, reports)
    readme.write(file, reports)
    text = file.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert readme.is_current(file, reports)
    with pytest.raises(BadInput, match="table:begin"):
        readme.with_table("no markers", "table")


class Outline(HTMLParser):
    """Checks that tags are closed in order; collects links, sources and text."""

    VOID = frozenset({"meta", "br", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.links, self.sources, self.alts = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs["href"]] if "href" in attrs else []
        self.sources += [attrs["src"]] if "src" in attrs else []
        if tag == "img":
            self.alts.append(attrs.get("alt"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_study_that_asks_a_question_has_a_section_of_its_own(tmp_path):
    folder = tmp_path / "domain" / "00_full" / "seed0"
    asked = {"question": "Does a <head> refuse?", "facts": {"cost": {"linear": 0.25}}}
    sets = {"near-domain": {"linear probe": {"recall": interval(0.625)}, "kNN": {}}}
    result.write(folder, record() | {"study": "domain", "metrics": sets} | asked)
    figure = plots.curves({"a": ([0, 1], [1.0, 0.5])}, "loss")
    assert plots.keep(figure, folder, "1_loss", "Loss & steps").name == "1_loss.svg"
    plots.keep(figure, folder, "2_loss", "The same, as dots", kind="png")
    (folder / "scores.csv").write_text("prompt,score\n")
    text = report.build(tmp_path).read_text()
    assert "Does a &lt;head&gt; refuse?" in text and "0.625<small>[0.575, 0.675]" in text
    assert text.index("Loss &amp; steps") < text.index("The same, as dots")
    assert "data:image/svg+xml" in text and "data:image/png" in text
    assert 'href="domain/00_full/seed0/scores.csv"' in text
    assert "0.25" in text and "not-evaluable" in text
    table = readme.table(report.runs(tmp_path))
    assert "| domain/00_full | 1 | 1 go" in table and "near-domain" not in table


def test_the_page_stands_alone_and_is_well_formed(reports):
    path = report.build(reports)
    text = path.read_text()
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(outline.sources) == 2, "bars and curves of the reference, tables of the other row"
    assert '<details id="flagship-10_other-seed0"><summary>flagship/10_other/seed0<' in text
    assert all(source.startswith("data:image/svg+xml;base64,") for source in outline.sources)
    assert all(outline.alts)
    assert "flagship/00_full/seed0/run.html" in outline.links
    assert all(not link.startswith("http") for link in outline.links) and "<script" not in text
    assert "say &lt;b&gt;hi&lt;/b&gt;" in text and "A &amp; B" in text
    plain = re.sub(r"<[^>]+>", " ", text)
    assert (
        "50 of 50" in plain and "short by 0.75" in plain and "0.900 [0.850, 0.950], n = 50" in plain
    )
    assert report.build(reports).read_text() == text, "the same results give the same page"


def test_a_reference_row_leads_and_without_one_each_row_does():
    def run(row, seed):
        return Run(Path("x"), record(row) | {"seed": seed})

    every = [run("00_full", 0), run("00_full", 1), run("10_other", 0)]
    assert [page.leads(r, every) for r in every] == [True, False, False]
    assert [page.leads(r, every[2:]) for r in every[2:]] == [True]


def test_results_that_are_missing_or_damaged_are_named(reports, tmp_path_factory):
    with pytest.raises(BadInput, match=r"no result\.json below"):
        report.build(tmp_path_factory.mktemp("empty"))
    path = reports / "flagship/00_full/seed0/result.json"
    for text, says in (("{", "damaged"), ("{}", "lacks schema"), ("[]", "lacks")):
        path.write_text(text)
        with pytest.raises(BadInput, match=says):
            report.runs(reports)


def test_a_result_needs_exactly_its_fields(tmp_path):
    with pytest.raises(ValueError, match=r"missing \['seed'\], unknown \['sed'\]"):
        result.write(tmp_path, {k: 0 for k in result.FIELDS if k != "seed"} | {"sed": 0})
    result.write(tmp_path, record() | {"device": math.nan, "seed": Interval(1.0, 0.5, 1.5, 2)})
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["device"] is None and found["seed"] == interval(1.0, 2, 0.5)
    assert list(found) == sorted(found)


def test_the_readmes_table_is_what_the_committed_results_give(tmp_path):
    """Compares what git holds, so that a run made since in the same folder changes nothing."""

    def git(*words):
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    listed = git("ls-files", "reports")
    if listed is None:
        pytest.skip("not a git checkout")
    for name in listed.splitlines():
        if name.endswith(f"/{result.NAME}"):
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text(git("show", f":{name}"))
    file = tmp_path / "README.md"
    file.write_text(git("show", ":README.md"))
    assert readme.is_current(file, tmp_path / "reports"), "run 'sashimi report'"


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
