"""Prompts outside the domain: enough, varied, split by template, in the styles of the others."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from sashimi.flagship.builtin.style import STYLES
from sashimi.flagship.data import corpus, leaks, out_of_domain


@pytest.fixture(scope="module")
def outside() -> out_of_domain.OutOfDomain:
    return out_of_domain.load()


def every(outside) -> list[out_of_domain.Prompt]:
    return [*outside.train, *outside.dev, *outside.test]


def test_enough_and_a_third_lies_near(outside):
    for part in (outside.train, outside.dev, outside.test):
        assert len(part) >= 3000
        assert sum(out_of_domain.near(p.category) for p in part) >= len(part) / 3
    prompts = every(outside)
    assert len({leaks.normalised(p.prompt) for p in prompts}) == len(prompts)


def test_every_template_is_written_once():
    lines = [
        str(line)
        for entry in out_of_domain.content().values()
        for listed in entry.values()
        if isinstance(listed, list)
        for line in listed
    ]
    twice = [line for line, n in Counter(lines).items() if n > 1]
    assert twice == []
    assert len(lines) >= 1000


def test_no_mark_of_a_template_is_left(outside):
    left = re.compile("[\0\ue000-\uf8ff]|<(third|base|it)>|\\[[a-z]+\\] ")
    for found in every(outside):
        assert not left.search(found.prompt), found.prompt


def test_each_category_is_in_each_split(outside):
    parts = [
        Counter(p.category for p in part) for part in (outside.train, outside.dev, outside.test)
    ]
    assert set(parts[0]) == set(parts[1]) == set(parts[2]) == set(out_of_domain.categories())
    assert len(parts[0]) >= 18


def test_no_template_leads_in_two_splits(outside):
    named = re.compile(r"^.*?: ")
    leads = [
        {(p.category, named.sub("", p.template)) for p in part}
        for part in (outside.train, outside.dev, outside.test)
    ]
    assert leads[0].isdisjoint(leads[1] | leads[2])
    assert leads[1].isdisjoint(leads[2])


def test_hardly_a_sentence_is_nearly_in_another_split(outside):
    rng = random.Random(0)
    some = [[p.prompt for p in rng.sample(part, 900)] for part in (outside.train, outside.test)]
    found = leaks.near_pairs(*some)
    assert len({right for _, right in found}) <= 9, [(some[0][i], some[1][j]) for i, j in found]


def test_styles_are_those_of_the_corpus(outside):
    styles = Counter(p.style for p in every(outside))
    assert set(styles) == set(STYLES)
    assert min(styles.values()) > 0.75 * sum(styles.values()) / len(STYLES)


def test_nothing_is_both_inside_and_outside(outside):
    inside = {leaks.normalised(e.prompt) for e in corpus.load(limit=1000).examples()}
    assert inside.isdisjoint(leaks.normalised(p.prompt) for p in every(outside))


def test_an_automation_is_asked_for_only_where_no_action_could_do_it(outside):
    asked = re.compile(r"(shortcut|automation) (to|that|which) ", re.IGNORECASE)
    allowed = (*out_of_domain.FOREIGN, "near_about_shortcuts")
    wrong = [p for p in every(outside) if asked.search(p.prompt) and p.category not in allowed]
    assert [p for p in wrong if p.category != "near_elsewhere"] == []


def test_a_wrapper_keeps_the_values_of_what_it_holds(outside):
    found = [p for p in every(outside) if p.category == "near_elsewhere" and p.style == "command"]
    quoted = [p for p in found if '"' in p.prompt]
    assert len(quoted) > 10  # quotes are spoken rarely
    assert all(p.prompt.count('"') % 2 == 0 for p in quoted)


def test_the_same_seed_gives_the_same_prompts(outside):
    out_of_domain.load.cache_clear()
    assert out_of_domain.load() == outside
