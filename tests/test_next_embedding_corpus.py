import numpy as np
import pytest

from sashimi import encode
from sashimi.errors import BadInput
from sashimi.studies.next_embedding import corpus, texts
from sashimi.studies.next_embedding.params import CorpusParams


def made(*names, words=600):
    return [(name, " ".join(f"{name}{i}" for i in range(words))) for name in names]


def test_chunks_are_sixty_words_cut_at_500_letters_and_drop_the_rest():
    words = [f"w{i}" for i in range(150)]
    assert texts.chunks(" ".join(words)) == [" ".join(words[:60]), " ".join(words[60:120])]
    assert [len(chunk) for chunk in texts.chunks("letters-letters " * 60)] == [500]
    assert texts.chunks("too short") == []


def test_near_duplicates_are_found_at_any_offset_and_through_others():
    (_, a), (_, b), (_, c), (_, d) = made("a", "b", "c", "d")
    quoted = " ".join(a.split()[100:170])
    shifted = " ".join(b.split()[:33]) + " " + quoted.upper() + " " + b
    chained = c + " " + " ".join(b.split()[-60:])
    found = [("a", a), ("b", shifted), ("c", chained), ("d", d)]
    assert texts.shared_runs(found) == {(0, 1): 11, (1, 2): 1}  # 70 - 59 and 60 - 59 runs
    one, two, three, four = texts.groups(found)
    assert one == two == three != four
    short = [("a", a), ("b", " ".join(a.split()[:59]))]
    assert not texts.shared_runs(short)


def test_a_group_is_on_one_side_and_the_split_does_not_depend_on_order():
    found = made(*(f"doc{i}" for i in range(12)))
    found[3] = ("doc3", found[3][1] + " " + found[7][1])
    parts = corpus.split(found)
    side = {name: part for part, own in parts.items() for (name, _), _ in own}
    assert len(side) == 12 and side["doc3"] == side["doc7"]
    again = corpus.split(found[::-1])
    assert side == {name: part for part, own in again.items() for (name, _), _ in own}


def test_a_corpus_of_one_document_is_refused():
    with pytest.raises(BadInput, match="1 documents in 1 groups leave nothing for dev, test"):
        corpus.split(made("alone"))


def test_empty_documents_are_refused():
    for wrong in ([], ["some words", " "]):
        with pytest.raises(BadInput, match="empty: leave it out"):
            corpus.vectors(wrong)


def test_vectors_are_the_encoders_to_half_precision(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    chunks = ["the state of the union", "a bill to raise the duties on imports"]
    found = corpus.vectors(chunks)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    expected = encode.encode_uncached(chunks).pooled.numpy()
    assert ((found * expected).sum(1) > 1 - 1e-5).all()
    [file] = tmp_path.glob("*.safetensors")
    assert file.stat().st_size < 2 * 384 * 2 + 200  # float16
    np.testing.assert_array_equal(corpus.vectors(chunks), found)


def test_the_packages_carry_the_texts_that_the_study_names():
    found = texts.domains()
    sizes = {name: len(own) for name, own in found.items()}
    assert sizes["early"] == 155 and sizes["postwar"] == 82
    assert sizes["scripture"] > 50 and sizes["manual"] > 20
    assert "[" not in found["scripture"][0][1][:3000]


def test_parameters_without_windows_are_refused():
    few = CorpusParams(seed=0, documents=12, chunks=6, other_documents=3, other_chunks=9)
    with pytest.raises(BadInput, match="chunks: windows need 9 chunks or more"):
        corpus.check(few)
