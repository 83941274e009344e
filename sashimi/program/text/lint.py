"""Repairs of foreign text: what a language model or a person wrote, brought into the language.

``lint`` runs fixed phases, each over the whole text, and records every change. Text that parses
keeps its layout: only names are looked at. The decoder's own output never needs this.

1. *Only if the text does not parse*, or if it is indented as blocks are, contradicts that in one
   place, and one repair makes both agree: fences and prose around the program (structure), line
   ends (newline), macros (macro), first words (alias), conditions written as signs (condition),
   strings and references in braces (interpolation), blocks (structure).
2. Names, with the scope of the place: actions (action, alias), keys and listed values (alias),
   conditions (condition), handles and variables (handle).

A name is only replaced by the one nearest name that is legal there; what is ambiguous stays.

Nothing is lost: a repair of the text after which a statement that the parser could read is gone is
taken back, and what cannot be mended stays as it is, with its place in ``Lint.faults``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sashimi.program.text import lint_names, lint_text
from sashimi.program.text.kept import lost
from sashimi.program.text.layout import misleading
from sashimi.program.text.parse import ParseError, parse
from sashimi.program.text.recover import diagnose
from sashimi.program.text.repairs import Repair


@dataclass(frozen=True)
class Lint:
    """A repaired text and what was done to it, in order."""

    text: str
    repairs: list[Repair]

    @cached_property
    def faults(self) -> list[ParseError]:
        """What is left in the repaired text that the parser cannot read, each with its place."""
        return diagnose(self.text)[1]

    def __iter__(self) -> Iterator:
        return iter((self.text, self.repairs))


PASSES = 4
"""A repair may show the next fault; more rounds than this have never been needed."""


def lint(text: str) -> Lint:
    """Repair a text as far as is certain; ``lint(lint(t).text).text == lint(t).text``.

    Never raises for any text. The result may still not parse: then ``parse`` says why.
    """
    repairs: list[Repair] = []
    for _ in range(PASSES):
        before = text
        text = _whole(text, repairs)
        text = lint_names.repair(text, repairs)
        if text == before:
            break
    return Lint(text, repairs)


def _whole(text: str, repairs: list[Repair]) -> str:
    """The text with its structure mended, if it does not parse or its layout contradicts it."""
    doubtful = _parses(text)
    if doubtful and not misleading(text):
        return text
    done: list[Repair] = []
    mended = lint_text.repair(text, done)
    if doubtful and (not _parses(mended) or misleading(mended)):
        return text
    if mended != text and lost(text, mended):
        return text
    repairs += done
    return mended


def _parses(text: str) -> bool:
    try:
        parse(text)
    except ParseError:
        return False
    return True
