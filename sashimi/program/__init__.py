"""The typed language: ShortcutDSL text, its tree, its checks and its plist. Imports no torch."""

from sashimi.program.check.analyse import analyse
from sashimi.program.check.validate import validate
from sashimi.program.findings import Finding
from sashimi.program.plist.compile import CompileError, compile, runtime_unverified
from sashimi.program.plist.decompile import decompile
from sashimi.program.plist.store import read, write
from sashimi.program.text.lint import Lint, lint
from sashimi.program.text.parse import ParseError, parse
from sashimi.program.text.render import render
from sashimi.program.tree import Program


def _repr_html_(program: Program) -> str:
    """What a notebook shows of a program: the picture that ``sashimi show`` writes."""
    from sashimi.program.show import fragment

    return fragment(program)


Program._repr_html_ = _repr_html_

__all__ = [
    "CompileError",
    "Finding",
    "Lint",
    "ParseError",
    "Program",
    "analyse",
    "compile",
    "decompile",
    "lint",
    "parse",
    "read",
    "render",
    "runtime_unverified",
    "validate",
    "write",
]
