"""Speeds on this machine: rows of ``what``, ``value``, ``unit`` and ``n``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sashimi.flagship.data import corpus
from sashimi.program.tree import Program

EXAMPLES = 300
"""Programs or prompts that each row is measured on."""


def language() -> list[dict]:
    """Programs a second of the built-in corpus through each stage, and how cost grows."""
    from sashimi.bench import language as bench

    return bench.language(_programs())


def mutations() -> list[dict]:
    """Of built-in programs broken in known ways, the shares found and mended."""
    from sashimi.bench import language as bench

    return bench.mutations(_programs())


def fuzz() -> list[dict]:
    """210,000 damaged inputs through every reader of the language; a quarter of an hour."""
    from sashimi.bench import fuzz as fuzzing

    return fuzzing.bench(_programs()[:100])


def encode() -> list[dict]:
    """The encoder beside the library's own call, its limits, and what fewer bits cost."""
    from sashimi.bench import encode as bench_encode

    return bench_encode.bench()


def train() -> list[dict]:
    """A training step of the ternary network beside its continuous twin's."""
    from sashimi.bench import train as bench_train

    return bench_train.bench()


def generate(run_dir: str | Path) -> list[dict]:
    """Prompts a second through a trained run: one at a time, and together."""
    from sashimi.flagship import way

    whole = way.load(run_dir)
    prompts = [e.prompt for e in corpus.load("builtin", limit=EXAMPLES).dev][:EXAMPLES]
    whole.generate(prompts[0])  # loads the encoder
    return [
        _row("one by one", lambda items: [whole.generate(item) for item in items], prompts[:20]),
        _row("together", whole.generate, prompts),
    ]


def _programs() -> list[Program]:
    return [e.program for e in corpus.load("builtin", limit=EXAMPLES).train][:EXAMPLES]


def _row(what: str, run: Callable[[list], object], items: list) -> dict:
    begun = time.perf_counter()
    run(items)
    took = time.perf_counter() - begun
    return {"what": what, "value": len(items) / took, "unit": "prompts/s", "n": len(items)}
