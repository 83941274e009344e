"""Action names: the short form that programs use and the full identifier that plists use."""

from __future__ import annotations

PREFIX = "is.workflow.actions."
"""What a short name leaves out."""

VENDOR_ROOTS = frozenset(
    [
        "AsheKube",
        "ai",
        "app",
        "ch",
        "co",
        "codes",
        "com",
        "company",
        "de",
        "dk",
        "fm",
        "fr",
        "fyi",
        "in",
        "io",
        "is",
        "ke",
        "maccatalyst",
        "me",
        "net",
        "org",
        "uk",
        "us",
    ]
)
"""First parts of reverse-domain identifiers; no short name of more than one dot begins so."""


def is_vendor(name: str) -> bool:
    """Whether a name is a reverse-domain identifier rather than a short name."""
    return name.count(".") >= 2 and name.split(".", 1)[0] in VENDOR_ROOTS


def short(identifier: str) -> str:
    """The name that a program uses: ``is.workflow.actions.ask`` is ``ask``, others stay."""
    return identifier.removeprefix(PREFIX)


def identifier(name: str) -> str:
    """The full identifier of a program's name: ``ask`` is ``is.workflow.actions.ask``."""
    return name if is_vendor(name) else PREFIX + name


def handle(name: str) -> str:
    """The handle that stands for an action's output: its short name, ``.`` and ``-`` as ``_``."""
    return short(name).replace(".", "_").replace("-", "_")
