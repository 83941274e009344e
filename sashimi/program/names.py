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
"""First parts of reverse-domain identifiers, beside those of two letters, which are countries'.

No short name of more than one dot begins so.
"""


def is_vendor(name: str) -> bool:
    """Whether a name is a reverse-domain identifier rather than a short name."""
    root = name.split(".", 1)[0]
    return name.count(".") >= 2 and (root in VENDOR_ROOTS or len(root) == 2)


def short(identifier: str) -> str:
    """The name that a program uses: ``is.workflow.actions.ask`` is ``ask``, others stay."""
    return identifier.removeprefix(PREFIX)


def identifier(name: str) -> str:
    """The full identifier of a program's name: ``ask`` is ``is.workflow.actions.ask``.

    ``.jp.co`` is ``jp.co``: a dot before a name says that it is no short one.
    """
    if name.startswith("."):
        return name[1:]
    return name if is_vendor(name) else PREFIX + name


def of(identifier_: str) -> str:
    """The name that a program uses for a full identifier; `identifier` is the inverse."""
    name = short(identifier_)
    if identifier(name) == identifier_:
        return name
    return identifier_ if is_vendor(identifier_) else "." + identifier_


def written(name: str) -> str:
    """The name of a text as trees have it: the shortest of those that mean the same."""
    return of(identifier(name))


def handle(name: str) -> str:
    """The handle that stands for an action's output: its short name, ``.`` and ``-`` as ``_``."""
    return short(name).lstrip(".").replace(".", "_").replace("-", "_")
