"""Per-example dynamics by hand, and the curator on examples whose nature was planted."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.pab import curate, plots
from sashimi.pab.curate import CLASSES, Rules
from sashimi.pab.dynamics import Dynamics, cartography, margin
from sashimi.studies.trajectory import planted


def probe(**losses):
    """Trajectories of named loss curves, one checkpoint every 10 steps from 0."""
    recorder = Dynamics(list(losses))
    for t in range(len(next(iter(losses.values())))):
        recorder.record(10 * t, list(losses), [curve[t] for curve in losses.values()])
    return recorder.trajectories()


def test_the_recorder_keeps_ids_apart_and_holes_open():
    recorder = Dynamics()
    recorder.record(0, ["a", "b"], [1.0, None], correct=[True, False])
    recorder.record(5, ["b"], [2.0], margin=[0.5])
    recorder.record(5, ["c"], [math.inf])
    found = recorder.trajectories()
    assert found.ids == ("a", "b", "c") and found.steps.tolist() == [0, 5]
    np.testing.assert_array_equal(found.loss, [[1, np.nan], [np.nan, 2], [np.nan, np.nan]])
    np.testing.assert_array_equal(found.correct[:, 0], [1, 0, np.nan])
    assert found.margin[1, 1] == 0.5


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ((4, ["a"], [1.0]), "follows"),
        ((5, ["a"], [1.0]), "twice"),
        ((6, ["b", "b"], [1.0, 2.0]), "twice"),
        ((6, ["z"], [1.0]), "fixed probe set"),
        ((6, ["a"], [1.0, 2.0]), "shape"),
    ],
)
def test_bad_records_are_refused(call, said):
    recorder = Dynamics(["a", "b"])
    recorder.record(5, ["a"], [1.0])
    with pytest.raises(BadInput, match=said):
        recorder.record(*call)


def test_margin_by_hand():
    logits = [[3.0, 1.0, 2.0], [3.0, 1.0, 2.0], [3.0, 3.0, 0.0]]
    assert margin(logits, [0, 1, 1]).tolist() == [1.0, -2.0, 0.0]
    with pytest.raises(BadInput, match="labels"):
        margin([[1.0]], [0])


def test_cartography_by_hand():
    recorder = Dynamics(["learnt", "forgot", "never"])
    half, sure = math.log(2), 0.0
    right = [[0, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0]]
    for t in range(4):
        loss = [half if t < 2 else sure, half, None]
        recorder.record(t, ["learnt", "forgot", "never"], loss, right[t], [t, -1.0, None])
    found = cartography(recorder.trajectories())
    assert found["confidence"][:2] == pytest.approx([0.75, 0.5]) and math.isnan(
        found["confidence"][2]
    )
    assert found["variability"][:2] == pytest.approx([0.25, 0.0])
    assert found["correctness"] == pytest.approx([0.75, 0.5, 0.0])
    assert found["forgetting"][:2].tolist() == [0, 2] and math.isnan(found["forgetting"][2])
    assert found["aum"][:2] == pytest.approx([1.5, -1.0])


T = 13  # steps 0 to 120; the first third ends at 40, the last begins at 80


@pytest.mark.parametrize(
    ("curve", "kind", "rule"),
    [
        ([2.0, 0.8, *[0.1] * 11], "easy", "first third"),
        ([2.0 - 0.15 * t for t in range(T)], "hard-but-learnable", "learned late"),
        ([4.0 - 0.1 * t for t in range(T)], "hard-but-learnable", "still falling"),
        ([2.0 + 0.05 * (t % 2) for t in range(T)], "unlearnable", "neither"),
        ([2.0 + 0.05 * t for t in range(T)], "unlearnable", "neither"),
        ([2.0 if t % 2 else 4.0 for t in range(T)], "destabilizing", "swings"),
        ([2.0] * 5 + [None] * 8, "insufficient", "too few"),
        ([2.0] * 6 + [None] * 7, "insufficient", "too few"),  # covers less than half
    ],
)
def test_each_rule_fires(curve, kind, rule):
    others = {f"flat{i}": [2.0] * T for i in range(4)}
    found = curate(probe(example=curve, **others)).examples["example"]
    assert found.kind == kind
    assert rule in found.rule


def test_a_wide_slope_is_insufficient_evidence():
    noisy = [2.0, 2.0, 2.0, 2.0, 2.0, 1.2, 2.9, 1.1, 2.8, 1.0, 2.9, 1.1, 1.9]
    others = {f"flat{i}": [2.0] * T for i in range(4)}
    found = curate(probe(example=noisy, **others), Rules(least_swing=5.0)).examples["example"]
    assert (found.kind, found.rule) == ("insufficient", "the slope's interval is too wide")
    assert found.slope_low < 0 < found.slope_high


def test_a_common_spike_is_nobodys_fault():
    spike = [0.0] * 6 + [6.0] + [0.0] * 6
    curves = {f"e{i}": [2.0 + 0.01 * i + s for s in spike] for i in range(9)}
    curves["own"] = [2.0 + 6 * (t % 3 == 1) for t in range(T)]
    found = curate(probe(**curves)).examples
    assert found["own"].kind == "destabilizing"
    assert all(found[f"e{i}"].kind != "destabilizing" for i in range(9))


def test_a_steadily_improving_set_is_covered():
    rng = np.random.default_rng(0)
    curves = {
        f"e{i}": list(3.0 * np.exp(-rate * np.arange(T)) + 0.02 * rng.standard_normal(T))
        for i, rate in enumerate(rng.uniform(0.02, 0.5, 200))
    }
    report = curate(probe(**curves))
    assert report.coverage() > 0.99
    counts = report.counts()
    assert counts["easy"] + counts["hard-but-learnable"] >= 195


@pytest.fixture(scope="module", params=[(0, 0.02), (1, 0.02), (0, 0.1), (1, 0.1)], ids=str)
def report(request):
    return curate(planted.examples(*request.param))


def kinds(report, name):
    return Counter(e.kind for id, e in report.examples.items() if id.startswith(name))


def test_planted_examples_are_found(report):
    assert kinds(report, "wrong")["unlearnable"] >= 36  # of 40
    assert kinds(report, "copy")["easy"] == 20  # of 20
    assert kinds(report, "clean")["unlearnable"] <= 30  # of 300: clusters overlap
    for i in range(0, 20, 2):  # one input, two labels: never are both learned
        found = {report.examples[f"pair-{i}"].kind, report.examples[f"pair-{i + 1}"].kind}
        assert found - {"easy", "hard-but-learnable"}
    assert report.coverage() > 0.99


def test_wrong_labels_have_a_negative_area_under_the_margin(report):
    area = {
        name: [v["aum"] for id, v in report.map.items() if id.startswith(name)]
        for name in ("wrong", "clean")
    }
    assert max(area["wrong"]) < np.median(area["clean"])
    assert np.mean(area["wrong"]) < 0 < np.mean(area["clean"])


def test_the_report_is_strict_json_with_a_rule_for_each(report, tmp_path):
    raw = json.loads(report.save(tmp_path).read_text())
    assert (tmp_path / "difficulty_report.json").exists()
    assert sum(raw["counts"].values()) == len(raw["examples"]) == 380
    assert all(example["rule"] for example in raw["examples"].values())
    assert raw["coverage"] == report.coverage()


def test_filter_puts_every_id_in_one_place(report):
    chosen = report.filter(
        keep=["hard-but-learnable"],
        downsample=["easy"],
        flag_for_review=["unlearnable"],
        remove=["destabilizing"],
    )
    together = [*chosen.kept, *chosen.flagged, *chosen.removed]
    assert sorted(together) == sorted(report.examples)
    counts = report.counts()
    easy = [id for id in chosen.kept if report.examples[id].kind == "easy"]
    assert len(easy) == math.ceil(0.25 * counts["easy"])
    assert len(chosen.flagged) == counts["unlearnable"]
    assert chosen == report.filter(
        downsample=["easy"], flag_for_review=["unlearnable"], remove=["destabilizing"]
    )  # what is not named is kept, and the draw is seeded
    assert report.filter(downsample=CLASSES, share=0.0).kept == ()


@pytest.mark.parametrize(
    "wrong", [{"keep": ["simple"]}, {"keep": ["easy"], "remove": ["easy"]}, {"share": 2.0}]
)
def test_filter_refuses_what_it_does_not_understand(report, wrong):
    with pytest.raises(BadInput):
        report.filter(**wrong)


def test_nothing_to_sort_is_refused():
    with pytest.raises(BadInput, match="finite loss"):
        curate(probe(a=[None, None]))


def test_the_data_map_shows_every_class_with_its_number(report, tmp_path):
    figure = plots.data_map(report)
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    counts = report.counts()
    assert texts == [f"{kind} (n={counts[kind]})" for kind in CLASSES if counts[kind]]
    assert plots.save(figure, tmp_path / "map.png").stat().st_size > 5000
