"""The map of prompts: outcomes of a run on the same examples, the figure, the page."""

import json
import re

import numpy as np
import pytest

from sashimi import maps, scores
from sashimi.flagship.data import corpus
from sashimi.studies.encoder import layout
from sashimi.studies.encoder.separation import unit


@pytest.fixture(scope="module")
def data():
    return corpus.load("builtin", limit=40)


def test_outcomes_are_those_of_a_run_on_the_same_examples(data, tmp_path):
    assert layout.outcomes(tmp_path, data) == {}
    n = len(data.dev)
    values = {
        "program_exact": [1.0] + [0.0] * (n - 1),
        "skeleton_exact": [1.0] * 2 + [0.0] * (n - 2),
    }
    scores.write(
        tmp_path,
        {
            "dev": scores.Scores(corpus.digest(data.dev), values),
            "dev/constant": scores.Scores(corpus.digest(data.dev), dict.fromkeys(values, n * [0])),
            "test": scores.Scores("of other examples", values),
        },
    )
    found = layout.outcomes(tmp_path, data)
    assert set(found) == {example.id for example in data.dev}
    assert [found[e.id] for e in data.dev[:3]] == ["program exact", "skeleton exact", "wrong"]


def test_every_point_is_in_a_panels_legend(data):
    points = np.random.default_rng(0).normal(size=(len(data.train), 2))
    panels = {
        "domain": [e.domain for e in data.train],
        "length": [layout.length(e) for e in data.train],
    }
    drawn = maps.figure(points, panels, layout.ORDER)
    for axes, classes in zip(drawn.axes, panels.values(), strict=True):
        told = [text.get_text() for text in axes.get_legend().get_texts()]
        assert len(told) == len(set(classes))
        assert sum(int(re.search(r"\((\d+)\)$", t)[1]) for t in told) == len(points)


def test_the_page_holds_its_data_and_nothing_of_a_prompt_is_markup():
    texts = ["</script><b>x", 'say "hi"']
    page = maps.page(np.array([[0, 0], [1, 1]]), texts, {"domain": ["a", "b"]})
    data = json.loads(re.search(r"const data = (.*);\n", page)[1])
    assert data["texts"] == texts and data["panels"]["domain"]["of"] == [0, 1]
    assert page.count("</script>") == 1 and "http" not in page


@pytest.mark.slow
def test_a_layout_is_the_same_again(tmp_path, monkeypatch):
    vectors = unit(np.random.default_rng(0).normal(size=(60, 8))).astype(np.float32)
    layouts = []
    for folder in ("a", "b"):
        monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path / folder))
        layouts.append(maps.umap(vectors, 5, seed=0, metric="cosine"))
    assert layouts[0].shape == (60, 2) and np.array_equal(*layouts)
