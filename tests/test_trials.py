"""The small writer and its trials: batches, what is written, and what is made of the scores."""

from dataclasses import replace

import pytest
import torch

from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.prepared import IGNORED
from sashimi.program.ir.legal import Legality
from sashimi.studies.decoder_alone import decoder, tasks, trials
from sashimi.studies.decoder_alone.decoder import Recipe
from sashimi.ternary import ternary_layers

RECIPE = Recipe(iterations=30, batch=16, rate=5e-3, width=32, layers=1)


@pytest.fixture(scope="module")
def found():
    return tasks.material(corpora.load("builtin", limit=60), 0.25, 64, 0)


@pytest.fixture(scope="module")
def fitted(found, tmp_path_factory):
    train, dev = found.tasks["train"], found.tasks["dev"]
    folder = tmp_path_factory.mktemp("run")
    return decoder.fit(train, dev, RECIPE, len(found.vocabulary), 0, folder)


def test_a_batch_holds_its_examples_and_pads_what_nothing_asks(found):
    task = found.tasks["train"]
    batch = decoder.batch_of(task, [3, 0])
    for row, index in enumerate((3, 0)):
        own = list(task.tokens[index])
        assert batch.targets[row, : len(own)].tolist() == own
        assert (batch.targets[row, len(own) :] == IGNORED).all()
        assert batch.inputs[row, : len(own)].tolist() == [0, *own[:-1]]
    assert torch.equal(batch.vectors, task.vectors[[3, 0]])


def test_an_epoch_shows_every_full_batch_once_and_depends_on_its_seed(found):
    task = found.tasks["train"].first(48)
    batches = decoder.Batches(task, 16, 0)
    seen = torch.cat([batches(step).vectors for step in (1, 2, 3)])
    assert torch.equal(seen.sort(0).values, task.vectors.sort(0).values)
    assert torch.equal(decoder.Batches(task, 16, 0)(2).targets, batches(2).targets)
    others = decoder.Batches(task, 16, 1)
    assert not torch.equal(torch.cat([others(s).vectors for s in (1, 2, 3)]), seen)


def test_the_layers_end_ternary_and_the_twin_does_not():
    for ternary, share in ((True, 1.0), (False, 0.0)):
        recipe = replace(RECIPE, ternary=ternary)
        writer = decoder.SequenceDecoder(recipe, 8, 20)
        decoder.stage(writer, recipe, 1.0)
        assert {float(m.share) for _, m in ternary_layers(writer)} == {share}


def test_what_is_written_under_masks_is_legal_and_ends(found, fitted):
    vectors, words = found.tasks["test"].vectors, found.vocabulary
    for ids in decoder.write(fitted.network, vectors, trials.LONGEST, words, masked=True):
        state = Legality(words, trials.LONGEST)
        for token in ids:
            assert not state.done and state.mask()[token]
            state.advance(token)
        assert state.done and words.tokens[ids[-1]] == "END"


def test_written_freely_is_right_exactly_where_every_choice_is_right(found, fitted):
    task = found.tasks["train"]
    free = decoder.write(fitted.network, task.vectors, 80, found.vocabulary)
    assert tasks.exact(task, free) == decoder.forced(fitted.network, task)
    assert max(map(len, free)) <= 80


def test_one_seed_gives_one_writer(found, tmp_path):
    splits, size = found.tasks, len(found.vocabulary)
    recipe = replace(RECIPE, iterations=4)
    ends = [
        decoder.fit(splits["train"], splits["dev"], recipe, size, seed, tmp_path / name)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    first, again, other = (one.network.decoder.embed.weight for one in ends)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (tmp_path / "a" / "pab_profile.json").is_file()
    assert not (tmp_path / "a" / "checkpoint.safetensors").exists()


def trial(seed, dev, test, unseen):
    scores = {"dev": {"exact": dev}, "test": {"exact": test}, "test_unseen": {"exact": unseen}}
    return trials.Trial("plan", trials.ORACLE, seed, RECIPE, None, scores)


def test_seeds_are_averaged_before_programs_are_paired():
    ours = [trial(0, [1], [1, 0], [0, 0]), trial(1, [1], [1, 1], [0, 1])]
    theirs = [trial(0, [1], [0, 0], [0, 0])]
    assert trials.mean(ours, "test", "exact") == [1.0, 0.5]
    assert trials.table(ours, "test")["exact"].value == 0.75
    assert trials.difference(ours, theirs, "test", "exact").value == 0.75
    assert trials.lowest(ours, "exact") == [0.0, 0.5]
    assert trials.of([*reversed(ours)], "plan") == ours


def test_the_best_point_is_the_first_of_the_highest():
    points = [
        trials.SweepPoint(replace(RECIPE, rate=rate), dev, None, 1.0)
        for rate, dev in ((1, 0.2), (2, 0.4), (3, 0.4))
    ]
    assert trials.best(points).recipe.rate == 2


def test_the_same_training_is_not_done_twice(found, tmp_path):
    oracle = {split: task.vectors for split, task in found.tasks.items()}
    vectors = {trials.ORACLE: oracle, trials.ENCODER: oracle}
    runs = trials.DecoderRuns(found, vectors, 8, tmp_path, say=lambda line: None)
    recipe = replace(RECIPE, iterations=2)
    first = runs.trial("plan", recipe, 0)
    assert runs.fit("another name", recipe, 0, trials.ORACLE) is first.fitted
    assert runs.fit("plan", recipe, 0, trials.ENCODER) is not first.fitted
    assert set(first.scores) == set(trials.ASKED)
    assert {len(values) for one in first.scores.values() for values in one.values()} == {
        3,
        8,
    }  # all of the small one
    assert set(first.scores["test"]) == {"exact", "exact, no masks", "exact, right history"}
    floors = runs.floors(trials.ORACLE)
    assert sum(floors["1-nearest neighbour"]["test_unseen"]["exact"]) == 0
