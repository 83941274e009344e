"""Prompts outside the domain: enough, varied, split by template, in the styles of the others."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sashimi.flagship import corpus, leaks, out_of_domain
from sashimi.flagship.builtin.style import STYLES


@pytest.fixture(scope="module")
def outside() -> out_of_domain.OutOfDomain:
    return out_of_domain.load()


def every(outside) -> list[out_of_domain.Prompt]:
    return [*outside.train, *outside.dev, *outside.test]


def test_enough_and_a_third_lies_near(outside):
    prompts = every(outside)
    assert len(prompts) >= 1000
    assert len({leaks.normalised(p.prompt) for p in prompts}) == len(prompts)
    assert sum(p.category.startswith("near_") for p in prompts) >= len(prompts) / 3
    lines = [line for group in out_of_domain.templates().values() for line in group]
    assert len(lines) == len(set(lines)) >= 250


def test_no_slot_mark_or_private_character_is_left(outside):
    for found in every(outside):
        assert not re.search("[\ue000-\uf8ff]|<[a-z_]+>|\\[[a-z]", found.prompt), found.prompt


def test_each_category_is_in_each_split(outside):
    parts = [
        Counter(p.category for p in part) for part in (outside.train, outside.dev, outside.test)
    ]
    assert parts[0].keys() == parts[1].keys() == parts[2].keys()
    assert len(parts[0]) >= 14


def test_no_template_is_in_two_splits(outside):
    texts = [[p.prompt for p in part] for part in (outside.train, outside.dev, outside.test)]
    for left, right in ((0, 1), (0, 2), (1, 2)):
        assert leaks.near_pairs(texts[left], texts[right]) == set()


def test_styles_are_those_of_the_corpus(outside):
    styles = Counter(p.style for p in every(outside))
    assert set(styles) == set(STYLES)
    assert min(styles.values()) > 0.15 * sum(styles.values())


def test_nothing_is_both_inside_and_outside(outside):
    inside = {leaks.normalised(e.prompt) for e in corpus.load(limit=1000).examples()}
    assert inside.isdisjoint(leaks.normalised(p.prompt) for p in every(outside))


def test_the_same_seed_gives_the_same_prompts(outside):
    assert out_of_domain.load() == outside
    assert out_of_domain.load(1) != outside
