"""Style: what is seen of it, and pairs that it cannot tell apart."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sashimi.flagship.data import corpus, matching, sides

WORDS = ["garden", "invoice", "kettle", "lamp", "marble", "novel", "orchard", "printer"]


def row(prompt: str) -> dict[str, float]:
    values = matching.features([prompt])[0]
    marks = dict(zip(matching._MARKS, values[14:], strict=False))
    start = 14 + len(matching._MARKS)
    return marks | dict(zip(matching.FUNCTION_WORDS, values[start:], strict=False))


def test_features_count_marks_and_function_words():
    seen = row('If it\'s late, say "now": then stop, please.')
    assert (seen[","], seen['"'], seen[":"], seen["."]) == (2, 2, 1, 1)
    assert (seen["if"], seen["it's"], seen["then"], seen["please"], seen["the"]) == (1, 1, 1, 1, 0)
    assert matching.features(["a b", "Cde? "]).shape[0] == 2


def test_features_are_blind_to_content():
    texts = ["Can you paint the gate in 15 hours?", "Can you knead the loaf in 92 crumbs?"]
    a, b = matching.features([texts[0].replace("hours", "weeks"), texts[0]])
    assert np.array_equal(a, b)
    assert matching.masked(texts[0]) == "can you low5 the low4 in 00 low5?"
    assert matching.masked(texts[1]) == "can you low5 the low4 in 00 low6?"


def test_pairs_hide_what_gives_the_pools_away():
    rng = random.Random(0)

    def prompts(n: int, polite: float, longest: int) -> list[tuple[str, str]]:
        made = []
        for _ in range(n):
            words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, longest)))
            made.append((("please " if rng.random() < polite else "") + words, "command"))
        return made

    inside, outside = prompts(150, 0.8, 14), prompts(900, 0.3, 9)
    groups = [f"template {n % 60}" for n in range(900)]
    texts = [p for p, _ in inside], [p for p, _ in outside]
    before = max(matching.style_aurocs(*texts, groups).values())
    assert before > 0.75
    pairs = matching.match(inside, outside, groups, each=2)
    assert pairs.auroc <= matching.TARGET
    assert len(pairs.inside) >= 60
    assert len(set(pairs.outside.tolist())) == len(pairs.outside)
    assert max(np.unique(pairs.inside, return_counts=True)[1]) <= 2
    shares = [
        np.mean([side[i].startswith("please") for i in chosen])
        for side, chosen in zip(texts, (pairs.inside, pairs.outside), strict=True)
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.12)
    again = matching.match(inside, outside, groups, each=2)
    assert np.array_equal(pairs.outside, again.outside)


def test_too_few_prompts_make_no_pairs():
    few = [("go", "command")] * 3
    assert len(matching.match(few, few, ["a", "b", "c"]).inside) == 0


def test_sides_from_the_cache_are_those_that_were_matched(tmp_path, monkeypatch):
    """The same pairs, cold and warm; the second time nothing is matched."""
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    monkeypatch.setattr(sides, "CANDIDATES", 12)
    small = corpus.load("builtin", limit=160)
    made, match = [], matching.match

    def noted(*arguments):
        made.append(match(*arguments))
        return made[-1]

    monkeypatch.setattr(matching, "match", noted)
    part = sides.examples(small, "test")
    found = sides.candidates("test", 12 * len(part))
    for _ in range(2):
        sides._pairs.cache_clear()
        have = sides.matched(small, "test")
        (right,) = made
        assert len(right.outside) > 20
        assert have.outside == [found[j] for j in right.outside]
        assert [have.inside[i] for i in have.beside] == [part[i] for i in right.inside]
        assert have.auroc == pytest.approx(right.auroc, abs=0, nan_ok=True)
    sides._pairs.cache_clear()
