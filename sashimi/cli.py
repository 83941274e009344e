"""The command ``sashimi``: the one door that knows the studies. Imports happen inside commands,
so that ``sashimi --help`` and ``sashimi check`` start without torch.

Exit codes: 0 done, 1 findings (or a refused prompt, or a failed run), 2 bad use or bad input.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sashimi.errors import BadInput


class Commands(TyperGroup):
    """Turns BadInput of any command into one line on stderr and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadInput as error:
            typer.echo(f"sashimi: {error}", err=True)
            raise typer.Exit(2) from error


app = typer.Typer(
    cls=Commands,
    help="Prompts become typed, compiled Apple Shortcuts through a small ternary network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reports = Annotated[Path | None, typer.Option(help="Folder of results; default: reports/.")]

Permissive = Annotated[bool, typer.Option("--permissive", help="Let unknown actions pass.")]
CORPUS = "'builtin', or a JSONL file or a folder of them, in ShortcutForge's form."


@app.command()
def run(
    row: Annotated[Path | None, typer.Argument(help="A row; default: 00_full.yaml.")] = None,
    corpus: Annotated[str | None, typer.Option(help=CORPUS)] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Overrides the row's seed.")] = None,
    out: Reports = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier run.")] = False,
) -> None:
    """Train a row, execute the notebooks that read it, and build the page of results."""
    from sashimi import report
    from sashimi.files import root
    from sashimi.flagship.study import STUDY
    from sashimi.run import RunFailed
    from sashimi.run import run as execute

    try:
        folder = execute(STUDY, row, corpus, seed, out, force)
    except RunFailed as error:
        typer.echo(f"sashimi: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("\nstopped; the same command goes on from the last checkpoint", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{folder}\n{report.build(out or root() / 'reports')}")


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What the Shortcut should do; '-' reads stdin.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the plist here.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="A run; default: the reference.")] = None,
    as_json: Json = False,
) -> None:
    """Turn a prompt into a program and its plist with a trained run; exit 1 if it is refused."""
    from sashimi.files import atomic

    if prompt == "-":
        prompt = sys.stdin.read()
    if not prompt.strip():
        raise BadInput("the prompt is empty: say in a sentence what the shortcut should do")
    folder = run or _trained()
    from sashimi.flagship import way
    from sashimi.program import write

    outcome = way.load(folder).generate(prompt)
    if outcome.accepted and output:
        with atomic(output) as temporary:
            write(outcome.plist, temporary)
    if as_json:
        _print_json(
            {
                "prompt": prompt,
                "accepted": outcome.accepted,
                "score": outcome.score,
                "text": outcome.text,
                "findings": [asdict(finding) for finding in outcome.findings],
                "seconds": outcome.seconds,
                "written": str(output) if outcome.accepted and output else None,
            }
        )
    elif outcome.accepted:
        typer.echo(outcome.text.rstrip("\n"))
        _tell([str(finding) for finding in outcome.findings] or ["no findings"])
        if output:
            typer.echo(f"wrote {output} (unsigned; signing needs a Mac)", err=True)
    else:
        typer.echo(f"refused: out of domain, score {outcome.score:.3f}", err=True)
    if not outcome.accepted:
        raise typer.Exit(1)


@app.command()
def report(
    reports: Reports = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if the README is stale.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build reports/index.html and the README's table from every result.json."""
    from sashimi import report as reporting
    from sashimi.files import root

    folder = reports or root() / "reports"
    readme = root() / "README.md"
    if as_json:
        _print_json(reporting.results(folder))
    elif check:
        if not reporting.readme_is_current(readme, folder):
            typer.echo(f"{readme}: its table is not what the results give; run 'sashimi report'")
            raise typer.Exit(1)
    else:
        typer.echo(reporting.build(folder))
        if reports is None:
            reporting.write_readme(readme, folder)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Programs in ShortcutDSL.")],
    permissive: Permissive = False,
    as_json: Json = False,
) -> None:
    """Parse and validate programs; exit 1 if there are findings."""
    found = {str(file): _findings(file, strict=not permissive) for file in files}
    if as_json:
        _print_json({file: [asdict(finding) for finding in many] for file, many in found.items()})
    else:
        for file, many in found.items():
            for finding in many:
                typer.echo(f"{file}: {finding}")
    if any(found.values()):
        raise typer.Exit(1)


@app.command("compile")
def compile_file(
    file: Annotated[Path, typer.Argument(help="A program in ShortcutDSL.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the plist.")],
    permissive: Permissive = False,
) -> None:
    """Compile a program to an unsigned plist; exit 1, writing nothing, if it has errors."""
    from sashimi.files import atomic
    from sashimi.program import compile, parse, write

    found = _findings(file, strict=not permissive)
    _tell([f"{file}: {finding}" for finding in found])
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)
    plist = compile(parse(_text(file)))
    with atomic(output) as temporary:
        write(plist, temporary)
    typer.echo(f"wrote {output} (unsigned; signing needs a Mac)", err=True)


@app.command()
def decompile(
    file: Annotated[Path, typer.Argument(help="An unsigned .shortcut or .plist, binary or XML.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the program here; default: print.")
    ] = None,
) -> None:
    """Turn a plist back into a program in text form."""
    from sashimi.files import write_text
    from sashimi.program import decompile, read, render

    text = render(decompile(read(file)))
    if output:
        write_text(output, text)
    else:
        typer.echo(text.rstrip("\n"))


@app.command()
def doctor(reports: Reports = None, as_json: Json = False) -> None:
    """Look at versions, encoder weights, device and folders; exit 1 if something is wrong."""
    from sashimi.doctor import examine

    rows = examine(reports)
    if as_json:
        _print_json([row.as_json() for row in rows])
    else:
        for row in rows:
            typer.echo(f"{'ok ' if row.good else 'BAD'} {row.what}: {row.found}")
    if not all(row.good for row in rows):
        raise typer.Exit(1)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="A group: language, generate, pab.")],
    as_json: Json = False,
) -> None:
    """Measure the speed of a part on this machine."""
    from sashimi.flagship import bench as benches
    from sashimi.pab import bench as recording

    groups = {
        "language": benches.language,
        "generate": lambda: benches.generate(_trained()),
        "pab": recording.bench,
    }
    if name not in groups:
        raise BadInput(f"no bench '{name}'; there are: {', '.join(groups)}")
    rows = groups[name]()
    if as_json:
        _print_json(rows)
    else:
        for row in rows:
            limit = f", limit {row['limit']:g}" if "limit" in row else ""
            typer.echo(
                f"{row['what']:<34} {row['value']:>10.2f} {row['unit']}  (n = {row['n']}{limit})"
            )


def _trained() -> Path:
    """The reference run if it has a model, else the newest run that has one."""
    from sashimi.files import root

    reports = root() / "reports" / "flagship"
    models = sorted(reports.glob("*/seed*/model.safetensors"), key=lambda p: p.stat().st_mtime)
    if not models:
        raise BadInput(f"no trained run below {reports}: train one with 'make run'")
    reference = reports / "00_full" / "seed0" / "model.safetensors"
    return (reference if reference in models else models[-1]).parent


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text (byte {error.start})") from error


def _findings(file: Path, strict: bool) -> list:
    from sashimi.program import Finding, ParseError, parse, validate

    try:
        program = parse(_text(file))
    except ParseError as error:
        wanted = f"; expected {' or '.join(error.expected)}" if error.expected else ""
        return [Finding("parse", error.line, f"column {error.column}", error.reason + wanted)]
    return validate(program, strict=strict)


def _tell(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))
