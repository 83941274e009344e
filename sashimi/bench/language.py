"""What the language costs on this machine: rows of ``what``, ``value``, ``unit`` and ``n``.

A row's ``limit`` is what the value may be at most. Times are of one core: nothing here is parallel.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from sashimi.program import compile, decompile, lint, parse, render, tiers, validate
from sashimi.program.findings import errors
from sashimi.program.plist.store import to_bytes
from sashimi.program.tree import Program
from sashimi.study import Measurement

PROMPT_SIZED = 30
"""Most lines of a program that answers one prompt."""
MILLISECONDS = 5.0
"""Most that such a program may take from text to plist."""
LENGTHS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
"""Lines of the programs on which growth is measured."""
TRIES = 3
"""Times that each thing is timed; the fastest counts, as the others waited for something else."""

PARAGRAPH = """\
ACTION ask WFAskActionPrompt="How many?" WFInputType="Number"
SET $n{0} = @prev
IF $n{0} is_greater_than 3
ACTION downloadurl WFURL=`https://x.org/?n={{$n{0}}}` WFHTTPMethod="GET"
ELSE
FOREACH @input
ACTION showresult Text=`{{@item}} of {{$n{0}}}`
ENDFOREACH
ENDIF
ACTION list WFItems=["a", "b{0}"]
"""
"""Ten lines with what programs are made of, from which longer ones are put together."""


def language(programs: Sequence[Program]) -> list[Measurement]:
    """Programs a second by stage, text to plist of a program that a prompt asks for, and growth."""
    return [*speeds(programs), *text_to_plist(programs), *growth()]


def speeds(programs: Sequence[Program]) -> list[Measurement]:
    """Programs a second through each stage."""
    texts = [render(program) for program in programs]
    plists = [compile(program) for program in programs]
    stages: list[tuple[str, Callable, Sequence]] = [
        ("parse", parse, texts),
        ("lint", lint, texts),
        ("render", render, programs),
        ("validate", validate, programs),
        ("encode", tiers.encode, programs),
        ("compile", compile, programs),
        ("decompile", decompile, plists),
    ]
    return [
        Measurement(
            what, len(items) / fastest(lambda c=call, i=items: [c(x) for x in i]), "programs/s", n
        )
        for what, call, items in stages
        for n in [len(items)]
    ]


def text_to_plist(programs: Sequence[Program]) -> list[Measurement]:
    """Milliseconds from text to the bytes of a plist, checks included, for prompt-sized texts."""
    texts = [text for text in map(render, programs) if text.count("\n") <= PROMPT_SIZED]
    took = sorted(1000 * fastest(lambda t=text: through(t)) for text in texts)
    return [
        Measurement("text to plist, median", quantile(took, 0.5), "ms", len(took), MILLISECONDS),
        Measurement(
            "text to plist, 95% below", quantile(took, 0.95), "ms", len(took), MILLISECONDS
        ),
        Measurement("text to plist, slowest", took[-1], "ms", len(took), MILLISECONDS),
    ]


def through(text: str) -> bytes:
    """Text to plist; raises ValueError for a program with errors."""
    program = parse(text)
    if errors(validate(program)):
        raise ValueError("a program of the bench has errors")
    return to_bytes(compile(program))


def growth(lengths: Sequence[int] = LENGTHS) -> list[Measurement]:
    """The exponent of each stage's cost over a program's length: 1 is linear."""
    seconds = costs(lengths)
    return [
        Measurement(f"{stage}, cost ~ lines^", exponent(lengths, took), "", len(lengths))
        for stage, took in seconds.items()
    ]


def costs(lengths: Sequence[int]) -> dict[str, list[float]]:
    """Seconds of each stage for programs of each number of lines."""
    out: dict[str, list[float]] = {"parse": [], "validate": [], "compile": [], "decompile": []}
    for lines in lengths:
        text = sized(lines)
        program = parse(text)
        plist = compile(program)
        out["parse"].append(fastest(lambda t=text: parse(t)))
        out["validate"].append(fastest(lambda p=program: validate(p)))
        out["compile"].append(fastest(lambda p=program: compile(p)))
        out["decompile"].append(fastest(lambda p=plist: decompile(p)))
    return out


def sized(lines: int) -> str:
    """A valid program of ``lines`` lines in its body, a multiple of ten."""
    if lines < 10 or lines % 10:
        raise ValueError(f"{lines} lines: state a multiple of ten")
    body = "".join(PARAGRAPH.format(number) for number in range(lines // 10))
    return f'SHORTCUT "{lines} lines"\n{body}ENDSHORTCUT\n'


def exponent(lengths: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log seconds over log length, by least squares."""
    x = [math.log(length) for length in lengths]
    y = [math.log(took) for took in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return over / sum((a - mean_x) ** 2 for a in x)


def fastest(run: Callable[[], Any], tries: int = TRIES) -> float:
    """Seconds of processor time of the fastest of some tries."""
    run()  # builds what is built once
    took = []
    for _ in range(tries):
        begun, rounds = time.process_time(), 0
        while time.process_time() - begun < 0.002:  # short runs are repeated: the clock is coarse
            run()
            rounds += 1
        took.append((time.process_time() - begun) / rounds)
    return min(took)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of some sorted values lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
