"""Tree to plist: ``compile``, ``write``, and ``runtime_unverified``.

What comes out is the unsigned form: Shortcuts on iOS 15 and later imports it only after Apple's own
``shortcuts sign`` has signed it, on a Mac.

``compile`` is total on trees that a plist can hold. A handle that names nothing becomes the output
of an action that is not there, as Shortcuts itself shows it; whether that is acceptable is for
``validate`` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sashimi.program.check.parts import operands
from sashimi.program.check.storable import storable
from sashimi.program.plist.assemble import CompileError, assemble
from sashimi.program.plist.wire import encode
from sashimi.program.tree import (
    Dict,
    Handle,
    If,
    List,
    Menu,
    Program,
    Quantity,
    Reference,
    Set,
    Value,
    references,
    walk,
)

INPUT_CLASSES = [
    "WFAppContentItem",
    "WFAppStoreAppContentItem",
    "WFArticleContentItem",
    "WFContactContentItem",
    "WFDateContentItem",
    "WFEmailAddressContentItem",
    "WFFolderContentItem",
    "WFGenericFileContentItem",
    "WFImageContentItem",
    "WFLocationContentItem",
    "WFDCMapsLinkContentItem",
    "WFAVAssetContentItem",
    "WFPDFContentItem",
    "WFPhoneNumberContentItem",
    "WFRichTextContentItem",
    "WFSafariWebPageContentItem",
    "WFStringContentItem",
    "WFURLContentItem",
]
"""What a Shortcut that takes anything accepts."""


def compile(program: Program) -> dict:
    """The plist of a program, of plain Python values; equal programs give identical plists.

    Raises ``CompileError`` where a plist cannot hold the program: a character or an integer out of
    range, a condition without a code, a special value that cannot be read.
    """
    faults = list(storable(program))
    if faults:
        raise CompileError("; ".join(str(fault) for fault in faults))
    actions = assemble(program)
    root = {**settings(program), "WFWorkflowActions": actions}
    for key, value in program.settings:
        if value is None:
            root.pop(key, None)
        else:
            root[key] = _setting(key, value)
    return root


def settings(program: Program) -> dict:
    """What the plist's root says beside the actions, of a program that states no settings."""
    return {
        "WFWorkflowName": program.name,
        "WFWorkflowClientVersion": "2605.0.5",
        "WFWorkflowMinimumClientVersion": 900,
        "WFWorkflowMinimumClientVersionString": "900",
        "WFWorkflowHasShortcutInputVariables": _uses_input(program),
        "WFWorkflowIcon": {
            "WFWorkflowIconStartColor": 463140863,
            "WFWorkflowIconGlyphNumber": 59511,
        },
        "WFWorkflowInputContentItemClasses": list(INPUT_CLASSES),
        "WFWorkflowTypes": [],
        "WFWorkflowImportQuestions": [],
    }


def _setting(key: str, value: Value) -> Any:
    def refused(reference: Reference) -> dict:
        raise CompileError(f"WITH {key}: no variable or handle can stand at the root")

    return encode(value, refused)


def runtime_unverified(program: Program) -> list[str]:
    """Why a program that compiles may still not do on a phone what it says; ``[]`` if nothing is.

    These are places where sources disagree or where the text has lost what the Shortcut held.
    """
    reasons: dict[str, None] = {}
    for statement in walk(program.body):
        if isinstance(statement, If) and statement.condition == "is_before":
            reasons["is_before: sources disagree on its code"] = None
        if isinstance(statement, Set) and isinstance(statement.value, Quantity):
            reasons["SET with a quantity: the kind of unit is left out"] = None
        for _, value in operands(statement):
            if Handle("DeviceDetails") in references(value):
                reasons["@DeviceDetails: the text does not say which detail"] = None
            if any("<binary:" in text for text in _texts(value)):
                reasons["binary data: the text holds only its length"] = None
    return list(reasons)


def _texts(value: Value | None) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Dict(items=items):
            for _, inner in items:
                yield from _texts(inner)
        case List(items=items):
            for inner in items:
                yield from _texts(inner)


def _uses_input(program: Program) -> bool:
    return any(
        Handle("input") in references(value)
        for statement in walk(program.body)
        for part in (statement, *(statement.cases if isinstance(statement, Menu) else ()))
        for _, value in operands(part)
    )
