"""Reading a matrix back: means, paired differences and verdicts, against numbers worked by hand."""

import math
import re
from pathlib import Path

import pytest

from sashimi import result, scores
from sashimi.ablate import figure, sections, table
from sashimi.ablate.rows import Cell
from sashimi.errors import BadInput
from sashimi.files import write_json
from sashimi.flagship.scoring import OURS
from sashimi.report import page
from sashimi.report.cards import Card
from sashimi.statistics import Interval, student

NO_CARD = Card("00_full", "", {}, (), (), "sashimi run")
T2 = 4.302653  # Student's t, 97.5%, 2 degrees of freedom


def leave(reports, row, seed, value, single=None, examples="same", corpus="builtin", **params):
    """A finished run with one metric, and its scores by example."""
    name = row if corpus == "builtin" else f"{row}-{corpus}"
    folder = reports / "flagship" / name / f"seed{seed}"
    folder.mkdir(parents=True)
    metrics = {"test": {OURS: {"action_f1": Interval(value, value, value, 2)}}}
    record = dict.fromkeys(result.FIELDS) | {
        "schema": result.SCHEMA, "study": "flagship", "row": name, "seed": seed,
        "command": "sashimi run", "metrics": metrics, "gates": [],
        "corpus": {"source": corpus, "digest": "d"}, "seconds": {}, "versions": {},
        "params": {"seed": seed, "corpus": corpus, "ternary": True} | params,
    }  # fmt: skip
    result.write(folder, record)
    if single:
        scores.write(folder, {"test": scores.Scores(examples, {"action_f1": single})})
    return folder


def only(rows, name):
    (found,) = [row for row in rows if row.name == name]
    return found, found.numbers["test"]["action_f1"]


def read(reports):
    return table.read(reports)


def test_students_interval_by_hand():
    found = student([0.1, 0.2, 0.6])
    half = T2 * math.sqrt(((-0.2) ** 2 + (-0.1) ** 2 + 0.3**2) / 2) / math.sqrt(3)
    assert found.value == pytest.approx(0.3) and found.n == 3
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half), abs=1e-5)
    one, none, lost = student([0.4]), student([]), student([0.4, math.nan])
    assert one.value == 0.4 and math.isnan(one.low)
    assert math.isnan(none.value) and math.isnan(lost.value)


def test_differences_are_paired_by_seed_and_by_example(tmp_path):
    for seed, base, own in ((0, 0.50, 0.56), (1, 0.60, 0.67), (2, 0.40, 0.48), (3, 0.9, None)):
        leave(tmp_path, "00_full", seed, base, [base, base])
        if own:
            leave(tmp_path, "10_cont", seed, own, [own + 0.01, own - 0.01], ternary=False)
    rows = read(tmp_path)
    reference, number = only(rows, "00_full")
    assert reference.changed() == "reference" and number.over_seeds is None
    assert number.mean.n == 4
    row, number = only(rows, "10_cont")
    assert row.changes == {"ternary": (True, False)} and row.changed() == "ternary: True -> False"
    assert row.seeds == [0, 1, 2]
    assert number.over_seeds.value == pytest.approx(0.07)
    assert number.over_seeds.high - 0.07 == pytest.approx(T2 * 0.01 / math.sqrt(3), abs=1e-5)
    assert number.over_examples.value == pytest.approx(0.07) and number.over_examples.n == 2
    assert number.over_examples.low >= 0.06 - 1e-9 and number.over_examples.high <= 0.08 + 1e-9
    assert number.verdict == "better"
    text = re.sub(" +", " ", table.markdown(rows))
    assert "| 10_cont | ternary: True -> False | 3 |" in text and "| 0.570 ± " in text
    assert "+0.070 [0.045, 0.095] over 3 seeds, [0.060, 0.080] over 2 examples: better" in text


def test_a_verdict_needs_every_interval_that_is_known(tmp_path):
    for seed, base, own in ((0, 0.5, 0.7), (1, 0.6, 0.5)):
        leave(tmp_path, "00_full", seed, base, [base, base])
        leave(tmp_path, "10_noisy", seed, own, [base + 0.05, base + 0.05], width=2)
        leave(tmp_path, "20_worse", seed, base - 0.3 - seed / 1000, width=3)
        leave(tmp_path, "30_other", seed, own, [1, 1], examples="other", width=4)
    leave(tmp_path, "40_single", 0, 0.9, width=5)
    leave(tmp_path, "50_later", 7, 0.9, width=6)
    rows = read(tmp_path)
    verdicts = {row.name: only(rows, row.name)[1] for row in rows}
    assert verdicts["10_noisy"].over_examples.low > 0 > verdicts["10_noisy"].over_seeds.low
    assert verdicts["10_noisy"].verdict == "not distinguishable"
    assert verdicts["20_worse"].verdict == "worse"
    assert verdicts["30_other"].over_examples is None, "other examples are not paired"
    assert verdicts["40_single"].verdict == "too few to say"
    assert verdicts["40_single"].over_seeds.value == pytest.approx(0.4)
    assert table.told(verdicts["40_single"]) == "+0.400 one seed: too few to say"
    assert verdicts["50_later"].over_seeds is None, "no common seed"


