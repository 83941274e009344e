"""The typed language: ShortcutDSL text, its tree, its checks and its plist. Imports no torch."""

from sashimi.program.parse import ParseError, parse
from sashimi.program.render import render
from sashimi.program.tree import Program

__all__ = ["ParseError", "Program", "parse", "render"]
