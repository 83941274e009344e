"""Damaged and random input for every reader of the language: a result or a stated refusal.

``fuzz`` raises on the first input that ends otherwise: another exception than the reader's own, a
text that does not come back, a second linting that changes something, or an input that takes longer
than ``SECONDS``. It needs the main thread, as an alarm is what ends a hang.
"""

from __future__ import annotations

import plistlib
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sashimi.errors import BadInput
from sashimi.program import compile, decompile, lint, parse, render
from sashimi.program.plist.store import from_bytes, to_bytes
from sashimi.program.text.recover import diagnose
from sashimi.program.tree import Program
from sashimi.study import Measurement

SECONDS = 5.0
"""Most processor time that one input may take."""
MEBIBYTES = 256
"""Most that the process may grow over a whole run; ``growth`` of a run is held against it."""
RANDOM = 0.1
"""Share of inputs that are nothing but random."""
SIGNS = '"`{}[]()@$=\\\n #:,'
WORDS = ("IF", "ENDIF", "MENU", "CASE", "REPEAT", "FOREACH", "ACTION ", "SET $a = ", "QTY(", "\n")


class Hang(Exception):
    """An input that takes longer than it may."""


@dataclass
class Fuzzed:
    """What became of a run's inputs, by reader: how many, how many accepted, the slowest."""

    inputs: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    growth: float = 0.0
    """MiB by which the process has grown at its largest."""


def fuzz(programs: Sequence[Program], rounds: int, seed: int = 0) -> Fuzzed:
    """Give each of the three readers ``rounds`` inputs made from some programs."""
    rng, done, before = random.Random(seed), Fuzzed(), _mebibytes()
    texts = [render(program) for program in programs]
    plists = [to_bytes(compile(program)) for program in programs]
    plists += [to_bytes(compile(program), plistlib.FMT_XML) for program in programs]
    for _ in range(rounds):
        for name, read, sources in (
            ("parse", _parsed, texts),
            ("lint", _linted, texts),
            ("decompile", _decompiled, plists),
        ):
            source = damaged(rng.choice(sources), rng)
            begun = time.process_time()
            with limited(SECONDS):
                accepted = read(source)
            took = time.process_time() - begun
            done.inputs[name] = done.inputs.get(name, 0) + 1
            done.accepted[name] = done.accepted.get(name, 0) + accepted
            done.slowest[name] = max(done.slowest.get(name, 0.0), took)
    done.growth = _mebibytes() - before
    return done


def bench(programs: Sequence[Program], rounds: int = 70_000) -> list[Measurement]:
    """A run's numbers as rows with their limits: 210,000 inputs unless told."""
    done = fuzz(programs, rounds)
    rows = []
    for name, count in done.inputs.items():
        share = 100 * done.accepted[name] / count
        rows += [
            Measurement(f"{name}: accepted", share, "%", count),
            Measurement(f"{name}: slowest", 1000 * done.slowest[name], "ms", count, 1000 * SECONDS),
        ]
    inputs = sum(done.inputs.values())
    return [*rows, Measurement("memory grown by", done.growth, "MiB", inputs, MEBIBYTES)]


def damaged(source: bytes | str, rng: random.Random) -> bytes | str:
    """A source with a few pieces overwritten, doubled, repeated or cut; sometimes pure noise."""
    if rng.random() < RANDOM:
        return _noise(source, rng)
    for _ in range(rng.randint(1, 5)):
        at, length = rng.randrange(len(source) + 1), rng.randrange(1, 8)
        piece = source[at : at + length]
        way = rng.randrange(16)
        if way < 5:
            source = source[:at] + source[at + length :]
        elif way < 9:
            source = source[:at] + piece + source[at:]
        elif way == 9:
            source = source[:at] + piece * rng.choice((5, 5, 5, 20, 20, 300)) + source[at:]
        elif isinstance(source, str):
            source = source[:at] + rng.choice(SIGNS) + source[at + 1 :]
        else:
            source = source[:at] + bytes([rng.randrange(256)]) + source[at + 1 :]
    return source


def _noise(source: bytes | str, rng: random.Random) -> bytes | str:
    if isinstance(source, bytes):
        return rng.choice((b"", b"bplist00", b"<?xml")) + rng.randbytes(rng.randrange(200))
    pool = (*WORDS, *SIGNS, *map(chr, (rng.randrange(0x110000) for _ in range(4))))
    noise = "".join(rng.choice(pool) for _ in range(rng.randrange(60)))
    return rng.choice(("", 'SHORTCUT "A"\n')) + noise


def _parsed(text: str) -> bool:
    program, faults = diagnose(text)
    if program is None:
        assert faults and all(str(fault) for fault in faults)
        return False
    assert parse(render(program)) == program, f"does not come back: {text!r}"
    return True


def _linted(text: str) -> bool:
    once = lint(text)
    assert lint(once.text).text == once.text, f"linted twice, changed twice: {text!r}"
    return not once.repairs


def _decompiled(data: bytes) -> bool:
    try:
        program = decompile(from_bytes(data))
    except BadInput:
        return False
    assert parse(render(program)) == program, f"does not come back: {data!r}"
    compile(program)  # whatever could be read can be written again
    return True


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises ``Hang`` in what takes more processor time: a busy machine is no hang."""

    def end(*_: object) -> None:
        raise Hang(f"an input took more than {seconds:g} s of the processor")

    old: Callable | int | None = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def _mebibytes() -> float:
    """The most memory that the process has held so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
