"""Attention by word, its agreement with ablation, and neighbours in the bottleneck."""

import numpy as np
import pytest

from sashimi.runtime import shipped
from sashimi.studies.trajectory import inside, looks


def removed(prompt, word, lost):
    return inside.Removed(prompt, word, False, True, True, lost)


def test_pieces_are_summed_over_the_words_that_hold_them():
    offsets = [(0, 2), (3, 7), (7, 9), (10, 12)]  # "up", "stai", "rs", "up"
    summed = looks.by_word("up stairs up", offsets, np.array([0.1, 0.2, 0.3, 0.4]))
    assert summed == pytest.approx([0.1, 0.5, 0.4])


def test_attention_agrees_with_ablation_or_not(monkeypatch):
    seen = {"a b c": [0.1, 0.2, 0.3], "d e f": [0.1, 0.2, 0.3], "g h": [0.5, 0.1]}
    monkeypatch.setattr(looks, "attention", lambda model, prompt: np.array(seen[prompt]))
    taken = [removed("a b c", w, x) for w, x in zip("abc", (1, 2, 3), strict=True)]
    taken += [removed("d e f", w, x) for w, x in zip("def", (1, 3, 2), strict=True)]
    taken += [removed("g h", w, x) for w, x in zip("gh", (1, 2), strict=True)]
    found = looks.agreement(None, taken)
    assert found["rank correlation"].value == pytest.approx((1 + 0.5) / 2)
    assert found["same first word"].value == 0.5 and found["same first word"].n == 2
    assert found["same by chance"] == pytest.approx(1 / 3)


def test_neighbours_of_the_same_class_are_counted_beyond_chance():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=float)
    assert looks.alike(vectors, ["a", "a", "b", "b"], 1).value == pytest.approx(1 - 1 / 3)
    assert looks.alike(vectors, ["a", "b", "a", "b"], 1).value == pytest.approx(-1 / 3)
    assert looks.alike(vectors, ["a", "b", "a", "b"], 3).value == pytest.approx(0)


def test_looking_changes_no_answer_and_attention_is_a_share():
    model = shipped.load()
    prompt = "turn the wifi off"
    before = model.generate(prompt).text
    shares = looks.attention(model, prompt)
    assert shares.shape == (4,) and (shares > 0).all() and shares.sum() < 1
    assert model.generate(prompt).text == before
    vectors = looks.bottleneck(model, [prompt, "vibrate"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)


def test_trits_of_actions_are_those_of_the_quantiser():
    names, signs, cosines = inside.patterns(3)
    packed = shipped.read()
    vector = packed.array("network/decoder.embed.weight")[
        list(packed.facts["vocabulary"]["tokens"]).index(f"ACTION {names[0]}")
    ]
    assert len(names) == len(signs) == 3
    edge = 0.5 * np.abs(vector).mean()
    assert signs[0].tolist() == [int(np.sign(x)) * (abs(x) > edge) for x in vector]
    assert (cosines > 0.7).all() and (cosines < 1).all()
