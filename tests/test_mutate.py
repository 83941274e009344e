"""Broken programs: every kind of mutation is found, and most are mended to the original."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from cases import VALID

from sashimi.errors import BadInput
from sashimi.program import ParseError, catalogue, compile, decompile, lint, parse, render
from sashimi.program.mutate import MUTATIONS, NAMING_AND_STRUCTURE, misspelt, study
from sashimi.program.store import from_bytes, to_bytes
from sashimi.program.tree import Program


def check(programs: list[Program], each: int) -> None:
    counts = study(programs, catalogue.load().extended(programs), each)
    for kind, count in counts.items():
        print(f"{kind:26} {count}")
        assert count.made == each
    made = sum(count.made for count in counts.values())
    assert sum(count.detected for count in counts.values()) >= 0.99 * made
    meant = [counts[kind] for kind in NAMING_AND_STRUCTURE]
    assert sum(count.repaired for count in meant) >= 0.9 * sum(count.made for count in meant)
    for kind in NAMING_AND_STRUCTURE:
        assert counts[kind].repaired >= 0.7 * each, kind


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


def damaged(source: bytes | str, rng: random.Random) -> bytes | str:
    """A source with a few pieces overwritten, doubled or cut."""
    for _ in range(rng.randint(1, 5)):
        at, length = rng.randrange(len(source) + 1), rng.randrange(1, 8)
        piece = source[at : at + length]
        way = rng.randrange(3)
        if way == 0:
            source = source[:at] + source[at + length :]
        elif way == 1:
            source = source[:at] + piece + source[at:]
        elif isinstance(source, str):
            source = source[:at] + rng.choice('"`{}[]()@$=\\\n #:,') + source[at + 1 :]
        else:
            source = source[:at] + bytes([rng.randrange(256)]) + source[at + 1 :]
    return source


def fuzz(rounds: int, seed: int = 0) -> dict[str, int]:
    """Read, lint and decompile damaged sources: a result or a stated refusal, nothing else.

    What is read comes back from its own text, and a second linting changes nothing. Returns how
    many sources were accepted, by reader.
    """
    rng = random.Random(seed)
    texts = list(VALID.values())
    plists = [to_bytes(compile(parse(text))) for text in texts]
    accepted = {"parse": 0, "decompile": 0}
    for _ in range(rounds):
        with suppress(ParseError):
            program = parse(damaged(rng.choice(texts), rng))
            assert parse(render(program)) == program
            accepted["parse"] += 1
        text = lint(damaged(rng.choice(texts), rng)).text
        assert lint(text).text == text
        with suppress(BadInput):
            render(decompile(from_bytes(damaged(rng.choice(plists), rng))))
            accepted["decompile"] += 1
    return accepted


def test_damaged_sources() -> None:
    accepted = fuzz(700)
    assert all(0 < count < 700 for count in accepted.values()), "some damage shows, some does not"


@pytest.mark.slow
def test_many_damaged_sources() -> None:
    accepted = fuzz(70_000)
    assert all(0 < count < 70_000 for count in accepted.values())
