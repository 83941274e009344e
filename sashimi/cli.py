"""The command ``sashimi``: the one door that knows the studies. Imports happen inside commands,
so that ``sashimi --help`` and ``sashimi check`` start without torch.

Exit codes: 0 done, 1 findings (or a refused prompt, or a failed run), 2 bad use or bad input.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from sashimi import __version__, cli_language
from sashimi.command import Commands, Json, print_json, tell
from sashimi.errors import BadInput
from sashimi.flagship import commands as network
from sashimi.studies.trajectory import commands as trajectory

app = typer.Typer(
    cls=Commands,
    help="Prompts become typed, compiled Apple Shortcuts through a small ternary network.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(cli_language.app)
app.add_typer(network.app)
app.add_typer(trajectory.app)

Reports = Annotated[Path | None, typer.Option(help="Folder of results; default: reports/.")]

CORPUS = "'builtin', or a JSONL file or a folder of them, in ShortcutForge's form."
STUDIES = "sashimi"
"""The package whose folders hold the studies."""
DEFAULT = "flagship"
"""The study of a row that lies in no study's folder, and of a command that names no row."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Prompts become typed, compiled Apple Shortcuts through a small ternary network."""


@app.command()
def run(
    row: Annotated[
        Path | None,
        typer.Argument(help="A row of a study; default: params/flagship/00_full.yaml."),
    ] = None,
    corpus: Annotated[str | None, typer.Option(help=CORPUS)] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Overrides the row's seed.")
    ] = None,
    out: Reports = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier run.")] = False,
) -> None:
    """Train a row, execute the notebooks that read it, and build the page of results."""
    from sashimi import registry
    from sashimi.run import RunFailed
    from sashimi.run import run as execute

    study = registry.of(row or "", registry.load(STUDIES), DEFAULT)
    try:
        folder = execute(study, row, corpus, seed, out, force)
    except RunFailed as error:
        typer.echo(f"sashimi: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{folder}\n{_page(out)}")


@app.command()
def ablate(
    rows: Annotated[list[Path], typer.Argument(help="Rows: params/flagship/*.yaml.")],
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to N-1 of every row.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Cells at once, a thread each.")] = 1,
    corpus: Annotated[str | None, typer.Option(help=CORPUS)] = None,
    out: Reports = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run again what failed before.")
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(help="Run on the Dask cluster at this address.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run rows at several seeds, finished ones skipped; exit 1 if a cell failed."""
    from sashimi import registry
    from sashimi.ablate import matrix, questions, table, view
    from sashimi.files import root

    places = {"studies": STUDIES, "default": DEFAULT}
    board = matrix.ablate(
        rows, seeds, jobs, corpus, out, retry_failed, scheduler, as_json, **places
    )
    every = table.read(out or root() / "reports", registry.load(STUDIES))
    found = table.of(board.cells, every)
    asked = questions.load(root() / "reports" / questions.NAME)
    answers = [answer for answer in questions.answers(found, asked) if answer.number]
    if as_json:
        plain = [[entry.as_json() for entry in listed] for listed in (found, answers)]
        print_json({"cells": board.record(), "table": plain[0], "answers": plain[1]})
    else:
        typer.echo(table.markdown(found))
        if answers:
            typer.echo(f"\n{questions.markdown(answers)}")
        if found:
            typer.echo(_page(out))
        tell(view.failures(board))
    if view.failures(board):
        raise typer.Exit(1)


@app.command()
def report(
    reports: Reports = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if what is published is stale.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build reports/index.html from every result.json."""
    from sashimi import registry
    from sashimi.files import root
    from sashimi.report import publish, readme
    from sashimi.report.read import runs

    if as_json:
        print_json([run.record for run in runs(reports or root() / "reports")])
    elif check:
        if not readme.is_current(root(), publish.folder(), registry.load(STUDIES)):
            typer.echo("README.md does not say what reports/published/ gives: 'sashimi publish'")
            raise typer.Exit(1)
    else:
        typer.echo(_page(reports))


@app.command()
def publish(
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Finished runs: reports/flagship/00_full/seed0.")
    ] = None,
) -> None:
    """Copy runs into reports/published/ and rewrite what the README cites; alone: only rewrite."""
    from sashimi import registry
    from sashimi.report import publish as publishing

    for path in publishing.publish(runs or [], registry.load(STUDIES)):
        typer.echo(path)
    typer.echo(publishing.folder())
    if publishing.site().is_dir():
        typer.echo(publishing.site() / "index.html")


@app.command()
def doctor(
    name: Annotated[str | None, typer.Argument(help="A study: what it needs as well.")] = None,
    reports: Reports = None,
    clear_cache: Annotated[
        bool, typer.Option("--clear-cache", help="Empty the cache of computed tensors.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at versions, encoder weights, device and folders; exit 1 if something is wrong."""
    from sashimi import registry
    from sashimi.doctor import examine

    if clear_cache:
        from sashimi import cache

        tell([f"{cache.clear() / 1e6:.0f} MB freed in {cache.folder()}"])
    studies = registry.load(STUDIES)
    if name and name not in studies:
        raise BadInput(f"no study '{name}'; there are: {', '.join(studies)}")
    checks = examine(reports)
    own = studies[name].checks if name else None
    checks += own() if own else []
    if as_json:
        print_json([check.as_json() for check in checks])
    else:
        for check in checks:
            typer.echo(f"{'ok ' if check.passed else 'BAD'} {check.name}: {check.evidence}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="A bench; a name that is none lists them.")],
    checkout: Annotated[
        Path | None, typer.Option(help="For `before`: another checkout of this repository.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="For `before`: a trained run of it.")] = None,
    count: Annotated[int | None, typer.Option(help="Inputs of a bench that makes its own.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the speed of a part on this machine; `before` measures another checkout beside it."""
    from sashimi import registry
    from sashimi.bench import pab

    groups = {"pab": pab.bench}
    for study in registry.load(STUDIES).values():
        groups |= study.bench
    if name not in groups:
        raise BadInput(f"no bench '{name}'; there are: {', '.join(sorted(groups))}")
    options: dict[str, Any] = {"checkout": checkout, "run": run, "count": count}
    options = {key: value for key, value in options.items() if value is not None}
    for key in options.keys() - inspect.signature(groups[name]).parameters.keys():
        raise BadInput(f"bench '{name}' takes no --{key}")
    rows = groups[name](**options)
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        for row in rows:
            limit = "" if row.limit is None else f", limit {row.limit:g}"
            typer.echo(f"{row.what:<52} {row.value:>10.2f} {row.unit}  (n = {row.n}{limit})")


def _page(reports: Path | None) -> Path:
    """Build the page of results; returns its path."""
    from sashimi import registry
    from sashimi.ablate import questions, sections, table
    from sashimi.files import root
    from sashimi.report import page
    from sashimi.report.read import readable

    folder, studies = reports or root() / "reports", registry.load(STUDIES)
    every, problems = readable(folder)
    tell([f"not shown: {problem}" for problem in problems])
    rows = table.read(every, studies)
    answers = questions.answers(rows, questions.load(root() / "reports" / questions.NAME))
    return page.write(every, folder, studies, sections.compared(rows, answers, folder), problems)


if __name__ == "__main__":
    app(prog_name="sashimi")
