"""This checkout beside another one of the same repository: what a change of speed is worth.

Every number comes from a fresh process of one thread whose `sashimi` is that of its checkout, the
two in turn, so that both meet the same machine. Processor time counts user and system.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import people
from sashimi.kernel import THREADS
from sashimi.runtime.bench import keeping
from sashimi.study import Measurement

COLD, ALONE, TOGETHER = 3, 60, 64
"""Cold starts, prompts answered one by one, and prompts answered in batches."""
LONG = "params/flagship/more/97_long_planned.yaml"
"""The row whose step is timed: both checkouts have it."""
COMMAND = "from sashimi.cli import app; app(prog_name='sashimi')"
ANSWERS = """
import json, sys, time
from sashimi.flagship import way
from sashimi.program import tiers
alone, together = json.load(sys.stdin)
whole = way.load(*sys.argv[1:])
whole.generate(together[:2], refuse=False)
clock, taken, tokens = time.process_time, [], []
for prompt in alone:
    begun = clock()
    outcome = whole.generate(prompt, refuse=False)
    taken.append(1000 * (clock() - begun))
    typed = tiers.encode(outcome.program) if outcome.program else None
    tokens.append(len(typed.structure) + sum(map(len, typed.parameters)) if typed else 0)
begun = clock()
whole.generate(together, refuse=False)
print(json.dumps({"alone": taken, "tokens": tokens, "together": clock() - begun}))
"""
STEPS = """
import json, sys, time
try:
    from sashimi.flagship import bench_train as bench
except ImportError:
    from sashimi.flagship import bench
settings = bench.params.load(bench.root() / sys.argv[1], bench.FlagshipParams)
corpus = bench.corpora.load("builtin", limit=bench.EXAMPLES)
steps = [bench._stepper(corpus, settings, share) for share in (1.0, 0.0)]
taken = []
for number in range(1, bench.STEPS // 2 + 2):
    taken.append([])
    for step in steps:
        begun = time.process_time()
        step(number)
        taken[-1].append(time.process_time() - begun)
print(json.dumps({"steps": taken[1:], "batch": settings.batch_size}))
"""
EVALUATION = """
import sys, time, torch
from sashimi.flagship import corpus as corpora
try:
    from sashimi.flagship.judge.evaluate import evaluate
    from sashimi.flagship.answer.whole import read
    from sashimi.flagship.data import corpus as corpora
except ImportError:
    from sashimi.flagship.evaluate import evaluate
    from sashimi.flagship.way import load as read
known = corpora.load("builtin", limit=int(sys.argv[2]))
whole = read(sys.argv[1])
torch.set_grad_enabled(False)
begun = time.process_time()
evaluate(whole, known)
print(time.process_time() - begun)
"""
"""A run's whole evaluation: three splits of 300 prompts where a corpus has so many, and floors."""
LIMIT = 3000
"""Training examples beside them."""


@dataclass(frozen=True)
class Checkout:
    """A checkout, the run of it that answers (None: the network that it ships), and its name."""

    name: str
    folder: Path
    run: Path | None
    kept: str
    """A folder for compiled modules."""

    def python(self, *arguments: str, told: str = "") -> tuple[str, dict[str, float]]:
        """What a process of this checkout prints, and its seconds and peak memory in MB."""
        environment = {**keeping(self.kept), **THREADS, "PYTHONPATH": str(self.folder)}
        command = [sys.executable, *arguments]
        begun, pipe = time.perf_counter(), subprocess.PIPE
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, cwd=self.folder, env=environment, text=True
        )
        process.stdin.write(told)
        process.stdin.close()
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode:
            raise BadInput(f"{self.folder}: '{command[2][:60]}' ended with {process.returncode}")
        busy = used.ru_utime + used.ru_stime
        peak = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
        return printed, {"s": time.perf_counter() - begun, "processor s": busy, "MB": peak}

    def generate(self) -> dict[str, float]:
        """One cold start of the command line: seconds, processor seconds, peak MB."""
        chosen = [] if self.run is None else ["--run", str(self.run)]
        return self.python("-c", COMMAND, "generate", "turn on the flashlight", *chosen)[1]

    def answers(self, prompts: list[str]) -> dict[str, float]:
        """A prompt alone and in batches of 64, in processor time, and tokens a program."""
        chosen = [] if self.run is None else [str(self.run)]
        told = json.dumps([prompts[:ALONE], prompts[:TOGETHER]])
        seen = json.loads(self.python("-c", ANSWERS, *chosen, told=told)[0])
        return {
            "p50 ms": float(np.median(seen["alone"])),
            "p95 ms": float(np.percentile(seen["alone"], 95)),
            "prompts/s": len(prompts) / seen["together"],
            "tokens": float(np.mean(seen["tokens"])),
        }

    def training(self) -> dict[str, float]:
        """Prompts a processor second of a ternary step, and what it costs over its twin's."""
        seen = json.loads(self.python("-c", STEPS, LONG)[0])
        taken = np.array(seen["steps"])
        ratio = float(np.median(taken[:, 0] / taken[:, 1]))
        return {"prompts/s": seen["batch"] / float(np.median(taken[:, 0])), "times": ratio}

    def evaluation(self, run: Path) -> float:
        """Processor seconds of judging a run of this checkout."""
        return float(self.python("-c", EVALUATION, str(run), str(LIMIT))[0].split()[-1])

    def stored(self) -> float:
        """MB of the files that `generate` reads, encoder aside."""
        if self.run is None:
            return (root() / "sashimi" / "shipped" / "network.bin").stat().st_size / 1e6
        names = "model.safetensors", "config.json"
        return sum((self.run / name).stat().st_size for name in names) / 1e6


