"""A finding: one thing that a check has to say about a program, as a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What a stage found, where and why.

    ``line`` counts from 1 (0 where a tree was not read from text), ``where`` names the statement
    and its part, ``why`` says what is wrong and with what. ``error`` means that the program will
    not do what it says; ``warning`` that it may not. ``code`` names its kind in a word or two,
    the same for every program; the words of ``why`` may change.
    """

    stage: str
    line: int
    where: str
    why: str
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.severity}: {self.where}: {self.why}"


def invalid(line: int, code: str, where: str, why: str, severity: str = "error") -> Finding:
    """A finding of `validate`."""
    return Finding("validate", line, where, why, severity, code)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Only the findings that are errors."""
    return [finding for finding in findings if finding.severity == "error"]
