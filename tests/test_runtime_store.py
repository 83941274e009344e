"""Packed trits and the file of named arrays: inverses, sizes, and what is refused."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sashimi.errors import BadInput
from sashimi.runtime import store, trits

REMEDY = "sashimi make it"


def test_all_243_bytes_are_inverses():
    every = np.arange(trits.VALUES, dtype=np.uint8)
    unpacked = trits.unpack(every, (trits.VALUES, trits.EACH))
    assert len(np.unique(unpacked, axis=0)) == trits.VALUES
    assert np.array_equal(trits.pack(unpacked), every)


def test_the_first_trit_is_the_lowest_digit():
    assert trits.pack(np.array([-1, -1, -1, -1, -1])) == 0
    assert trits.pack(np.array([1, -1, -1, -1, -1])) == 2
    assert trits.pack(np.array([-1, -1, -1, -1, 1])) == 162
    assert trits.pack(np.array([0])) == 1 + 3 + 9 + 27 + 81


@given(
    arrays.arrays(
        np.int8,
        arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9),
        elements=st.integers(-1, 1),
    )
)
def test_any_shape_comes_back(array):
    packed = trits.pack(array)
    assert packed.size == trits.packed_size(array.size)
    assert np.array_equal(trits.unpack(packed, array.shape), array)


def test_what_is_no_trit_is_refused():
    with pytest.raises(ValueError, match="only -1, 0"):
        trits.pack(np.array([2]))
    with pytest.raises(ValueError, match="243"):
        trits.unpack(np.array([243], np.uint8), (5,))
    with pytest.raises(ValueError, match="2 bytes"):
        trits.unpack(np.array([0], np.uint8), (6,))


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    array = rng.normal(size=(4, 6)).astype(np.float32)
    given = {
        "t": ("trits", np.float32(0.25) * rng.integers(-1, 2, (3, 7)).astype(np.float32)),
        "q": ("int8", array),
        "h": ("float16", array),
        "f": ("float32", array),
        "i": ("int32", np.arange(5)),
        "b": ("bool", rng.random((3, 5)) > 0.5),
    }
    path = tmp_path / "net.bin"
    store.write(path, "test 1", given, {"words": ["ä", "b"]})
    return path, given


def test_every_kind_comes_back(file):
    path, given = file
    packed = store.read(path, ["test 1"], REMEDY)
    assert packed.facts == {"words": ["ä", "b"]}
    for name in ("t", "f", "i", "b"):
        assert np.array_equal(packed.array(name), given[name][1]), name
    assert np.abs(packed.array("h") - given["h"][1]).max() < 2e-3
    step = np.abs(given["q"][1]).max(1, keepdims=True) / 127
    assert (np.abs(packed.array("q") - given["q"][1]) <= step / 2 + 1e-6).all()
    assert packed.bytes_of("t") == 5  # 21 trits
    with pytest.raises(KeyError):
        packed.array("no")


def test_a_damaged_byte_is_always_seen(file):
    path, _ = file
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        )
        with pytest.raises(BadInput, match=REMEDY):
            store.read(path, ["test 1"], REMEDY)


def test_what_cannot_be_used_is_named(file, tmp_path):
    path, _ = file
    with pytest.raises(BadInput, match="missing"):
        store.read(tmp_path / "none", "test 1", REMEDY)
    with pytest.raises(BadInput, match="'test 1', not 'test 2'"):
        store.read(path, ["test 2"], REMEDY)
    whole = path.read_bytes()
    for length in (0, 7, 11, 40, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=REMEDY):
            store.read(path, ["test 1"], REMEDY)
    path.write_bytes(whole.replace(store.MAGIC, b"SASHIMI\x09"))
    with pytest.raises(BadInput, match="another version"):
        store.read(path, ["test 1"], REMEDY)


def test_sizes_are_checked_before_memory_is_taken(file):
    path, _ = file
    raw = path.read_bytes()
    length = int.from_bytes(raw[len(store.MAGIC) : len(store.MAGIC) + 4], "little")
    header = json.loads(raw[store.BEGIN : store.BEGIN + length])
    header["arrays"]["f"]["shape"] = [1 << 40, 1 << 20]
    text = json.dumps(header).encode()
    body = text + raw[store.BEGIN + length :]
    size = len(text).to_bytes(4, "little")
    path.write_bytes(store.MAGIC + size + hashlib.sha256(body).digest() + body)
    with pytest.raises(BadInput, match="no possible shape"):
        store.read(path, ["test 1"], REMEDY)
