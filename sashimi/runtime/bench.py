"""Where the time of a prompt goes, from a cold start to each stage, and the bytes of each part."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sashimi.program import compile as compiled
from sashimi.program import lint, parse, validate
from sashimi.runtime import shipped
from sashimi.runtime.reader import encode
from sashimi.runtime.way import Sashimi
from sashimi.study import Measurement

COLD = """
import time
begun = time.process_time()
from sashimi.flagship import way
imported = time.process_time()
whole = way.load()
loaded = time.process_time()
whole.generate("flashlight on", refuse=False)
print(begun, imported - begun, loaded - imported, time.process_time() - loaded)
"""
PARTS = ("python", "import", "load", "first answer")


class Stages:
    """Milliseconds of processor time, by stage."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def timed(self, stage: str, work: Callable[..., Any], *given: Any) -> Any:
        """What ``work`` gives, its time noted."""
        begun = time.process_time()
        made = work(*given)
        self.taken.setdefault(stage, []).append(1000 * (time.process_time() - begun))
        return made


def stages(whole: Sashimi, prompts: Sequence[str]) -> Stages:
    """One prompt after the other through every stage."""
    found = Stages()
    for prompt in prompts:
        begun = time.process_time()
        encoded = found.timed("encode", encode, whole.encoder, [prompt])
        found.timed("domain", whole.domain.score, encoded[0].pooled, encoded[0].states)
        read = found.timed("read", whole.reader, encoded)
        ((draft,),) = found.timed("decode", whole.decode, encoded, read)
        text = found.timed("fill and lower", whole.lower, *draft)
        found.timed("lint", lint, text)
        program = found.timed("parse", parse, text)
        found.timed("validate", validate, program, True, whole.catalogue)
        found.timed("compile", compiled, program)
        found.taken.setdefault("all", []).append(1000 * (time.process_time() - begun))
    return found


def keeping(folder: str) -> dict[str, str]:
    """This process's environment, where compiled modules are kept in ``folder``.

    Python keeps them unless a machine forbids it; one that does pays a quarter second a start.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": folder}


def cold(times: int = 3) -> list[Measurement]:
    """The parts of a fresh process, in milliseconds of processor time: medians.

    A process before those compiles the modules.
    """
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times + 1):
            printed = subprocess.check_output(
                [sys.executable, "-c", COLD], env=keeping(folder), text=True
            )
            taken.append([float(part) for part in printed.split()])
    medians = 1000 * np.median(taken[1:], axis=0)
    rows = [*zip(PARTS, medians, strict=True), ("all", medians.sum())]
    return [Measurement(f"cold start, {part}", float(ms), "ms", times) for part, ms in rows]


def measure(prompts: Sequence[str]) -> list[Measurement]:
    """Cold start, stages at the median and the 95th percentile, and bytes."""
    whole = shipped.load()
    stages(whole, prompts[:2])  # masks and tables are made once
    taken = stages(whole, prompts).taken
    rows = cold()
    for stage, times in taken.items():
        for share in (50, 95):
            value = float(np.percentile(times, share))
            rows.append(Measurement(f"{stage}, p{share}", value, "ms", len(times)))
    packed = shipped.read()
    parts = sorted({name.split(".")[0] for name in packed.entries})
    rows += [Measurement(f"bytes, {part}", packed.bytes_of(part), "bytes", 1) for part in parts]
    total = shipped.NETWORK.stat().st_size
    sizes = {"facts, deflated": packed.facts_size[0], "all": total}
    return rows + [Measurement(f"bytes, {what}", n, "bytes", 1) for what, n in sizes.items()]
