"""From text to a Shortcut: lint, parse, validate, compile; of our own text and of free text."""

from __future__ import annotations

from dataclasses import dataclass

from sashimi.program import Finding, ParseError, Program, compile, lint, parse, validate
from sashimi.program import findings as findings_of
from sashimi.program.catalogue import Catalogue
from sashimi.program.text.repairs import Repair


@dataclass(frozen=True)
class Checked:
    """A program as it was read from its text, with what was found and its plist."""

    program: Program | None
    text: str
    findings: list[Finding]
    plist: dict | None


def compiled(text: str, catalogue: Catalogue) -> Checked:
    """Read back what was lowered as foreign text would be, validate, compile.

    The linter is a witness only: it may change nothing in what the masks made.
    """
    findings = [_repair(repair, "would write") for repair in lint(text).repairs]
    program = parse(text)
    findings += validate(program, strict=True, catalogue=catalogue)
    return Checked(program, text, findings, compile(program))


def mended(text: str, catalogue: Catalogue) -> Checked:
    """Lint, parse, validate and compile what a decoder wrote freely.

    Without a program where the text is none, without a plist where there are errors. A repair is a
    warning; so is a text that only parses once it is mended. One that does not parse even then is
    kept as it was written.
    """
    mended = lint(text)
    findings = [_repair(repair, "wrote") for repair in mended.repairs]
    try:
        parse(text)
    except ParseError as error:
        findings.insert(0, _refusal(error, "warning"))
    try:
        program = parse(mended.text)
    except ParseError as error:
        return Checked(None, text, [_refusal(error, "error")], None)
    findings += validate(program, strict=True, catalogue=catalogue)
    permissive = validate(program, strict=False, catalogue=catalogue)
    plist = None if findings_of.errors(permissive) else compile(program)
    return Checked(program, mended.text, findings, plist)


def _repair(repair: Repair, verb: str) -> Finding:
    why = f"the linter {verb} {repair.after!r} for {repair.before!r}"
    return Finding("lint", repair.line, repair.kind, why, "warning")


def _refusal(error: ParseError, severity: str) -> Finding:
    return Finding("parse", error.line, "text", error.reason, severity)
