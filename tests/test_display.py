"""Values that show themselves: escaped, short, and what is missing stays visible."""

import math
from pathlib import Path

from sashimi import display, result
from sashimi.flagship.answer.check import Checked
from sashimi.flagship.answer.outcome import Candidate, Outcome
from sashimi.flagship.model.frame import SemanticFrame
from sashimi.gates import Gate
from sashimi.pab.profile import Origin, Profile
from sashimi.program import parse
from sashimi.report.read import Run
from sashimi.statistics import Interval

TEXT = 'SHORTCUT "A <b>"\nACTION is.workflow.actions.vibrate\n'


def test_an_interval_shows_its_ends_and_its_n():
    shown = Interval(0.5, 0.25, 0.75, 8)._repr_html_()
    assert shown == "<b>0.500</b> [0.250, 0.750] <small>n = 8</small>"
    assert "n/a" in Interval(math.nan, math.nan, math.nan, 0)._repr_html_()


def test_a_verdict_shows_its_word_and_its_reason():
    gate = Gate("a <gate>", "m", at_least=0.5, min_n=1)
    shown = gate.judge([0.75])._repr_html_()
    assert "go</b>" in shown and "a &lt;gate&gt;: 0.75, threshold 0.5; clears" in shown
    assert "not-evaluable</b>" in gate.judge([None])._repr_html_()


def test_a_profile_shows_its_numbers():
    origin = Origin("completed", 3, None, 10, True, {}, "", 1.0, 0.1)
    profile = Profile(
        origin, {"train_loss": ()}, {}, {}, {}, {}, {}, numbers={"half_life": 0.12345}
    )
    assert "half life" in profile._repr_html_() and "0.1235" in profile._repr_html_()


def outcome(**kwargs):
    frame = SemanticFrame("device", "vibrate", ("<now>",), (), "1–2")
    candidate = Candidate.of(Checked(parse(TEXT), TEXT, [], {}), -0.5, 0.6)
    return Outcome.of("buzz <i>me</i>", 0.9, 0.3, 0.01, frame, [candidate])


def test_an_outcome_shows_picture_confidence_and_score():
    shown = outcome()._repr_html_()
    assert "buzz &lt;i&gt;me&lt;/i&gt;" in shown and "&lt;now&gt;" in shown
    assert "score 0.900, admitted from 0.300" in shown and "0.600" in shown
    assert "A &lt;b&gt;" in shown and "meaning is not checked" in shown and "<script" not in shown
    refused = Outcome.refused("who?", 0.1, 0.3, 0.01)._repr_html_()
    assert "refused: who?" in refused and "out of domain" in refused


def test_a_result_shows_its_numbers_and_gates():
    record = dict.fromkeys(result.FIELDS) | {
        "study": "s", "row": "r", "seed": 0, "command": "run & see",
        "metrics": {"test": {"ours": {"right": {"value": 0.5, "low": 0.25, "high": 1, "n": 4}}}},
    }  # fmt: skip
    shown = Run(Path("x"), record)._repr_html_()
    assert (
        "s/r/seed0" in shown and "right 0.500 [0.250, 1.000]" in shown and "run &amp; see" in shown
    )


def test_a_table_escapes_what_it_is_given():
    assert "&lt;x&gt;" in display.table("<t>", [("<n>", "<x>")])
    assert "<n>" not in display.table("<t>", [("<n>", "<x>")])
