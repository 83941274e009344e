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
    """A kind of finding: the words, and if stated the severity, that tell it; what explains it."""

    name: str
    words: str
    explained: str
    why: str
    severity: str = ""


KINDS = (
    Kind(
        "output not found by name",
        "names no earlier action",
        LIMIT,
        "the text gives an output by the name that its author chose and leaves out the "
        "CustomOutputName that would say whose it is",
    ),
    Kind(
        "@prev with nothing before it",
        "has no action before it",
        LIMIT,
        "the text writes @prev for a reference that it lost: what it meant is not in the program",
    ),
    Kind(
        "variable never set before its use",
        "is used before it is set",
        DEFECT,
        "no way sets it: Shortcuts runs on with an empty value",
    ),
    Kind(
        "variable of an earlier round",
        "is empty in the first round",
        DEFECT,
        "the loop collects in it: harmless where an empty start was meant, wrong where not",
    ),
    Kind(
        "variable not set on some way",
        "is not set if",
        DEFECT,
        "empty on the way that is named; ways are not weighed against each other, so one that a "
        "later condition rules out is told too",
    ),
    Kind(
        "condition left open",
        "has no value to compare with",
        DEFECT,
        "the field was never filled in: the comparison is with nothing",
    ),
    Kind(
        "leftover value of a condition",
        "takes no value: it is ignored",
        DEFECT,
        "left from another condition, hidden by the editor, without effect",
    ),
    Kind(
        "leftover parameter",
        "it is ignored",
        DEFECT,
        "left from another choice, hidden by the editor, without effect",
    ),
    Kind(
        "value that Health ignores",
        "is no quantity: the value is ignored",
        DEFECT,
        "a category has times and no amount",
    ),
    Kind(
        "required parameter missing",
        "required, and not given",
        DEFECT,
        "Shortcuts asks for it when it gets there",
    ),
    Kind(
        "other app's action",
        "an app's action that the catalogue does not know",
        LIMIT,
        "the catalogue knows Apple's own; a corpus adds the others as observed",
    ),
    Kind(
        "value that no source lists",
        "is not one of:",
        LIMIT,
        "the list is known to be incomplete: a user's own reminder lists, values of newer systems",
        severity="warning",
    ),
    Kind(
        "same case title",
        "only one can be chosen",
        DEFECT,
        "the menu shows a title twice and runs the first",
    ),
    Kind(
        "output that can be no number",
        "needs a number, and",
        DEFECT,
        "the comparison never holds",
    ),
)
"""What tells the kinds apart, in order of asking; texts are those of `validate`."""


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
    """The kind of a finding; one of its own, unexplained, if no entry of `KINDS` fits."""
    fits = (k for k in KINDS if k.words in finding.why and k.severity in ("", finding.severity))
    return next(fits, Kind(finding.why, finding.why, OPEN, "nobody has looked at it yet"))


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
