"""The matrix as sections: courses of pairs, failures, confidence, prediction."""

import numpy as np
import pytest
from test_ablate_table import NO_CARD, leave

from sashimi import result
from sashimi.ablate import figure, overlays, questions, table
from sashimi.ablate import sections as compared
from sashimi.ablate.questions import Question
from sashimi.files import write_json
from sashimi.flagship.judge import sections
from sashimi.flagship.study import STUDY
from sashimi.pab import Tracker
from sashimi.report import page

ASKED = [
    Question(
        "ternary", "Do they cost?", "flagship", "00_full", "10_cont", metric="action_f1",
        trajectory=("train_loss", "stability", "domains"),
    )
]  # fmt: skip


def run(reports, row, seed, value, facts=None, slope=0.1, **params):
    """A finished run with a trajectory: two domains, of which "b" falls from 0.9 to 0.5."""
    folder = leave(reports, row, seed, value, **{"bridge_width": 128} | params)
    tracker = Tracker(folder, seed=seed, interval=10)
    weights = np.ones(100, dtype=np.int8)
    for place in range(1, 9):
        weights = weights.copy()
        weights[: max(0, 8 - place)] *= -1
        tracker.record(
            10 * place,
            train_loss=3.0 * np.exp(-slope * place) + seed / 100,
            val_loss=3.1 * np.exp(-slope * place),
            domains={"a": (5 + place // 2, 10), "b": (9 if place < 5 else 5, 10)},
            trits=[("w", weights)],
        )
    tracker.finish()
    if facts:
        record = result.read(folder / result.NAME)
        result.write(folder, record | {"facts": facts})
    return folder


def matrix(reports, seeds=2):
    def facts(right):
        counted = {"right": right, "value": 10 - right}
        failed = {"all": counted, "domain": {"a": {"right": right}, "b": {"value": 10 - right}}}
        curve = {"coverage": [0.5, 1.0], "risk": [0.1, 1 - right / 10]}
        return {"failures": {"test": failed}, "confidence": {"test": curve}}

    for seed in range(seeds):
        run(reports, "00_full", seed, 0.5 + seed / 50, facts(6 + seed), slope=0.3)
        run(reports, "10_cont", seed, 0.6 + seed / 40, facts(8), slope=0.2, ternary=False)
        run(reports, "31_bridge", seed, 0.4 + seed / 30, slope=0.1, bridge_width=32)
    return table.read(reports)


def test_the_courses_of_a_pair_are_those_of_its_seeds(tmp_path):
    rows = matrix(tmp_path)
    (answer,) = questions.answers(rows, ASKED)
    found = overlays.pair(answer)
    assert {row: len(seeds) for row, seeds in found.rows.items()} == {"00_full": 2, "10_cont": 2}
    drawn = overlays.course(answer)
    assert [axis.get_ylabel() for axis in drawn.axes if axis.get_visible()] == [
        "training loss", "stability (relative change)",
    ]  # fmt: skip
    ((group, losses),) = overlays.losses(answer)
    (axis,) = losses.axes
    assert group == "domains"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert sorted({round(bar.get_width(), 6) for bar in axis.patches}) == [0.0, 0.4]
    assert "domains unstable beyond noise" in overlays.unstable(found.rows["00_full"], "domains")
    for path in tmp_path.rglob("10_cont/*/pab_profile.json"):
        path.unlink()
    assert overlays.course(answer) is None and overlays.losses(answer) == []


def test_the_bottleneck_needs_two_widths_and_nothing_else_changed(tmp_path):
    rows = matrix(tmp_path)
    drawn = sections.bottleneck(rows, "action_f1")
    points = drawn.axes[2].lines[0]
    assert list(points.get_xdata()) == [32, 32, 128, 128]
    assert sorted(points.get_ydata()) == pytest.approx([0.4, 0.4 + 1 / 30, 0.5, 0.52], abs=1e-6)
    assert sections.bottleneck([row for row in rows if row.name != "31_bridge"]) is None


def test_regimes_say_how_many_runs_took_which_course(tmp_path):
    lines = {line["row"]: line for line in overlays.regimes(matrix(tmp_path))}
    assert set(lines) == {"00_full", "10_cont", "31_bridge"}
    full = lines["00_full"]
    assert full["runs"] == 2 and full["regime"].endswith("× 2")
    # the loss falls by the factor exp(-0.3) at each of seven steps, but for the seed's 0.01
    assert full["stability, first half"] == pytest.approx(1 - np.exp(-0.3), abs=0.01)


def test_prediction_waits_for_enough_runs(tmp_path):
    assert overlays.predictive(matrix(tmp_path / "few")) == []
    rows = matrix(tmp_path / "many", seeds=3)
    assert overlays.ended(rows) == [], "what decides is not measured here"


def test_failures_of_all_seeds_are_added_up(tmp_path):
    rows = {row.name: row for row in matrix(tmp_path)}
    found = sections.failed(rows["00_full"], "test")
    assert found["all"] == {"right": 13, "value": 7}
    assert found["domain"] == {"a": {"right": 13}, "b": {"value": 7}}
    assert (
        sections.failed(rows["31_bridge"], "test") == {} == sections.failed(rows["00_full"], "dev")
    )
    (axis,) = sections.stages({"a": {"right": 3, "value": 1}, "b": {"value": 2}}).axes
    widths = [round(bar.get_width(), 6) for bar in axis.patches if bar.get_height() < 1]
    assert sorted(widths) == [0.0, 0.0, 0.0, 0.25, 0.75, 1.0], "shares of each name, and the legend"


def test_confidence_is_the_mean_of_the_seeds(tmp_path):
    rows = matrix(tmp_path)
    (axis,) = sections.confident(rows, "test").axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axis.lines}
    assert lines["00_full, 2 seeds"] == pytest.approx([0.1, 0.35])
    assert lines["10_cont, 2 seeds"] == pytest.approx([0.1, 0.2])
    assert sections.confident(rows, "dev") is None


def test_the_page_shows_what_there_is_and_leaves_out_what_is_not(tmp_path):
    rows = matrix(tmp_path)
    found = compared.compared(rows, questions.answers(rows, ASKED), tmp_path)["flagship"]
    assert [section.title for section in found] == [
        "Questions and answers", "What each change is worth", "How they learned",
    ]  # fmt: skip
    drawn = list(sections.sections([run for row in rows for run in row.runs], STUDY))
    html = page.render(
        [page.Chapter("Flagship", "Does it?", NO_CARD, [*found, *drawn])], [], [], tmp_path
    )
    assert 'href="flagship/10_cont/seed1/result.json">seed 1</a>' in html
    assert "Do they cost? builtin, 00_full beside 10_cont." in html
    assert "test, 00_full by domain." in html and "10_cont by domain" not in html


def test_the_answers_are_drawn_with_those_that_have_none(tmp_path):
    rows = matrix(tmp_path)
    asked = [*ASKED, Question("later", "?", "flagship", "90_never", "00_full")]
    (axis,) = figure.answers(questions.answers(rows, asked)).axes
    told = [text.get_text() for text in axis.texts]
    assert len(told) == 2 and told[1] == "not run: 90_never"
    with pytest.raises(ValueError, match="no question is answered"):
        figure.answers(questions.answers(rows, asked[1:]))


def test_a_run_that_ended_early_keeps_its_reason_in_the_table(tmp_path):
    rows = matrix(tmp_path)
    write_json(rows[0].runs[0].folder / result.EXIT, {"step": 4, "case": 1, "reason": "flat"})
    assert table.read(tmp_path)[0].early == {0: "stopped early at step 4, case 1: flat"}
