"""Weights of a stream's structures: how often each comes, and what a file of them must hold."""

import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.data import curated
from sashimi.flagship.data.example import Example
from sashimi.flagship.params import FlagshipParams
from sashimi.program import parse


def example(name, body):
    program = parse(f'SHORTCUT "a"\n{body}\nENDSHORTCUT\n')
    return Example(name, name, program, "d")


SHOWN, BUZZED = (example(n, f"ACTION {n}") for n in ("showresult", "vibrate"))


@dataclass(frozen=True)
class Source:
    def __call__(self, number):
        return [SHOWN, BUZZED] * 4


def counts(weights, seed):
    places = curated.drawn(np.array(weights, float), np.random.default_rng(seed))
    assert len(places) == len(weights) and (np.diff(places) >= 0).all()
    return np.bincount(places, minlength=len(weights)).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_each_place_comes_as_often_as_its_weight_asks(seed):
    assert counts([3, 3, 3], seed) == [1, 1, 1]
    assert counts([0, 2, 1, 1, 0], seed)[1] in (2, 3)  # 2.5 of 5
    assert counts([1, 0, 0, 0], seed) == [4, 0, 0, 0]
    assert counts([0, 0, 0, 1], seed) == [0, 0, 0, 4]
    assert counts([2, 0, 2, 0], seed) == [2, 0, 2, 0]


def test_over_many_draws_the_shares_are_the_weights():
    drawn = np.array([counts([0.5, 2, 0, 1.5, 1], seed) for seed in range(400)])
    assert drawn.mean(0) == pytest.approx([0.5, 2, 0, 1.5, 1], abs=0.1)


def test_no_weight_at_all_is_refused():
    with pytest.raises(BadInput, match="all weights are 0"):
        curated.drawn(np.zeros(3), np.random.default_rng(0))


def test_a_chunk_keeps_its_size_and_its_number_alone_decides_it():
    key = curated.structure(SHOWN.program)
    assert key == "ACTION showresult END"
    source = pickle.loads(pickle.dumps(curated.Curated(Source(), {key: 3.0})))
    names = [e.id for e in source(5)]
    assert names == [e.id for e in source(5)] and len(names) == 8
    shown = [[e.id for e in source(n)].count("showresult") for n in range(200)]
    assert np.mean(shown) == pytest.approx(6, abs=0.4)  # 3 of 3 + 1: without a weight it is 1
    assert {e.id for e in curated.Curated(Source(), {key: 0.0})(0)} == {"vibrate"}
    assert curated.Curated(Source(), {})(0) == Source()(0)


@pytest.mark.parametrize("text", ["[1]", '{"a": -1}', '{"a": "b"}', '{"a": NaN}', "{"])
def test_a_file_of_weights_must_hold_weights(tmp_path, text):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"w\.json"):
        curated.read(str(path))
    path.write_text(json.dumps({"a": 0, "b": 1.5}))
    assert curated.read(str(path)) == {"a": 0, "b": 1.5}
    with pytest.raises(BadInput, match="notebook 60 makes them"):
        curated.read(str(tmp_path / "none.json"))


def test_curation_is_part_of_a_digest_only_where_it_is_asked_for():
    row = params.load(root() / "params/flagship/more/93_curated.yaml", FlagshipParams)
    stream = params.load(root() / "params/flagship/more/98_stream.yaml", FlagshipParams)
    plain = row.model_copy(update={"curated": ""})
    assert plain == stream and "curated" not in stream.model_dump()
    assert params.digest(plain) == params.digest(stream) != params.digest(row)
    with pytest.raises(BadInput, match="endless stream"):
        given = row.model_dump() | {"corpus": "builtin"}
        params.build(FlagshipParams, given, "row")
