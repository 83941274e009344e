"""Damaged and random input: a result or a stated refusal, in bounded time and memory."""

from __future__ import annotations

import copy
import random
import time

import pytest
from cases import VALID

from sashimi.bench.fuzz import MEBIBYTES, SECONDS, Hang, bench, damaged, fuzz, limited
from sashimi.bench.mutants import mutants, mutate
from sashimi.program import compile, parse

PROGRAMS = [parse(text) for text in VALID.values()]


def check(rounds: int) -> None:
    done = fuzz(PROGRAMS, rounds)
    assert done.inputs == dict.fromkeys(("parse", "lint", "decompile"), rounds)
    assert all(0 < n < rounds for n in done.accepted.values()), "some damage shows, some does not"
    assert max(done.slowest.values()) < SECONDS and done.growth < MEBIBYTES


def test_damaged_sources() -> None:
    check(400)


@pytest.mark.slow
def test_two_hundred_thousand_damaged_sources() -> None:
    check(70_000)


def test_a_hang_is_ended() -> None:
    with pytest.raises(Hang, match="more than"), limited(0.05):
        begun = time.process_time()
        while time.process_time() - begun < 5:
            pass


def test_damage_keeps_the_kind_of_a_source() -> None:
    rng = random.Random(0)
    assert {type(damaged(b"abc", rng)) for _ in range(50)} == {bytes}
    assert {type(damaged("abc", rng)) for _ in range(50)} == {str}


def test_mutated_plists_come_back_exactly() -> None:
    done = mutants(PROGRAMS, 150)
    assert done.tried == 150 and 100 < done.read <= 150 and done.slowest < SECONDS


def test_a_mutant_differs_and_is_a_plist() -> None:
    rng, plist = random.Random(3), compile(PROGRAMS[0])
    changed = [mutate(copy.deepcopy(plist), ["x", {"a": [1]}], rng) for _ in range(30)]
    assert sum(mutant != plist for mutant in changed) > 20
    assert all(isinstance(mutant, dict) for mutant in changed)


def test_rows_of_the_bench() -> None:
    rows = bench(PROGRAMS[:3], 20)
    assert [row.n for row in rows] == [20] * 6 + [60]
    assert rows[-1].what == "memory grown by"
