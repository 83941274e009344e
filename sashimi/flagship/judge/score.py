"""Scores of a produced program against the one that was asked for.

Two groups that must not be mixed up: *well-formed* says that a program parses, validates and
compiles; *right* says that it does what the prompt asked. Comments and the title do not run, so
they are set aside in every score of the second group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sashimi.flagship.data.literals import slots_of, to_text
from sashimi.metrics import overlap
from sashimi.program import ParseError, compile, parse, render, tiers, validate
from sashimi.program.catalogue import Catalogue
from sashimi.program.plist.compile import runtime_unverified
from sashimi.program.plist.store import to_bytes
from sashimi.program.tree import Program, actions
from sashimi.statistics import Interval, bootstrap

WELL_FORMED = (
    "parse",
    "validate_strict",
    "compile_strict",
    "compile_permissive",
    "runtime_unverified",
)
RIGHT = ("skeleton_exact", "action_f1", "key_f1", "value_accuracy", "program_exact")


def score(expected: Program, produced: Program | None, catalogue: Catalogue) -> dict[str, float]:
    """Every score of one program, 0 to 1; None, where nothing was produced, scores 0."""
    if produced is None:
        return dict.fromkeys((*WELL_FORMED, *RIGHT), 0.0)
    return {**well_formed(produced, catalogue), **right(expected, produced)}


def well_formed(program: Program, catalogue: Catalogue) -> dict[str, float]:
    """Whether a program reads back from its text, validates and compiles, strictly or not."""
    try:
        parses = parse(render(program)) == program
    except ParseError:
        parses = False
    strict = not errors(program, catalogue, strict=True)
    permissive = not errors(program, catalogue, strict=False)
    compiles = parses and permissive and bool(to_bytes(compile(program)))
    return {
        "parse": float(parses),
        "validate_strict": float(strict),
        "compile_strict": float(compiles and strict),
        "compile_permissive": float(compiles),
        "runtime_unverified": float(bool(runtime_unverified(program))),
    }


def errors(program: Program, catalogue: Catalogue, strict: bool) -> list:
    """The findings of a validation that are errors."""
    found = validate(program, strict=strict, catalogue=catalogue)
    return [f for f in found if f.severity == "error"]


def right(expected: Program, produced: Program) -> dict[str, float]:
    """How much of what was asked is there, comments and titles aside."""
    want, have = (tiers.without_comments(p) for p in (expected, produced))
    return {
        "skeleton_exact": float(tiers.skeleton(want) == tiers.skeleton(have)),
        "action_f1": overlap([a.name for a in actions(want)], [a.name for a in actions(have)]).f1,
        "key_f1": overlap(keys_of(want), keys_of(have)).f1,
        "value_accuracy": overlap(values_of(want), values_of(have)).recall,
        "program_exact": float(body_text(want) == body_text(have)),
    }


def body_text(program: Program) -> str:
    """A program's text without its title, which tells 1, 1.0 and true apart as ``==`` does not."""
    return render(Program("", program.body))


def keys_of(program: Program) -> list[tuple[str, str]]:
    """Every (action, parameter key)."""
    return [(a.name, key) for a in actions(program) for key, _ in a.params]


def values_of(program: Program) -> list[tuple[str, str]]:
    """Every Tier 3 value with its place in the grammar, the title and names of variables aside."""
    ir = tiers.encode(program)
    pairs = zip(slots_of(ir.merged()), ir.values, strict=True)
    return [(s.context, to_text(v)) for s, v in pairs if s.kind not in ("title", "name")]


def table(
    expected: Sequence[Program], produced: Sequence[Program | None], catalogue: Catalogue
) -> tuple[dict[str, Interval], dict[str, list[float]]]:
    """Mean and bootstrap interval of every score over paired programs, and the scores."""
    rows = [score(e, p, catalogue) for e, p in zip(expected, produced, strict=True)]
    columns = {name: [row[name] for row in rows] for name in (*WELL_FORMED, *RIGHT)}
    return intervals(columns), columns


def intervals(columns: Mapping[str, Sequence[float]]) -> dict[str, Interval]:
    """Mean and bootstrap interval of every score."""
    return {name: bootstrap(values) for name, values in columns.items()}
