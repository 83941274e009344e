"""The commands of the language, which know no study: they start without torch."""

from __future__ import annotations

from typing import Annotated

import typer

from sashimi.command import Json

app = typer.Typer()

Permissive = Annotated[bool, typer.Option("--permissive", help="Let unknown actions pass.")]
Files = Annotated[list[str], typer.Argument(help="Files; '-' is standard input.")]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="Write here; for one input only.")
]


@app.command()
def lint(
    files: Files,
    fix: Annotated[bool, typer.Option("--fix", help="Write the repairs back.")] = False,
    as_json: Json = False,
) -> None:
    """Say what would be repaired in programs that others wrote; exit 1 if there is something."""
    from sashimi.program import commands

    raise typer.Exit(commands.lint_files(files, fix, as_json))


@app.command()
def check(files: Files, permissive: Permissive = False, as_json: Json = False) -> None:
    """Parse, validate and analyse programs; exit 1 if there are errors."""
    from sashimi.program import commands

    raise typer.Exit(commands.check_files(files, not permissive, json=as_json))


@app.command("compile")
def compile_program(
    files: Files, output: Output = None, permissive: Permissive = False, as_json: Json = False
) -> None:
    """Compile programs to unsigned plists; exit 1, writing nothing, where there are errors."""
    from sashimi.program import commands

    raise typer.Exit(commands.compile_files(files, output, not permissive, as_json))


@app.command()
def decompile(files: Files, output: Output = None, as_json: Json = False) -> None:
    """Turn plists, binary or XML, back into programs in text form."""
    from sashimi.program import commands

    raise typer.Exit(commands.decompile_files(files, output, as_json))


@app.command()
def show(
    file: Annotated[str, typer.Argument(help="A program or a plist; '-' is standard input.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="page.html or picture.svg; default: beside the file."),
    ] = None,
) -> None:
    """Draw a program or a plist as a page: its actions as people see them in the editor."""
    from sashimi.program import commands

    raise typer.Exit(commands.show_file(file, output))


@app.command()
def survey(
    folder: Annotated[str, typer.Argument(help="A folder of .shortcut, .plist or .wflow files.")],
    as_json: Json = False,
) -> None:
    """Say of a folder of real files what comes back exactly; exit 1 if one does not."""
    from sashimi.program import commands

    raise typer.Exit(commands.survey_folder(folder, as_json))
