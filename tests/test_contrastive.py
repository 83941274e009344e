"""Contrastive fine-tuning: the loss by hand, the block equal to the encoder's, pairs that learn."""

import math

import numpy as np
import torch

from sashimi.bert import Bert
from sashimi.encode import encode_uncached, model_folder
from sashimi.flagship.data import corpus
from sashimi.studies.encoder.contrastive import (
    Block,
    Recipe,
    below,
    held_out,
    info_nce,
    pairs,
    train_block,
    train_map,
    worth,
)
from sashimi.studies.encoder.separation import label, unit

PROMPTS = ["Turn on the light", "Switch the lamp on", "Play some music", "Put on a song"]


def test_pairs_stay_within_a_program():
    assert pairs(np.array([0, 0, 1, 0, 2, 2]), [0, 1, 2, 3, 4]) == [(0, 1), (1, 3)]


def test_the_loss_by_hand():
    a = torch.eye(2)
    right = -math.log(math.exp(2) / (math.exp(2) + 1))
    assert math.isclose(float(info_nce(a, a, 0.5)), right, rel_tol=1e-5)
    wrong = -math.log(1 / (math.exp(2) + 1))
    assert math.isclose(float(info_nce(a, a.flip(0), 0.5)), wrong, rel_tol=1e-5)


def test_the_last_block_over_the_states_below_is_the_encoder():
    bert = Bert.load(model_folder() / "model.safetensors", packed=False)
    states = below(bert, PROMPTS[:2])
    block = Block(bert.layers[-1])
    ours = [block(state[None]).mean(1)[0].detach() for state in states]
    vectors = torch.nn.functional.normalize(torch.stack(ours), dim=-1)
    assert (vectors - encode_uncached(PROMPTS[:2]).pooled).abs().max() < 1e-5


def test_the_block_learns_what_it_is_shown():
    recipe = Recipe(epochs=8, rate=3e-4, batch=2, temperature=0.1, seed=0)
    tuned = train_block(PROMPTS, [(0, 1), (2, 3)], recipe)
    before, after = encode_uncached(PROMPTS).pooled.numpy(), tuned.apply(range(4))
    assert tuned.losses[-1] < tuned.losses[0] / 2
    assert after[0] @ after[1] - after[0] @ after[2] > before[0] @ before[1] - before[0] @ before[2]
    assert tuned.trained == 12 * 384**2 + 13 * 384
    assert np.allclose(np.linalg.norm(after, axis=1), 1, atol=1e-5)


def test_a_map_ignores_a_coordinate_that_only_disturbs():
    rng = np.random.default_rng(0)
    signal, noise = rng.normal(size=(40, 8)).repeat(2, 0), 4 * rng.normal(size=(80, 2))
    vectors = unit(np.hstack([signal, noise])).astype(np.float32)
    recipe = Recipe(epochs=30, rate=0.02, batch=16, temperature=0.1, seed=0)
    couples = pairs(np.arange(80) // 2, range(60))
    tuned = train_map(vectors, couples, recipe)
    held = [(i, i + 1) for i in range(60, 80, 2)]
    before = np.mean([vectors[a] @ vectors[b] for a, b in held])
    mapped = tuned.apply(range(80))
    assert np.mean([mapped[a] @ mapped[b] for a, b in held]) > before + 0.2
    again = train_map(vectors, couples, recipe)
    assert np.array_equal(again.apply(range(80)), mapped)


def test_no_skeleton_is_learned_from_and_measured_on():
    skeletons = np.array([0, 0, 1, 2, 2, 3, 9])
    fit, held = held_out(skeletons, range(6), 0.5, seed=1)
    assert sorted(fit + held) == list(range(6)) and fit and held
    assert not {skeletons[i] for i in fit} & {skeletons[i] for i in held}
    assert (fit, held) == held_out(skeletons, range(6), 0.5, seed=1)


def test_vectors_that_know_the_action_are_worth_more():
    found = label(corpus.load("builtin", limit=80).train[:60])
    names = sorted(set(found.actions))
    rng = np.random.default_rng(0)
    telling = np.array([np.eye(len(names))[names.index(name)] for name in found.actions])
    noise = unit(rng.normal(size=telling.shape))
    rows = list(range(40)), list(range(40, 60))
    told, blind = worth(telling, found, *rows), worth(noise, found, *rows)
    known = [found.actions[row] in found.actions[:40] for row in rows[1]]
    assert [bool(s) for s in told["nearest_shares_action"]] == known
    assert np.mean(told["probe_action_f1"]) > np.mean(blind["probe_action_f1"])
