"""The typed language: ShortcutDSL text, its tree, its checks and its plist. Imports no torch.

The names below are imported from their modules when they are first used, so that what reads text
does not wait for what reads plists.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sashimi.program.tree import Program

MODULES = {
    "CompileError": "plist.compile",
    "Finding": "findings",
    "Lint": "text.lint",
    "ParseError": "text.parse",
    "analyse": "check.analyse",
    "compile": "plist.compile",
    "decompile": "plist.decompile",
    "lint": "text.lint",
    "parse": "text.parse",
    "read": "plist.store",
    "render": "text.render",
    "runtime_unverified": "plist.compile",
    "validate": "check.validate",
    "write": "plist.store",
}
"""Where each public name is defined, below this package."""

__all__ = ["Program", *MODULES]


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})


def _repr_html_(program: Program) -> str:
    """What a notebook shows of a program: the picture that ``sashimi show`` writes."""
    from sashimi.program.show import fragment

    return fragment(program)


Program._repr_html_ = _repr_html_
