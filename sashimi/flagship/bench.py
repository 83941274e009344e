"""Speeds on this machine: rows of ``what``, ``value``, ``unit`` and ``n``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sashimi.flagship import corpus

EXAMPLES = 300
"""Programs or prompts that each row is measured on."""


def language() -> list[dict]:
    """Programs a second of the built-in corpus through each stage of the language."""
    from sashimi.program import compile, parse, render, tiers, validate

    programs = [e.program for e in corpus.load("builtin", limit=EXAMPLES).train][:EXAMPLES]
    texts = [render(program) for program in programs]
    parse(texts[0])  # builds the parser
    return [
        _row("parse", _each(parse), texts, "programs/s"),
        _row("render", _each(render), programs, "programs/s"),
        _row("validate", _each(validate), programs, "programs/s"),
        _row("compile", _each(compile), programs, "programs/s"),
        _row("encode", _each(tiers.encode), programs, "programs/s"),
    ]


def generate(run_dir: str | Path) -> list[dict]:
    """Prompts a second through a trained run: one at a time, and together."""
    from sashimi.flagship import way

    whole = way.load(run_dir)
    prompts = [e.prompt for e in corpus.load("builtin", limit=EXAMPLES).dev][:EXAMPLES]
    whole.generate(prompts[0])  # loads the encoder
    return [
        _row("one by one", _each(whole.generate), prompts[:20], "prompts/s"),
        _row("together", whole.generate, prompts, "prompts/s"),
    ]


def _each(call: Callable) -> Callable[[list], None]:
    """Calls ``call`` on one item after the other."""

    def run(items: list) -> None:
        for item in items:
            call(item)

    return run


def _row(what: str, run: Callable[[list], object], items: list, unit: str) -> dict:
    begun = time.perf_counter()
    run(items)
    took = time.perf_counter() - begun
    return {"what": what, "value": len(items) / took, "unit": unit, "n": len(items)}
