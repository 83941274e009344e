"""The typed language: ShortcutDSL text, its tree, its checks and its plist. Imports no torch."""

from sashimi.program.analyse import analyse
from sashimi.program.compile import CompileError, compile, runtime_unverified
from sashimi.program.decompile import decompile
from sashimi.program.findings import Finding
from sashimi.program.lint import Lint, lint
from sashimi.program.parse import ParseError, parse
from sashimi.program.render import render
from sashimi.program.store import read, write
from sashimi.program.tree import Program
from sashimi.program.validate import validate

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