def bench(folder: Path, run: Path) -> list[Measurement]:
    """Another checkout and a trained run of it, beside this one and the network that it ships.

    Raises BadInput where the folder is no checkout or holds no such run.
    """
    if not (folder / "sashimi" / "cli.py").is_file():
        raise BadInput(f"{folder} is no checkout: git worktree add {folder} COMMIT")
    if not (run / "model.safetensors").is_file() or not run.resolve().is_relative_to(
        folder.resolve()
    ):
        raise BadInput(f"{run} is no trained run: train one there with 'sashimi run {LONG}'")
    with tempfile.TemporaryDirectory() as kept:
        before = Checkout("before", folder.resolve(), run.resolve(), kept)
        sides = before, Checkout("now", root(), None, kept)
        parts = _cold(sides), _warm(sides), _steps(sides), _judged(sides, run.resolve())
        return [row for rows in parts for row in rows]


def _cold(sides: tuple[Checkout, Checkout]) -> Iterator[Measurement]:
    """Fresh processes in turn; the first of each compiles its modules and is not counted."""
    taken = [[side.generate() for side in sides] for _ in range(COLD + 1)][1:]
    for unit in ("s", "processor s", "MB"):
        yield from _pair("generate, cold", [[t[unit] for t in pair] for pair in taken], unit, COLD)
    yield from _pair("stored network", [[side.stored() for side in sides]], "MB", 1)


def _warm(sides: tuple[Checkout, Checkout]) -> Iterator[Measurement]:
    prompts = [item.prompt for item in people.test()][:TOGETHER]
    before, now = (side.answers(prompts) for side in sides)
    for name, unit, n in (
        ("one prompt, p50", "p50 ms", ALONE),
        ("one prompt, p95", "p95 ms", ALONE),
        ("in batches of 64, by processor time", "prompts/s", TOGETHER),
        ("tokens a program", "tokens", ALONE),
    ):
        yield from _pair(name, [[before[unit], now[unit]]], unit.split()[-1], n)


def _steps(sides: tuple[Checkout, Checkout]) -> Iterator[Measurement]:
    before, now = (side.training() for side in sides)
    for name, unit in (
        ("a step, by processor time", "prompts/s"),
        ("ternary over continuous", "times"),
    ):
        yield from _pair(name, [[before[unit], now[unit]]], unit, 1)


def _judged(sides: tuple[Checkout, Checkout], run: Path) -> Iterator[Measurement]:
    """The evaluation of that run and of this checkout's run of the same row, where it has one."""
    before, now = sides
    own = now.folder / run.relative_to(before.folder)
    if (own / "model.safetensors").is_file():
        taken = [[before.evaluation(run), now.evaluation(own)]]
        yield from _pair("evaluation of a run", taken, "processor s", 1)


def _pair(what: str, pairs: list[list[float]], unit: str, n: int) -> Iterator[Measurement]:
    """Both medians, and the median of now over before."""
    values = np.array(pairs)
    for name, column in zip(("before", "now"), values.T, strict=True):
        yield Measurement(f"{what}, {name}", float(np.median(column)), unit, n)
    ratio = float(np.median(values[:, 1] / values[:, 0]))
    yield Measurement(f"{what}, now over before", ratio, "times", n)
