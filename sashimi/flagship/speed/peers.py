"""What others take for the same work: the encoder, and one product with a ternary weight.

All in one process of one thread, in processor time; of each the least of `TRIES`.

Letters: W width of the square weight, N rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.capi import onnxruntime_pybind11_state as state
from sentence_transformers import SentenceTransformer
from torch import nn

from sashimi.encode import encode_uncached
from sashimi.flagship import people
from sashimi.pieces import model_folder
from sashimi.runtime import shipped, trits
from sashimi.runtime.reader import encode
from sashimi.study import Measurement

TRIES, PROMPTS = 5, 32
WIDTHS = (128, 512, 2048)
ROWS = (1, 64)
BLOCK = 128
"""Weights of one scale in onnxruntime's products."""


def bench() -> list[Measurement]:
    """Encoders in milliseconds a prompt, then products in microseconds."""
    return [*encoders(), *products()]


def encoders() -> Iterator[Measurement]:
    """Prompts one by one through each encoder; and through how many bytes of weights."""
    prompts = [item.prompt for item in people.test()][:PROMPTS]
    whole, theirs = shipped.load(), SentenceTransformer(str(model_folder()), device="cpu")
    rounded = torch.ao.quantization.quantize_dynamic(
        SentenceTransformer(str(model_folder()), device="cpu"), {nn.Linear}, torch.qint8
    )
    for name, one in (
        ("ours in numpy", lambda p: encode(whole.encoder, [p])),
        ("ours in torch", lambda p: encode_uncached([p])),
        ("SentenceTransformer.encode", lambda p: theirs.encode([p], show_progress_bar=False)),
        ("the same, int8 dynamic", lambda p: rounded.encode([p], show_progress_bar=False)),
    ):
        ms = 1000 * least(lambda one=one: [one(prompt) for prompt in prompts]) / PROMPTS
        yield Measurement(f"encoder, {name}", ms, "ms", TRIES)
    exact, near = (m.encode(prompts, show_progress_bar=False) for m in (theirs, rounded))
    cosines = (exact * near).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(near, axis=1)
    yield Measurement("encoder, cosine of int8 to exact", float(cosines.min()), "least", PROMPTS)


def products() -> Iterator[Measurement]:
    """One product of N rows with a ternary W x W weight in every way, the call's overhead too."""
    rng = np.random.default_rng(0)
    for width in WIDTHS:
        signs = rng.integers(-1, 2, (width, width)).astype(np.int8)
        packed = trits.pack(signs)
        for rows in ROWS:
            x = rng.normal(size=(rows, width)).astype(np.float32)
            for name, work in ways(signs, packed, x):
                us = 1e6 * least(work, 20)
                yield Measurement(f"{rows} rows, width {width}, {name}", us, "us", TRIES)


def ways(
    signs: np.ndarray, packed: np.ndarray, x: np.ndarray
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The ways to multiply (N, W) with trits of the signs (W, W), by name."""
    weight = np.ascontiguousarray(signs.T, np.float32)
    yield "ours, unpacked once", lambda: x @ weight
    yield "ours, unpacked each time", lambda: x @ trits.unpack(packed, signs.shape).T.astype("f4")
    tensor, linear = torch.from_numpy(x), nn.Linear(*signs.shape, bias=False)
    linear.weight.data = torch.from_numpy(signs).float()
    inference = torch.inference_mode()
    yield "torch float32", inference(lambda: linear(tensor))
    rounded = torch.ao.quantization.quantize_dynamic(
        nn.Sequential(linear), {nn.Linear}, torch.qint8
    )
    yield "torch int8 dynamic", inference(lambda: rounded(tensor))
    for bits in (2, 4):
        session = matmul(signs, bits)
        if session is not None:
            yield f"onnxruntime {bits} bits", lambda s=session: s.run(None, {"x": x})


def matmul(signs: np.ndarray, bits: int) -> InferenceSession | None:
    """onnxruntime's MatMulNBits of a ternary weight, one thread; None where it does not run."""
    width = len(signs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        session = InferenceSession(
            graph_of(signs, bits), options, providers=["CPUExecutionProvider"]
        )
        one = np.eye(1, width, dtype=np.float32)
        right = np.abs(session.run(None, {"x": one})[0] - signs[:, :1].T).max() < 0.1
    except (state.Fail, state.NotImplemented, state.InvalidArgument, state.RuntimeException):
        return None
    return session if right else None


def graph_of(signs: np.ndarray, bits: int) -> bytes:
    """An ONNX model of one MatMulNBits: codes of ``bits`` bits, the lowest ones first, zero in the
    middle of their range, and scales of 1.
    """
    width, each = len(signs), 8 // bits
    codes = (signs + (1 << (bits - 1))).astype(np.uint8).reshape(width, -1, BLOCK // each, each)
    packed = sum(codes[..., k] << np.uint8(k * bits) for k in range(each)).astype(np.uint8)
    scales = np.ones(width * (width // BLOCK), np.float32)
    sizes = {"K": width, "N": width, "bits": bits, "block_size": BLOCK, "accuracy_level": 4}
    node = helper.make_node("MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", **sizes)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width]) for name in "xy")
    known = [numpy_helper.from_array(packed, "w"), numpy_helper.from_array(scales, "s")]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph([node], "product", [x], [y], known)
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def least(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of processor time of one call, the least of `TRIES` rounds of so many."""
    taken = []
    for _ in range(TRIES):
        begun = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - begun) / times)
    return min(taken)
