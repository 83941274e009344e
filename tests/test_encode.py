"""The encoder: the public weights, the model card's pooling, the cache, prompts it refuses."""

import numpy as np
import pytest
import torch

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.flagship.encode import (
    MAX_PIECES,
    PIECE_WIDTH,
    check_prompt,
    encode,
    encode_uncached,
    surface,
    weights_digest,
)

PROMPTS = ["Log 200 mg of caffeine", 'Öffne 😀 `x` "y"', "a"]


def test_the_weights_are_the_public_ones():
    assert weights_digest().startswith("53aa5117")


def test_pooling_is_the_model_cards():
    from sentence_transformers import SentenceTransformer

    from sashimi.flagship.encode import model_folder

    theirs = SentenceTransformer(str(model_folder()), device="cpu").encode(PROMPTS)
    assert np.abs(encode_uncached(PROMPTS).pooled.numpy() - theirs).max() < 1e-5


def test_pieces_know_their_characters():
    encoded = encode_uncached(PROMPTS)
    at = encoded.pieces(0)
    assert [PROMPTS[0][a:b] for a, b in encoded.offsets[at].tolist()] == [
        *("Log", "200", "mg", "of"),
        *("caf", "fe", "ine"),
    ]
    assert encoded.states[at].shape == (7, PIECE_WIDTH)
    assert len(encoded) == 3
    assert int(encoded.starts[-1]) == len(encoded.states) == len(encoded.offsets)


def test_surface_features_by_hand():
    rows = surface('Say "Hi 5", ok', [(0, 3), (4, 5), (5, 7), (8, 9), (9, 10), (10, 11), (12, 14)])
    upper, digits, punctuation, after, before, begins, ends, inside = rows.bool().T.tolist()
    assert upper == [True, False, True, False, False, False, False]
    assert digits == [False, False, False, True, False, False, False]
    assert punctuation == [False, True, False, False, True, True, False]
    assert after == [False, False, True, False, False, True, False]
    assert before == [False, False, False, True, False, False, False]
    assert begins == [True, True, True, True, False, True, True]
    assert ends == [True, False, True, True, True, True, True]
    assert inside == [False, False, True, True, True, False, False]


def test_the_cache_gives_the_same_and_survives_damage(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    first = encode(PROMPTS)
    (file,) = tmp_path.glob("*.safetensors")
    again = encode(PROMPTS)
    assert all(
        torch.equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True)
    )
    file.write_bytes(b"not a tensor")
    assert torch.equal(encode(PROMPTS).pooled, first.pooled)


def test_a_digest_tells_lists_apart():
    assert cache.digest(["ab", "c"]) != cache.digest(["a", "bc"])


@pytest.mark.parametrize("prompt", ["", "  \n\t "])
def test_an_empty_prompt_is_refused(prompt):
    with pytest.raises(BadInput, match="prompt is empty"):
        check_prompt(prompt)


def test_a_prompt_of_ten_thousand_words_is_refused():
    with pytest.raises(BadInput, match=f"10000 words.*at most {MAX_PIECES}"):
        check_prompt("word " * 10_000)
    with pytest.raises(BadInput, match="at most"):
        check_prompt("a,b;" * 200)
    check_prompt("word " * MAX_PIECES)


def test_no_prompts_encode_to_nothing():
    assert encode_uncached([]).pooled.shape == (0, 384)
