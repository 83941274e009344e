"""The commands of the trained network; imports happen inside, so that ``--help`` needs no torch."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sashimi.command import Json, print_json, tell
from sashimi.errors import BadInput

if TYPE_CHECKING:
    from sashimi.flagship.answer.outcome import Outcome

app = typer.Typer()


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What the Shortcut should do; '-' reads stdin.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the plist here.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="A trained run; default: the network of the package.")
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1, max=16, help="Programs to show, the answer first; 3 if it is doubtful."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn a prompt into a program and its plist; exit 1 if it is refused."""
    from sashimi.files import atomic

    if prompt == "-":
        prompt = sys.stdin.buffer.read().decode()  # its text layer lets wrong bytes through
    if not prompt.strip():
        raise BadInput("the prompt is empty: say in a sentence what the shortcut should do")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for one prompt, a second thread only spins
    from sashimi.flagship import way
    from sashimi.program import write

    model = way.load(run)
    outcome = model.generate(prompt, candidates=candidates or 1)
    if outcome.doubtful and candidates is None:
        outcome = model.generate(prompt, candidates=3)
    written = output if outcome.plist is not None else None
    if written:
        with atomic(written) as temporary:
            write(outcome.plist, temporary)
    if as_json:
        print_json(outcome.as_json() | {"written": str(written) if written else None})
    elif outcome.accepted:
        _show(outcome)
        if written:
            typer.echo(f"wrote {output} (unsigned; signing needs a Mac)", err=True)
    else:
        typer.echo(f"refused: {outcome.why}", err=True)
    if outcome.plist is None:
        raise typer.Exit(1)


def _show(outcome: Outcome) -> None:
    """The programs on stdout; on stderr what is known of each."""
    if outcome.doubtful:
        tell([f"doubtful: confidence {outcome.confidence:.3f}, sure from {outcome.sure:.3f}"])
    for place, candidate in enumerate(outcome.candidates, 1):
        if len(outcome.candidates) > 1:
            tell([f"{place}. confidence {candidate.confidence:.3f}"])
        typer.echo(candidate.text.rstrip("\n"))
        tell([str(finding) for finding in candidate.findings] or ["no findings"])


@app.command()
def pack(
    run: Annotated[
        Path,
        typer.Argument(
            help="A trained run, reports/flagship/99_long_stream-spoken/seed0, or a packed network."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: the network of the package.")
    ] = None,
    admit: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of people's dev prompts to admit; default: as run."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a network as one small file, which answers without torch."""
    from sashimi.flagship import pack as packing
    from sashimi.runtime.shipped import NETWORK

    size = packing.pack(run, output or NETWORK, admit=admit)
    if as_json:
        print_json(asdict(size))
    else:
        for part, count in {**size.parts, "all": size.total}.items():
            typer.echo(f"{part:<28} {count:>10,} bytes")
        typer.echo(f"sha256 {size.digest}")
