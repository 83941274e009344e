"""How costs grow, and that the peers compute the same product."""

import numpy as np
import pytest

from sashimi.flagship.speed import growth


def test_the_exponent_is_the_slope_of_logarithms():
    assert growth.exponent({n: 3.0 * n**1.5 for n in (1, 10, 100)}) == pytest.approx(1.5)
    rows = list(growth.rows("words", {2: 1.0, 4: 1.0}))
    assert [row.what for row in rows] == ["2 words", "4 words", "exponent of words"]
    assert rows[-1].value == pytest.approx(0) and rows[-1].limit == growth.LIMIT


@pytest.mark.parametrize("bits", [2, 4])
def test_onnxruntime_reads_the_trits_as_we_do(bits):
    peers = pytest.importorskip("sashimi.flagship.speed.peers")
    signs = np.random.default_rng(0).integers(-1, 2, (128, 128)).astype(np.int8)
    session = peers.matmul(signs, bits)
    if session is None:
        pytest.skip(f"this onnxruntime has no product of {bits} bits")
    x = np.random.default_rng(1).normal(size=(3, 128)).astype(np.float32)
    assert np.allclose(session.run(None, {"x": x})[0], x @ signs.T, atol=0.6)  # int8 inputs
