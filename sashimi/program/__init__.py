"""The typed language: ShortcutDSL text, its tree, its checks and its plist. Imports no torch."""

from sashimi.program.findings import Finding
from sashimi.program.parse import ParseError, parse
from sashimi.program.render import render
from sashimi.program.tree import Program
from sashimi.program.validate import validate

__all__ = ["Finding", "ParseError", "Program", "parse", "render", "validate"]
