"""The lab of notebook 00, on the network of the package."""

import os
import plistlib

import pytest

from sashimi import params, study
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import corpus as corpora
from sashimi.flagship import lab, learn, way
from sashimi.flagship.params import FlagshipParams

PROMPT = "set an alarm for 6:15 AM"
OUTSIDE = "who painted the ceiling of the chapel"


@pytest.fixture(scope="module")
def model():
    return lab.load()[0]


def test_an_answer_names_the_words_that_its_values_come_from(model):
    answer = lab.ask(model, PROMPT)
    assert len(answer.outcome.candidates) == lab.CANDIDATES
    assert "6:15 AM" in {copy.words for copy in answer.copies}
    shown = answer._repr_html_()
    assert "3. confidence" in shown and "admitted from" in shown and "6:15 AM" in shown


def test_what_is_refused_is_answered_only_when_told(model):
    refused = lab.ask(model, OUTSIDE)
    assert not refused.outcome.accepted and refused.copies == ()
    assert "refused" in refused._repr_html_()
    assert lab.ask(model, OUTSIDE, refuse=False).outcome.accepted


def test_nine_stages_in_order(model):
    table = lab.stages(model, PROMPT)
    assert list(table.index) == [
        "encode", "domain", "intent", "bridge", "decode", "fill", "lower", "check", "compile",
    ]  # fmt: skip
    assert "set an alarm for 6 : 15 am" in table.loc["encode", "comes out"].lower()
    assert table.notna().all().all() and (table != "").all().all()


def test_the_box_answers_and_writes(model, tmp_path):
    typed, controls, view = lab.box(model, PROMPT, tmp_path).children
    anyway, button, note = controls.children
    assert "6:15" in view.value
    button.click()
    (path,) = tmp_path.iterdir()
    assert path.name == "set-an-alarm-for-6-15-am.shortcut" and str(path) in note.value
    assert plistlib.loads(path.read_bytes())["WFWorkflowActions"]
    typed.value = OUTSIDE
    assert "refused" in view.value and note.value == ""
    button.click()
    assert "nothing to write" in note.value
    anyway.value = True
    assert "refused" not in view.value
    typed.value = "  "
    assert "prompt" in view.value and len(list(tmp_path.iterdir())) == 1


def test_latest_is_the_newest_finished_run(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "root", lambda: tmp_path)
    monkeypatch.setattr(way, "load", lambda folder: folder.name)
    with pytest.raises(BadInput, match="no finished run"):
        lab.load(lab.LATEST)
    for seed, made in ((0, 30), (1, 20), (2, 40)):
        folder = tmp_path / "reports" / "flagship" / "row" / f"seed{seed}"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
        if seed < 2:
            (folder / study.MODEL).write_text("")
        os.utime(folder / "result.json", (made, made))
    assert lab.load(lab.LATEST)[0] == "seed0"
    assert lab.load("reports/flagship/row/seed1")[0] == "seed1"
    monkeypatch.chdir(tmp_path / "reports")
    assert lab.load("flagship/row/seed2")[0] == "seed2", "also from where one is"


def test_a_run_is_packed_so_that_its_stages_can_be_shown(tmp_path):
    model, which = lab.load(str(run_of_seconds(tmp_path)))
    assert which.endswith("packed as the package's network is")
    table = lab.stages(model, "Set an alarm for 6:15 AM")
    assert not table["comes out"].str.contains("not kept").any()


def run_of_seconds(folder):
    """A run that can be packed: no neighbours, no candidates."""
    settings = params.load(root() / "params" / "flagship" / "90_smoke.yaml", FlagshipParams)
    settings = settings.model_copy(update={"neighbours": 0, "candidates": 1, "planned": False})
    few = corpora.load(settings.corpus, limit=settings.limit)
    learn.learn(few, settings, folder, say=lambda line: None)
    return folder
