"""The encoder: the public weights, the model card's pooling, the cache, prompts it refuses."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sashimi import bert, cache
from sashimi.encode import batches, encode, encode_uncached, weights_digest
from sashimi.errors import BadInput
from sashimi.pieces import (
    MAX_PIECES,
    PIECE_WIDTH,
    check_prompt,
    model_folder,
    surface,
    token_ids,
)

PROMPTS = ["Log 200 mg of caffeine", 'Öffne 😀 `x` "y"', "a"]


def test_the_weights_are_the_public_ones():
    assert weights_digest().startswith("53aa5117")


def test_pooling_is_the_model_cards():
    from sentence_transformers import SentenceTransformer

    prompts = [*PROMPTS, "b", "word " * 400]
    theirs = SentenceTransformer(str(model_folder()), device="cpu").encode(prompts)
    assert np.abs(encode_uncached(prompts).pooled.numpy() - theirs).max() < 1e-5


def test_both_layouts_of_the_weights_give_the_published_states():
    from transformers import BertModel

    ids = torch.tensor(token_ids([PROMPTS[0]] * 2))
    theirs = BertModel.from_pretrained(model_folder(), add_pooling_layer=False).eval()
    with torch.inference_mode():
        expected = theirs(ids).last_hidden_state
    for packed in {False, torch.backends.mkldnn.is_available()}:
        ours = bert.Bert.load(model_folder() / "model.safetensors", packed)(ids)
        assert (ours - expected).abs().max() < 1e-5


def test_operations_by_hand():
    assert bert.flops(1) == 6 * 2 * (4 * 384 * 384 + 2 * 384 * 1536 + 2 * 384)
    assert bert.flops(20) == 6 * 2 * (20 * 12 * 384 * 384 + 2 * 400 * 384)


def same(first, again) -> bool:
    pairs = zip(vars(first).values(), vars(again).values(), strict=True)
    return all(b is None if a is None else torch.equal(a, b) for a, b in pairs)


@given(st.lists(st.integers(1, 9)), st.integers(1, 20))
def test_a_batch_has_one_length_and_keeps_to_its_budget(lengths, budget):
    made = list(batches(lengths, budget))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    for batch in made:
        assert len({lengths[i] for i in batch}) == 1
        assert len(batch) == 1 or sum(lengths[i] for i in batch) <= budget


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
    upper, digits, punctuation, after, before, begins, ends, inside = rows.astype(bool).T.tolist()
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
    assert same(first, again)
    file.write_bytes(b"not a tensor")
    assert torch.equal(encode(PROMPTS).pooled, first.pooled)


@pytest.mark.parametrize("encoder", ["adapted", "fine_tuned", "scratch"])
def test_a_trained_encoder_reads_the_markers_too(encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    encoded = encode(PROMPTS, encoder=encoder)
    assert same(encoded, encode(PROMPTS, encoder=encoder))
    assert same(encoded, encode_uncached(PROMPTS, encoder))
    assert len(encoded.raw) == len(encoded.states) + 2 * len(PROMPTS)
    batch = encoded.padded([2, 0])
    assert batch.raw.shape[:2] == (2, 9)  # seven word pieces, two markers
    assert batch.pieces.sum(1).tolist() == [1, 7]
    assert (batch.raw[0, 3:] == 0).all()
    alone = encode_uncached(PROMPTS[:1], encoder).raw
    assert torch.allclose(batch.raw[1], alone.to(batch.raw.dtype), atol=1e-3)
    if encoder == "scratch":
        assert alone.tolist() == token_ids(PROMPTS[:1])[0]


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
