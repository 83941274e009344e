"""What a prompt says whatever the order: which values it names, which actions it calls for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sashimi.flagship import pack, people, tags, way
from sashimi.flagship.people import splits
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime import fusion
from sashimi.runtime.fusion import NAMED, SURE, TOLD, Fusion, Tags, without
from sashimi.runtime.layers import Dense

WORDS = (
    "ACTION vibrate",
    '="Large"',
    '="ExtraLarge"',
    '="SHA1"',
    '="on"',
    '="×"',
    '="Side-by-Side"',
)
PROMPT = "vibrate twice"


def saying(*odds):
    """Tags that tell of the first tokens the same for every prompt; two dimensions of vectors."""
    zeros, count = np.zeros(4, np.float32), len(odds)
    enter = Dense(np.zeros((4, 3), np.float32), np.float32(0))
    leave = Dense(np.zeros((3, count), np.float32), np.array(odds, np.float32))
    return Tags(zeros, zeros + 1, enter, leave, np.arange(count))


def named(prompt):
    made = Fusion.of(saying(0), Vocabulary(WORDS, {}))
    return [WORDS[token] for token in made.named(prompt)]


@pytest.mark.parametrize(
    ("prompt", "values"),
    [
        ("make the letters extra large", ['="ExtraLarge"']),
        ("EXTRA-LARGE, or large?", ['="ExtraLarge"']),
        ("large letters", ['="Large"']),
        ("the SHA-1 of my clipboard", ['="SHA1"']),
        ("hash it with sha1", ['="SHA1"']),
        ("two photos side by side", ['="Side-by-Side"']),
        ("turn it on", ['="on"']),
        ("one large song", ['="Large"']),
        ("", []),
    ],
)
def test_values_that_a_prompt_names(prompt, values):
    assert named(prompt) == values


def test_gains_by_hand():
    made = Fusion.of(saying(2, -9), Vocabulary(WORDS, {}))
    vectors = [(np.ones(2, np.float32), np.ones((1, 3), np.float32))] * 2
    gains = made(["large", "vibrate"], vectors)
    assert gains.shape == (2, len(WORDS)) and gains.dtype == np.float32
    wanted = np.zeros((2, len(WORDS)))
    wanted[:, 0], wanted[:, 1] = 2 * TOLD, -SURE * TOLD
    wanted[0, 1] += NAMED
    np.testing.assert_allclose(gains, wanted, rtol=1e-6)


def test_what_stands_gains_nothing_more():
    gains = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(without(gains, [[], [2, 0, 2]]), [[1, 1, 1], [0, 1, 0]])


def test_features_of_a_prompt_and_of_one_without_words():
    pooled, states = np.array([0.6, 0.8]), np.array([[1.0, -2.0, 99.0], [0.0, -1.0, 99.0]])
    np.testing.assert_allclose(fusion.features(pooled, states), [0.6, 0.8, 1, -1], rtol=1e-6)
    assert np.isfinite(fusion.features(pooled, states[:0])).all()


@pytest.mark.parametrize("load", [way.load, pack.read], ids=["numpy", "torch"])
def test_decoding_writes_what_gains_most_and_only_once(load):
    model = load()
    token = model.vocabulary.tokens.index("ACTION vibrate")
    sure = replace(model.fusion.tags, tokens=np.array([token]), leave=lambda x: x[:, :1] * 0 + 99)
    plain = replace(model, fusion=None).generate("flashlight on", refuse=False)
    assert plain.text.count("vibrate") == 0
    before, fusion.TOLD = fusion.TOLD, 20.0
    try:
        pushed = replace(model, fusion=replace(model.fusion, tags=sure))
        assert pushed.generate("flashlight on", refuse=False).text.count("ACTION vibrate") == 1
    finally:
        fusion.TOLD = before


def test_tags_learn_which_actions_a_prompt_calls_for():
    model = pack.read()
    wanted = ("ACTION vibrate", "ACTION weather.forecast")
    pairs = [e for e in splits.load().train if len(tags.tags_of(e) & set(wanted)) == 1][:48]
    state = torch.get_rng_state()
    arrays = tags.learn(pairs, model.network, model.vocabulary, seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    kinds = {name: (kind, array.shape) for name, (kind, array) in arrays.items()}
    count = len(arrays["tags/tokens"][1])
    assert kinds["tags/enter.weight"] == ("int8", (tags.HIDDEN, 768))
    assert kinds["tags/leave.weight"] == ("int8", (count, tags.HIDDEN))
    known = [model.vocabulary.tokens[t] for t in arrays["tags/tokens"][1]]
    assert set(wanted) <= set(known)
    assert all(t in tags.BLOCKS or t.startswith("ACTION ") for t in known)
    dense = {
        name: Dense(arrays[f"tags/{name}.weight"][1].T, arrays[f"tags/{name}.bias"][1])
        for name in ("enter", "leave")
    }
    plain = {name: arrays[f"tags/{name}"][1] for name in ("centre", "spread", "tokens")}
    encoded = model.network.admission([e.prompt for e in pairs])
    rows = [
        fusion.features(p.numpy(), encoded.states[encoded.pieces(i)].float().numpy())
        for i, p in enumerate(encoded.pooled)
    ]
    odds = Tags(**dense, **plain)(np.stack(rows))
    for tag in wanted:
        column, there = known.index(tag), np.array([tag in tags.tags_of(e) for e in pairs])
        right = odds[there, column][:, None] > odds[~there, column]
        assert right.mean() > 0.9


def test_the_package_has_tags_for_most_of_what_it_writes():
    whole = way.load()
    told = {whole.vocabulary.tokens[t] for t in whole.fusion.tags.tokens}
    asked = {tag for item in people.test() for tag in actions(item)} & {*whole.vocabulary.tokens}
    assert len(asked & told) / len(asked) > 0.9


def actions(item):
    return {f"ACTION {step.name}" for step in item.golds[0].body if hasattr(step, "params")}
