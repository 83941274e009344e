"""How a command fails and prints: what goes wrong in one line, findings on stderr, JSON."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sashimi.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
"""A disk that is full or may not be written."""


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Ends what goes wrong within it with one line on stderr and an exit code."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        typer.echo(f"sashimi: {error.filename or 'writing'}: {error.strerror}", err=True)
        raise typer.Exit(2) from error
    except UnicodeDecodeError as error:
        typer.echo(f"sashimi: input is not UTF-8 text (byte {error.start})", err=True)
        raise typer.Exit(2) from error
    except BadInput as error:
        typer.echo(f"sashimi: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        typer.echo("\nstopped; the same command goes on where this one ended", err=True)
        raise typer.Exit(130) from None


class Commands(TyperGroup):
    """Turns what goes wrong in any command into one line on stderr: BadInput, a full disk and text
    that is not UTF-8 exit with code 2, Ctrl-C with 130.
    """

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the words of the command line; ``--help`` prints here."""
        with _one_line():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _one_line():
            return super().invoke(ctx)


def tell(lines: Iterable[str]) -> None:
    """Prints lines to stderr, beside what a command gives."""
    for line in lines:
        typer.echo(line, err=True)


def print_json(value: Any) -> None:
    """Prints a value as sorted, indented JSON."""
    typer.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))
