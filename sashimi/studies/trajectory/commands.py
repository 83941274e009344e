"""The command that ships a network; imports happen inside, so that ``--help`` needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sashimi.command import Json, print_json, tell

app = typer.Typer()


@app.command()
def promote(
    run: Annotated[
        Path, typer.Argument(help="A run of a row with three seeds, or the row's folder.")
    ],
    as_json: Json = False,
) -> None:
    """Archive and ship a row's network if all promotion gates say go; exit 1 if one does not."""
    from sashimi.flagship import pack as packing
    from sashimi.studies.trajectory import promote as promotion

    row = promotion.candidate(run)
    verdicts, last = promotion.judged(row), promotion.latest()
    worse = promotion.regressions(promotion.candidate(last), row) if last else []
    archived = last.name if last else ""
    stopped = promotion.refused(verdicts)
    if not stopped:
        packing.pack(row.runs[0].folder)
        promotion.archive(row, verdicts)
    if as_json:
        told = {"verdicts": [v.as_dict() for v in verdicts], "worse than the archived": worse}
        print_json({"row": row.name, "promoted": not stopped, **told})
    else:
        for verdict in verdicts:
            value = "n/a" if verdict.value is None else f"{verdict.value:.4g}"
            typer.echo(f"{verdict.decision:<14} {verdict.gate:<32} {value:>8}  {verdict.reason}")
        tell([f"worse than {archived}: {one['what']}, by {one['fall']:.3f}" for one in worse])
    if stopped:
        tell([f"not promoted: {', '.join(verdict.gate for verdict in stopped)}"])
        raise typer.Exit(1)
