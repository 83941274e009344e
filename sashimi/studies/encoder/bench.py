"""The speed of the encoder on this machine, beside the library's own call, and what limits it.

Paths that are compared take turns, and medians over the turns are given: a busy machine then slows
all of them alike. Rows have ``what``, ``value``, ``unit`` and ``n``.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi import sentence_encoder
from sashimi.bert import INNER, WIDTH, Bert, flops
from sashimi.encode import BUDGET, batches, encode, encode_uncached
from sashimi.flagship.data import corpus
from sashimi.flagship.data.example import Example
from sashimi.pieces import model_folder, token_ids
from sashimi.program.tree import actions
from sashimi.statistics import paired
from sashimi.studies.encoder.probe import action_f1
from sashimi.study import Measurement

TURNS = 3
BUDGETS = (1, 256, 1024, 4096)
"""Word pieces in a batch; 1 encodes one prompt at a time."""
ONE = 40
"""Prompts that the latency of one is measured on."""


PROMPTS = 100
TRAINING = 500
"""Prompts that the linear probe learns from, to price what is not exact."""


def bench(prompts: int = PROMPTS, training: int = TRAINING) -> list[Measurement]:
    """Everything, in a few minutes: run it on a machine that has nothing else to do."""
    data = corpus.load(limit=training)
    texts = [e.prompt for e in data.train][:prompts]
    usual, most = torch.get_num_threads(), os.cpu_count() or 1
    rows = []
    try:
        for threads in sorted({1, most}):
            torch.set_num_threads(threads)
            rows += bulk(texts, threads)
            rows += limits(texts, threads)
    finally:
        torch.set_num_threads(usual)
    return [
        *rows,
        *sizes(texts),
        *one(texts),
        cached(texts),
        *prices(data.train, [*data.dev, *data.test, *data.test_unseen]),
    ]


def take_turns(
    paths: dict[str, Callable[[], object]], turns: int = TURNS
) -> dict[str, list[float]]:
    """Seconds of each path in each turn, after one call of each that does not count."""
    for path in paths.values():
        path()
    taken: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(turns):
        for name, path in paths.items():
            begun = time.perf_counter()
            path()
            taken[name].append(time.perf_counter() - begun)
    return taken


def bulk(texts: Sequence[str], threads: int) -> list[Measurement]:
    """Many prompts: ours, with and without word pieces, and `SentenceTransformer.encode`."""
    theirs, ids, model = sentence_encoder.load(str(model_folder())), token_ids(texts), _model()
    taken = take_turns(
        {
            "SentenceTransformer.encode": lambda: theirs.encode(list(texts)),
            "encode, word pieces included": lambda: encode_uncached(texts),
            "encode, pooled vectors alone": lambda: pooled(model, token_ids(texts)),
        }
    )
    n, (first, *ours) = len(texts), taken
    gap = np.abs(pooled(model, ids).numpy() - theirs.encode(list(texts))).max()
    at = f"{threads} thread{'s' if threads > 1 else ''}"
    rows = [
        Measurement(f"{name}, {at}", n / statistics.median(own), "prompts/s", n)
        for name, own in taken.items()
    ]
    for name in ours:
        ratios = [a / b for a, b in zip(taken[first], taken[name], strict=True)]
        rows.append(
            Measurement(f"{name}, {at}: gain (goal 1.3)", statistics.median(ratios), "times", n)
        )
    return [
        *rows,
        Measurement(f"largest difference to the reference, {at}", 1e6 * gap, "millionths", n),
    ]


def limits(texts: Sequence[str], threads: int) -> list[Measurement]:
    """What the encoder's operations reach of the machine's fastest matrix product."""
    model, ids = _model(), token_ids(texts)
    work = sum(flops(len(i)) for i in ids) / 1e9
    x, square = torch.randn(2048, WIDTH), torch.randn(1024, 1024)
    dense = model.layers[0].widen
    with torch.inference_mode():
        taken = take_turns(
            {
                "encoder": lambda: pooled(model, ids),
                "product of its size": lambda: dense(x),
                "PyTorch's own product": lambda: square @ square,
            }
        )
    best = {name: min(own) for name, own in taken.items()}
    reached = {
        "encoder": work / statistics.median(taken["encoder"]),
        "product of its size": 2e-9 * len(x) * WIDTH * INNER / best["product of its size"],
        "PyTorch's own product": 2e-9 * len(square) ** 3 / best["PyTorch's own product"],
    }
    peak = max(v for name, v in reached.items() if name != "encoder")
    at, n = f"{threads} thread{'s' if threads > 1 else ''}", len(texts)
    return [
        *(Measurement(f"{name}, {at}", value, "GFLOP/s", n) for name, value in reached.items()),
        Measurement(f"operations of a prompt, mean, {at}", work / n, "GFLOP", n),
        Measurement(f"limit: prompts at the peak, {at}", peak / work * n, "prompts/s", n),
        Measurement(f"share of the peak, {at}", 100 * reached["encoder"] / peak, "%", n),
    ]


def sizes(texts: Sequence[str]) -> list[Measurement]:
    """Prompts a second by the size of a batch; `encode.BUDGET` is the choice."""
    model, ids = _model(), token_ids(texts)
    taken = take_turns(
        {
            f"batches of {budget} word pieces{', chosen' if budget == BUDGET else ''}": (
                lambda budget=budget: pooled(model, ids, budget)
            )
            for budget in BUDGETS
        }
    )
    n = len(texts)
    return [Measurement(k, n / statistics.median(own), "prompts/s", n) for k, own in taken.items()]


def one(texts: Sequence[str]) -> list[Measurement]:
    """The latency of one prompt, median over some."""
    theirs, chosen = sentence_encoder.load(str(model_folder())), texts[:ONE]
    taken = {
        "one prompt (goal 10)": lambda text: encode_uncached([text]),
        "one prompt, SentenceTransformer.encode": lambda text: theirs.encode([text]),
    }
    each: dict[str, list[float]] = {name: [] for name in taken}
    for text in [chosen[0], *chosen]:
        for name, path in taken.items():
            begun = time.perf_counter()
            path(text)
            each[name].append(time.perf_counter() - begun)
    return [
        Measurement(name, 1000 * statistics.median(own[1:]), "ms", len(chosen))
        for name, own in each.items()
    ]


def cached(texts: Sequence[str]) -> Measurement:
    """How long vectors and word pieces take to come from the cache."""
    before = os.environ.get("SASHIMI_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SASHIMI_CACHE"] = folder
        try:
            taken = take_turns({"cached": lambda: encode(texts)})["cached"]
        finally:
            os.environ.pop("SASHIMI_CACHE")
            if before is not None:
                os.environ["SASHIMI_CACHE"] = before
    return Measurement("from the cache", 1000 * statistics.median(taken), "ms", len(texts))


def prices(training: Sequence[Example], queries: Sequence[Example]) -> list[Measurement]:
    """Fewer bits: speed, least cosine to the reference, action F1 of a linear probe lost by it."""
    examples = [*training, *queries]
    ids = token_ids([e.prompt for e in examples])
    models = {"float32": _model(), "bfloat16": halved(), "int8, dynamic": quantised()}
    used = [[a.name for a in actions(e.program)] for e in examples]
    cut, n = len(training), len(examples)
    scores, vectors, taken = {}, {}, {}
    for name, model in models.items():
        pooled(model, ids[:8])
        begun = time.perf_counter()
        vectors[name] = pooled(model, ids).numpy()
        taken[name] = time.perf_counter() - begun
        found = vectors[name]
        scores[name] = action_f1(found[:cut], used[:cut], found[cut:], used[cut:])
    rows = []
    for name in models:
        rows.append(Measurement(name, n / taken[name], "prompts/s", n))
        if name == "float32":
            rows.append(
                Measurement(f"{name}: action F1", float(np.mean(scores[name])), "", n - cut)
            )
            continue
        cosine = (vectors[name] * vectors["float32"]).sum(1)
        lost = paired(scores[name], scores["float32"])
        rows += [
            Measurement(f"{name}: least cosine (allowed from 0.999)", float(cosine.min()), "", n),
            Measurement(f"{name}: mean cosine", float(cosine.mean()), "", n),
            Measurement(f"{name}: action F1, less float32", lost.value, "", lost.n),
            Measurement(f"{name}: the same, low end of 95%", lost.low, "", lost.n),
            Measurement(f"{name}: the same, high end", lost.high, "", lost.n),
        ]
    return rows


@torch.inference_mode()
def pooled(
    model: Callable[[Tensor], Tensor], ids: Sequence[list[int]], budget: int = BUDGET
) -> Tensor:
    """Unit vectors (N, E) of prompts given as ids, without their word pieces."""
    found = torch.zeros(len(ids), WIDTH)
    for chosen in batches([len(i) for i in ids], budget):
        output = model(torch.tensor([ids[i] for i in chosen])).float()
        found[chosen] = F.normalize(output.mean(1), dim=-1)
    return found


def halved() -> Bert:
    """The encoder in bfloat16."""
    bert = Bert.load(model_folder() / "model.safetensors", packed=False)

    def half(part):
        parts = {k: v.bfloat16() for k, v in vars(part).items() if isinstance(v, Tensor)}
        return replace(part, **parts)

    layers = tuple(
        replace(layer, **{k: half(part) for k, part in vars(layer).items()})
        for layer in bert.layers
    )
    return replace(half(bert), norm=half(bert.norm), layers=layers)


def quantised() -> Callable[[Tensor], Tensor]:
    """The published model with PyTorch's dynamic int8 products."""
    from torch.ao.quantization import quantize_dynamic
    from transformers import BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # the unused pooler is reported else
    model = BertModel.from_pretrained(model_folder(), add_pooling_layer=False).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch announces a successor of this call
        small = quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    return lambda ids: small(ids).last_hidden_state


def _model() -> Bert:
    return Bert.load(model_folder() / "model.safetensors")
