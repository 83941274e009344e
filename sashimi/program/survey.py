"""Every finding that strict validation leaves on a set of programs, explained.

``survey`` counts them by kind. Each kind is a defect of the programs that have it, or a limit of
ours, named: of the text the programs came in, or of what the validator weighs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sashimi.program.catalogue import Catalogue, load
from sashimi.program.check.validate import validate
from sashimi.program.findings import Finding
from sashimi.program.tree import Program

DEFECT, LIMIT, OPEN = "defect", "limit", "unexplained"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: its name, the code that tells it, and what explains it."""

    name: str
    code: str
    explained: str
    why: str


KINDS = (
    Kind(
        "output not found by name",
        "output-not-found",
        LIMIT,
        "the text gives an output by the name that its author chose and leaves out the "
        "CustomOutputName that would say whose it is",
    ),
    Kind(
        "@prev with nothing before it",
        "no-previous",
        LIMIT,
        "the text writes @prev for a reference that it lost: what it meant is not in the program",
    ),
    Kind(
        "variable never set before its use",
        "variable-not-set",
        DEFECT,
        "no way sets it: Shortcuts runs on with an empty value",
    ),
    Kind(
        "variable of an earlier round",
        "first-round",
        DEFECT,
        "the loop collects in it: harmless where an empty start was meant, wrong where not",
    ),
    Kind(
        "variable not set on some way",
        "not-set-on-a-way",
        DEFECT,
        "empty on the way that is named; ways are not weighed against each other, so one that a "
        "later condition rules out is told too",
    ),
    Kind(
        "condition left open",
        "open-condition",
        DEFECT,
        "the field was never filled in: the comparison is with nothing",
    ),
    Kind(
        "leftover value of a condition",
        "leftover-value",
        DEFECT,
        "left from another condition, hidden by the editor, without effect",
    ),
    Kind(
        "leftover parameter",
        "leftover",
        DEFECT,
        "left from another choice, hidden by the editor, without effect",
    ),
    Kind(
        "value that Health ignores",
        "health",
        DEFECT,
        "a category has times and no amount",
    ),
    Kind(
        "required parameter missing",
        "required",
        DEFECT,
        "Shortcuts asks for it when it gets there",
    ),
    Kind(
        "other app's action",
        "app-action",
        LIMIT,
        "the catalogue knows Apple's own; a corpus adds the others as observed",
    ),
    Kind(
        "value that no source lists",
        "unlisted-value",
        LIMIT,
        "the list is known to be incomplete: a user's own reminder lists, values of newer systems",
    ),
    Kind(
        "same case title",
        "same-title",
        DEFECT,
        "the menu shows a title twice and runs the first",
    ),
    Kind(
        "output that can be no number",
        "never-number",
        DEFECT,
        "the comparison never holds",
    ),
)
"""The kinds of finding that have been looked at; codes are those of `validate`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of finding with how often it occurs, in how many programs, and its explanation."""

    kind: str
    severity: str
    findings: int
    programs: int
    explained: str
    why: str


def kind_of(finding: Finding) -> Kind:
    """The kind of a finding; one of its own, unexplained, if no entry of `KINDS` has its code."""
    fits = (kind for kind in KINDS if kind.code == finding.code)
    name = finding.code or finding.why
    return next(fits, Kind(name, finding.code, OPEN, "nobody has looked at it yet"))


def survey(programs: Sequence[Program], catalogue: Catalogue | None = None) -> list[Row]:
    """What strict validation finds on programs, a row a kind and severity, most frequent first.

    The catalogue is by default the package's own, which knows no other apps.
    """
    known = load() if catalogue is None else catalogue
    findings: Counter[tuple[Kind, str]] = Counter()
    having: Counter[tuple[Kind, str]] = Counter()
    for program in programs:
        found = [(kind_of(f), f.severity) for f in validate(program, catalogue=known)]
        findings.update(found)
        having.update(set(found))
    return [
        Row(kind.name, severity, count, having[kind, severity], kind.explained, kind.why)
        for (kind, severity), count in sorted(
            findings.items(), key=lambda item: (-item[1], item[0][0].name, item[0][1])
        )
    ]
