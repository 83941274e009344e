"""What the commands ``lint``, ``check``, ``compile`` and ``decompile`` do, as plain functions.

Each takes file names (``-`` is standard input), prints, and returns the exit code: 0 clean, 1 with
findings, 2 for input that cannot be used (raised as ``BadInput`` by the readers, caught here).
"""

from __future__ import annotations

import json as jsons
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sashimi import program as language
from sashimi.errors import BadInput
from sashimi.program import sources
from sashimi.program.findings import Finding, errors
from sashimi.program.text.layout import misleading
from sashimi.program.text.parse import ParseError
from sashimi.program.text.recover import diagnose

CLEAN, FINDINGS, BAD = 0, 1, 2
WIDTH = 96
"""Most characters of a source line that are shown."""
_COLOURS = {"error": "31", "warning": "33", "info": "36"}


def lint_files(paths: Sequence[str], fix: bool = False, json: bool = False) -> int:
    """Report repairs and what is left; with ``fix``, write them back (``-``: to standard output).

    What cannot be mended stays in the text and is told with its place in the repaired text.
    """

    def one(path: str) -> tuple[int, dict]:
        source = sources.source(path)
        text = source.text
        done = language.lint(text)
        if fix and source.stored and done.text != text:
            raise BadInput(f"{path}: a plist: 'sashimi decompile' writes the text to be repaired")
        records = [
            {
                "kind": repair.kind,
                "line": repair.line,
                "before": repair.before,
                "after": repair.after,
                "severity": repair.severity,
                "confidence": repair.confidence,
            }
            for repair in done.repairs
        ]
        if fix and done.text != text and path != "-":
            _replace(Path(path), done.text)
        if fix and path == "-" and not json:
            sys.stdout.write(done.text)
        elif not json:
            for repair in done.repairs:
                head = _coloured(f"{repair.severity} {repair.kind}", repair.severity)
                sure = "" if repair.confidence == 1 else f" (confidence {repair.confidence:.2f})"
                print(f"{path}:{repair.line}: {head}: {repair.before!r} -> {repair.after!r}{sure}")
        for fault in () if json else done.faults:
            _show_fault(path, fault)
        left = [_fault_record(fault) for fault in done.faults]
        code = FINDINGS if done.repairs or left else CLEAN
        return code, {"repairs": records, "left": left, "text": done.text}

    return _each(paths, one, json)


def check_files(
    paths: Sequence[str], strict: bool = True, analyses: bool = True, json: bool = False
) -> int:
    """Parse, validate and analyse; exit code 1 if there is an error (a warning alone is 0)."""

    def one(path: str) -> tuple[int, dict]:
        text = sources.source(path).text
        program, faults = diagnose(text)
        if program is None:
            for fault in () if json else faults:
                _show_fault(path, fault)
            return FINDINGS, {"findings": [_fault_record(fault) for fault in faults]}
        found = language.validate(program, strict=strict) + misleading(text)
        said = {(finding.line, finding.why) for finding in found}
        more = language.analyse(program) if analyses else []
        found += [finding for finding in more if (finding.line, finding.why) not in said]
        if not json:
            for finding in found:
                _show(path, text, finding)
        records = [vars(finding) for finding in found]
        return FINDINGS if errors(found) else CLEAN, {"findings": records}

    return _each(paths, one, json)


def compile_files(
    paths: Sequence[str], output: str | None = None, strict: bool = True, json: bool = False
) -> int:
    """Compile each program that has no errors to ``output`` or beside it, as ``.shortcut``."""
    if output is not None and len(paths) > 1:
        return _bad("one output is for one input: leave it out to write beside each")

    def one(path: str) -> tuple[int, dict]:
        text = sources.text(path)
        program, faults = diagnose(text)
        if program is None:
            for fault in () if json else faults:
                _show_fault(path, fault)
            return FINDINGS, {"findings": [_fault_record(fault) for fault in faults]}
        wrong = errors(language.validate(program, strict=strict))
        if wrong:
            for finding in () if json else wrong:
                _show(path, text, finding)
            return FINDINGS, {"findings": [vars(finding) for finding in wrong]}
        if output is None and path == "-":
            raise BadInput("standard input has no name of its own: state the output")
        target = Path(output) if output else Path(path).with_suffix(".shortcut")
        language.write(language.compile(program), target)
        reasons = language.runtime_unverified(program)
        if not json:
            print(f"{target}: written, not signed (only Apple's own tool signs, on a Mac)")
            for reason in reasons:
                print(f"{target}: not verified: {reason}")
        return CLEAN, {"output": str(target), "runtime_unverified": reasons}

    return _each(paths, one, json)


