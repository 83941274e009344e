"""Oracles, floors and values of true programs, against what can be worked out by hand."""

from collections import Counter

import pytest
import torch

from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.prepared import IGNORED
from sashimi.program import tiers
from sashimi.studies.decoder_alone import oracle, tasks


@pytest.fixture(scope="module")
def found():
    return tasks.material(corpora.load("builtin", limit=60), 0.25, 64, 0)


def test_features_are_tokens_pairs_and_places():
    assert oracle.features(("a", "a")) == Counter(
        {
            ("token", "a"): 2,
            ("pair", "<start>", "a"): 1,
            ("pair", "a", "a"): 1,
            ("place", "0", "a"): 1,
            ("place", "1", "a"): 1,
        }
    )


def test_an_oracles_vector_is_the_sum_of_its_features_directions():
    made = oracle.vectors([("a", "b")], ["one"], 32, 0.0, 7)[0]
    total = sum(oracle.direction(feature, 32, 7) for feature in oracle.features(("a", "b")))
    expected = torch.tensor(total / (total @ total) ** 0.5, dtype=torch.float32)
    assert torch.allclose(made, expected, atol=1e-6)


def test_a_vector_does_not_depend_on_its_company_and_noise_has_its_length():
    every = oracle.vectors([("a", "b"), ("c",)], ["one", "two"], 384, 0.5, 0)
    assert torch.equal(oracle.vectors([("c",)], ["two"], 384, 0.5, 0)[0], every[1])
    clean = oracle.vectors([("a", "b")], ["one"], 384, 0.0, 0)[0]
    # unit signal and noise of about half its length, nearly at right angles: tan = 0.5
    assert float(every[0] @ clean) == pytest.approx(1 / 1.25**0.5, abs=0.05)
    other = oracle.vectors([("a", "b")], ["elsewhere"], 384, 0.5, 0)[0]
    assert not torch.equal(other, every[0])


def test_an_empty_sequence_is_refused():
    with pytest.raises(ValueError, match="one: an empty sequence"):
        oracle.vectors([()], ["one"], 8, 0.0, 0)


def test_tasks_have_every_program_in_ids(found):
    for split, task in found.tasks.items():
        assert len(task) == len(found.examples[split]) == len(found.sequences[split])
        assert task.vectors.shape == (len(task), 64)
        for ids, tokens in zip(task.tokens, found.sequences[split], strict=True):
            assert len(ids) == len(tokens)
    assert all(IGNORED not in ids for ids in found.tasks["train"].tokens)


def test_tier_1_alone_is_the_skeleton_without_comments():
    found = tasks.material(corpora.load("builtin", limit=60), 0.0, 16, 0)
    for example, own in zip(found.examples["test"], found.sequences["test"], strict=True):
        assert own == tiers.skeleton(tiers.without_comments(example.program))


def test_floors_copy_the_most_frequent_and_the_nearest():
    vectors = torch.eye(4)[[0, 0, 1, 2]]
    train = tasks.Task(((1, 9), (1, 9), (2, 9), (3, 3, 9)), vectors)
    answers = tasks.floors(train, torch.eye(4)[[1, 2]], 9)
    assert answers["constant"] == [(1, 9), (1, 9)]
    assert answers["1-nearest neighbour"] == [(2, 9), (3, 3, 9)]


def test_the_linear_probe_reads_each_place_by_itself():
    directions = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    every = [(a, b) for a in range(3) for b in range(3)]
    vectors = torch.stack([directions[0, a] + directions[1, b] for a, b in every])
    held = (0, 2)
    kept = [i for i, pair in enumerate(every) if pair != held]
    tokens = tuple((every[i][0] + 1, every[i][1] + 4, 9) for i in kept)
    train = tasks.Task(tokens, vectors[kept])
    assert tasks.probe(train, vectors[[every.index(held)]], 9) == [(1, 6, 9)]


def test_exact_counts_whole_sequences_and_nothing_unknown():
    task = tasks.Task(((1, 2), (1, IGNORED), (3,)), torch.zeros(3, 2))
    assert tasks.exact(task, [[1, 2], [1, IGNORED + 1], [3, 9]]) == [1.0, 0.0, 0.0]
