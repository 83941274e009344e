import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.studies.next_embedding import coherence, windows
from sashimi.studies.next_embedding.rows import diluted, shuffled


def documents(*sizes, width=4, seed=0):
    rng = np.random.default_rng(seed)
    made = [rng.standard_normal((size, width)).astype(np.float32) for size in sizes]
    return [d / np.linalg.norm(d, axis=1, keepdims=True) for d in made]


def test_windows_stay_inside_a_document_and_the_target_is_the_next_chunk():
    first, short, second = documents(7, 3, 6)
    rows = windows([first, short, second], context=5)
    assert rows.document.tolist() == [0, 0, 2]  # 7 - 5, none, 6 - 5
    np.testing.assert_array_equal(rows.contexts[1], first[1:6])
    np.testing.assert_array_equal(rows.targets, [first[5], first[6], second[5]])
    assert rows.take(np.array([False, True, True])).document.tolist() == [0, 2]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 7))
def test_n_chunks_give_n_less_context_windows(sizes, context):
    if max(sizes) <= context:
        with pytest.raises(BadInput, match="none with more than"):
            windows(documents(*sizes), context)
    else:
        rows = windows(documents(*sizes), context)
        assert len(rows) == sum(max(0, size - context) for size in sizes)
        assert rows.contexts.shape == (len(rows), context, 4)


def test_wrong_input_is_refused_with_its_place_and_remedy():
    good, other = documents(8, 8)
    for wrong, said in (
        ([good, good[:0]], "document 1 is empty: leave it out"),
        ([good, other[:, :3]], "document 1: vectors of width 3, those of document 0 have 4"),
    ):
        with pytest.raises(BadInput, match=said):
            windows(wrong)
    broken = other.copy()
    broken[3, 1] = np.nan
    with pytest.raises(BadInput, match="document 1, chunk 3: the vector is not finite"):
        windows([good, broken])
    with pytest.raises(BadInput, match="context 0"):
        windows([good], context=0)


def at_cosines(cosines):
    """Unit vectors in the plane whose neighbours have these cosines."""
    angles = np.concatenate([[0], np.cumsum(np.arccos(cosines))])
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def test_coherence_is_the_mean_cosine_of_the_four_neighbours():
    context = at_cosines([0.3, 0.5, 0.4, 0.6])
    assert coherence(context) == pytest.approx(0.45)
    assert coherence(3 * context) == pytest.approx(0.45)  # lengths do not count
    assert coherence(np.stack([context, context[::-1]])) == pytest.approx([0.45, 0.45])
    with pytest.raises(BadInput, match="one chunk is undefined"):
        coherence(context[:1])


def test_coherence_never_sees_the_target():
    rows = windows(documents(9, 8))
    values = coherence(rows.contexts)
    rows.vectors[rows.places[-1, -1]] *= -1  # the last target, in no context
    np.testing.assert_array_equal(coherence(rows.contexts), values)


def test_dilution_shuffles_whole_documents_and_loses_no_chunk():
    clean = documents(10, 12, 8, 10, 10, seed=1)
    mixed, planted = diluted(clean, 0.42, seed=0)
    assert [len(d) for d in mixed] == [len(d) for d in clean]
    share = sum(len(d) for d, p in zip(clean, planted, strict=True) if p) / 50
    assert 0.42 <= share <= 0.66  # the document that passes the share is the last one
    for before, after, p in zip(clean, mixed, planted, strict=True):
        assert (before is after) is not bool(p)
    both = [np.sort(np.concatenate(d).ravel()) for d in (clean, mixed)]
    np.testing.assert_array_equal(*both)
    assert not diluted(clean, 0.0, seed=0)[1].any()


def test_shuffled_documents_keep_their_own_chunks():
    clean = documents(10, 12)
    for before, after in zip(clean, shuffled(clean, 0), strict=True):
        assert not np.array_equal(before, after)
        np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