def decompile_files(paths: Sequence[str], output: str | None = None, json: bool = False) -> int:
    """Print the text of each plist, or write it to ``output``."""
    if output is not None and len(paths) > 1:
        return _bad("one output is for one input: leave it out to print each")

    def one(path: str) -> tuple[int, dict]:
        program, notes = sources.decompiled(path)
        text = language.render(program)
        if output is not None:
            _replace(Path(output), text)
        elif not json:
            sys.stdout.write(text)
        for note in () if json else notes:
            print(f"{path}: {note.severity}: {note.where}: {note.why}", file=sys.stderr)
        return CLEAN, {"text": text, "notes": [vars(note) for note in notes]}

    return _each(paths, one, json)


def show_file(path: str, output: str | None = None) -> int:
    """Write a picture of a program or a plist: HTML, or SVG where the name ends so."""
    from sashimi.program.show import page, svg

    if output is None and path == "-":
        raise BadInput("standard input has no name of its own: state the output")
    target = Path(output) if output else Path(path).with_suffix(".html")
    if target.suffix not in (".html", ".svg"):
        raise BadInput(f"{target}: write to a name that ends in .html or .svg")
    program, faults = diagnose(sources.source(path).text)
    if program is None:
        for fault in faults:
            _show_fault(path, fault)
        return FINDINGS
    _replace(target, svg(program) if target.suffix == ".svg" else page(program))
    print(f"{target}: written")
    return CLEAN


def survey_folder(folder: str, json: bool = False) -> int:
    """Say of a folder's files what comes back exactly and how readable it is; 1 if not all."""
    from sashimi.program.collection import survey

    report = survey(folder)
    if json:
        print(jsons.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        for line in report.lines():
            print(line)
    return CLEAN if report.exact == report.read else FINDINGS


def _each(paths: Sequence[str], one: Callable[[str], tuple[int, dict]], json: bool) -> int:
    """Do one thing to each file; the worst exit code of all, and one record a file as JSON."""
    if not paths:
        return _bad("name at least one file, or - for standard input")
    worst, records = CLEAN, []
    for path in paths:
        try:
            code, record = one(path)
        except BadInput as error:
            code, record = BAD, {"error": str(error)}
            if not json:
                _bad(str(error))
        worst = max(worst, code)
        records.append({"file": path, **record})
    if json:
        print(jsons.dumps(records, ensure_ascii=False, indent=1))
    return worst


def _replace(path: Path, text: str) -> None:
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; choose another place") from error


def _bad(why: str) -> int:
    print(f"sashimi: {why}", file=sys.stderr)
    return BAD


def _coloured(text: str, severity: str) -> str:
    return f"\x1b[{_COLOURS[severity]}m{text}\x1b[0m" if sys.stdout.isatty() else text


def _fault_record(fault: ParseError) -> dict:
    """A fault as JSON: a finding's fields, and what only a fault of the text has."""
    found = vars(Finding("parse", fault.line, f"column {fault.column}", fault.reason))
    more = {"column": fault.column, "offending": fault.offending[:100], "fix": fault.fix}
    return {**found, **more, "expected": list(fault.expected)}


def _show(path: str, text: str, finding: Finding) -> None:
    head = _coloured(finding.severity, finding.severity)
    print(f"{path}:{finding.line}: {head}: {finding.where}: {finding.why}")
    lines = text.split("\n")
    if 0 < finding.line <= len(lines):
        source = lines[finding.line - 1].strip()
        at, length = _place(source, finding.where)
        start = max(0, at + length - WIDTH)
        carets = " " * (at - start) + _coloured("^" * length, finding.severity)
        print(f"    {source[start : start + WIDTH]}\n    {carets}")


def _place(source: str, where: str) -> tuple[int, int]:
    """Where in a line the part of a statement stands that a finding names, and its length."""
    key = where.split(" ")[-1]
    for spelled in (f" {key}=", f"{key}"):
        at = source.find(spelled)
        if key and at >= 0:
            begin = at + spelled.startswith(" ")
            return begin, min(len(key), WIDTH)
    return 0, min(len(source), WIDTH)


def _show_fault(path: str, fault: ParseError) -> None:
    head = _coloured("error", "error")
    wanted = f"; expected {' or '.join(fault.expected)}" if fault.expected else ""
    print(f"{path}:{fault.line}:{fault.column}: {head}: {fault.reason}{wanted}")
    shown, caret = fault.excerpt.split("\n")
    print(f"    {shown}\n    {_coloured(caret, 'error')}")
    if fault.fix:
        print(f"    {_coloured('fix', 'info')}: {fault.fix}")
