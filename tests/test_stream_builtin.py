"""Examples without end: by seed and index alone, nothing that is kept for evaluation among them."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter

import pytest

from sashimi.flagship.builtin import stream
from sashimi.flagship.builtin.style import STYLES
from sashimi.flagship.data import leaks
from sashimi.program import parse, render, validate
from sashimi.program.tree import actions


@pytest.fixture(scope="module")
def drawn():
    return list(itertools.islice(stream.stream(3), 1200))


def test_an_example_is_a_function_of_seed_and_index(drawn):
    assert list(itertools.islice(stream.stream(3, start=700), 5)) == drawn[700:705]
    assert stream.example(3, 41) == drawn[41]
    assert stream.example(4, 41) != drawn[41]
    source = pickle.loads(pickle.dumps(stream.Chunks(3, size=8)))
    assert source(2) == drawn[16:24]


def test_kept_skeletons_are_refused_and_all_steps_lead(drawn):
    assert {stream.kept_for(leaks.skeleton_key(e.program)) for e in drawn} == {"train"}
    assert len({e.domain for e in drawn}) >= 12
    assert set(Counter(e.style for e in drawn)) == set(STYLES)
    assert len({e.prompt for e in drawn}) > 0.98 * len(drawn)


def test_short_programs_are_most_and_deep_ones_are_there(drawn):
    steps = [sum(1 for _ in actions(e.program)) for e in drawn]
    assert sum(n <= 2 for n in steps) > 0.5 * len(steps)
    assert sum(n >= 4 for n in steps) > 0.1 * len(steps)
    assert len({leaks.skeleton_key(e.program) for e in drawn}) > 0.5 * len(drawn)


def test_programs_are_valid_and_prompts_are_clean(drawn):
    for example in drawn:
        assert validate(example.program, strict=True) == []
        assert parse(render(example.program)) == example.program
        assert example.prompt == example.prompt.strip()
        assert not any(0xE000 <= ord(c) < 0xF900 for c in example.prompt)
        assert "  " not in example.prompt


@pytest.mark.slow
def test_the_stream_shares_no_program_with_its_evaluation(drawn):
    made = stream.evaluation()
    assert {split: len(part) for split, part in made.items()} == {
        "dev": 3000,
        "test": 3000,
        "test_unseen": 1000,
    }
    keys = {split: {leaks.program_key(e.program) for e in part} for split, part in made.items()}
    keys["train"] = {leaks.program_key(e.program) for e in drawn}
    for left, right in itertools.combinations(keys, 2):
        assert not keys[left] & keys[right]
    skeletons = {s: {leaks.skeleton_key(e.program) for e in part} for s, part in made.items()}
    assert not skeletons["test_unseen"] & (skeletons["dev"] | skeletons["test"])
    own = [e for e in made["dev"] if stream.kept_for(leaks.skeleton_key(e.program)) != "train"]
    assert len(own) == 1000
    prompts = [{e.prompt for e in part} for part in (*made.values(), drawn)]
    assert sum(map(len, prompts)) == len(set().union(*prompts)) + len(drawn) - len(prompts[-1])
