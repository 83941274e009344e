"""Broken programs: every kind of mutation is found, and most are mended to the original."""

from __future__ import annotations

import random

import pytest
from cases import VALID

from sashimi.program import catalogue, parse, render
from sashimi.program.text.layout import misleading
from sashimi.program.text.lint import lint
from sashimi.program.tree import Program
from sashimi.studies.language.mutate import MUTATIONS, NAMING_AND_STRUCTURE, misspelt
from sashimi.studies.language.mutation_study import false_alarms, gate_values, study


def check(programs: list[Program], each: int) -> None:
    counts = study(programs, catalogue.load().extended(programs), each)
    for kind, count in counts.items():
        print(f"{kind:26} {count}")
        assert count.made == each
    assert gate_values(counts, 0)["mutation_detection"] >= 0.99
    for kind in NAMING_AND_STRUCTURE:
        assert counts[kind].repaired >= 0.8 * each, kind
        assert counts[kind].unsaid <= 0.1 * each, kind


def test_mutations_of_real_programs(real_programs: list[Program]) -> None:
    check(real_programs, each=25)


@pytest.mark.slow
def test_thousands_of_mutations(real_programs: list[Program]) -> None:
    check(real_programs, each=500)


def test_a_misspelling_differs() -> None:
    rng = random.Random(0)
    for word in ("ab", "aab", "prev", "WFInput"):
        assert all(misspelt(word, rng) != word for _ in range(50))


def test_every_mutation_leaves_other_text_alone() -> None:
    known, rng = catalogue.load(), random.Random(0)
    for text in VALID.values():
        for kind, mutation in MUTATIONS.items():
            broken = mutation(text, rng, known)
            assert broken is None or broken != "" or kind == "truncated tail"


IFS = """\
SHORTCUT "A"
IF @input has_any_value
  ACTION exit
  IF @input contains "a"
    ACTION vibrate
  ELSE
    ACTION nothing
  ENDIF
ENDIF
ENDSHORTCUT
"""


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("missing end", IFS.replace("  ENDIF\n", "")),
        ("stray end", IFS.replace("  ENDIF\n", "  ENDIF\n  ENDIF\n")),
        ("wrong end", IFS.replace("  ENDIF\n", "  ENDMENU\n")),
        ("lost quote", IFS.replace('"a"', '"a')),
        ("sign for a condition", IFS.replace("contains", "includes")),
    ],
)
def test_a_mutation_by_hand_is_made_and_mended(kind: str, broken: str) -> None:
    made = {MUTATIONS[kind](IFS, random.Random(n), catalogue.load()) for n in range(200)}
    assert broken in made
    assert lint(broken).text == IFS


def test_a_swap_that_still_parses_is_seen_by_its_layout() -> None:
    swapped = IFS.replace("  ELSE", "  X").replace("  ENDIF", "  ELSE").replace("  X", "  ENDIF")
    assert parse(swapped) != parse(IFS)
    (finding,) = misleading(swapped)
    assert (finding.line, finding.where, finding.severity) == (8, "ELSE", "warning")
    assert "line 2" in finding.why
    assert lint(swapped).text == IFS
    flat = "\n".join(line.strip() for line in swapped.split("\n"))
    assert misleading(flat) == [] and lint(flat).text == flat


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_layout_of_valid_cases_is_not_doubted(text: str) -> None:
    assert misleading(text) == [] and misleading(render(parse(text))) == []


def test_a_lost_tail_is_mended_as_a_guess() -> None:
    for cut in ('SHORTCUT "A"\nREPEAT 2\nACTION exit\n', 'SHORTCUT "A"\nSET $a = "b'):
        (repair,) = lint(cut).repairs
        assert repair.confidence == 0.5


def test_real_texts_as_they_are_written_are_not_doubted(real_texts: list[str]) -> None:
    assert [text for text in real_texts if misleading(text)] == []


def test_false_alarms_and_what_the_gates_judge() -> None:
    programs = [parse(text) for text in VALID.values()]
    wrong = parse('SHORTCUT "A"\nACTION gettxt\n')
    known = catalogue.load()
    assert false_alarms(programs, known, valid=True) == []
    ((number, said),) = false_alarms([*programs, wrong], known, valid=True)
    assert number == len(programs) and "no such action" in said and "changed: action" in said
    assert false_alarms([wrong], known, valid=False) == []
    seen: list[str] = []
    counts = study(programs, known, 2, seen=lambda kind, *rest: seen.append(kind))
    assert len(seen) == sum(count.made for count in counts.values())
    values = gate_values(counts, 3)
    assert values["false_alarms"] == 3 and 0.9 <= values["mutation_detection"] <= 1
    assert counts["missing end"].detected == counts["missing end"].made == 2
    assert gate_values(study([], known, 2), 0)["mutation_repair_of_worst_kind"] is None