def test_each_corpus_has_its_own_reference_and_early_exits_are_kept(tmp_path):
    leave(tmp_path, "00_full", 0, 0.5)
    leave(tmp_path, "00_full", 0, 0.2, corpus="mine")
    folder = leave(tmp_path, "10_cont", 0, 0.3, corpus="mine", ternary=False)
    exit_ = {"step": 400, "case": 3, "reason": "flat", "stop": True, "evidence": {}}
    write_json(folder / result.EXIT, exit_)
    rows = read(tmp_path)
    assert [(row.corpus, row.name) for row in rows] == [
        ("builtin", "00_full"), ("mine", "00_full"), ("mine", "10_cont"),
    ]  # fmt: skip
    row, number = only(rows, "10_cont")
    assert number.over_seeds.value == pytest.approx(0.1)
    assert row.changes == {"ternary": (True, False)}, "the corpus is no change of the row"
    assert row.early == {0: "stopped early at step 400, case 3: flat"}
    plain = row.as_json()
    assert plain["numbers"]["test"]["action_f1"]["seeds"]["value"] == pytest.approx(0.1)
    assert plain["results"] == [str(folder / "result.json")]


def test_a_command_shows_its_own_rows_beside_their_reference(tmp_path):
    for name, corpus in (("00_full", "builtin"), ("00_full", "mine"), ("20_other", "builtin")):
        leave(tmp_path, name, 0, 0.5, corpus=corpus)
    folder = leave(tmp_path, "10_cont", 0, 0.3)
    given = {"row": Path("10_cont.yaml"), "seed": 0, "corpus": None, "out": tmp_path}
    cell = Cell("flagship", **given, folder=folder, state="finished", changes={})
    found = table.of([cell], table.read(tmp_path))
    assert [(row.corpus, row.name) for row in found] == [
        ("builtin", "00_full"), ("builtin", "10_cont"),
    ]  # fmt: skip


def test_the_page_says_what_each_change_is_worth_and_links_to_it(tmp_path):
    for seed, base in ((0, 0.5), (1, 0.6), (2, 0.4)):
        leave(tmp_path, "00_full", seed, base)
        leave(tmp_path, "10_cont", seed, base + 0.1 + seed / 1000, ternary="<no>")
    (tmp_path / "flagship/10_cont/seed1" / result.EXIT).write_text(
        '{"step": 400, "case": 3, "reason": "flat"}'
    )
    compared = sections.compared(read(tmp_path), [], tmp_path)["flagship"]
    html = page.render([page.Chapter("Flagship", "Does it?", NO_CARD, compared)], [], [], tmp_path)
    assert 'href="flagship/10_cont/seed1/result.json">seed 1</a>, <a' in html
    assert "stopped early at step 400" in html
    assert "ternary: True -&gt; &lt;no&gt;" in html and "over 3 seeds" in html
    assert '<span class="mark better">better</span>' in html
    assert "<figcaption>builtin, test: differences to the reference row, paired" in html
    drawn = figure.differences(read(tmp_path), "test")
    axis = drawn.axes[1]
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["10_cont, n = 3"]
    (point, ends) = [line.get_xdata() for line in axis.lines[:2]]
    assert point == pytest.approx([0.101]) and len(ends) == 2 and ends[0] < 0.101 < ends[1]
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["over seeds"], (
        "nothing else is drawn"
    )
    with pytest.raises(ValueError, match="no row has a difference"):
        figure.differences(read(tmp_path)[:1], "test")


def test_a_caption_does_not_begin_with_the_corpus_that_a_study_has_not():
    assert sections._of("", "every metric and split") == "every metric and split"
    assert sections._of("builtin", "every metric", ": ") == "builtin: every metric"


def test_without_rows_beside_their_reference_the_page_has_no_such_section(tmp_path):
    leave(tmp_path, "00_full", 0, 0.5)
    assert sections.compared(read(tmp_path), [], tmp_path) == {"flagship": []}


def test_scores_come_back_and_damaged_ones_are_refused(tmp_path):
    given = {"test": scores.Scores("abc", {"action_f1": [0.5, 1 / 3]})}
    scores.write(tmp_path, given)
    found = scores.read(tmp_path)["test"]
    assert found.examples == "abc" and found.values == {"action_f1": [0.5, 0.333333]}
    assert scores.read(tmp_path / "nowhere") == {}
    (tmp_path / scores.NAME).write_text('{"test": {"other": 1}}')
    with pytest.raises(BadInput, match=r"scores\.json: damaged"):
        scores.read(tmp_path)


def test_the_question_of_a_row_is_its_first_comment():
    assert table.question("flagship", "90_smoke").startswith("A run of seconds")
    assert table.question("flagship", "nowhere") == ""
