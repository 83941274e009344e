"""The encoder's bench: its paths give the reference's vectors, its rows name their units."""

import numpy as np
import pytest
import torch

from sashimi.encode import encode_uncached
from sashimi.flagship.data import corpus
from sashimi.pieces import token_ids
from sashimi.studies.encoder import bench as bench_encode

TEXTS = ["Log 200 mg of caffeine", "Turn on the light", "Play jazz in the kitchen at noon", "Hi"]


@pytest.fixture(scope="module")
def ids():
    return token_ids(TEXTS)


def test_a_batch_of_any_size_gives_the_same_vectors(ids):
    model, expected = bench_encode._model(), encode_uncached(TEXTS).pooled
    for budget in bench_encode.BUDGETS:
        assert (bench_encode.pooled(model, ids, budget) - expected).abs().max() < 1e-5


def test_fewer_bits_stay_near_the_reference(ids):
    expected = encode_uncached(TEXTS).pooled
    for model, least in ((bench_encode.halved(), 0.99), (bench_encode.quantised(), 0.8)):
        cosine = (bench_encode.pooled(model, ids) * expected).sum(1)
        assert least < float(cosine.min()) < 1


def test_paths_take_turns():
    called = []
    taken = bench_encode.take_turns({n: lambda n=n: called.append(n) for n in "ab"}, turns=2)
    assert called == list("ababab")
    assert [len(seconds) for seconds in taken.values()] == [2, 2]


def test_rows_have_a_unit_and_threads_stay_as_they_were():
    before = torch.get_num_threads()
    data = corpus.load("builtin", limit=40)
    rows = [
        *bench_encode.one(TEXTS),
        bench_encode.cached(TEXTS),
        *bench_encode.limits(TEXTS, 1),
        *bench_encode.prices(data.train, data.dev),
    ]
    assert torch.get_num_threads() == before
    assert all(row.limit is None for row in rows)
    assert all(np.isfinite(row.value) for row in rows)
    assert sum("cosine" in row.what for row in rows) == 4
